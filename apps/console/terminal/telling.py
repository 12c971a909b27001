"""What commands say about tasks, for people and, with --json, for programs."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse

from apps.console import feedrows, reasons, words
from apps.console.terminal.screen import clean
from apps.core import clock, durations
from apps.core.masking import mask
from apps.tasks import standing
from apps.tasks.models import Artifact, Task
from apps.tasks.record.feed import Entry
from apps.tasks.states import Status
from apps.workers.supervisor import address

WORKFLOW = "workflow"
"""The kind of tasks that have a run."""
RELATED = ("template", "revision", "requester", "execution")
TOLD = frozenset({
    "task.resumed_at", "task.rescued", "task.retry_scheduled", "task.paused", "task.resumed", "task.suspended",
    "task.woken", "task.pause_requested", "task.cancel_requested", "task.expire_requested", "task.pause_withdrawn",
    "task.checkpoint_refused", "task.released", "task.retried",
})  # fmt: skip
"""Events that a person who waits wants to hear of; how it ended is told by itself."""
WAKE_UPS = frozenset({"task.suspended", "task.woken", "task.claimed", "task.resumed_at"})
"""A workflow wakes up whenever one of its nodes has ended, and falls asleep again: the progress of the whole says more."""
LOUD = ("warning", "error")
SHOWN_MISHAPS = 5


def sayings(entries: Iterable[Entry], *, is_talkative: bool, is_workflow: bool = False) -> Iterator[str]:
    """What happened, a line each."""
    now = clock.now()
    for entry in entries:
        if is_workflow and entry.kind in WAKE_UPS:
            continue
        if entry.kind == "task.logged":
            for line in feedrows.log([entry], now):
                if is_talkative or line["level"] in LOUD:
                    yield f"{line['clock']}  {line['level']}: {mask(line['text'])}"
        elif entry.kind in TOLD or (entry.kind == "task.claimed" and entry.data.get("attempt", 1) > 1):
            yield history_line(entry, now)


def history_line(entry: Entry, now: datetime) -> str:
    row = feedrows.row(entry, now)
    return clean(f"{row['clock']}  {row['text']}" + (f" ({row['detail']})" if row["detail"] else ""))


def page(task_id: int) -> str:
    return address.of_site() + reverse("admin:tasks_task_change", args=[task_id])


def task_facts(task: Task, viewer: Any) -> dict[str, Any]:
    """A task for programs; needs RELATED."""
    return _facts(task, reasons.around([task], clock.now(), viewer))


def list_facts(tasks: Sequence[Task], viewer: Any) -> list[dict[str, Any]]:
    facts = reasons.around(tasks, clock.now(), viewer)
    return [_facts(task, facts) for task in tasks]


def _facts(task: Task, facts: reasons.Around) -> dict[str, Any]:
    now = facts.now
    execution = task.execution
    elapsed = standing.elapsed(task, now)
    return {
        "id": task.pk,
        "title": task.title,
        "template": task.template.key,
        "revision": task.revision.number,
        "status": task.status,
        "why": reasons.why(task, facts),
        "place": reasons.place(task, facts),
        "expected_start": reasons.expected_start(task, facts),
        "requester": task.requester.get_username(),
        "parameters": task.parameters,
        "priority": task.priority,
        "queue": task.queue,
        "created_at": task.created_at,
        "started_at": task.started_at,
        "finished_at": task.finished_at,
        "percent": execution.percent,
        "stage": execution.stage,
        "message": execution.message,
        "line": execution.line,
        "worker": execution.worker,
        "attempts": task.attempt_count,
        "elapsed_seconds": elapsed,
        "remaining_seconds": standing.remaining(task, elapsed or 0.0),
        "estimate": {
            "seconds": task.estimated_seconds,
            "steps": task.estimated_steps,
            "complexity": task.complexity,
        },
        "summary": standing.summary(task) if task.is_final else "",
        "returned": task.returned,
        "error": task.error,
        "files": file_facts(task),
        "page": page(task.pk),
    }


def file_facts(task: Task) -> list[dict[str, Any]]:
    names = ("name", "kind", "content_type", "size", "sha256")
    return [
        {"id": row.pk, **{name: getattr(row, name) for name in names}, "path": row.path}
        for row in Artifact.objects.of(task)
    ]


def dumped(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value) if isinstance(value, Decimal) else repr(value)


def ending(task: Task, viewer: Any) -> list[str]:
    """How it ended: in one sentence, the script's summary, the files, the page."""
    facts = reasons.around([task], clock.now(), viewer)
    lines = [f"Task {task.pk}, {clean(task.title)}: {clean(reasons.why(task, facts))}"]
    if task.status == Status.COMPLETED and (summary := standing.summary(task)):
        lines += [f"  {clean(line)}" for line in summary.splitlines()]
    if advice := (task.error or {}).get("advice") if task.status == Status.FAILED else None:
        lines.append(f"  {clean(advice)}")
    lines += file_lines(task)
    lines.append(f"  Page   {page(task.pk)}")
    return lines


