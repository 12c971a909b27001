"""Where a task stands, for every edge that shows one: times, stages, what went wrong, what can be done. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from apps.core import codec
from apps.core.masking import mask
from apps.tasks.models import Attempt, Event, Step, Task
from apps.tasks.states import FINAL, Control, Status

Verb = Literal["pause", "resume", "cancel", "retry", "start"]
StageState = Literal["ahead", "current", "done"]
MAX_MISHAPS = 100
MAX_SUMMARY = 1_000
TRUSTED_PERCENT = 10.0
"""Below this, the pace so far says less than the estimate does."""
REMOVED = "Removed some time after the workflow had ended."
_MISHAPS = ("task.retry_scheduled", "task.failed", "task.rescued", "task.checkpoint_refused")


@dataclass(frozen=True, kw_only=True)
class Stage:
    name: str
    percent: float
    state: StageState
    started_at: datetime | None
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """Something that went wrong. `resolved`: the task has since done a further step, or completed."""

    seq: int
    at: datetime
    step: int | None
    line: int | None
    type: str
    message: str
    resolved: bool
    retries: int


@dataclass(frozen=True, kw_only=True)
class LogLine:
    seq: int
    at: str
    level: str
    text: str
    line: int | None


def verbs(task: Task, user: Any, now: datetime) -> list[Verb]:
    """What `user` can do with the task now; `lifecycle` decides again when it is done."""
    may = user.is_active and (user.pk == task.requester_id or user.has_perm("tasks.control_task"))
    if not may:
        return []
    return [*legal(task), "start"] if may_start_now(task, now) else legal(task)


def may_start_now(task: Task, now: datetime) -> bool:
    """It waits for its moment or for its next attempt, and for that alone it need not."""
    return task.status == Status.PENDING and task.available_at > now


def legal(task: Task) -> list[Verb]:
    """What the task's state allows, whoever asks and whenever."""
    if task.status == Status.FAILED:
        return ["retry"]
    if task.status in FINAL:
        return []
    asked = task.execution.control
    if task.status == Status.PAUSED or (task.status == Status.RUNNING and asked == Control.PAUSE):
        return ["resume", "cancel"]
    return [] if asked in (Control.CANCEL, Control.EXPIRE) else ["pause", "cancel"]


def elapsed(task: Task, now: datetime) -> float | None:
    """Seconds from the first start to the end, or to now; None when it has not started."""
    if task.started_at is None:
        return None
    return max(0.0, ((task.finished_at or now) - task.started_at).total_seconds())


def worked(attempts: Sequence[Attempt], now: datetime) -> float:
    """Seconds that workers have spent on it."""
    return sum(max(0.0, ((each.ended_at or now) - each.started_at).total_seconds()) for each in attempts)


def remaining(task: Task, spent: float) -> float | None:
    """Seconds of work that are probably left after `spent` of them; None when it has ended."""
    if task.status in FINAL:
        return None
    percent = task.execution.percent
    if percent >= TRUSTED_PERCENT:
        return spent * (100 - percent) / percent
    return max(0.0, task.estimated_seconds - spent)


def stages(task: Task, now: datetime) -> list[Stage]:
    """The revision's declared stages with what is known of each; needs `revision` and `execution`."""
    declared = task.revision.stages
    starts = _stage_starts(task)
    current = max((index for index, stage in enumerate(declared) if stage["name"] in starts), default=-1)
    return [_stage(task, index, stage, starts, current, now) for index, stage in enumerate(declared)]


def _stage_starts(task: Task) -> dict[str, datetime]:
    """By name; where a stage was started again, its first start."""
    events = Event.objects.filter(task_id=task.pk, kind="task.stage_started").order_by("-seq")
    return {data["stage"]: at for at, data in events.values_list("at", "data") if data.get("stage")}


def _stage(
    task: Task, index: int, stage: dict[str, Any], starts: dict[str, datetime], current: int, now: datetime
) -> Stage:
    started = starts.get(stage["name"])
    is_done = index < current or task.status == Status.COMPLETED
    later = [starts[each["name"]] for each in task.revision.stages[index + 1 :] if each["name"] in starts]
    ended = min(later, default=task.finished_at or now)
    return Stage(
        name=stage["name"],
        percent=stage["percent"],
        state="done" if is_done else "current" if index == current else "ahead",
        started_at=started,
        seconds=max(0.0, (ended - started).total_seconds()) if started else None,
    )


def mishaps(task: Task) -> list[Mishap]:
    """What went wrong, oldest first, the newest hundred; what was recovered from stays listed."""
    found = sorted([*_failed_attempts(task), *_failed_steps(task)], key=lambda mishap: mishap.seq)
    return found[-MAX_MISHAPS:]


def _failed_attempts(task: Task) -> Iterator[Mishap]:
    good = _last_good(task)
    events = Event.objects.filter(task_id=task.pk, kind__in=_MISHAPS).order_by("-seq")[:MAX_MISHAPS]
    for event in events:
        data = event.data
        yield Mishap(
            seq=event.seq,
            at=event.at,
            step=data.get("step"),
            line=data.get("line"),
            type=str(data.get("type") or event.kind.removeprefix("task.")),
            message=str(data.get("message") or data.get("reason") or ""),
            resolved=task.status == Status.COMPLETED or event.seq < good,
            retries=int(data.get("attempt") or 0),
        )


def _failed_steps(task: Task) -> Iterator[Mishap]:
    good = _last_good(task)
    steps = Step.objects.filter(task_id=task.pk, outcome="failed").order_by("-seq")[:MAX_MISHAPS]
    for step in steps.defer("digest", "arguments"):
        error = codec.decode(step.result)
        yield Mishap(
            seq=step.seq,
            at=step.started_at,
            step=step.index,
            line=step.line,
            type=str(error.get("exc_type", "Error")),
            message=str(error.get("message", "")),
            resolved=task.status == Status.COMPLETED or step.seq < good,
            retries=step.retries,
        )


def _last_good(task: Task) -> int:
    newest = Step.objects.filter(task_id=task.pk, outcome="succeeded").order_by("-seq")
    return newest.values_list("seq", flat=True).first() or 0


def log(task_id: int, after: int = 0, limit: int = 200) -> list[LogLine]:
    """What the script printed and logged, from the feed's events after `after`; at most `limit` events of it."""
    events = Event.objects.filter(task_id=task_id, kind="task.logged", seq__gt=after).order_by("seq")[:limit]
    return [_log_line(event.seq, line) for event in events for line in event.data.get("lines", [])]


def _log_line(seq: int, line: dict[str, Any]) -> LogLine:
    return LogLine(seq=seq, at=line["at"], level=line["level"], text=line["text"], line=line.get("line"))


def is_removed(task: Task) -> bool:
    """Whether a node's task returned something that is not kept any more. Whatever completes has a result."""
    return task.status == Status.COMPLETED and task.branch_id is not None and not task.result


def summary(task: Task) -> str:
    """One line or a few on how it ended: the script's `summary`, or its text, or why it failed or was cancelled."""
    if task.status == Status.FAILED:
        return str((task.error or {}).get("message") or task.status_reason)
    if task.status != Status.COMPLETED:
        return task.status_reason
    if is_removed(task):
        return REMOVED
    returned = task.returned
    text = returned.get("summary", "") if isinstance(returned, dict) else returned
    return mask(text, MAX_SUMMARY) if isinstance(text, str) else ""
