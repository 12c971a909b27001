"""Where all nodes of a run stand, and which dependencies are settled by that: what is on record, and what it means."""

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from apps.core.saying import count
from apps.executors.workflow.graph import Node
from apps.executors.workflow.running.loaded import Loaded
from apps.executors.workflow.running.standing import AT_WORK, ENDED, Because, Standing, State
from apps.executors.workflow.running.tallies import Tallies


class World(Protocol):
    """What the board asks of the run's context."""

    def context(self, node: Node, standing: Standing) -> Mapping[str, Any]:
        """The values that this node may name."""
        ...

    def write(self, node: Node, standing: Standing, values: Mapping[str, Any]) -> None:
        """Its results become values of the context."""
        ...

    def drop(self, keys: Iterable[str]) -> None:
        """Values that nobody is to see any more."""
        ...


class Ledger:
    """Nothing is decided here. `load` and `catch_up` take over what is on record, `_move` writes down a change."""

    def __init__(self, loaded: Loaded, world: World, began_at: datetime) -> None:
        self.loaded, self.world, self.began_at = loaded, world, began_at
        self.standings: dict[int, Standing] = {}
        self.changed: set[int] = set()
        self.withdrawn: list[int] = []
        """Nodes whose tasks or questions nobody waits for any more."""
        self.is_mended = False
        """Nodes that had ended were begun anew: what others hold of this run is no use any more."""
        self.to_judge: list[int] = []
        """Nodes whose result is to be judged now."""
        self.tallies = Tallies(loaded)
        self.inputs: frozenset[str] = frozenset()
        self.events: list[str] = []
        """Names of those that were heard, in their order."""
        self.counts: Counter[State] = Counter()
        self.work_done = 0.0
        self.is_stopping = False
        self._states: dict[int, State] = {}  # as they are counted
        self._ready: list[int] = []
        self._queue: list[int] = []
        self._due: dict[int, datetime] = {}
        self._timers: deque[tuple[datetime, int, int]] = deque()
        self._producers_left: dict[str, int] = {}
        self._accounted: set[int] = set()
        self._chosen: dict[str, int] = {}
        self._slots: dict[int, int] = {}
        self._reset()

    def load(self, standings: Iterable[Standing], inputs: frozenset[str], events: Iterable[str]) -> None:
        """Take over everything that is on record. `decide` draws again what an attempt that died had no time to write."""
        self.inputs, self.events = inputs, list(events)
        self.standings = {each.number: each for each in standings}
        self._rebuild()

    def catch_up(self, standings: Iterable[Standing], events: Iterable[str]) -> None:
        """What another process has written since."""
        new = list(standings)
        for each in new:
            self._settle_noted(each)
        for event in events:
            self.events.append(event)
            self._settle_kept(event)
        for each in new:
            self.standings[each.number] = each
            self._note(each)

    def heard(self, event: str) -> None:
        self.events.append(event)
        self._settle_kept(event)
        for number, place in self.loaded.of_event.get(event, ()):
            if self._is_kept(number, place) or self.tallies.is_settled(number, place):
                continue
            if self.tallies.lacks_only(number, place):
                self._of(number).notes.setdefault("heard", []).append(place)
                self.changed.add(number)
                self._settle(number, place, True)

    def _reset(self) -> None:
        self.tallies = Tallies(self.loaded)
        self.counts, self._states, self.work_done = Counter({State.WAITING: self.loaded.total}), {}, 0.0
        self._ready, self._queue, self._due, self._accounted = [], [], {}, set()
        self._chosen, self._slots = {}, {}
        self._producers_left = {key: len(numbers) for key, numbers in self.loaded.wiring.producers.items()}
        self._timers = deque((self.began_at + span, number, place) for span, number, place in self.loaded.timed)
        self.is_stopping = False

    def _rebuild(self) -> None:
        self._reset()
        for key, users in self.loaded.of_key.items():
            if key in self.loaded.wiring.producers:
                continue
            for number, place in users:
                self._settle(number, place, key in self.inputs, "dependency", f"“{key}” was not given")
        for each in self.standings.values():
            self._settle_noted(each)  # first: what comes after that was told too late
        for event in self.events:
            self._settle_kept(event)
        for each in self.standings.values():
            self._note(each)

    def _note(self, standing: Standing) -> None:
        """Count it, and settle what depends on how it stands. What it had been noted as before is taken back."""
        number, before = standing.number, self._states.get(standing.number, State.WAITING)
        self.counts[before] -= 1
        self.counts[standing.state] += 1
        self._states[number] = standing.state
        self._due.pop(number, None)
        if standing.state == State.WAITING and standing.due_at:
            self._due[number] = standing.due_at
        if standing.state == State.READY and before != State.READY:
            heapq.heappush(self._ready, number)
        self._hold_slots(standing)
        node = self.loaded.graph.nodes[number]
        if node.choice and (
            standing.state in AT_WORK or standing.state in (State.READY, State.COMPLETED, State.FAILED)
        ):
            self._chosen.setdefault(node.choice.name, number)
        self._account(node, standing)

    def _hold_slots(self, standing: Standing) -> None:
        if standing.state in AT_WORK:
            self._slots[standing.number] = standing.notes.get("slots", 1)
        else:
            self._slots.pop(standing.number, None)

    # Who waits for whom.

    def _account(self, node: Node, standing: Standing) -> None:
        number = node.number
        for user, place in self.loaded.of_state.get(number, ()):
            self._milestone(user, place, standing)
        if standing.state not in ENDED or number in self._accounted:
            return
        self._accounted.add(number)
        self.work_done += self.loaded.weights[number] if standing.state != State.FAILED else 0.0
        if standing.state == State.FAILED and (node.on_failure == "stop" or standing.notes.get("stops")):
            self.is_stopping = True
        absent = set(standing.notes.get("absent", ()))
        for key in node.result_keys:
            self._producers_left[key] -= 1
            if standing.state == State.COMPLETED and key not in absent:
                self._settle_key(key, is_refused=key in standing.notes.get("refused", ()))
            elif not self._producers_left[key]:
                self._lose_key(key, node, standing)

    def _settle_key(self, key: str, *, is_refused: bool) -> None:
        for number, place in self.loaded.of_key.get(key, ()):
            dependency = self.loaded.graph.nodes[number].dependencies[place]
            is_met = not (is_refused and dependency.kind == "validation")
            self._settle(
                number, place, is_met, "" if is_met else "rejection", "" if is_met else f"“{key}” is a rejection"
            )

    def _lose_key(self, key: str, node: Node, standing: Standing) -> None:
        because: Because = standing.because or "dependency"
        for number, place in self.loaded.of_key.get(key, ()):
            self._settle(number, place, False, because, f"“{node.name}”, which makes “{key}”, {_end(standing)}")

    def _milestone(self, user: int, place: int, standing: Standing) -> None:
        node, dependency = self.loaded.graph.nodes[standing.number], self.loaded.graph.nodes[user].dependencies[place]
        reached = {
            "started": standing.began_at is not None,
            "completed": standing.state == State.COMPLETED,
            "failed": standing.state == State.FAILED,
            "skipped": standing.state in (State.SKIPPED, State.CANCELLED),
            "ended": standing.state in ENDED,
        }
        if reached[dependency.state]:
            self._settle(user, place, True)
        elif standing.state in ENDED:
            because: Because = standing.because or "dependency"
            self._settle(user, place, False, because, f"“{node.name}” {_end(standing)}")

    def _settle_kept(self, event: str) -> None:
        """Of those who wait for it whenever it came."""
        for number, place in self.loaded.of_event.get(event, ()):
            if self._is_kept(number, place):
                self._settle(number, place, True)

    def _settle_noted(self, standing: Standing) -> None:
        """What only the moment could tell: an event that nobody keeps was heard, or a dependency came too late."""
        for place in standing.notes.get("heard", ()):
            self._settle(standing.number, place, True)
        for place in standing.notes.get("late", ()):
            self._settle(standing.number, place, False, "timeout", self._too_late_for(standing.number, place))

    def _too_late_for(self, number: int, place: int) -> str:
        dependency = self.loaded.graph.nodes[number].dependencies[place]
        return f"“{dependency.key or dependency.task}” did not come in time"

    def _is_kept(self, number: int, place: int) -> bool:
        return self.loaded.graph.nodes[number].dependencies[place].is_kept

    def _settle(self, node: int, place: int, is_met: bool, because: Because = "", reason: str = "") -> None:
        if self.tallies.settle(node, place, is_met, because, reason):
            heapq.heappush(self._queue, node)

    @property
    def percent(self) -> float:
        """Of the work that was expected; what was skipped is no work any more. 100 is for a run that has ended."""
        return min(99.0, 100 * self.work_done / self.loaded.work) if self.loaded.work else 0.0

    @property
    def stage(self) -> str:
        """The group of the first node at work."""
        return self.loaded.graph.nodes[min(self._slots)].group if self._slots else ""

    @property
    def summary(self) -> str:
        failed, running = self.counts[State.FAILED], len(self._slots)
        done = sum(self.counts[state] for state in ENDED) - failed
        said = f"{done:,} of {count(self.loaded.total, 'node')} done"
        return said + (f", {failed:,} failed" if failed else "") + (f", {running:,} running" if running else "")

    @property
    def asking(self) -> list[int]:
        """Nodes that wait for people."""
        return sorted(number for number in self._slots if number in self.loaded.asking)

    def waiting(self) -> list[int]:
        return list(self._untouched())

    def _untouched(self) -> Iterator[int]:
        if not self.counts[State.WAITING]:
            return
        for number in range(self.loaded.total):
            if self._states.get(number, State.WAITING) == State.WAITING:
                yield number

    def _of(self, number: int) -> Standing:
        if number not in self.standings:
            self.standings[number] = Standing(number=number)
        return self.standings[number]

    def _move(self, standing: Standing, state: State) -> None:
        standing.state = state
        self.changed.add(standing.number)
        self._note(standing)


def _end(standing: Standing) -> str:
    words = {State.FAILED: "has failed", State.SKIPPED: "was skipped", State.CANCELLED: "was cancelled"}
    if standing.because == "timeout" and standing.state == State.FAILED:
        return "came too late"
    return words.get(State(standing.state), "made none")
