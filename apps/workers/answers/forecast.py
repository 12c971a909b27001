"""When waiting tasks begin that share workers, and some of them limits or cores: the next claims, played through. Pure."""

import heapq
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from apps.tasks.limits import places
from apps.tasks.limits.gates import Bound
from apps.tasks.limits.places import Runner
from apps.tasks.models import Limit, Task

UNKNOWN = 1e9
"""Seconds that something takes of which nobody knows how long it does: it goes on after all that is known."""
Slot = tuple[Hashable, ...]


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A worker: it does one task at a time. `cores`: CPU-intensive tasks that its host runs at once."""

    name: str
    host: str
    cores: int


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """`able`: the seats that could take it. `seconds`: what it will probably take, None when that is not known."""

    task: Task
    able: frozenset[str]
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Begin:
    """`place` among those that begin at the same workers; `seconds` until then, None when that is not known."""

    place: int
    seconds: float | None


def begins(
    waiting: Sequence[Waiting], seats: Sequence[Seat], running: Iterable[Runner], bounds: Sequence[Bound]
) -> dict[int, Begin]:
    """By id of those that begin at all. `waiting`: the first to be claimed first."""
    return _Play(seats, running, bounds).through(waiting)


class _Play:
    def __init__(self, seats: Sequence[Seat], running: Iterable[Runner], bounds: Sequence[Bound]) -> None:
        self._bounds = bounds
        self._most = {bound.id: bound.most for bound in bounds}
        self._free = {seat.name: seat for seat in seats}
        self._now = 0.0
        self._is_sure = True
        self._held: Counter[Slot] = Counter()
        self._ends: list[tuple[float, int, Seat | None, list[Slot], bool]] = []
        self._turn = count()
        self._unknown: Counter[str] = Counter()
        """Seats of which nobody knows when they are free."""
        self._begun: Counter[frozenset[str]] = Counter()
        for runner in running:
            self._hold(runner, runner.host, self._free.pop(runner.worker, None), runner.seconds_left)

    def through(self, waiting: Sequence[Waiting]) -> dict[int, Begin]:
        found: dict[int, Begin] = {}
        left = list(waiting)
        while left:
            left = [each for each in left if not self._begins(each, found)]
            if not self._ends:
                break
            self._end_next()
        return found

    def _begins(self, each: Waiting, found: dict[int, Begin]) -> bool:
        seat = next((seat for seat in self._free.values() if self._may(each, seat)), None)
        if seat is None:
            return False
        is_sure = self._is_sure and not (self._now and any(self._unknown[name] for name in each.able))
        before = sum(many for able, many in self._begun.items() if able & each.able)
        found[each.task.pk] = Begin(place=before + 1, seconds=self._now if is_sure else None)
        self._begun[each.able] += 1
        self._hold(each.task, seat.host, self._free.pop(seat.name), each.seconds)
        return True

    def _may(self, each: Waiting, seat: Seat) -> bool:
        if seat.name not in each.able:
            return False
        if each.task.is_cpu_intensive and self._held["cores", seat.host] >= seat.cores:
            return False
        slots = self._limits(each.task)
        return all(self._held[slot] < self._most[bound_id] for bound_id, slot in slots)

    def _hold(self, task: Task | Runner, host: str, seat: Seat | None, seconds: float | None) -> None:
        slots: list[Slot] = [slot for _, slot in self._limits(task)]
        if task.is_cpu_intensive:
            slots.append(("cores", host))
        self._held.update(slots)
        if seconds is None and seat is not None:
            self._unknown[seat.name] += 1
        until = self._now + (UNKNOWN if seconds is None else seconds)
        heapq.heappush(self._ends, (until, next(self._turn), seat, slots, seconds is not None))

    def _end_next(self) -> None:
        self._now, _, seat, slots, is_known = heapq.heappop(self._ends)
        self._is_sure &= is_known
        self._held.subtract(slots)
        if seat is not None:
            self._free[seat.name] = seat
            self._unknown[seat.name] -= not is_known

    def _limits(self, task: Task | Runner) -> list[tuple[int, Slot]]:
        return [(bound.id, (bound.id, _group(bound, task))) for bound in self._bounds if places.touches(bound, task)]


def _group(bound: Bound, task: Task | Runner) -> Hashable:
    """Those that share the limit's places."""
    match bound.scope:
        case Limit.Scope.USER:
            return task.requester_id
        case Limit.Scope.KEY:
            return task.limit_key
    return None
