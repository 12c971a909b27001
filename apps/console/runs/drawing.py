"""A run drawn as its graph: a box for each node, or for many, with what the page changes while one looks."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypedDict
from urllib.parse import urlencode

from django.urls import reverse

from apps.console.runs import looks
from apps.console.runs.layout import HEIGHT, WIDTH, Band, Box, Layout, layout
from apps.console.words import count
from apps.executors.workflow.graph import Graph
from apps.executors.workflow.running.loaded import of_revision
from apps.executors.workflow.standing import NodeStanding, RunStanding

NAME = 20
"""Characters of a name that fit into its box."""
INNER = WIDTH - 24
"""Width of the bar in a box."""
BEND = 22


class Live(TypedDict):
    """What changes of a box: `tint`, `icon` and `fact` are seen, `label` is heard. `bar`: widths of done and failed."""

    id: int
    tint: str
    icon: str
    fact: str
    label: str
    bar: tuple[float, float] | None
    stalled: bool
    edge: str


@dataclass(frozen=True, kw_only=True)
class DrawnBox:
    box: Box
    name: str
    href: str
    number: int | None
    """Of its node; None for many nodes."""
    asks: bool
    is_stack: bool
    live: Live


@dataclass(frozen=True, kw_only=True)
class Path:
    """All edges of one box, as a path of SVG."""

    source: int
    d: str
    look: str


@dataclass(frozen=True, kw_only=True)
class Drawing:
    layout: Layout
    boxes: list[DrawnBox]
    paths: list[Path]
    back: str
    label: str
    """What it shows, in one sentence."""

    @property
    def bands(self) -> Sequence[Band]:
        return self.layout.bands


@lru_cache(maxsize=16)
def layout_of(revision_id: int) -> Layout:
    loaded = of_revision(revision_id)
    return layout(loaded.graph, loaded.wiring)


def drawing(revision_id: int, run: RunStanding) -> Drawing:
    found, graph = layout_of(revision_id), of_revision(revision_id).graph
    lives = {each["id"]: each for each in live(found, run)}
    boxes = [_box(box, graph, lives[box.id], _href(box, run)) for box in found.boxes]
    return Drawing(
        layout=found,
        boxes=boxes,
        paths=_paths(found, lives),
        back=" ".join(_curve(found.boxes[source], found.boxes[target]) for source, target in found.back),
        label=label(run),
    )


def plain(found: Layout, graph: Graph) -> Drawing:
    """Of a graph that nobody runs: what it would look like."""
    boxes, lives = [], {}
    for box in found.boxes:
        lives[box.id] = _live(box.id, looks.SIGNS["waiting"], "", _names(box, graph))
        first = graph.nodes[box.nodes[0]]
        lives[box.id]["fact"] = count(len(box.nodes), "task") if len(box.nodes) > 1 else _runner(graph, box)
        boxes.append(_box(box, graph, lives[box.id], f"#{first.place}"))
    return Drawing(
        layout=found, boxes=boxes, paths=_paths(found, {}),
        back=" ".join(_curve(found.boxes[source], found.boxes[target]) for source, target in found.back),
        label=f"{count(len(graph.nodes), 'task')} in {count(len(found.columns), 'wave')}",
    )  # fmt: skip


def live(found: Layout, run: RunStanding) -> list[Live]:
    return [_of_one(box, run.nodes[box.nodes[0]], run.at) if len(box.nodes) == 1 else _of_many(box, run)
            for box in found.boxes]  # fmt: skip


def label(run: RunStanding) -> str:
    """'Workflow graph: 13 of 23 nodes have ended, 2 running, 1 failed'."""
    said = [f"{run.counts[look]:,} {looks.SIGNS[look].word.lower()}" for look in looks.SIGNS if run.counts.get(look)]
    return f"Workflow graph: {run.ended:,} of {count(run.total, 'node')} have ended; {', '.join(said)}"


def _of_one(box: Box, node: NodeStanding, now: datetime) -> Live:
    found = _live(box.id, looks.sign(node), looks.fact(node, now), looks.told(node, now))
    found["stalled"] = node.is_stalled
    if node.items is not None and node.items.total:
        lost = node.items.failed + node.items.cancelled
        found["bar"] = _share(node.items.completed, node.items.total), _share(lost, node.items.total)
    return found


def _of_many(box: Box, run: RunStanding) -> Live:
    nodes = [run.nodes[number] for number in box.nodes]
    counts: Counter[str] = Counter(node.look for node in nodes)
    sign = looks.sign_of_many(counts)
    done, failed = sum(counts[look] for look in looks.DONE), counts["failed"]
    fact = f"{done + failed:,} of {len(nodes):,} nodes"
    said = ", ".join(f"{number:,} {looks.SIGNS[look].word.lower()}" for look, number in counts.items())
    found = _live(box.id, sign, fact, f"{box.group}, {count(len(nodes), 'node')}: {said}")
    found["bar"] = _share(done, len(nodes)), _share(failed, len(nodes))
    found["stalled"] = any(node.is_stalled for node in nodes)
    return found


def _live(id_: int, sign: looks.Sign, fact: str, said: str) -> Live:
    edge = {"completed": "met", "running": "hot", "person": "hot"}.get(sign.tint, "")
    return Live(
        id=id_, tint=sign.tint, icon=sign.icon, fact=fact, label=said, bar=None, stalled=False, edge=edge
    )  # fmt: skip


def _share(number: int, total: int) -> float:
    return round(INNER * number / total, 1)


def _box(box: Box, graph: Graph, shown: Live, href: str) -> DrawnBox:
    first = graph.nodes[box.nodes[0]]
    is_one = len(box.nodes) == 1
    return DrawnBox(
        box=box,
        name=_cut(first.name if is_one else box.group or f"{first.name} …"),
        href=href,
        number=first.number if is_one else None,
        asks=bool(is_one and first.runner and first.runner.kind == "approval"),
        is_stack=not is_one or first.expansion is not None,
        live=shown,
    )


def _href(box: Box, run: RunStanding) -> str:
    if len(box.nodes) == 1:
        return reverse("admin:task_node", args=[run.task_id, box.nodes[0]])
    group = urlencode({"group": box.group}) if box.group else ""
    return f"{reverse('admin:tasks_task_change', args=[run.task_id])}?{group}#nodes"


def _names(box: Box, graph: Graph) -> str:
    names = [graph.nodes[number].name for number in box.nodes[:3]]
    return ", ".join(names) + (f" and {len(box.nodes) - 3:,} more" if len(box.nodes) > 3 else "")


def _runner(graph: Graph, box: Box) -> str:
    node = graph.nodes[box.nodes[0]]
    if node.runner is None:
        return "nothing runs it"
    kind = node.runner.kind.replace("_", " ").removesuffix(" class")
    return f"{kind}, for each item" if node.expansion else kind


def _cut(name: str) -> str:
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"


def _paths(found: Layout, lives: dict[int, Live]) -> list[Path]:
    by_source: defaultdict[int, list[str]] = defaultdict(list)
    for source, target in found.edges:
        by_source[source].append(_curve(found.boxes[source], found.boxes[target]))
    return [
        Path(source=source, d=" ".join(curves), look=lives[source]["edge"] if source in lives else "")
        for source, curves in by_source.items()
    ]


def _curve(source: Box, target: Box) -> str:
    x1, y1, x2, y2 = source.x + WIDTH, source.y + HEIGHT // 2, target.x, target.y + HEIGHT // 2
    if x2 <= x1:
        return f"M{x1} {y1}C{x1 + 2 * BEND} {y1 - HEIGHT} {x2 - 2 * BEND} {y2 - HEIGHT} {x2} {y2}"
    return f"M{x1} {y1}C{x1 + BEND} {y1} {x2 - BEND} {y2} {x2} {y2}"


def legend() -> Iterable[looks.Sign]:
    return looks.SIGNS.values()
