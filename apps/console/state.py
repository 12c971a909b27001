"""Everything about a task that moves while one looks at it. The page draws it once; the websocket sends its changes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypedDict

from apps.console import holds, reasons, script, words
from apps.console.script import Mark
from apps.core import durations
from apps.tasks import sight, standing
from apps.tasks.models import Artifact, Attempt, Execution, Task
from apps.tasks.models.history import WORKFLOW
from apps.tasks.retry import most_attempts
from apps.tasks.sight import Sight
from apps.tasks.states import Control, Status

SLIVER = 3.0
"""The least percentage that is drawn of a stage that has begun."""
RELATED = ("execution", "revision", "template", "requester")
HEAVY = ("result", "revision__graph")
"""What no list shows and can be megabytes."""


class Stage(TypedDict):
    name: str
    look: str
    """done, now, bad or todo."""
    state: str
    icon: str
    percent: float
    text: str


class Now(TypedDict):
    """The executing line: the call in flight and how long it has been, in seconds at the moment of asking."""

    line: int
    call: str
    seconds: float | None


class TaskState(TypedDict):
    """`fields` are texts by the name of the element that shows them; `version` changes when panels must be redrawn."""

    seq: int
    version: str
    status: str
    is_ticking: bool
    elapsed: float | None
    percent: float
    legal: list[str]
    fields: dict[str, str]
    stages: list[Stage]
    reached: int
    lines: dict[str, Mark]
    now: Now | None


def load(task_id: int, now: datetime, viewer: Any) -> TaskState:
    """The state as one read of the task's rows shows it to the viewer. Raises Task.DoesNotExist."""
    seen = sight.of(viewer)
    return load_for(task_id, now, [seen])[seen]


def load_for(task_id: int, now: datetime, viewers: Iterable[Sight]) -> dict[Sight, TaskState]:
    """The same for each of several viewers, with the queries of one. Raises Task.DoesNotExist.

    Made as for nobody; only the sentence says more to those who may see more.
    """
    task = Task.objects.select_related(*RELATED).defer("revision__graph").get(pk=task_id)
    facts = reasons.around([task], now, sight.NOBODY)
    shown = of(task, list(task.attempts.all()), now, sight.NOBODY, facts)
    return {viewer: _told(shown, reasons.why(task, replace(facts, viewer=viewer))) for viewer in viewers}


def _told(shown: TaskState, reason: str) -> TaskState:
    told = shown.copy()
    told["fields"] = {**shown["fields"], "reason": reason}
    return told


def of(
    task: Task, attempts: list[Attempt], now: datetime, viewer: Any, facts: reasons.Around | None = None
) -> TaskState:
    execution = task.execution
    facts = facts or reasons.around([task], now, viewer)
    running = task.status == Status.RUNNING
    stages = _stages(task, now)
    by_line = script.tallies(task.pk)
    failed_line = (task.error or {}).get("line") if task.status == Status.FAILED else None
    executing = execution.line if running else None
    resumed = {attempt.resumed_line for attempt in attempts if attempt.resumed_line}
    return TaskState(
        seq=execution.seq,
        version=f"{_version(task, attempts)}.{holds.mark(task, facts)}",
        status=task.status,
        is_ticking=running,
        elapsed=None if (seconds := standing.elapsed(task, now)) is None else round(seconds, 1),
        percent=round(execution.percent, 1),
        legal=[*standing.legal(task), *(["start_now"] if standing.may_start_now(task, now) else [])],
        fields={
            **_fields(task, attempts, stages, now),
            **holds.fields(task, facts),
            "reason": reasons.why(task, facts),
        },
        stages=stages,
        reached=_reached(task, by_line, failed_line),
        lines={
            str(number): mark
            for number, mark in script.marks(by_line, resumed=resumed, now=executing, failed=failed_line).items()
        },
        now=_now(execution, now) if executing else None,
    )


def changes(old: TaskState | None, new: TaskState) -> dict[str, Any]:
    """What a page that shows `old` has to change to show `new`. A mark that went away is null."""
    if old is None:
        return dict(new)
    changed: dict[str, Any] = {name: value for name, value in new.items() if value != old[name]}  # type: ignore[literal-required]
    for name in ("fields", "lines"):
        if name in changed:
            before, after = old[name], new[name]
            changed[name] = {
                key: after.get(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key)
            }
    changed["seq"] = new["seq"]
    changed["elapsed"] = new["elapsed"]
    return changed


def has_news(changed: dict[str, Any]) -> bool:
    """Whether `changes` found more than that time passes."""
    return bool(changed.keys() - {"seq", "elapsed"})


def _version(task: Task, attempts: list[Attempt]) -> str:
    """Changes with the status, the attempts and the files: what is drawn as whole panels."""
    latest = attempts[-1] if attempts else None
    resumed = latest.resumed_index if latest else None
    return f"{task.status}.{len(attempts)}.{resumed}.{Artifact.objects.of(task).count()}.{task.execution.control}"


def _now(execution: Execution, now: datetime) -> Now | None:
    if execution.line is None:
        return None
    since = execution.call_started_at if execution.call else None
    seconds = round(max(0.0, (now - since).total_seconds()), 1) if since else None
    return Now(line=execution.line, call=execution.call, seconds=seconds)


