"""Runs of workflows as lines of text."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from apps.console.terminal.screen import clean, clip
from apps.core import durations
from apps.core.saying import clock, count
from apps.executors.workflow import contents
from apps.executors.workflow.contents import Key
from apps.executors.workflow.recovery import Wait
from apps.executors.workflow.running.loaded import Loaded
from apps.executors.workflow.standing import NodeStanding, RunStanding

QUIET = frozenset({"completed", "waiting"})
"""Nodes of which nothing needs to be said one by one."""
MOST_TOLD = 20
WIDTH = 100


def summary(run: RunStanding) -> list[str]:
    """How far it is, by group and by worker."""
    states = ", ".join(f"{number:,} {look}" for look, number in sorted(run.counts.items(), key=lambda each: -each[1]))
    left = f", about {durations.describe(run.seconds_left)} left" if run.seconds_left is not None else ""
    repaired = f", repaired {count(run.generation, 'time')}" if run.generation else ""
    lines = [f"  {run.percent:.0f} % of {count(run.total, 'node')}{left}{repaired}: {states}"]
    if run.tasks:
        lines.append("  tasks: " + ", ".join(f"{number:,} {status}" for status, number in sorted(run.tasks.items())))
    width = max((len(clean(group.name)) for group in run.groups), default=0)
    for group in run.groups:
        states = ", ".join(f"{number:,} {look}" for look, number in group.counts.items())
        lines.append(f"  {clean(group.name).ljust(width)}  {group.percent:>3.0f} %  {states}")
    for worker in run.workers[:MOST_TOLD]:
        worked = durations.describe(worker.seconds)
        lines.append(
            f"  worker {clean(worker.name)}: {worker.running} running, {worker.ended:,} ended, {worked} of work"
        )
    return lines


def nodes(shown: Sequence[NodeStanding], now: datetime) -> list[str]:
    """One line a node."""
    rows = [["", "NODE", "STATE", "TOOK", ""]]
    for each in shown:
        took = each.seconds(now)
        rows.append([
            str(each.number), clip(clean(each.name), 40), each.look + (" (stalled)" if each.is_stalled else ""),
            "-" if took is None else durations.describe(took), clean(_said(each)),
        ])  # fmt: skip
    return _table(rows)


def _said(node: NodeStanding) -> str:
    parts = []
    if node.items is not None:
        parts.append(f"{node.items.completed:,} of {node.items.total:,} items done, {node.items.failed:,} failed")
    if node.round > 1:
        parts.append(f"round {node.round}")
    if node.tries > 1:
        parts.append(f"try {node.tries}")
    if node.outcome not in ("", "success"):
        parts.append(node.outcome)
    if node.reason:
        parts.append(node.reason)
    return "; ".join(parts)


def node(
    each: NodeStanding, loaded: Loaded, waits: Sequence[Wait], error: Mapping[str, Any] | None, tasks: Sequence[Any],
    now: datetime,
) -> list[str]:  # fmt: skip
    """One node with everything: what it waits for, its error, its tasks."""
    lines = [*nodes([each], now)[1:], f"  group {clean(each.group)}"]
    lines.append(f"  makes {', '.join(loaded.graph.nodes[each.number].result_keys) or 'nothing'}")
    for wait in waits:
        by = f" of {', '.join(contents.names(loaded, wait.by[:MOST_TOLD]))}" if wait.by else ""
        because = f": {wait.because}" if wait.because else ""
        lines.append(f"  {wait.says.ljust(7)}  {_wanted(wait)}{by}{because}")
    if error is not None:
        lines.append(f"  {error['code']} {error['type']}: {error['message']}")
        lines += [f"    {advice}" for advice in error.get("recovery", {}).get("suggestions", [])]
    lines += [f"  task {number}  {status.ljust(9)}  {title}" for number, status, title in tasks]
    return [lines[0], *(f"  {clean(line)}" for line in lines[1:])]


def _wanted(wait: Wait) -> str:
    dependency = wait.dependency
    if dependency.task:
        return f"“{dependency.task}” {dependency.state}"
    if dependency.event:
        return f"the event {dependency.event}"
    return dependency.key if dependency.is_required else f"{dependency.key}?"


def keys(shown: Sequence[Key], loaded: Loaded, now: datetime) -> list[str]:
    """One line a key: who makes it, when it was written, who waits for it, why it is not there."""
    rows = [["KEY", "STATE", "OWNER", "WRITTEN", "SIZE", "FOR", ""]]
    for each in shown:
        written = each.written
        rows.append([
            each.key, each.state, clip(clean(_owner(each, loaded)), 30),
            clock(written.at, now) if written else "-", f"{written.size:,}" if written else "-",
            clip(clean(", ".join(contents.names(loaded, each.users[:3]))), 40) or "-", clean(each.why),
        ])  # fmt: skip
    return _table(rows)


def _owner(key: Key, loaded: Loaded) -> str:
    return " or ".join(contents.names(loaded, key.makers[:3])) if key.makers else f"({key.kind})"


def values(shown: Iterable[Key], texts: Mapping[str, str | None]) -> list[str]:
    """One line a value, cut."""
    return [f"  {each.key} = {clip(clean(texts[each.key]), WIDTH)}" for each in shown if texts[each.key] is not None]


def _table(rows: list[list[str]]) -> list[str]:
    last = len(rows[0]) - 1
    widths = [max(len(row[column]) for row in rows) for column in range(last)]
    return [
        "  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[last]]).rstrip()
        for row in rows
    ]
