"""From feed entries to rows that people read. Pages and websockets show the same rows; equal calls in a row fold."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypedDict

from apps.console import words
from apps.console.approvals.rows import ACTS, saying
from apps.tasks.record.feed import Entry

MAX_ROWS = 500


class FeedRow(TypedDict):
    """`fold` is equal for rows that may become one; empty for a row that stays alone."""

    seq: int
    at: str
    clock: str
    state: str
    icon: str
    text: str
    detail: str
    took: str
    is_key: bool
    fold: str
    step: int
    first_step: int
    count: int
    seconds: float
    retries: int


class LogRow(TypedDict):
    at: str
    clock: str
    level: str
    text: str


class _Said(TypedDict, total=False):
    text: str
    detail: str
    state: str
    icon: str
    is_key: bool


def row(entry: Entry, now: datetime) -> FeedRow:
    if entry.kind == "step":
        return _step(entry, now)
    said = _SAYINGS.get(entry.kind, _unknown)(entry, now)
    return FeedRow(
        seq=entry.seq,
        at=words.iso(entry.at),
        clock=words.clock(entry.at, now),
        state=said.get("state", ""),
        icon=said.get("icon", "info"),
        text=said["text"],
        detail=said.get("detail", ""),
        took="",
        is_key=said.get("is_key", False),
        fold="",
        step=0,
        first_step=0,
        count=1,
        seconds=0.0,
        retries=0,
    )


def rows(entries: Iterable[Entry], now: datetime) -> list[FeedRow]:
    """Oldest first, unfolded. Log lines have a place of their own."""
    return [row(entry, now) for entry in entries if entry.kind != "task.logged"]


def folded(feed: Iterable[FeedRow]) -> list[FeedRow]:
    """Newest first, equal calls in a row as one. `feed.js` does the same with what arrives later."""
    result: list[FeedRow] = []
    for new in feed:
        last = result[-1] if result else None
        if last is not None and new["fold"] and new["fold"] == last["fold"]:
            result[-1] = _merged(last, new)
        else:
            result.append(new)
    return result[::-1]


def _merged(last: FeedRow, new: FeedRow) -> FeedRow:
    seconds, count = last["seconds"] + new["seconds"], last["count"] + 1
    retries = last["retries"] + new["retries"]
    return {
        **last,
        "state": "paused" if retries else "completed",
        "icon": "warning" if retries else "completed",
        "seq": new["seq"],
        "text": f"{new['fold']} × {count}",
        "detail": f"steps {last['first_step']}–{new['step']}" + (f" · retried {retries} ×" if retries else ""),
        "took": words.took(seconds),
        "step": new["step"],
        "count": count,
        "seconds": seconds,
        "retries": retries,
    }


def log(entries: Iterable[Entry], now: datetime) -> list[LogRow]:
    """Oldest first."""
    lines: list[LogRow] = []
    for entry in entries:
        if entry.kind != "task.logged":
            continue
        for line in entry.data.get("lines", []):
            at = datetime.fromisoformat(line["at"])
            lines.append(LogRow(at=words.iso(at), clock=words.clock(at, now), level=line["level"], text=line["text"]))
        if dropped := entry.data.get("dropped"):
            text = f"{dropped:,} more lines were not kept"
            lines.append(LogRow(at=words.iso(entry.at), clock=words.clock(entry.at, now), level="warning", text=text))
    return lines


def advanced(entries: Iterable[Entry]) -> list[tuple[int, str]] | None:
    """The last known state of each node that a workflow's events name; None when it did not go on."""
    moved = [entry for entry in entries if entry.kind == "task.advanced"]
    states = {number: state for entry in moved for number, state in entry.data.get("nodes", ())}
    return list(states.items()) if moved else None


def _step(entry: Entry, now: datetime) -> FeedRow:
    data = entry.data
    failed = data["outcome"] == "failed"
    retried = data["retries"]
    details = [f"step {data['index']}"]
    if data["line"]:
        details.append(f"line {data['line']}")
    if data["try"] > 1:
        details.append(f"try {data['try']}")
    if retried:
        details.append(f"retried {retried} ×")
    if failed:
        error = data.get("error") or {}
        details.append(str(error.get("message", "failed")))
    return FeedRow(
        seq=entry.seq,
        at=words.iso(entry.at),
        clock=words.clock(entry.at, now),
        state="failed" if failed else "paused" if retried else "completed",
        icon="failed" if failed else "warning" if retried else "completed",
        text=data["name"],
        detail=" · ".join(details),
        took=words.took(data["seconds"]),
        is_key=failed,
        fold="" if failed or data["try"] > 1 else data["name"],
        step=data["index"],
        first_step=data["index"],
        count=1,
        seconds=data["seconds"],
        retries=retried,
    )


