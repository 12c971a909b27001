"""“Go on”: what can be made of a task, as cards that say what each keeps, what it makes again, and what it changes outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from apps.catalog.models import TaskTemplate
from apps.console import words
from apps.core.errors import ChantillyError
from apps.executors.workflow import recovery
from apps.tasks import lifecycle
from apps.tasks.making import again, lineage
from apps.tasks.making.lineage import Relative
from apps.tasks.models import Run, Step, Task
from apps.tasks.models.history import WORKFLOW
from apps.tasks.states import Status

OFFERED_STEPS = 40
SHOWN_CHAIN = 4
MOST_EXPANSIONS = 3
REPEATS_ITSELF = ("script_error", "syntax_error")
"""Errors that the same script makes again with the same record."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str
    title: str
    text: str
    icon: str
    is_suggested: bool = False


@dataclass(frozen=True, kw_only=True)
class StepChoice:
    index: int
    words: str


@dataclass(frozen=True, kw_only=True)
class _Record:
    """`kept`: calls that a retry does not make again; `effects`: those that changed something, which a new run repeats."""

    calls: int
    kept: int
    effects: int
    steps: Sequence[StepChoice]


def panel(task: Task, user: Any) -> dict[str, Any]:
    """At most three queries, and none for one who may do nothing with it."""
    may_start = TaskTemplate.is_runnable_by(task.template, user)
    may_retry = task.status == Status.FAILED and (user.pk == task.requester_id or user.has_perm("tasks.control_task"))
    if not (may_start or may_retry):
        return {"choices": []}
    record = _record(task)
    found = [_retry(task, record)] if may_retry else []
    if may_start:
        found += [_fork(task, record)] if record.calls else []
        found += [_again(task, record)] if task.is_final else []
        found.append(_changed(task))
    usual = next(
        (each.value for each in found if each.is_suggested), found[0].value if task.is_final or len(found) == 1 else ""
    )
    return {"task": task, "choices": found, "usual": usual, "steps": record.steps if may_start else (), "first": record.kept,
            "heading": "Go on" if task.status == Status.FAILED else "Start from this task"}  # fmt: skip


def _record(task: Task) -> _Record:
    newest = Step.objects.filter(task_id=task.pk).order_by("-index", "-try_number")
    rows = list(newest.values_list("index", "name", "line", "outcome")[:OFFERED_STEPS])
    calls = rows[0][0] + 1 if rows else 0
    failed = (task.error or {}).get("step")
    effects = (
        Step.objects.filter(task_id=task.pk, call_class="effect").values("index").distinct().count() if rows else 0
    )
    return _Record(
        calls=calls,
        kept=calls if failed is None else min(calls, int(failed)),
        effects=effects,
        steps=_steps(rows, calls),
    )


def _steps(rows: Sequence[tuple[int, str, int | None, str]], calls: int) -> list[StepChoice]:
    """Newest first; before them the end of the record, where nothing is made again."""
    known = {index: (name, line, outcome) for index, name, line, outcome in reversed(rows)}
    found = [StepChoice(index=calls, words=f"{calls} · after the last recorded call")] if calls else []
    for index in sorted(known, reverse=True):
        name, line, outcome = known[index]
        where = f" · line {line}" if line else ""
        found.append(StepChoice(index=index, words=f"{index}{where} · {name}{' (failed)' * (outcome == 'failed')}"))
    return found


def _retry(task: Task, record: _Record) -> Choice:
    if task.kind == WORKFLOW:
        text = f"This task, on its revision {task.revision.number}. {repair(task)}"
        return Choice(value="retry", title="Retry", text=text, icon="resume", is_suggested=True)
    error = task.error or {}
    where = f" from line {error['line']}" if error.get("line") else ""
    text = f"This task, on its revision {task.revision.number}. {_not_again(record.kept)}"
    if repeats := error.get("code") in REPEATS_ITSELF:
        text += " The same script is likely to fail in the same way."
    elif error.get("step") is not None:
        text += f" Step {error['step']} is made again."
    return Choice(value="retry", title=f"Retry{where}", text=text, icon="resume", is_suggested=not repeats)


def repair(task: Task) -> str:
    """What a retry of a workflow makes again."""
    if Run.objects.filter(pk=task.pk, is_forgotten=True).exists():
        return "The values of its nodes have gone, so everything is repeated."
    said = ["What failed is repeated, with what depends on it; what was completed is kept."]
    said += [
        f"Of “{name}”, {left:,} of {words.count(total, 'item')} {'is' if left == 1 else 'are'} repeated."
        for name, left, total in recovery.items_to_repeat(task)[:MOST_EXPANSIONS]
        if left < total
    ]
    return " ".join(said)


