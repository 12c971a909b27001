"""Equal requests: what makes two of them the same, which earlier task answers one, and whose key gave which task."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from apps.catalog.models import TemplateRevision
from apps.core.errors import InvalidInput
from apps.core.schema import validate
from apps.tasks.models import AnsweredKey, Task
from apps.tasks.models.task import TaskQuerySet
from apps.tasks.states import Status


def digest(*parts: Any) -> bytes:
    """Of values that JSON can hold, whatever the order of their names."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def request_digest(revision: TemplateRevision, parameters: dict[str, Any]) -> bytes | None:
    """Of what may be answered by an earlier task; None where the template does not allow it: then nothing looks."""
    return digest(revision.pk, parameters) if revision.cache_seconds else None


def answer(revision: TemplateRevision, of: bytes | memoryview | None, requester: Any, now: datetime) -> Task | None:
    """The newest task that completed the same within the revision's time and that the requester may see.

    One that they may not see is as good as absent: its result was made with another's permissions.
    """
    if of is None or not revision.cache_seconds:
        return None
    visible: TaskQuerySet = Task.objects.visible_to(requester)
    since = now - timedelta(seconds=revision.cache_seconds)
    done = visible.filter(request_digest=of, status=Status.COMPLETED, finished_at__gte=since)
    kept = done.exclude(result="")  # as a node of a workflow it may have lost it
    return kept.select_related("template", "revision").order_by("-id").first()


def of_key(requester: Any, key: str) -> Task | None:
    """The task that the idempotency key gave, also when another request had made that task. One statement."""
    made = Task.objects.filter(requester=requester, idempotency_key=key).order_by().values("pk")
    given = AnsweredKey.objects.filter(requester=requester, key=key).values("task")
    # Whoever was answered by another's task and may not see it any more asks anew.
    tasks = Task.objects.visible_to(requester).filter(pk__in=made.union(given, all=True))
    return tasks.select_related("template", "revision").first()


def keep_key(
    task: Task, requester: Any, key: str | None, revision: TemplateRevision, parameters: dict[str, Any]
) -> None:
    """Remember in the caller's transaction which task the requester's key gave; it may be another person's task.

    Raises IntegrityError when the key is taken.
    """
    if key is not None:
        AnsweredKey.objects.create(
            requester=requester, key=key, task=task, revision=revision, digest=digest(parameters)
        )


def asks_the_same(task: Task, requester: Any, key: str, parameters: Any) -> bool:
    """Whether the key was given with these parameters, as the revision of that time completes them."""
    answered = AnsweredKey.objects.filter(requester=requester, key=key).select_related("revision").first()
    if answered is None:
        return _completed(task.revision, parameters) == task.parameters
    completed = _completed(answered.revision, parameters)
    return completed is not None and digest(completed) == bytes(answered.digest)


def _completed(revision: TemplateRevision, parameters: Any) -> dict[str, Any] | None:
    try:
        return validate(parameters, revision.parameter_schema)
    except InvalidInput:
        return None