def _by(entry: Entry) -> str:
    name = entry.actor or entry.data.get("by") or ""
    return f" by {name}" if name else ""


def _quoted(text: str) -> str:
    return f"“{text}”" if text else ""


def _moment(text: str | None, now: datetime) -> str:
    return words.clock(datetime.fromisoformat(text), now) if text else ""


def _submitted(entry: Entry, now: datetime) -> _Said:
    how = words.origin(entry.data.get("origin", ""))
    return {"text": f"Asked{_by(entry)} {how}", "detail": _quoted(entry.data.get("words", "")), "icon": "person"}


def _claimed(entry: Entry, now: datetime) -> _Said:
    data = entry.data
    return {"text": f"Attempt {data['attempt']} started on {data['worker']}", "state": "running", "icon": "running"}


def _resumed_at(entry: Entry, now: datetime) -> _Said:
    return {"text": resumed(entry.data), "state": "completed", "icon": "resume", "is_key": True}


def resumed(data: dict[str, Any]) -> str:
    """'Resumed at line 14, 3 calls not repeated'."""
    kept = f"{words.count(data.get('kept') or 0, 'call')} not repeated"
    if data.get("line"):
        return f"Resumed at line {data['line']}, {kept}"
    return f"Replayed from the start of the script, {kept}"


def _stage(entry: Entry, now: datetime) -> _Said:
    return {"text": f"Stage {entry.data['stage']}", "state": "running", "icon": "chevron",
            "detail": f"at {entry.data['percent']:.0f}%"}  # fmt: skip


def _refused(entry: Entry, now: datetime) -> _Said:
    number = words.count(entry.data.get("count", 1), "checkpoint")
    return {"text": f"{number} could not be used", "state": "paused", "icon": "warning",
            "detail": "An older one, or the record, was used instead."}  # fmt: skip


def _retry(entry: Entry, now: datetime) -> _Said:
    data = entry.data
    at = _moment(data.get("available_at"), now)
    return {"text": f"Attempt {data.get('attempt', '')} failed; {data.get('why', 'again')} at {at}".replace("  ", " "),
            "detail": words.sentence(data.get("message", "")), "state": "failed", "icon": "warning",
            "is_key": True}  # fmt: skip


def _suspended(entry: Entry, now: datetime) -> _Said:
    until = _moment(entry.data.get("until"), now)
    if until:
        return {"text": f"Sleeps until {until}", "state": "waiting", "icon": "waiting",
                "detail": "It left its worker meanwhile."}  # fmt: skip
    return {"text": words.sentence(entry.data.get("reason") or "waits").rstrip("."), "state": "waiting", "icon": "waiting",
            "detail": "It left its worker meanwhile."}  # fmt: skip


def _rescued(entry: Entry, now: datetime) -> _Said:
    data = entry.data
    line = f" at line {data['line']}" if data.get("line") else ""
    return {"text": f"Worker {data.get('worker', '')} was lost{line}",
            "detail": f"Attempt {data.get('attempt', '')} ended: {data.get('reason', '')}.",
            "state": "failed", "icon": "failed", "is_key": True}  # fmt: skip


def _failed(entry: Entry, now: datetime) -> _Said:
    data = entry.data
    if data.get("worker"):
        return {**_rescued(entry, now), "text": f"Failed for good: worker {data['worker']} was lost again"}
    line = f"Line {data['line']}: " if data.get("line") else ""
    return {"text": f"Failed: {data.get('message', '')}", "state": "failed", "icon": "failed", "is_key": True,
            "detail": f"{line}{data.get('type', '')}. Not retried: {data.get('why', '')}."}  # fmt: skip


def _plain(text: str, state: str, icon: str, *, is_key: bool = False) -> Callable[[Entry, datetime], _Said]:
    def said(entry: Entry, now: datetime) -> _Said:
        reason = entry.data.get("reason") or ""
        return {"text": f"{text}{_by(entry)}", "detail": _quoted(reason), "state": state, "icon": icon,
                "is_key": is_key}  # fmt: skip

    return said


def _priority_changed(entry: Entry, now: datetime) -> _Said:
    data = entry.data
    return {"text": f"Priority changed{_by(entry)}", "detail": f"from {data['before']} to {data['after']}",
            "state": "pending", "icon": "person"}  # fmt: skip


def _queue_moved(entry: Entry, now: datetime) -> _Said:
    data = entry.data
    return {"text": f"Moved to queue {data['after']}{_by(entry)}", "detail": f"from {data['before']}",
            "state": "pending", "icon": "queue"}  # fmt: skip


