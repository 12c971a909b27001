"""The one way to make a task, whichever edge it comes through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction

from apps.catalog import groupkeys, kinds
from apps.catalog.definition import Definition
from apps.catalog.models import RUN, TaskTemplate, TemplateRevision
from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.core.schema import validate
from apps.tasks import news, sql
from apps.tasks.claims.claiming import revision as known_revision
from apps.tasks.limits import intake
from apps.tasks.making import debounce, entering, equal, pace
from apps.tasks.making.lineage import Lineage, is_of_descent
from apps.tasks.models import Task, Window
from apps.tasks.ranking import number, permit, rank, usual
from apps.tasks.states import Status

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
    lineage: Lineage | None = None
    """Of a request for a task that is made from another (again.py): it is always a new one."""


@dataclass(frozen=True, kw_only=True)
class Submitted:
    task: Task
    is_new: bool
    because: Literal["", "key", "debounce", "cache"] = ""
    """Why it is not new: the idempotency key had given it before; it had not started, and does now what this request
    asks; it had just completed the same."""


def submit(request: Request, requester: Any) -> Submitted:
    """Make a pending task and, after commit, wake a worker; or find the one that answers the request already.

    Raises NotFound (no such template, or none that this user may see), NotPermitted, InvalidInput with the fields
    that are wrong, and Conflict when the idempotency key was used for something else or the queue takes nothing more.
    """
    _check_text(request)
    if existing := _existing(request, requester):
        return Submitted(task=existing, is_new=False, because="key")
    template = _template(request.template, requester)
    revision = (request.lineage and request.lineage.revision) or _revision(template)
    parameters = validate(request.parameters, revision.parameter_schema)
    _check_tools(revision, requester)
    task = _draft(request, requester, template, revision, parameters)
    longest = intake.check(task.queue)
    try:
        submitted = (
            _enter(request, task, revision) if longest is None else _squeeze_in(request, task, revision, longest)
        )
    except IntegrityError:
        if existing := _existing(request, requester):
            return Submitted(task=existing, is_new=False, because="key")
        raise
    if submitted.is_new:
        news.publish(submitted.task.pk, "task.submitted", is_claimable=True)
    return submitted


def _squeeze_in(request: Request, task: Task, revision: TemplateRevision, longest: int) -> Submitted:
    with transaction.atomic():
        intake.hold_place(task.queue, longest)
        return _enter(request, task, revision)


def _enter(request: Request, task: Task, revision: TemplateRevision) -> Submitted:
    """Raises IntegrityError when the idempotency key was taken meanwhile."""
    data = {"origin": request.origin, "words": request.instructions[:500], "template": revision.template.key,
            "revision": revision.number}  # fmt: skip
    if request.lineage:
        request.lineage.mark(task)
        with transaction.atomic():
            entering.enter(task, {**data, "ancestor": request.lineage.ancestor.pk, "ancestry": task.ancestry})
            request.lineage.take_over(task)
        return Submitted(task=task, is_new=True)
    if not (revision.cache_seconds or revision.debounce_seconds):
        entering.enter(task, data)
        return Submitted(task=task, is_new=True)
    with transaction.atomic():
        submitted = _share(request, task, revision, data)
        equal.keep_key(submitted.task, task.requester, request.idempotency_key, revision, task.parameters)
    return submitted


def _share(request: Request, task: Task, revision: TemplateRevision, data: dict[str, Any]) -> Submitted:
    """The earlier task that answers this request, or the draft as a new one."""
    now, seconds = task.created_at, revision.debounce_seconds
    if request.available_at is None and (done := equal.answer(revision, task.request_digest, task.requester, now)):
        return Submitted(task=done, is_new=False, because="cache")
    if not seconds:
        entering.enter(task, data)
        return Submitted(task=task, is_new=True)
    group = debounce.group(revision, task.requester, task.parameters)
    debounce.hold(group)
    window = debounce.waiting(group)
    task.available_at = max(
        task.available_at, debounce.put_off(now, seconds, window.task.created_at if window else now)
    )
    task.rank = rank(task.priority, task.available_at)
    if window:
        return Submitted(task=debounce.take_place(window, task, data), is_new=False, because="debounce")
    entering.enter(task, data)
    Window.objects.create(task=task, digest=group)
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


def runnable(key: str, requester: Any) -> TemplateRevision:
    """What serves under this key. Raises NotFound and NotPermitted, as a submit does."""
    revision = _revision(_template(key, requester))
    _check_tools(revision, requester)
    return revision


def _template(key: str, requester: Any) -> TaskTemplate:
    if requester.has_perm(RUN):
        statement, values = _looking(key, requester.pk, requester.is_superuser)
        if row := sql.run(statement, values):
            return _copied(_serving(*row))
    known = sorted(TaskTemplate.objects.runnable_by(requester).values_list("key", flat=True))
    choices = f"You can start: {', '.join(known)}." if known else "There is none that you may start."
    raise NotFound(f"There is no template {key!r} that you may start. {choices}", code="no_such_template")


@lru_cache(maxsize=1024)
def _looking(key: str, user_id: int, is_superuser: bool) -> tuple[str, list[Any]]:
    """The statement that finds what serves under this key and is open to this user, as the catalogue words it.

    Only the wording is remembered; the template, its revision and the user's groups are looked at in every submit.
    """
    user = get_user_model()(pk=user_id, is_superuser=is_superuser, is_active=True)
    found = TaskTemplate.objects.open_to(user).select_related(None).filter(key=key).order_by()
    statement, values = found.values_list("pk", "name", "published", "updated_at").query.sql_with_params()
    return statement, list(values)


@lru_cache(maxsize=64)
def _serving(pk: int, *state: Any) -> TaskTemplate:
    """The template in this state: every change of it is a new moment of `updated_at`."""
    return TaskTemplate.objects.select_related(None).get(pk=pk)


def _copied(template: TaskTemplate) -> TaskTemplate:
    """Whoever gets the task may do with it what they like."""
    names = _columns()
    return TaskTemplate.from_db(DEFAULT_DB_ALIAS, names, [getattr(template, name) for name in names])


@cache
def _columns() -> list[str]:
    return [field.attname for field in TaskTemplate._meta.concrete_fields]


def _revision(template: TaskTemplate) -> TemplateRevision:
    assert template.published_id is not None  # runnable_by answers only templates that serve
    return known_revision(template.published_id)


def _check_tools(revision: TemplateRevision, requester: Any) -> None:
    if missing := lacking(revision.pk, requester):
        raise NotPermitted(
            f"This template uses tools that you may not use (you lack {', '.join(missing)}). Ask an administrator."
        )


def lacking(revision_id: int, requester: Any) -> list[str]:
    """The permissions that the revision's tools ask for and `requester` has not."""
    return sorted(permission for permission in _needed(revision_id) if not requester.has_perm(permission))


