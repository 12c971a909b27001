"""What a task's page shows, gathered in a bounded number of queries."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from apps.catalog.models import TemplateRevision
from apps.console import feedrows, goingon, holds, reasons, script, state, words
from apps.console.feedrows import FeedRow, LogRow
from apps.console.holds import Link
from apps.console.runs import files
from apps.console.runs.files import Files
from apps.console.script import Line, Mark
from apps.console.state import TaskState
from apps.core import clock, durations
from apps.executors.workflow.running import inline
from apps.tasks import standing
from apps.tasks.models import Attempt, Event, Step, Task
from apps.tasks.models.history import WORKFLOW
from apps.tasks.record import feed
from apps.tasks.states import Status

MAX_LOG_EVENTS = 100
MAX_JOURNAL = 200
MAX_TRIES = 100
"""The newest; a workflow has one for each time that something has ended."""
MAX_SHOWN = 400
"""Characters of a value in a list; the whole of it is in the files and in the API."""


@dataclass(frozen=True, kw_only=True)
class CodeLine:
    line: Line
    mark: Mark | None
    is_future: bool


@dataclass(frozen=True, kw_only=True)
class Callout:
    """An attempt crashed and the next one went on: good news, said once."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """The four answers: what happened, will it be retried, what is safe, what to do."""

    title: str
    happened: str
    retried: str
    safe: str
    todo: list[str]
    error: dict[str, Any]
    reference: str


@dataclass(frozen=True, kw_only=True)
class Parameter:
    name: str
    value: str
    is_default: bool


@dataclass(frozen=True, kw_only=True)
class Try:
    attempt: Attempt
    lines: str
    steps: str
    took: str
    look: str


@dataclass(frozen=True, kw_only=True)
class TaskPage:
    task: Task
    now: datetime
    state: TaskState
    holders: list[Link]
    code: list[CodeLine]
    is_long: bool
    feed: list[FeedRow]
    log: list[LogRow]
    callout: Callout | None
    trouble: Trouble | None
    tries: list[Try]
    journal: list[Step]
    files: Files
    parameters: list[Parameter]
    result: list[Parameter]
    may_control: bool
    template_url: str

    @property
    def lead(self) -> str:
        asked = f"asked by {words.person(self.task.requester)} {words.origin(self.task.origin)}"
        return f"revision {self.task.revision.number} · {asked} · {words.clock(self.task.created_at, self.now)}"


def gather(task_id: int, user: Any) -> TaskPage:
    """Raises Task.DoesNotExist when there is none that this user may see."""
    now = clock.now()
    task = Task.objects.visible_to(user).select_related(*state.RELATED).get(pk=task_id)
    attempts = list(task.attempts.all())
    facts = reasons.around([task], now, user)
    shown = state.of(task, attempts, now, user, facts)
    entries = [entry for entry in feed.newest(task_id) if entry.seq <= shown["seq"]]
    source = _source(task)
    return TaskPage(
        task=task,
        now=now,
        state=shown,
        holders=holds.links(task, facts, user),
        code=_code(task.revision, source, shown),
        is_long=source.count("\n") > script.LONG,
        feed=feedrows.folded(feedrows.rows(entries, now)),
        log=_log(task_id, shown["seq"], now),
        callout=_callout(task, attempts, now),
        trouble=_trouble(task, attempts, now),
        tries=[_try(attempt, following, task, now) for attempt, following in _pairs(attempts)[-MAX_TRIES:]][::-1],
        journal=list(Step.objects.filter(task_id=task_id).defer("result", "digest").order_by("-seq")[:MAX_JOURNAL]),
        files=files.of(task, user),
        parameters=_parameters(task),
        result=_result(task),
        may_control=user.pk == task.requester_id or user.has_perm("tasks.control_task"),
        template_url=_template_url(task, user),
    )


def _template_url(task: Task, user: Any) -> str:
    """The script's page for those who may see it; else none."""
    if not user.has_perm("catalog.view_tasktemplate"):
        return ""
    return reverse("admin:catalog_tasktemplate_script", args=[task.template.key])


def _source(task: Task) -> str:
    """A task that carries out a node of a workflow may have its script from there."""
    if inline.is_inline(task.kind, task.revision.kind) and task.branch is not None:
        return inline.source(task.branch.name, task.revision_id)
    return task.revision.script


def _code(revision: TemplateRevision, source: str, shown: TaskState) -> list[CodeLine]:
    return [
        CodeLine(line=line, mark=shown["lines"].get(str(line.number)), is_future=line.number > shown["reached"])
        for line in script.lines(revision, source)
    ]


def _log(task_id: int, seq: int, now: datetime) -> list[LogRow]:
    """Newest first."""
    events = Event.objects.filter(task_id=task_id, kind="task.logged", seq__lte=seq).order_by("-seq")[:MAX_LOG_EVENTS]
    entries = [
        feed.Entry(seq=event.seq, kind=event.kind, at=event.at, actor="", data=event.data) for event in reversed(events)
    ]
    return feedrows.log(entries, now)[-feedrows.MAX_ROWS :][::-1]


def _callout(task: Task, attempts: list[Attempt], now: datetime) -> Callout | None:
    """From the last crash that was followed by an attempt which said where it goes on."""
    crashed = [(attempt, after) for attempt, after in _pairs(attempts) if attempt.outcome == "crashed" and after]
    if not crashed:
        return None
    lost, after = crashed[-1]
    assert after is not None
    event = (
        Event.objects.filter(task_id=task.pk, kind="task.resumed_at", at__gte=after.started_at).order_by("seq").first()
    )
    if event is None or event.data.get("attempt") != after.number:
        return None
    kept = f"{words.count(event.data.get('kept') or 0, 'call')} not repeated"
    line = event.data.get("line")
    where = f"Resumed at line {line}" if line else "Replayed from the start of the script"
    text = f"Worker {lost.worker} was lost"
    if lost.ended_at is not None:
        text += f" at {words.clock(lost.ended_at, now)}; "
        text += f"the work went on {durations.describe(event.at - lost.ended_at)} later."
    return Callout(title=f"{where} on worker {after.worker}, {kept}.", text=text)


