"""The nodes of a run as rows: sorted, filtered, in pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from apps.console.runs import looks
from apps.console.words import clock
from apps.core import durations
from apps.executors.workflow.standing import NodeStanding, RunStanding

PAGE = 100
MOST_GROUPS = 30
"""That one may choose from; an address can name any."""
ORDER = {look: place for place, look in enumerate(
    ("failed", "asking", "running", "checking", "ready", "waiting", "completed", "skipped", "cancelled")
)}  # fmt: skip

Key = Callable[[NodeStanding, datetime], Any]
SORTS: Mapping[str, tuple[str, Key]] = {
    "order": ("Node", lambda node, now: 0),
    "group": ("Group", lambda node, now: node.group),
    "state": ("State", lambda node, now: ORDER[node.look]),
    "began": ("Began", lambda node, now: (node.began_at is None, node.began_at or now)),
    "time": ("For", lambda node, now: -(node.seconds(now) or -1.0)),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    node: NodeStanding
    sign: looks.Sign
    fact: str
    began: str
    took: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Head:
    label: str
    query: str
    sorted: str
    """`ascending`, `descending`, or nothing: as aria-sort has it."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    label: str
    number: int
    query: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    rows: list[Row]
    heads: list[Head]
    states: list[Choice]
    groups: list[Choice]
    found: int
    page: int
    pages: int
    before: str
    after: str


def table(run: RunStanding, asked: Mapping[str, str]) -> Table:
    """`asked`: state, group, sort (a name of SORTS, with `-` reversed) and page, as the address has them."""
    state, group = asked.get("state", ""), asked.get("group", "")
    sort = asked.get("sort", "")
    name, is_reversed = sort.removeprefix("-"), sort.startswith("-")
    name = name if name in SORTS else "order"
    found = [
        node
        for node in run.nodes
        if (not state or node.look == state or (state == "stalled" and node.is_stalled))
        and (not group or node.group == group)
    ]
    key = SORTS[name][1]
    if name != "order":
        found.sort(key=lambda node: key(node, run.at))
    if is_reversed:
        found.reverse()
    pages = max(1, -(-len(found) // PAGE))
    page = min(pages, max(1, _whole(asked.get("page", ""))))
    kept = {"state": state, "group": group, "sort": sort if name != "order" or is_reversed else ""}
    return Table(
        rows=[row(node, run.at) for node in found[(page - 1) * PAGE : page * PAGE]],
        heads=[_head(each, name, is_reversed, kept) for each in SORTS],
        states=_states(run, kept),
        groups=_groups(run, kept),
        found=len(found),
        page=page,
        pages=pages,
        before=_query(kept, page=page - 1) if page > 1 else "",
        after=_query(kept, page=page + 1) if page < pages else "",
    )


def row(node: NodeStanding, now: datetime) -> Row:
    seconds = node.seconds(now)
    took = "" if seconds is None else durations.describe(seconds if node.ended_at else float(int(seconds)))
    return Row(
        node=node, sign=looks.sign(node), fact=looks.counted(node.items) if node.items else "",
        began=clock(node.began_at, now) if node.began_at else "", took=took, why=_why(node),
    )  # fmt: skip


def _why(node: NodeStanding) -> str:
    if not node.is_stalled:
        return node.reason
    expected = f"Expected {durations.describe(float(int(node.expected) or 1))}"
    return expected if node.running_tasks else f"{expected}; no worker has its task in hand"


def _head(name: str, sorted_by: str, is_reversed: bool, kept: Mapping[str, str]) -> Head:
    is_it = name == sorted_by
    return Head(
        label=SORTS[name][0],
        query=_query({**kept, "sort": f"-{name}" if is_it and not is_reversed else name}),
        sorted=("descending" if is_reversed else "ascending") if is_it else "",
    )


def _states(run: RunStanding, kept: Mapping[str, str]) -> list[Choice]:
    choices = [("", "All", run.total)]
    choices += [(look, looks.SIGNS[look].word, run.counts[look]) for look in ORDER if run.counts.get(look)]
    if stalled := len(run.stalled):
        choices.append(("stalled", "Stalled", stalled))
    return _choices("state", choices, kept)


def _groups(run: RunStanding, kept: Mapping[str, str]) -> list[Choice]:
    if len(run.groups) < 2:
        return []
    shown = [each for place, each in enumerate(run.groups) if place < MOST_GROUPS or each.name == kept["group"]]
    return _choices(
        "group", [("", "All groups", run.total), *((each.name, each.name, each.total) for each in shown)], kept
    )


def _choices(field: str, choices: list[tuple[str, str, int]], kept: Mapping[str, str]) -> list[Choice]:
    return [
        Choice(label=label, number=number, query=_query({**kept, field: value}), is_chosen=kept[field] == value)
        for value, label, number in choices
    ]


def _query(kept: Mapping[str, str], **more: int) -> str:
    """With the panel in it, so that a link opens the same."""
    return f"?{urlencode({**{name: value for name, value in kept.items() if value}, **more})}#nodes"


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
