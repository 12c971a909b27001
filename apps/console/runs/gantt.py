"""When the nodes of a run began and ended, and are expected to: one line each, on one axis of time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.console.runs import looks
from apps.console.words import clock
from apps.core import durations
from apps.executors.workflow.standing import NodeStanding, RunStanding

LABEL, SPAN, LINE, HEAD = 200, 900, 22, 26
"""Of the names, of the axis, of a line and of what stands above."""
PAGE = 200
THIN = 2.0
TICKS = 6
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 604_800)


@dataclass(frozen=True, kw_only=True)
class Line:
    node: NodeStanding
    sign: looks.Sign
    y: int
    waited: tuple[float, float] | None
    """(x, width) of the thin line before it began."""
    ran: tuple[float, float] | None
    expected: tuple[float, float] | None
    decides: bool
    """It is on the longest way through what is left."""
    label: str


@dataclass(frozen=True, kw_only=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Gantt:
    width: int
    height: int
    lines: list[Line]
    ticks: list[Tick]
    now: float | None
    page: int
    pages: int
    label: str


def gantt(run: RunStanding, page: int = 1) -> Gantt | None:
    """None for a run that has not begun. Lines in the order in which nodes began, or are expected to."""
    if run.began_at is None:
        return None
    begin = min([node.began_at for node in run.nodes if node.began_at] + [run.began_at])
    is_live = run.seconds_left is not None
    ends = [node.ended_at for node in run.nodes if node.ended_at]
    end = max([*ends, run.ended_at or run.at + timedelta(seconds=run.seconds_left or 0)])
    scale = _Scale(begin=begin, seconds=max(1.0, (end - begin).total_seconds()))
    ordered = sorted(run.nodes, key=lambda node: (_begin(node, run.at), node.number))
    pages = max(1, -(-len(ordered) // PAGE))
    page = min(pages, max(1, page))
    shown = ordered[(page - 1) * PAGE : page * PAGE]
    return Gantt(
        width=LABEL + SPAN + 20,
        height=HEAD + LINE * len(shown) + 8,
        lines=[_line(node, place, run, scale, is_live) for place, node in enumerate(shown)],
        ticks=_ticks(scale, run.at),
        now=scale.x(run.at) if is_live else None,
        page=page,
        pages=pages,
        label=f"Gantt chart of {len(shown):,} nodes over {durations.describe(float(int(scale.seconds)))}",
    )


@dataclass(frozen=True, kw_only=True)
class _Scale:
    begin: datetime
    seconds: float

    def x(self, moment: datetime) -> float:
        share = (moment - self.begin).total_seconds() / self.seconds
        return round(LABEL + SPAN * min(1.0, max(0.0, share)), 1)

    def bar(self, begin: datetime, end: datetime) -> tuple[float, float]:
        x = self.x(begin)
        return x, round(max(THIN, self.x(end) - x), 1)


def _begin(node: NodeStanding, now: datetime) -> datetime:
    if node.began_at:
        return node.began_at
    return node.ended_at or now + timedelta(seconds=max(0.0, node.until - node.expected))


def _line(node: NodeStanding, place: int, run: RunStanding, scale: _Scale, is_live: bool) -> Line:
    begin, sign = _begin(node, run.at), looks.sign(node)
    ended = node.ended_at or run.at
    is_ahead = is_live and node.until > 0
    waits_until = begin if node.began_at else ended
    return Line(
        node=node,
        sign=sign,
        y=HEAD + place * LINE,
        waited=scale.bar(scale.begin, waits_until) if waits_until > scale.begin else None,
        ran=scale.bar(begin, ended) if node.began_at else None,
        expected=scale.bar(max(begin, run.at), run.at + timedelta(seconds=node.until)) if is_ahead else None,
        decides=node.number in run.way,
        label=looks.told(node, run.at),
    )


def _ticks(scale: _Scale, now: datetime) -> list[Tick]:
    step = next((each for each in STEPS if scale.seconds / each <= TICKS), STEPS[-1])
    moments = [scale.begin + timedelta(seconds=step * number) for number in range(int(scale.seconds / step) + 1)]
    return [Tick(x=scale.x(moment), text=clock(moment, now)) for moment in moments[: 4 * TICKS]]
