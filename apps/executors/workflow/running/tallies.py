"""Which dependencies are settled: met, or lost for good. Counted, so that an end costs as much as there are who wait for it."""

from apps.executors.workflow.graph import Dependency
from apps.executors.workflow.running.loaded import Loaded
from apps.executors.workflow.running.standing import MENDABLE, Because


class Tallies:
    """Of all nodes. A dependency is settled once; what is said of it later changes nothing."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._settled = [0] * loaded.total  # a bit for each dependency
        self.met = [0] * loaded.total
        self.lost = [0] * loaded.total
        self.soft_left = list(loaded.soft)
        self.why: dict[int, tuple[Because, str]] = {}
        """Why a required dependency of a node was lost: the first, or the first that a repair can mend."""

    def settle(self, node: int, place: int, is_met: bool, because: Because = "", reason: str = "") -> bool:
        """False when it was settled before."""
        bit = 1 << place
        if self._settled[node] & bit:
            return False
        self._settled[node] |= bit
        if not self._dependency(node, place).is_required:
            self.soft_left[node] -= 1
        elif is_met:
            self.met[node] += 1
        else:
            self.lost[node] += 1
            if node not in self.why or (because in MENDABLE and self.why[node][0] not in MENDABLE):
                self.why[node] = (because, reason)
        return True

    def is_settled(self, node: int, place: int) -> bool:
        return bool(self._settled[node] >> place & 1)

    def says(self, number: int) -> str:
        """Of a node that has not been started: "go", "skip", or "wait"."""
        node, required = self._loaded.graph.nodes[number], self._loaded.required[number]
        met, lost = self.met[number], self.lost[number]
        wanted = node.join.wanted(required)
        if node.join.kind == "structured":
            if met + lost < required or self.soft_left[number]:
                return "wait"
            return "go" if met >= wanted else "skip"
        if required - lost < wanted:
            return "skip"
        if met < wanted or (self.soft_left[number] and (node.join.kind == "all" or not wanted)):
            return "wait"
        return "go"

    def lacks_only(self, number: int, place: int) -> bool:
        """Whether the node would go as soon as this dependency is met: it listens for it now."""
        required = self._loaded.required[number]
        wanted = self._loaded.graph.nodes[number].join.wanted(required)
        is_soft = not self._dependency(number, place).is_required
        return self.met[number] + (not is_soft) >= wanted and self.soft_left[number] <= is_soft

    def unsettled(self, number: int) -> list[Dependency]:
        dependencies = self._loaded.graph.nodes[number].dependencies
        return [each for place, each in enumerate(dependencies) if not self.is_settled(number, place)]

    def _dependency(self, node: int, place: int) -> Dependency:
        return self._loaded.graph.nodes[node].dependencies[place]