def file_lines(task: Task) -> list[str]:
    rows = list(Artifact.objects.of(task))
    lines = [f"  File   {clean(row.name)}, {words.size(row.size)}" for row in rows]
    return [*lines, f"  Save   manage.py tasks files {task.pk} --save DIRECTORY"] if lines else []


def status(task: Task, viewer: Any) -> list[str]:
    """A task for people: what it is, what it does, how far it is, what went wrong."""
    now = clock.now()
    execution = task.execution
    state = task.status if task.status != Status.RUNNING else f"running on {execution.worker}"
    lines = [f"Task {task.pk}, {clean(task.title)}: {state}"]
    if why := reasons.why(task, reasons.around([task], now, viewer)):
        lines.append(f"  {clean(why)}")
    if task.status == Status.RUNNING:
        lines.append(f"  {clean(reasons.doing(task))}")
    if task.started_at is not None:
        worked = standing.worked(list(task.attempts.all()), now)
        rest = standing.remaining(task, worked)
        left = f", about {durations.describe(round(rest))} left" if rest is not None else ""
        lines.append(f"  {execution.percent:.0f} % after {durations.describe(worked)} of work{left}")
    lines += _stages(task, now)
    lines += _mishaps(task)
    if task.status == Status.COMPLETED and (summary := standing.summary(task)):
        lines += [f"  {clean(line)}" for line in summary.splitlines()]
    if task.kind == WORKFLOW:
        lines.append(f"  Run    manage.py inspect_run {task.pk}")
    return [*lines, *file_lines(task), f"  Page   {page(task.pk)}"]


def _mishaps(task: Task) -> Iterator[str]:
    """The newest few. A call's error and the attempt that it ended, or one error in two attempts, are told once."""
    told: dict[tuple[Any, ...], standing.Mishap] = {}
    for mishap in standing.mishaps(task):
        key = (mishap.type, mishap.line, mishap.message)
        told.pop(key, None)
        told[key] = mishap
    for mishap in list(told.values())[-SHOWN_MISHAPS:]:
        where = f" at line {mishap.line}" if mishap.line else ""
        end = "recovered" if mishap.resolved else "not recovered"
        yield f"  {mishap.type}{where}: {clean(mishap.message)} ({end})"


def _stages(task: Task, now: datetime) -> Iterator[str]:
    marks = {"done": "x", "current": ">", "ahead": " "}
    for stage in standing.stages(task, now):
        took = f"  {durations.describe(stage.seconds)}" if stage.seconds is not None else ""
        yield f"  [{marks[stage.state]}] {clean(stage.name)}{took}"


def table(tasks: Sequence[Task], viewer: Any) -> list[str]:
    """One line a task."""
    if not tasks:
        return ["There are no such tasks."]
    now = clock.now()
    facts = reasons.around(tasks, now, viewer)
    rows = [["ID", "STATUS", "DONE", "SINCE", "TITLE", ""]]
    for task in tasks:
        doing = reasons.doing(task) if task.status == Status.RUNNING else reasons.why(task, facts)
        rows.append([
            str(task.pk), task.status, f"{task.execution.percent:.0f} %", words.clock(task.created_at, now),
            clean(task.title), clean(doing),
        ])  # fmt: skip
    widths = [min(40, max(len(row[column]) for row in rows)) for column in range(5)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]).rstrip()
        for row in rows
    ]


def plan(title: str, parameters: Mapping[str, Any], sources: Mapping[str, str]) -> list[str]:
    """What will be started: each value, and the words that it was read from."""
    rows = [(path, _shown(value), _origin(path, sources)) for path, value in _values(parameters)]
    width = max((len(path) for path, _, _ in rows), default=0)
    return [
        f"  {clean(title)}",
        *(f"    {path.ljust(width)}  {value}  {origin}".rstrip() for path, value, origin in rows),
    ]


def _values(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in parameters.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and value and not _is_period(value):
            yield from _values(value, f"{path}.")
        else:
            yield path, value


def _is_period(value: Mapping[str, Any]) -> bool:
    return value.keys() == {"start", "end"} and all(_day(each) for each in value.values())


def _day(value: Any) -> str:
    """'Wed 1 January 2025' of an ISO date, else ''."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        day = None
    return f"{day:%a} {day.day} {day:%B %Y}" if day else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict) and _is_period(value):
        first, last = _day(value["start"]), _day(value["end"])
        return first if first == last else f"{first} to {last}, both included"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and value and not any(isinstance(each, dict | list) for each in value):
        return clean(", ".join(map(str, value)))
    return _day(value) or clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _origin(path: str, sources: Mapping[str, str]) -> str:
    said = [text for place, text in sources.items() if place == path or place.startswith(f"{path}.")]
    return f"“{clean(said[0])}”" if said else "(default)"


def feed_facts(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    return [asdict(entry) for entry in entries]
