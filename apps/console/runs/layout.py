"""Where the boxes of a graph stand: waves from left to right, groups as bands from top to bottom. Pure.

All boxes have one size, so that nothing overlaps: a band is as high as its fullest cell, a wave as wide as its widest.
A cell (what a group has in a wave) that is too high is broken into columns. Linear, apart from sorting cells.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.executors.workflow.graph import Graph
from apps.executors.workflow.wiring import Wiring, waves

WIDTH, HEIGHT = 148, 50
ROW, COLUMN, WAVE = 14, 14, 44
"""Space below a box, beside one of the same cell, and between two waves."""
MARGIN, HEAD, TITLE = 12, 26, 22
"""Around all of it; above, for the names of the waves; above a band, for its name."""
MOST_DRAWN = 400
"""Nodes up to which each has its box. Beyond, a box stands for what a group has in a wave."""
MOST_EDGES = 3_000
LEAST_ROWS = 12
SWEEPS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """One node, or many where they are drawn together."""

    id: int
    nodes: tuple[int, ...]
    group: str
    wave: int
    x: int
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    name: str
    y: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """Where a wave begins. `first` to `last` counts waves from 1: more than one where many are drawn together."""

    first: int
    last: int
    x: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    width: int
    height: int
    boxes: tuple[Box, ...]
    bands: tuple[Band, ...]
    columns: tuple[Column, ...]
    edges: tuple[tuple[int, int], ...]
    """By ids of boxes; every one goes to the right, and none says what a way over other boxes says already."""
    back: tuple[tuple[int, int], ...]
    """Those that do not: parts of circles, which no graph has that can be published."""
    left_out: int
    """Edges that are not drawn."""
    is_collapsed: bool

    def box_of(self) -> dict[int, int]:
        """Node → box."""
        return {number: box.id for box in self.boxes for number in box.nodes}


def layout(graph: Graph, wiring: Wiring, most: int = MOST_DRAWN) -> Layout:
    wave_of = _waves(wiring, len(graph.nodes))
    groups = {node.number: node.group for node in graph.nodes}
    is_collapsed = len(graph.nodes) > most
    step, groups = _coarse(wave_of, groups, most) if is_collapsed else (1, groups)
    cells: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for number, wave in enumerate(wave_of):
        cells[groups[number], wave // step].append(number)
    members = [
        (cell, tuple(numbers) if is_collapsed else (number,))
        for cell, numbers in cells.items()
        for number in (numbers[:1] if is_collapsed else numbers)
    ]
    box_of = {number: id_ for id_, (_, numbers) in enumerate(members) for number in numbers}
    edges, back, left_out = _edges(wiring, box_of, [cell[1] for cell, _ in members])
    names = list(dict.fromkeys(groups[node.number] for node in graph.nodes))
    rows = _placed([cell for cell, _ in members], edges, names)
    return _drawn(members, rows, names, step, max(wave_of, default=0) + 1, edges, back, left_out, is_collapsed)


def _waves(wiring: Wiring, total: int) -> list[int]:
    """Of each node; those on a circle, or behind one, stand behind all others."""
    found = waves(wiring.before, wiring.after)
    wave_of = [len(found)] * total
    for wave, numbers in enumerate(found):
        for number in numbers:
            wave_of[number] = wave
    return wave_of


def _coarse(wave_of: Sequence[int], groups: Mapping[int, str], most: int) -> tuple[int, dict[int, str]]:
    """How many waves one column stands for, and the groups that stay apart, so that there are at most so many boxes."""
    if len(set(groups.values())) > most:
        groups = dict.fromkeys(groups, "")
    step = 1
    while len({(groups[number], wave // step) for number, wave in enumerate(wave_of)}) > most:
        step *= 2
    return step, dict(groups)


def _edges(
    wiring: Wiring, box_of: Mapping[int, int], wave_of: Sequence[int]
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...], int]:
    """Between boxes, each once: to the right, not to the right, and how many are left out."""
    right: dict[tuple[int, int], None] = {}
    back: dict[tuple[int, int], None] = {}
    left_out = 0
    for number, sources in enumerate(wiring.before):
        for source in sources:
            edge = box_of[source], box_of[number]
            if edge[0] == edge[1] and source != number:
                continue
            chosen = right if wave_of[edge[0]] < wave_of[edge[1]] else back
            if len(chosen) < MOST_EDGES:
                chosen[edge] = None
            elif edge not in chosen:
                left_out += 1
    return _direct(right, wave_of), tuple(back), left_out


def _direct(edges: Iterable[tuple[int, int]], wave_of: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Without those that say nothing new, because a way over other boxes leads there too (the transitive reduction)."""
    before: defaultdict[int, list[int]] = defaultdict(list)
    for source, target in edges:
        before[target].append(source)
    above = [0] * len(wave_of)  # of each box all that lie before it, a bit for each
    kept = set()
    for target in sorted(before, key=lambda box: wave_of[box]):
        for source in sorted(before[target], key=lambda box: -wave_of[box]):
            if not above[target] >> source & 1:
                kept.add((source, target))
                above[target] |= above[source] | 1 << source
    return tuple(edge for edge in edges if edge in kept)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rows:
    """Of each box its column in its cell and its row in its band; and how much room bands and waves need."""

    place: list[tuple[int, int]]
    heights: Mapping[str, int]
    widths: Mapping[int, int]