def _reached(task: Task, by_line: dict[int, script.Tally], failed_line: int | None) -> int:
    """The last line known to have run; of a completed task all of them."""
    if task.status == Status.COMPLETED:
        return 1_000_000
    return max([*by_line, task.execution.line or 0, failed_line or 0])


_STAGE_LOOKS = {"ahead": "todo", "current": "now", "done": "done"}


def _stages(task: Task, now: datetime) -> list[Stage]:
    known = standing.stages(task, now)
    ends = [stage.percent for stage in known[1:]] + [100.0]
    return [_stage(task, stage, end, now) for stage, end in zip(known, ends, strict=False)]


def _stage(task: Task, stage: standing.Stage, end: float, now: datetime) -> Stage:
    """A segment of the bar: `end` is where the next one begins."""
    look, sign, percent = _STAGE_LOOKS[stage.state], "completed", 100.0
    text = durations.describe(stage.seconds) if stage.seconds is not None else "passed"
    if look == "todo":
        sign, percent, text = "pending", 0.0, f"at {stage.percent:.0f}%"
    elif look == "now":
        share = (task.execution.percent - stage.percent) / (end - stage.percent) if end > stage.percent else 0.0
        sign, percent = task.status, round(min(100.0, max(SLIVER, share * 100)), 1)
        if task.is_final:
            look, text = "bad", f"{task.status} here"
        elif stage.started_at is not None:
            text = f"since {words.clock(stage.started_at, now)}"
    return Stage(name=stage.name, look=look, state=sign, icon=sign, percent=percent, text=text)


def badge(task: Task, now: datetime) -> str:
    """The state's word, as exact as it is known."""
    if task.is_dead_letter:
        return "Dead letter"
    if task.status == Status.PENDING and task.failures:
        return "To be retried"
    if task.status == Status.RUNNING and task.execution.control == Control.PAUSE:
        return "Pausing"
    if task.status == Status.RUNNING and task.execution.control in (Control.CANCEL, Control.EXPIRE):
        return "Stopping"
    return words.STATE_WORDS[task.status]


def _fields(task: Task, attempts: list[Attempt], stages: list[Stage], now: datetime) -> dict[str, str]:
    execution = task.execution
    latest = attempts[-1] if attempts else None
    crashes = sum(attempt.outcome == "crashed" for attempt in attempts)
    failures = sum(attempt.outcome == "failed" for attempt in attempts)
    return {
        "state": badge(task, now),
        **_stage_fields(task, stages),
        "line": str(_shown_line(task) or "–"),
        "line_sub": execution.call or ("between calls" if task.status == Status.RUNNING and execution.line else ""),
        "for_sub": _for(task, now),
        "worker_label": "Worker",
        "start_now": "Retry now" if task.failures else "Start now",
        "worker": latest.worker if latest else "–",
        "worker_sub": "works on it" if task.status == Status.RUNNING else f"until {words.clock(latest.ended_at, now)}"
        if latest and latest.ended_at else "",
        "attempt": str(len(attempts)) if attempts else "–",
        "attempt_sub": _attempts(len(attempts), failures, crashes, most_attempts(task.revision.retry, task.error)),
        "steps": f"{execution.steps:,}",
        "steps_sub": _usage(execution),
        "memory": durations.describe_memory(execution.memory_bytes // 1024 // 1024) if execution.memory_bytes else "–",
        "memory_sub": f"of {durations.describe_memory(task.revision.memory_mb)}",
        "percent": f"{execution.percent:.0f}%",
        "message": execution.message or execution.stage,
        "counts": _counts(task),
    }  # fmt: skip


def _counts(task: Task) -> str:
    """What its script has warned of; of a workflow the strip of its nodes says what has failed."""
    if task.kind == WORKFLOW:
        return ""
    warnings, errors = task.execution.warnings, task.execution.errors
    return f"{words.count(warnings, 'warning')}, {words.count(errors, 'error')}"


def _shown_line(task: Task) -> int | None:
    """Where it stands; of a failed one, where it failed."""
    failed = (task.error or {}).get("line") if task.status == Status.FAILED else None
    return failed or task.execution.line


def _stage_fields(task: Task, stages: list[Stage]) -> dict[str, str]:
    names = [stage["name"] for stage in stages]
    begun = [stage["name"] for stage in stages if stage["look"] != "todo"]
    current = task.execution.stage or (begun[-1] if begun else "")
    if current in names:
        return {"stage": f"{names.index(current) + 1} of {len(names)}", "stage_sub": current}
    return {"stage": current or "–", "stage_sub": f"{len(names)} declared" if names else "none declared"}


def _for(task: Task, now: datetime) -> str:
    if task.finished_at:
        return f"ended {words.clock(task.finished_at, now)}"
    if task.started_at is None:
        return f"asked {words.clock(task.created_at, now)}"
    return f"of about {durations.describe(float(task.estimated_seconds))}" if task.estimated_seconds else ""


def _attempts(number: int, failures: int, crashes: int, most: int) -> str:
    """Where several have neither failed nor crashed, it has waited in between: no limit applies to that."""
    said = [words.count(failures, "failure")] if failures else []
    said += [words.count(crashes, "crash", "crashes")] if crashes else []
    return ", ".join(said) or (f"of at most {most}" if number < 2 else "none failed")


def _usage(execution: Execution) -> str:
    if execution.model_tokens:
        return f"{execution.model_tokens:,} tokens"
    if execution.api_calls:
        return words.count(execution.api_calls, "model call")
    return "recorded"