def _released(entry: Entry, now: datetime) -> _Said:
    return {"text": "Given back by its worker", "detail": words.sentence(entry.data.get("reason", "")),
            "state": "pending", "icon": "worker"}  # fmt: skip


def _merged_request(entry: Entry, now: datetime) -> _Said:
    return {"text": f"A later request took its place{_by(entry)}", "icon": "pending", "state": "pending",
            "detail": f"{words.count(entry.data.get('count', 2), 'request')} so far"}  # fmt: skip


def _forked(entry: Entry, now: datetime) -> _Said:
    data = entry.data
    detail = f"at step {data['step']}, {words.count(data['kept'], 'call')} taken over"
    if data["revision"] != data["ancestor_revision"]:
        detail += f", on revision {data['revision']} in place of {data['ancestor_revision']}"
    return {"text": f"Forked from task {data['ancestor']}{_by(entry)}", "detail": detail, "icon": "resume",
            "state": "completed", "is_key": True}  # fmt: skip


def _was_forked(entry: Entry, now: datetime) -> _Said:
    step = f" at step {entry.data['step']}" if "step" in entry.data else ""
    how = "Forked" if step else "Run again"
    return {"text": f"{how} as task {entry.data['task']}{_by(entry)}", "detail": step.strip(), "icon": "resume"}


def _child_retried(entry: Entry, now: datetime) -> _Said:
    return {"text": f"Task {entry.data['task']}, a part of it, is tried again", "icon": "resume", "state": "pending"}


def _told(entry: Entry, now: datetime) -> _Said:
    return {"text": f"Told “{entry.data['name']}”{_by(entry)}", "icon": "person", "state": "pending"}


def _advanced(entry: Entry, now: datetime) -> _Said:
    states = Counter(state for _, state in entry.data.get("nodes", ()))
    changed = entry.data.get("changed", 0)
    said = ", ".join(f"{number:,} {state}" for state, number in states.items())
    return {"text": f"{words.count(changed, 'node')} changed" if changed else "Looked at its nodes", "detail": said,
            "state": "failed" if states["failed"] else "running", "icon": "fork", "is_key": bool(states["failed"])}  # fmt: skip


def _approval(entry: Entry, now: datetime) -> _Said:
    act = entry.kind.removeprefix("task.approval_")
    text, state, icon = saying(act, entry.actor, entry.data)
    detail = " ".join(filter(None, [f"“{entry.data.get('title', '')}”", entry.data.get("reason", "")]))
    return {
        "text": text,
        "detail": detail,
        "state": state,
        "icon": icon,
        "is_key": act in ("asked", "decided", "expired"),
    }


def _unknown(entry: Entry, now: datetime) -> _Said:
    """A kind that a later version adds is shown by its own name."""
    return {"text": words.sentence(entry.kind.removeprefix("task.").replace("_", " ")).rstrip(".") + _by(entry)}


_SAYINGS: dict[str, Callable[[Entry, datetime], _Said]] = {
    "task.submitted": _submitted,
    "task.merged": _merged_request,
    "task.claimed": _claimed,
    "task.resumed_at": _resumed_at,
    "task.stage_started": _stage,
    "task.checkpoint_refused": _refused,
    "task.retry_scheduled": _retry,
    "task.suspended": _suspended,
    "task.woken": _plain("Woken up", "pending", "clock"),
    "task.unblocked": _plain("Its turn has come", "pending", "pending"),
    "task.child_retried": _child_retried,
    "task.told": _told,
    "task.advanced": _advanced,
    "task.paused": _plain("Paused", "paused", "paused", is_key=True),
    "task.resumed": _plain("Resumed", "running", "running", is_key=True),
    "task.pause_requested": _plain("Pause asked for", "paused", "paused"),
    "task.cancel_requested": _plain("Cancel asked for", "cancelled", "cancelled"),
    "task.expire_requested": _plain("Its deadline passed", "cancelled", "clock"),
    "task.pause_withdrawn": _plain("Pause taken back", "running", "running"),
    "task.cancelled": _plain("Cancelled", "cancelled", "cancelled", is_key=True),
    "task.released": _released,
    "task.priority_changed": _priority_changed,
    "task.queue_moved": _queue_moved,
    "task.rescued": _rescued,
    "task.failed": _failed,
    "task.forked": _forked,
    "task.was_forked": _was_forked,
    "task.was_run_again": _was_forked,
    "task.hastened": _plain("Told to start at once", "pending", "clock"),
    "task.retried": _plain("Tried again", "running", "resume", is_key=True),
    **{f"task.approval_{act}": _approval for act in ACTS},
    "task.completed": _plain("Completed", "completed", "completed", is_key=True),
}
