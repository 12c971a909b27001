"""Who makes which key, and who waits for whom: the graph by numbers, in time linear in nodes and dependencies."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.executors.workflow.graph import Dependency, Graph

MAX_EDGES = 200_000


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """Nodes are numbers: places in Graph.nodes."""

    number: Mapping[str, int]
    """Node by name; of two with the same name the first."""
    producers: Mapping[str, tuple[int, ...]]
    """The nodes that make a key: more than one only for the alternatives of a choice."""
    before: tuple[tuple[int, ...], ...]
    """The nodes that each waits for, each once, in the order of its dependencies."""
    after: tuple[tuple[int, ...], ...]
    """The nodes that wait for each."""
    is_whole: bool
    """False when there are more than MAX_EDGES: the rest is left out."""

    def sources(self, dependency: Dependency) -> tuple[int, ...]:
        """The nodes that can meet the dependency; none for an input, an event, or what nothing produces."""
        if dependency.task:
            return (self.number[dependency.task],) if dependency.task in self.number else ()
        return () if dependency.event else self.producers.get(dependency.key, ())


def wire(graph: Graph) -> Wiring:
    number: dict[str, int] = {}
    made: dict[str, list[int]] = {}
    for node in graph.nodes:
        number.setdefault(node.name, node.number)
        for key in node.result_keys:
            made.setdefault(key, []).append(node.number)
    producers = {key: tuple(numbers) for key, numbers in made.items()}
    wiring = Wiring(number=number, producers=producers, before=(), after=(), is_whole=True)
    before: list[tuple[int, ...]] = []
    after: list[list[int]] = [[] for _ in graph.nodes]
    edges = 0
    for node in graph.nodes:
        found: dict[int, None] = {}
        for dependency in node.dependencies:
            if edges + len(found) < MAX_EDGES:
                found.update(dict.fromkeys(wiring.sources(dependency)))
        edges += len(found)
        before.append(tuple(found))
        for source in found:
            after[source].append(node.number)
    return Wiring(
        number=number,
        producers=producers,
        before=tuple(before),
        after=tuple(map(tuple, after)),
        is_whole=edges < MAX_EDGES,
    )


def waves(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[list[int]]:
    """What can run at once, round by round; nodes on a cycle, or behind one, are in none. `before` has each once."""
    unmet = [len(each) for each in before]
    found = []
    ready = [number for number, count in enumerate(unmet) if not count]
    while ready:
        found.append(ready)
        following = []
        for number in ready:
            for next_ in after[number]:
                unmet[next_] -= 1
                if not unmet[next_]:
                    following.append(next_)
        ready = sorted(following)
    return found


def cycles(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> Iterator[tuple[set[int], list[int]]]:
    """(nodes that wait for each other, the shortest circle through the first of them), in order. It ends where it begins."""
    free = {number for wave in waves(before, after) for number in wave}
    left = [number for number in range(len(before)) if number not in free]
    for component in sorted(_components(after, left), key=min):
        start = min(component)
        if len(component) > 1 or start in after[start]:
            yield component, _circle(start, component, after)


def _circle(start: int, component: set[int], after: Sequence[Sequence[int]]) -> list[int]:
    """By breadth first search, from the node back to itself."""
    came: dict[int, int] = {}
    queue = deque([start])
    while start not in came:
        number = queue.popleft()
        for next_ in after[number]:
            if next_ in component and next_ not in came:
                came[next_] = number
                queue.append(next_)
    trail = [start, came[start]]
    while trail[-1] != start:
        trail.append(came[trail[-1]])
    return trail[::-1]


def _components(after: Sequence[Sequence[int]], among: Sequence[int]) -> Iterator[set[int]]:
    """Strongly connected components: Tarjan's algorithm (1972), without recursion."""
    allowed = set(among)
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root in among:
        work = [] if root in index else [(root, iter(after[root]))]
        while work:
            number, rest = work[-1]
            if number not in index:
                index[number] = low[number] = len(index)
                stack.append(number)
                on_stack.add(number)
            for next_ in rest:
                if next_ in allowed and next_ not in index:
                    work.append((next_, iter(after[next_])))
                    break
                if next_ in on_stack:
                    low[number] = min(low[number], index[next_])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[number])
                if low[number] == index[number]:
                    yield _popped(stack, on_stack, number)


def _popped(stack: list[int], on_stack: set[int], until: int) -> set[int]:
    component: set[int] = set()
    while until not in component:
        component.add(stack.pop())
    on_stack -= component
    return component