@lru_cache(maxsize=512)
def _needed(revision_id: int) -> frozenset[str]:
    """What the tools of the revision's script ask of a requester; the script never changes.

    More are kept than a site has templates in service: each message in a chat asks for all of them.
    """
    revision = known_revision(revision_id)
    return frozenset(kinds.get(revision.kind).permissions(Definition.of(revision)))


def _existing(request: Request, requester: Any) -> Task | None:
    """The task that the idempotency key gave before, whatever has become of its template since."""
    if request.idempotency_key is None:
        return None
    task = equal.of_key(requester, request.idempotency_key)
    if task and not (
        task.template.key == request.template
        and is_of_descent(task, request.lineage)
        and equal.asks_the_same(task, requester, request.idempotency_key, request.parameters)
    ):
        raise Conflict(
            f"The idempotency key {request.idempotency_key!r} was used for task {task.pk}, which asks for something"
            " else. Use a new key.",
            code="idempotency_key_reused",
        )
    return task


def _draft(
    request: Request,
    requester: Any,
    template: TaskTemplate,
    revision: TemplateRevision,
    parameters: dict[str, Any],
) -> Task:
    now = clock.now()
    priority = _priority(request, revision, requester, parameters)
    available = max(request.available_at or now, now)
    outlook = pace.expected(revision, parameters)
    return entering.draft(
        template,
        revision,
        requester,
        kind=revision.kind,
        title=(request.title or template.name)[:200],
        instructions=request.instructions,
        origin=request.origin,
        idempotency_key=_key(request.idempotency_key),
        tags=_tags(request.tags),
        parameters=parameters,
        status=Status.PENDING,
        queue=revision.queue or settings.DEFAULT_QUEUE,
        priority=priority,
        limit_key=groupkeys.value(revision.limit_key, parameters),
        is_cpu_intensive=revision.is_cpu_intensive,
        rank=rank(priority, available),
        available_at=available,
        deadline=_deadline(request.deadline, revision, now),
        estimated_seconds=outlook.seconds,
        estimated_steps=outlook.steps,
        complexity=outlook.complexity,
        # What runs on another task's record would pass old answers off as fresh ones.
        request_digest=None if request.lineage else equal.request_digest(revision, parameters),
        created_at=now,
        updated_at=now,
    )


def _priority(
    request: Request, revision: TemplateRevision, requester: Any, parameters: dict[str, Any]
) -> int:  # fmt: skip
    """One that was made from another may have that one's, which somebody who may had given it."""
    if request.priority is None:
        return usual(revision, parameters)
    asked = number(request.priority)
    given = [revision.priority, usual(revision, parameters)]
    if request.lineage:
        given.append(request.lineage.ancestor.priority)
    permit(asked, max(given), requester)
    return asked


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
