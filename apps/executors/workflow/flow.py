"""What is wrong with the way of a graph: keys made twice or never, circles, tasks that never run, joins, choices."""

from collections import deque
from collections.abc import Iterator, Sequence

from apps.executors.workflow.faults import Fault, listed, nearest
from apps.executors.workflow.graph import Dependency, Graph, Node
from apps.executors.workflow.wiring import MAX_EDGES, Wiring, cycles

MAX_SHOWN = 12


def check(graph: Graph, wiring: Wiring, inputs: dict[str, str]) -> Iterator[Fault]:
    """`inputs`: the keys that a run begins with → their JSON type, or nothing."""
    if not wiring.is_whole:
        message = f"There are more than {MAX_EDGES:,} dependencies from task to task. Put a task in between that joins."
        yield Fault(code="CFG_008", message=message)
        return
    yield from _made_twice(graph, wiring, inputs)
    circles = list(cycles(wiring.before, wiring.after))
    for component, circle in circles:
        yield _circle_fault(graph, component, circle)
    for node in graph.nodes:
        yield from _unmet(node, wiring, inputs)
        yield from _impossible_join(node)
    yield from _never_run(graph, wiring, inputs, [component for component, _ in circles])
    yield from _choices(graph)


def about(node: Node, **details: object) -> dict[str, object]:
    return {"task": node.name, "group": node.group, **details}


def _made_twice(graph: Graph, wiring: Wiring, inputs: dict[str, str]) -> Iterator[Fault]:
    for key, numbers in wiring.producers.items():
        nodes = [graph.nodes[number] for number in numbers]
        if key in inputs:
            message = f"“{key}” is an input of the workflow; “{nodes[0].name}” cannot produce it too."
            yield _at_keys(nodes[0], key, message)
        choices = {node.choice.name if node.choice else None for node in nodes}
        if len(nodes) > 1 and (None in choices or len(choices) > 1):
            for node in nodes[1:]:
                yield _at_keys(node, key, f"“{key}” is produced by “{nodes[0].name}” and by “{node.name}”.")


def _at_keys(node: Node, key: str, message: str) -> Fault:
    return Fault(
        code="DEP_002",
        message=message,
        place=f"{node.place}.result_keys",
        details=about(node, field="result_keys", key=key),
    )


def _circle_fault(graph: Graph, component: set[int], circle: Sequence[int]) -> Fault:
    names = [graph.nodes[number].name for number in circle]
    shown = " → ".join(names if len(names) <= MAX_SHOWN else [*names[: MAX_SHOWN - 2], "…", names[-1]])
    node = graph.nodes[circle[0]]
    more = f" {len(component):,} tasks wait for each other." if len(component) > MAX_SHOWN - 1 else ""
    message = f"Tasks wait for each other in a circle: {shown}.{more}"
    return Fault(
        code="DEP_003", message=message, place=f"{node.place}.dependencies", details=about(node, cycle=names[:100])
    )


def _unmet(node: Node, wiring: Wiring, inputs: dict[str, str]) -> Iterator[Fault]:
    for dependency in node.dependencies:
        details = about(node, field="dependencies", dependency=dependency.key or dependency.task)
        if dependency.task and dependency.task not in wiring.number:
            message = f"There is no task “{dependency.task}”.{nearest(dependency.task, wiring.number)}"
            yield Fault(code="CFG_012", message=message, place=dependency.place, details=details)
        elif _is_unmet(dependency, wiring, inputs):
            known = {*wiring.producers, *inputs}
            message = f"Nothing produces “{dependency.key}”, and it is no input.{nearest(dependency.key, known)}"
            advice = f"Add “{dependency.key}” to the result_keys of the task that makes it, or to the inputs."
            optional = f"If the task can do without it, write “{dependency.key}?”."
            details |= {"key": dependency.key, "missing_fields": [dependency.key]}
            yield Fault(
                code="DEP_001", message=message, place=dependency.place, details=details, suggestions=(advice, optional)
            )
        elif dependency.type and inputs.get(dependency.key) and not _fits(inputs[dependency.key], dependency.type):
            message = f"“{dependency.key}” is an input of type {inputs[dependency.key]}, not {dependency.type}."
            yield Fault(code="DEP_006", message=message, place=dependency.place, details=details)