def _placed(cells: Sequence[tuple[str, int]], edges: Iterable[tuple[int, int]], names: Sequence[str]) -> _Rows:
    by_cell: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for box, cell in enumerate(cells):
        by_cell[cell].append(box)
    most = max(map(len, by_cell.values()), default=1)
    limit = max(LEAST_ROWS, math.ceil(math.sqrt(2.2 * most)))
    heights = dict.fromkeys(names, 1)
    widths: defaultdict[int, int] = defaultdict(lambda: 1)
    for (name, wave), boxes in by_cell.items():
        columns = math.ceil(len(boxes) / limit)
        heights[name] = max(heights[name], math.ceil(len(boxes) / columns))
        widths[wave] = max(widths[wave], columns)
    place = _ordered(by_cell, edges, heights, {name: number for number, name in enumerate(names)}, limit)
    return _Rows(place=place, heights=heights, widths=widths)


def _ordered(
    by_cell: Mapping[tuple[str, int], list[int]],
    edges: Iterable[tuple[int, int]],
    heights: Mapping[str, int],
    band_of: Mapping[str, int],
    limit: int,
) -> list[tuple[int, int]]:
    """Each cell by where the neighbours of its boxes stand, wave after wave, there and back (the barycentre heuristic)."""
    tops, top = {}, 0
    for name in band_of:
        tops[name], top = top, top + heights[name] + 1
    before: defaultdict[int, list[int]] = defaultdict(list)
    after: defaultdict[int, list[int]] = defaultdict(list)
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    place = [(0, 0)] * sum(map(len, by_cell.values()))
    height = [0.0] * len(place)
    order = sorted(by_cell, key=lambda cell: (cell[1], band_of[cell[0]]))
    for sweep in range(SWEEPS):
        neighbours = after if sweep % 2 else before
        for cell in order[::-1] if sweep % 2 else order:
            boxes = by_cell[cell] if not sweep and not cell[1] else sorted(
                by_cell[cell], key=lambda box: (_middle(neighbours[box], height, height[box]), box)
            )  # fmt: skip
            columns = math.ceil(len(boxes) / limit)
            rows = math.ceil(len(boxes) / columns)
            offset = (heights[cell[0]] - rows) // 2
            for position, box in enumerate(boxes):
                place[box] = position // rows, position % rows + offset
                height[box] = tops[cell[0]] + place[box][1]
    return place


def _middle(boxes: Sequence[int], height: Sequence[float], otherwise: float) -> float:
    return sum(height[box] for box in boxes) / len(boxes) if boxes else otherwise


def _drawn(
    members: Sequence[tuple[tuple[str, int], tuple[int, ...]]], rows: _Rows, names: Sequence[str], step: int,
    total_waves: int, edges: tuple[tuple[int, int], ...], back: tuple[tuple[int, int], ...], left_out: int,
    is_collapsed: bool,
) -> Layout:  # fmt: skip
    title = TITLE if len(names) > 1 else 0
    tops, y = {}, HEAD
    for name in names:
        tops[name], y = y + title, y + title + rows.heights[name] * (HEIGHT + ROW) + ROW
    lefts, columns, x = {}, [], MARGIN
    for wave in sorted({cell[1] for cell, _ in members}):
        lefts[wave] = x
        columns.append(Column(first=wave * step + 1, last=min((wave + 1) * step, total_waves), x=x))
        x += rows.widths[wave] * (WIDTH + COLUMN) - COLUMN + WAVE
    boxes = tuple(
        Box(
            id=id_, nodes=numbers, group=name, wave=wave,
            x=lefts[wave] + rows.place[id_][0] * (WIDTH + COLUMN), y=tops[name] + rows.place[id_][1] * (HEIGHT + ROW),
        )
        for id_, ((name, wave), numbers) in enumerate(members)
    )  # fmt: skip
    bands = tuple(
        Band(name=name, y=tops[name] - title, height=title + rows.heights[name] * (HEIGHT + ROW)) for name in names
    )
    return Layout(
        width=x - WAVE + MARGIN, height=y + MARGIN - ROW, boxes=boxes, bands=bands if len(names) > 1 else (),
        columns=tuple(columns), edges=edges, back=back, left_out=left_out, is_collapsed=is_collapsed,
    )  # fmt: skip
