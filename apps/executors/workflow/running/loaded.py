"""A published graph with all that can be known of it before it runs, made once in each process."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from apps.executors.workflow import reading
from apps.executors.workflow.graph import EVERYTHING, Dependency, Graph, Node
from apps.executors.workflow.placeholders import in_value
from apps.executors.workflow.wiring import Wiring, wire
from apps.tasks.claims.claiming import revision

USUAL_SECONDS = 60.0
WHOLE = -1
"""In `timed`: the node itself, not one of its dependencies."""

Users = Mapping[str, Sequence[tuple[int, int]]]
"""(node, which of its dependencies) that wait for a key or an event."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    graph: Graph
    wiring: Wiring
    of_key: Users
    of_event: Users
    of_state: Mapping[int, Sequence[tuple[int, int]]]
    """Milestones, by the node that they are about."""
    choices: Mapping[str, Sequence[int]]
    required: Sequence[int]
    soft: Sequence[int]
    """Of each node, dependencies that must be settled, but not met."""
    timed: Sequence[tuple[timedelta, int, int]]
    """(how long after the begin, node, which dependency or WHOLE), the shortest first."""
    judged: frozenset[str]
    """Keys that somebody waits for as a verdict."""
    weights: Sequence[float]
    """Seconds that each node is expected to take."""
    work: float
    """All of them together."""
    asking: frozenset[int]
    """Nodes that ask people."""
    names_tasks: bool
    """Whether a text names `{task_id}`."""

    @property
    def total(self) -> int:
        return len(self.graph.nodes)

    def cancelled_by(self, node: Node) -> Sequence[int]:
        if EVERYTHING in node.cancels:
            return [other.number for other in self.graph.nodes if other is not node]
        return [self.wiring.number[name] for name in node.cancels]


@lru_cache(maxsize=8)
def of_revision(revision_id: int) -> Loaded:
    """Raises WorkflowError for a graph that could not have been published."""
    return prepared(reading.load(revision(revision_id).graph))


def prepared(graph: Graph) -> Loaded:
    wiring = wire(graph)
    of_key: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    of_event: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    of_state: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    choices: defaultdict[str, list[int]] = defaultdict(list)
    timed: list[tuple[timedelta, int, int]] = []
    judged = set()
    for node in graph.nodes:
        if node.choice:
            choices[node.choice.name].append(node.number)
        wait = node.timeouts.wait or graph.timeouts.wait
        if wait is not None:
            timed.append((wait, node.number, WHOLE))
        for place, each in enumerate(node.dependencies):
            if each.timeout is not None:
                timed.append((each.timeout, node.number, place))
            if each.task:
                of_state[wiring.number[each.task]].append((node.number, place))
            else:
                (of_event if each.event else of_key)[each.event or each.key].append((node.number, place))
            if each.kind == "validation":
                judged.add(each.key)
    required = [sum(map(_is_hard, node.dependencies)) for node in graph.nodes]
    weights = [USUAL_SECONDS if node.estimated_seconds is None else node.estimated_seconds for node in graph.nodes]
    return Loaded(
        graph=graph, wiring=wiring, of_key=of_key, of_event=of_event, of_state=of_state, choices=choices,
        required=required,
        soft=[len(node.dependencies) - hard for node, hard in zip(graph.nodes, required, strict=True)],
        timed=sorted(timed), judged=frozenset(judged),
        weights=weights, work=sum(weights),
        asking=frozenset(node.number for node in graph.nodes if node.runner and node.runner.kind == "approval"),
        names_tasks=any("{task_id" in text for node in graph.nodes for text in _texts(node)),
    )  # fmt: skip


def _is_hard(dependency: Dependency) -> bool:
    return dependency.is_required


def _texts(node: Node) -> list[str]:
    written = [node.shared_instructions, node.message_template, *(text for _, text in in_value(dict(node.parameters)))]
    return [*written, node.expansion.name] if node.expansion else written