def _is_unmet(dependency: Dependency, wiring: Wiring, inputs: dict[str, str]) -> bool:
    if not dependency.is_required or dependency.event:
        return False
    if dependency.task:
        return dependency.task not in wiring.number
    return dependency.key not in wiring.producers and dependency.key not in inputs


def _fits(given: str, wanted: str) -> bool:
    return given == wanted or (given, wanted) == ("integer", "number")


def _impossible_join(node: Node) -> Iterator[Fault]:
    required = _required(node)
    if node.join.at_least > required:
        message = f"The join wants {node.join.at_least:,} dependencies; the task has {required:,} required ones."
        yield Fault(code="DEP_005", message=message, place=f"{node.place}.join", details=about(node, field="join"))


def _never_run(graph: Graph, wiring: Wiring, inputs: dict[str, str], circles: Sequence[set[int]]) -> Iterator[Fault]:
    """One fault for each task, or circle, that takes others down with it. Counts down from the causes."""
    wanted = [node.join.wanted(_required(node)) for node in graph.nodes]
    chances = [0] * len(graph.nodes)  # required dependencies that can still be met
    left: list[int] = []  # of each such dependency, the producers that can still run
    owners: list[int] = []  # and its node
    users: list[list[int]] = [[] for _ in graph.nodes]  # of each node, the dependencies that it can meet
    blame = {number: first for circle in circles for first in [min(circle)] for number in circle}
    for node in graph.nodes:
        for dependency in node.dependencies:
            if not dependency.is_required or _is_unmet(dependency, wiring, inputs):
                continue
            chances[node.number] += 1
            if sources := wiring.sources(dependency):
                for source in sources:
                    users[source].append(len(left))
                left.append(len(sources))
                owners.append(node.number)
        if chances[node.number] < wanted[node.number]:
            blame.setdefault(node.number, node.number)
    taken: dict[int, list[int]] = {cause: [] for cause in blame.values()}
    queue = deque(blame)
    while queue:
        number = queue.popleft()
        for use in users[number]:
            left[use] -= 1
            owner = owners[use]
            chances[owner] -= not left[use]
            if chances[owner] < wanted[owner] and owner not in blame:
                blame[owner] = blame[number]
                taken[blame[number]].append(owner)
                queue.append(owner)
    for cause, numbers in taken.items():
        if numbers:
            yield _taken_down(graph, cause, sorted(numbers))


def _required(node: Node) -> int:
    return sum(1 for dependency in node.dependencies if dependency.is_required)


def _taken_down(graph: Graph, cause: int, numbers: list[int]) -> Fault:
    node, names = graph.nodes[numbers[0]], [graph.nodes[number].name for number in numbers]
    who = f"“{names[0]}” can never run" if len(names) == 1 else f"{len(names):,} tasks can never run"
    message = f"{who}, because “{graph.nodes[cause].name}” never does{'' if len(names) == 1 else ': ' + listed(names)}."
    details = about(node, tasks=names[:100], dependency=graph.nodes[cause].name)
    return Fault(code="DEP_004", message=message, place=node.place, details=details)


def _choices(graph: Graph) -> Iterator[Fault]:
    choices: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.choice:
            choices.setdefault(node.choice.name, []).append(node)
    for name, nodes in choices.items():
        for node, message in _misfits(name, nodes):
            details = about(node, field="choice")
            yield Fault(code="CFG_011", message=message, place=f"{node.place}.choice", details=details)


def _misfits(name: str, nodes: list[Node]) -> Iterator[tuple[Node, str]]:
    first = nodes[0]
    if len(nodes) == 1:
        yield (
            first,
            f"“{first.name}” is the only alternative of the choice “{name}”. Give another task the same choice.",
        )
    waits = _waits(first)
    for node in nodes[1:]:
        if node.choice != first.choice:
            yield node, f"The choice “{name}” is decided by the condition or by who is first; “{first.name}” differs."
        elif node.choice and node.choice.by == "condition" and _waits(node) != waits:
            yield node, f"“{node.name}” and “{first.name}” are alternatives: they must wait for the same."
    if first.choice and first.choice.by == "condition":
        for node in nodes[:-1]:
            if node.condition is None:
                yield node, f"“{node.name}” has no condition, so that the alternatives after it never run. Put it last."


def _waits(node: Node) -> set[tuple[str, str, str]]:
    return {(each.key, each.task, each.state) for each in node.dependencies if each.is_required}