def _fork(task: Task, record: _Record) -> Choice:
    text = "A new task, with other parameters or another revision. "
    text += f"{_up_to(record.calls)} This one stays as it is."
    error, in_service = task.error or {}, task.template.published_id
    is_mended = error.get("code") in REPEATS_ITSELF and in_service not in (None, task.revision_id)
    if is_mended:
        text += " A newer revision is in service since."
    return Choice(value="fork", title="Fork at a step, with changes…", text=text, icon="fork", is_suggested=is_mended)


def _again(task: Task, record: _Record) -> Choice:
    service = task.template.published
    on = f", on revision {service.number}" if service is not None else ""
    repeats = "All its nodes run again." if task.kind == WORKFLOW else _all_again(record)
    text = f"A new task with the same parameters{on}. {repeats}"
    return Choice(value="again", title="Run again from the start", text=text, icon="running")


def _changed(task: Task) -> Choice:
    text = "A new task from the start, with other parameters or another revision. Asks before it starts."
    return Choice(value="change", title="Run again with changes…", text=text, icon="plus")


def _not_again(kept: int) -> str:
    if not kept:
        return "No call is on record, so it begins at the start."
    return f"{words.count(kept, 'recorded call')} {'is' if kept == 1 else 'are'} not made again."


def _up_to(calls: int) -> str:
    if not calls:
        return "No call is on record yet."
    return f"Up to {words.count(calls, 'call')} before the step {'is' if calls == 1 else 'are'} not made again."


def _all_again(record: _Record) -> str:
    if not record.calls:
        return "This one has made no call."
    said = f"All {record.calls:,} calls are made again" if record.calls > 1 else "Its one call is made again"
    if not record.effects:
        return f"{said}; none of them changes anything."
    return f"{said}; {record.effects:,} of them {'changes' if record.effects == 1 else 'change'} something."


def act(request: HttpRequest, task_id: int) -> HttpResponse:
    """The chosen card: does it, or shows the form that it needs. What one may not do, the verbs refuse."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    related = Task.objects.visible_to(request.user).select_related("template", "revision")
    task = related.filter(pk=task_id).first()
    if task is None:
        raise Http404("There is no such task that you may see.")
    choice, step = request.POST.get("choice", ""), request.POST.get("step", "")
    if choice in ("fork", "change"):
        asked = {"how": "fork", "step": step} if choice == "fork" else {"how": "again"}
        return redirect(f"{reverse('admin:task_anew', args=[task.pk])}?{urlencode(asked)}")
    shown = task
    try:
        if choice == "retry":
            lifecycle.retry_failed(task, request.user)
        elif choice == "again":
            shown = again.run_again(task, request.user, origin="admin").task
            messages.success(request, f"Started from task {task.pk}, which stays as it is.")
        else:
            messages.error(request, "Choose how it goes on.")
    except ChantillyError as error:
        messages.error(request, error.message)
    return redirect(reverse("admin:tasks_task_change", args=[shown.pk]))


@dataclass(frozen=True, kw_only=True)
class Link:
    """A task in the line of its ancestry; `how`: what was done to the one before it."""

    relative: Relative
    how: str

    @property
    def is_link(self) -> bool:
        return bool(self.relative.title) and not self.relative.is_removed


def line(task: Task, user: Any) -> dict[str, Any]:
    """The chain to this task, oldest first, and what came of it."""
    chain = lineage.ancestors(task, user, most=SHOWN_CHAIN + 1)
    shown = chain[:SHOWN_CHAIN][::-1]
    hows = [""] + [_how(each) for each in shown[:-1]]
    return {
        "task": task,
        "is_longer": len(chain) > SHOWN_CHAIN,
        "ancestors": [Link(relative=each, how=how) for each, how in zip(shown, hows, strict=True)] if shown else [],
        "how": _how(shown[-1]) if shown else "",
        "descendants": [Link(relative=each, how=_how(each)) for each in lineage.descendants(task, user)],
    }


def _how(younger: Relative) -> str:
    """A relative tells how the younger of the two was made."""
    return f"forked at step {younger.step}" if younger.ancestry == "fork" else "run again"