def _trouble(task: Task, attempts: list[Attempt], now: datetime) -> Trouble | None:
    error = task.error
    if not error or task.status not in (Status.FAILED, Status.PENDING, Status.RUNNING, Status.PAUSED):
        return None
    if task.status == Status.RUNNING and not task.failures:
        return None
    stage = f" in stage {task.execution.stage}" if task.execution.stage else ""
    line = f", at line {error['line']}{stage}" if error.get("line") else stage
    message = str(error.get("message", "")).strip().rstrip(".")
    return Trouble(
        title=f"{message[:1].upper()}{message[1:]}{line}",
        happened=_happened(task, error),
        retried=_retried(task, error, now),
        safe=_safe(task),
        todo=_todo(task, error),
        error=error,
        reference=":".join(str(part) for part in (task.pk, error.get("step", "-"), len(attempts))),
    )


def _happened(task: Task, error: dict[str, Any]) -> str:
    if task.kind == WORKFLOW:
        return str(error.get("message"))
    line = f"line {error['line']}" if error.get("line") else "the script"
    if error.get("step") is not None:
        return f"Step {error['step']}, called from {line}, failed with {error.get('type')}: {error.get('message')}"
    if error.get("code") == "crash_limit":
        return str(error.get("message"))
    return f"At {line} the task failed with {error.get('type')}: {error.get('message')}"


def _retried(task: Task, error: dict[str, Any], now: datetime) -> str:
    if task.status == Status.PENDING:
        return f"Yes, by itself at {words.clock(task.available_at, now)}: {error.get('why', '')}."
    if task.status != Status.FAILED:
        return "It is being tried again."
    why = words.sentence(str(error.get("why") or ""))
    if task.is_dead_letter:
        return f"Not by itself. {why} It is kept as a dead letter until a person retries it.".replace("  ", " ")
    return f"No. {why}".strip()


def _safe(task: Task) -> str:
    if task.kind == WORKFLOW:
        return goingon.repair(task)
    if not task.execution.steps:
        return "No step had been recorded, so nothing is repeated."
    until = f" until {words.day(task.delete_after)}" if task.delete_after else ""
    if task.execution.steps == 1:
        return f"The one recorded step is kept{until}; a retry does not make its call again."
    return f"All {task.execution.steps:,} recorded steps are kept{until}; a retry does not make their calls again."


def _todo(task: Task, error: dict[str, Any]) -> list[str]:
    todo = [words.sentence(str(error["advice"]))] if error.get("advice") else []
    if task.status == Status.FAILED and not (todo and task.kind == WORKFLOW):  # its advice says to retry it
        todo.append(_next(task, error, is_second=bool(todo)))
    return todo


def _next(task: Task, error: dict[str, Any], *, is_second: bool) -> str:
    if error.get("code") in goingon.REPEATS_ITSELF:
        calls = words.count(task.execution.steps, "recorded call")
        kept = f" and keep its {calls}" if task.execution.steps else ""
        return f"Then fork it on that revision{kept}: this task stays on the one that it was made from."
    where = f" from line {error['line']}" if error.get("line") and error.get("step") is not None else ""
    return f"{'Then retry' if is_second else 'Retry'} it{where}."


def _pairs(attempts: list[Attempt]) -> list[tuple[Attempt, Attempt | None]]:
    """Each attempt with the one after it."""
    following: list[Attempt | None] = [*attempts[1:], None]
    return list(zip(attempts, following, strict=False))


_LOOKS = {"crashed": "failed", "suspended": "waiting", "drained": "pending"}


def _try(attempt: Attempt, following: Attempt | None, task: Task, now: datetime) -> Try:
    last = following.first_step if following else task.execution.steps
    new = last - attempt.first_step
    answered = f"{attempt.first_step:,} on record, " if attempt.first_step else ""
    begins = f"from line {attempt.resumed_line}" if attempt.resumed_line else "from the start"
    return Try(
        attempt=attempt,
        lines=begins,
        steps=f"{answered}{new:,} new",
        took=durations.describe((attempt.ended_at or now) - attempt.started_at),
        look=_LOOKS.get(attempt.outcome, attempt.outcome),
    )


def _parameters(task: Task) -> list[Parameter]:
    described = task.revision.parameter_schema.get("properties", {})
    return [
        Parameter(name=name, value=_shown(value), is_default="default" in described.get(name, {})
                  and described[name]["default"] == value)
        for name, value in task.parameters.items()
    ]  # fmt: skip


def _result(task: Task) -> list[Parameter]:
    if task.status != Status.COMPLETED or len(task.result) > 1_000_000:
        return []
    if standing.is_removed(task):
        return [Parameter(name="result", value=standing.REMOVED, is_default=False)]
    returned = task.returned
    if returned is None:
        return []
    items = returned.items() if isinstance(returned, dict) else [("result", returned)]
    return [Parameter(name=str(name), value=_shown(value), is_default=False) for name, value in items][:50]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        text = ", ".join(str(item) for item in value) or "none"
    elif isinstance(value, dict) and set(value) == {"start", "end"}:
        text = f"{value['start']} to {value['end']}"
    elif isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = "none" if value is None else str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
