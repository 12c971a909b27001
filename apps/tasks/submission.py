"""The one way to make a task, whichever edge it comes through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from apps.catalog import kinds
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.core.schema import validate
from apps.tasks import entering, news, pace
from apps.tasks.claiming import revision as known_revision
from apps.tasks.models import Task
from apps.tasks.ranking import rank
from apps.tasks.states import PRIORITY_WORDS, Status

MAX_TAGS = 20
MAX_KEY = 200


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody asks for. `priority` is 0–100 or a word (critical, high, normal, medium, low)."""

    template: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    origin: str
    instructions: str = ""
    title: str = ""
    priority: int | str | None = None
    tags: Sequence[str] = ()
    idempotency_key: str | None = None
    deadline: datetime | None = None
    available_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Submitted:
    task: Task
    is_new: bool
    """False when the idempotency key had been used before: this is the task it gave then."""


def submit(request: Request, requester: Any) -> Submitted:
    """Make a pending task and, after commit, wake a worker.

    Raises NotFound (no such template, or none that this user may see), NotPermitted, InvalidInput with the fields
    that are wrong, and Conflict when the idempotency key was used for something else.
    """
    _check_text(request)
    if existing := _existing(request, requester):
        return Submitted(task=existing, is_new=False)
    template = _template(request.template, requester)
    revision = _revision(template)
    parameters = validate(request.parameters, revision.parameter_schema)
    _check_tools(revision, requester)
    try:
        task = _create(request, requester, template, revision, parameters)
    except IntegrityError:
        if existing := _existing(request, requester):
            return Submitted(task=existing, is_new=False)
        raise
    news.publish(task.pk, "task.submitted", is_claimable=True)
    return Submitted(task=task, is_new=True)


def _check_text(request: Request) -> None:
    """PostgreSQL keeps no NUL in text; both databases refuse it alike."""
    texts = {
        "template": request.template,
        "title": request.title,
        "instructions": request.instructions,
        "idempotency_key": request.idempotency_key or "",
        "tags": " ".join(tag for tag in request.tags if isinstance(tag, str)),
    }
    wrong = {name: "Leave out the NUL character." for name, text in texts.items() if "\0" in text}
    if wrong:
        raise InvalidInput("The request holds a character that cannot be kept.", fields=wrong)


def _template(key: str, requester: Any) -> TaskTemplate:
    runnable = TaskTemplate.objects.runnable_by(requester)
    template = runnable.select_related(None).filter(key=key).first()
    if template is not None:
        return template
    known = sorted(runnable.values_list("key", flat=True))
    choices = f"You can start: {', '.join(known)}." if known else "There is none that you may start."
    raise NotFound(f"There is no template {key!r} that you may start. {choices}", code="no_such_template")


def _revision(template: TaskTemplate) -> TemplateRevision:
    assert template.published_id is not None  # runnable_by answers only templates that serve
    return known_revision(template.published_id)


def _check_tools(revision: TemplateRevision, requester: Any) -> None:
    missing = sorted(permission for permission in _needed(revision.pk) if not requester.has_perm(permission))
    if missing:
        raise NotPermitted(
            f"This template uses tools that you may not use (you lack {', '.join(missing)}). Ask an administrator."
        )


@lru_cache(maxsize=64)
def _needed(revision_id: int) -> frozenset[str]:
    """What the tools of the revision's script ask of a requester; the script never changes."""
    revision = known_revision(revision_id)
    return frozenset(kinds.get(revision.kind).permissions(Definition.of(revision)))


def _existing(request: Request, requester: Any) -> Task | None:
    """The task that the idempotency key gave before, whatever has become of its template since."""
    if request.idempotency_key is None:
        return None
    tasks = Task.objects.select_related("template", "revision")
    task = tasks.filter(requester=requester, idempotency_key=request.idempotency_key).first()
    if task and not _asks_the_same(request, task):
        raise Conflict(
            f"The idempotency key {request.idempotency_key!r} was used for task {task.pk}, which asks for something"
            " else. Use a new key.",
            code="idempotency_key_reused",
        )
    return task


def _asks_the_same(request: Request, task: Task) -> bool:
    """Compared as the task's own revision completes the parameters: the one in service now may have other defaults."""
    if task.template.key != request.template:
        return False
    try:
        return validate(request.parameters, task.revision.parameter_schema) == task.parameters
    except InvalidInput:
        return False


def _create(
    request: Request,
    requester: Any,
    template: TaskTemplate,
    revision: TemplateRevision,
    parameters: dict[str, Any],
) -> Task:
    now = clock.now()
    priority = _priority(request.priority, revision)
    available = max(request.available_at or now, now)
    outlook = pace.expected(revision, parameters)
    task = Task(
        template=template,
        revision=revision,
        kind=revision.kind,
        title=(request.title or template.name)[:200],
        instructions=request.instructions,
        origin=request.origin,
        requester=requester,
        idempotency_key=_key(request.idempotency_key),
        tags=_tags(request.tags),
        parameters=parameters,
        status=Status.PENDING,
        queue=revision.queue or settings.DEFAULT_QUEUE,
        priority=priority,
        rank=rank(priority, available),
        available_at=available,
        deadline=_deadline(request.deadline, revision, now),
        estimated_seconds=outlook.seconds,
        estimated_steps=outlook.steps,
        complexity=outlook.complexity,
        created_at=now,
        updated_at=now,
    )
    data = {"origin": request.origin, "words": request.instructions[:500], "template": template.key,
            "revision": revision.number}  # fmt: skip
    entering.enter(task, data)
    return task


def _priority(asked: int | str | None, revision: TemplateRevision) -> int:
    if asked is None:
        return revision.priority
    if isinstance(asked, str) and asked.lower() in PRIORITY_WORDS:
        return PRIORITY_WORDS[asked.lower()]
    if isinstance(asked, int) and not isinstance(asked, bool) and 0 <= asked <= 100:
        return asked
    words = ", ".join(PRIORITY_WORDS)
    raise InvalidInput(
        f"Priority {asked!r} is not known.", fields={"priority": f"Use a number from 0 to 100, or one of {words}."}
    )


def _deadline(asked: datetime | None, revision: TemplateRevision, now: datetime) -> datetime | None:
    if asked is not None and asked <= now:
        raise InvalidInput("The deadline has passed already.", fields={"deadline": "Use a moment in the future."})
    if asked is None and revision.deadline_seconds:
        return now + timedelta(seconds=revision.deadline_seconds)
    return asked


def _key(key: str | None) -> str | None:
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidInput(
            "The idempotency key is empty or too long.",
            fields={"idempotency_key": f"Use 1 to {MAX_KEY} characters."},
        )
    return key


def _tags(tags: Sequence[str]) -> list[str]:
    if len(tags) > MAX_TAGS or any(not isinstance(tag, str) or not 0 < len(tag) <= 50 for tag in tags):
        raise InvalidInput(
            "The tags cannot be used.", fields={"tags": f"Use at most {MAX_TAGS} words of 1 to 50 characters."}
        )
    return list(tags)
