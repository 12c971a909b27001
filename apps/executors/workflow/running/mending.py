"""Which nodes a repair begins anew: what it does, and what it is said that it would do."""

from collections.abc import Mapping, Set

from apps.executors.workflow.running.loaded import Loaded
from apps.executors.workflow.running.standing import ENDED, MENDABLE, Standing, State


def repeated(
    loaded: Loaded, standings: Mapping[int, Standing], *, gone: Set[str] = frozenset(), everything: bool = False
) -> list[int]:
    """What did not get to its end, what was skipped for that, and who makes the values that are gone and needed.

    `gone`: keys whose values were dropped. `everything`: whatever was touched.
    """
    found = {number for number, each in standings.items() if everything or _is_unfinished(each)}
    while makers := _makers(loaded, standings, found, gone):
        found |= makers
    return sorted(found)


def _is_unfinished(each: Standing) -> bool:
    return each.state not in ENDED or each.state == State.FAILED or each.because in MENDABLE


def _makers(loaded: Loaded, standings: Mapping[int, Standing], found: Set[int], gone: Set[str]) -> set[int]:
    """Nodes that had completed, whose values are gone and needed by one that is to run."""
    makers: set[int] = set()
    for node in loaded.graph.nodes if gone else ():
        if node.number in standings and node.number not in found and standings[node.number].state in ENDED:
            continue
        for each in node.dependencies:
            if each.key in gone and each.kind != "prerequisite":
                makers.update(loaded.wiring.producers.get(each.key, ()))
    return {number for number in makers - found if number in standings and standings[number].state == State.COMPLETED}
