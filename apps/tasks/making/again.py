"""Verbs of a person that make a task from another: run it again, or fork it. The old task stays as it is."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from apps.catalog.models import TemplateRevision
from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.tasks import news
from apps.tasks.making import lineage
from apps.tasks.making.submission import Request, Submitted, submit
from apps.tasks.models import Step, Task
from apps.tasks.record import feed, takeover
from apps.tasks.states import Ancestry, Status


def run_again(
    task: Task,
    by: Any,
    *,
    parameters: Mapping[str, Any] | None = None,
    revision: int | None = None,
    origin: str = "api",
    idempotency_key: str | None = None,
) -> Submitted:
    """A new task that does the same from the start, on the revision in service or on a named one.

    `parameters` take the place of the old ones; the same idempotency key gives the same task, as in `submit`.
    Raises NotFound (the task or the revision, or the template is none that this user may start), Conflict (it is a node of
    a workflow, which has no template of its own), and all that `submission.submit` raises.
    """
    ancestor = _visible(task, by)
    descent = lineage.Lineage(
        ancestor=ancestor,
        ancestry=Ancestry.AGAIN,
        revision=_named(ancestor, revision) if revision is not None else None,
        take_over=partial(_note_again, ancestor=ancestor, by=by),
    )
    return submit(_request(ancestor, descent, parameters, origin, idempotency_key), by)


def fork(
    task: Task,
    by: Any,
    *,
    step: int,
    parameters: Mapping[str, Any] | None = None,
    revision: int | None = None,
    origin: str = "api",
    idempotency_key: str | None = None,
) -> Submitted:
    """A new task that has made the calls before `step` already: their answers come from the old one's record.

    On the old one's revision, or on a named one; chance and clock of the script go on as in the old task. Where the
    script or the parameters ask for another call than the record has, the new task stops as `diverged` and says so.
    Raises Conflict when the record does not reach so far, and what `run_again` raises.
    """
    if step < 0:
        raise InvalidInput("A fork begins at step 0 or later.", fields={"step": "Use 0 or more."})
    ancestor = _visible(task, by)
    chosen = _named(ancestor, revision) if revision is not None else ancestor.revision
    descent = lineage.Lineage(
        ancestor=ancestor,
        ancestry=Ancestry.FORK,
        revision=chosen,
        step=step,
        take_over=partial(_take_over, ancestor=ancestor, by=by, step=step),
    )
    return submit(_request(ancestor, descent, parameters, origin, idempotency_key), by)


def _visible(task: Task, by: Any) -> Task:
    tasks = Task.objects.visible_to(by).select_related("template", "revision")
    found = tasks.filter(pk=task.pk).first()
    if found is None:
        raise NotFound(f"There is no task {task.pk} that you may see.")
    if found.kind != found.revision.kind:
        raise Conflict(
            f"Task {found.pk} is a part of task {found.parent_id}, and nothing without it. Run that one again; or retry"
            " this one, if it failed.",
            why="it is a part of another task",
        )
    return found


def _named(ancestor: Task, number: int) -> TemplateRevision:
    """A draft is nobody's to run: who may write one publishes it first."""
    published = TemplateRevision.objects.filter(
        template_id=ancestor.template_id, status=TemplateRevision.Status.PUBLISHED
    )
    found = published.select_related("template").filter(number=number).first()
    if found is None:
        known = ", ".join(str(each) for each in published.order_by("number").values_list("number", flat=True))
        raise NotFound(
            f"There is no published revision {number} of {ancestor.template.key}; there are {known}.",
            code="no_such_revision",
        )
    return found


def _request(
    ancestor: Task, descent: lineage.Lineage, parameters: Mapping[str, Any] | None, origin: str, key: str | None
) -> Request:
    return Request(
        template=ancestor.template.key,
        parameters=ancestor.parameters if parameters is None else parameters,
        origin=origin,
        instructions=ancestor.instructions,
        title=ancestor.title,
        priority=ancestor.priority,
        tags=ancestor.tags,
        available_at=_rest_of_wait(ancestor, descent.step),
        lineage=descent,
        idempotency_key=key,
    )


def _rest_of_wait(ancestor: Task, step: int | None) -> Any:
    """A fork that takes over the wait in which the old task is goes on when that wait would end."""
    if step is None or Status.WAITING not in (ancestor.status, ancestor.paused_from):
        return None
    last = Step.objects.filter(task_id=ancestor.pk).order_by("-index").first()
    return ancestor.available_at if last and last.call_class == "suspending" and last.index == step - 1 else None


def _note_again(new: Task, *, ancestor: Task, by: Any) -> None:
    takeover.hold(ancestor)
    _tell(ancestor, "task.was_run_again", by, {"task": new.pk})


def _take_over(new: Task, *, ancestor: Task, by: Any, step: int) -> None:
    is_same = new.revision.script == ancestor.revision.script and new.parameters == ancestor.parameters
    takeover.take_over(new, ancestor, step, with_checkpoint=is_same)
    data = {"ancestor": ancestor.pk, "step": step, "kept": step, "revision": new.revision.number,
            "ancestor_revision": ancestor.revision.number}  # fmt: skip
    feed.append(new.pk, "task.forked", clock.now(), by, data)
    _tell(ancestor, "task.was_forked", by, {"task": new.pk, "step": step})


def _tell(ancestor: Task, kind: str, by: Any, data: dict[str, Any]) -> None:
    """In the old task's feed, also when it has ended: who looks at it finds what came of it."""
    feed.append(ancestor.pk, kind, clock.now(), by, data)
    news.publish(ancestor.pk, kind)
