"""A queue's last hour: how fast tasks started, and how many waited. Read from the newest attempts, and kept nowhere."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F

from apps.core import durations
from apps.tasks.models import Attempt, Task
from apps.tasks.states import Status
from apps.workers.answers import served
from apps.workers.models import Worker

HOUR = timedelta(hours=1)
MOST = 2000
"""Starts, and waiting tasks, that are looked at. Where there are more, no line is drawn, and the shares are of these."""
POINTS = 12
WIDTH, HEIGHT = 84.0, 20.0
MOST_DRAWN = 24


@dataclass(frozen=True, kw_only=True)
class Slots:
    """Workers that serve a queue: each is one slot. `busy` ones may hold a task of another queue of theirs."""

    busy: int = 0
    free: int = 0

    @property
    def total(self) -> int:
        return self.busy + self.free

    @property
    def boxes(self) -> list[str]:
        """What to draw; empty where a number says it better."""
        return [*["busy"] * self.busy, *["free"] * self.free] if self.total <= MOST_DRAWN else []


@dataclass(frozen=True, kw_only=True)
class Pulse:
    starts: int = 0
    p50: float | None = None
    p95: float | None = None
    depths: Sequence[int] = field(default_factory=tuple)
    """How many waited, every five minutes, the last of them now; empty where it is not known."""

    @property
    def median(self) -> str:
        return latency(self.p50)

    @property
    def tail(self) -> str:
        return latency(self.p95)

    @property
    def line(self) -> str:
        """Points of an SVG polyline."""
        most = max(self.depths, default=0)
        if not most:
            return ""
        step = WIDTH / (len(self.depths) - 1)
        scale = (HEIGHT - 3) / most
        return " ".join(f"{n * step:.1f},{HEIGHT - 1.5 - depth * scale:.1f}" for n, depth in enumerate(self.depths))

    @property
    def sentence(self) -> str:
        return f"Waiting in the last hour: at most {max(self.depths):,}, now {self.depths[-1]:,}"


def latency(seconds: float | None) -> str:
    """'3 ms', '1.2 s', '2 m 10 s'; empty when nothing started."""
    if seconds is None:
        return ""
    return f"{1000 * seconds:.0f} ms" if seconds < 0.95 else durations.describe(seconds)


def slots(now: datetime) -> dict[str, Slots]:
    """By queue, of workers that are heard of and willing. One query."""
    workers = Worker.objects.present().heard_since(now - served.HEARD).willing()
    busy: dict[str, int] = defaultdict(int)
    free: dict[str, int] = defaultdict(int)
    for queues, status in workers.values_list("queues", "status"):
        for queue in queues:
            (busy if status == Worker.Status.BUSY else free)[queue] += 1
    return {queue: Slots(busy=busy[queue], free=free[queue]) for queue in {*busy, *free}}


def pulses(now: datetime, waiting: Mapping[str, int]) -> dict[str, Pulse]:
    """By queue; `waiting`: how many wait now. Two queries, each of at most MOST rows."""
    begin = now - HOUR
    first = (
        Attempt.objects.filter(number=1).order_by("-pk").annotate(queue=F("task__queue"), due=F("task__available_at"))
    )
    rows = list(first.values_list("queue", "due", "started_at", "task__attempt_count")[:MOST])
    started = [row for row in rows if row[2] >= begin]
    pending = Task.objects.filter(status=Status.PENDING, available_at__gt=begin, available_at__lte=now).order_by()
    came = list(pending.values_list("queue", "available_at")[:MOST])
    is_whole = len(came) < MOST and (len(rows) < MOST or len(started) < len(rows))
    waits: dict[str, list[float]] = defaultdict(list)
    changes: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for queue, due, began, attempts in started:
        if attempts == 1:  # the moment from which on it could start is the first one's
            waits[queue].append(max(0.0, (began - due).total_seconds()))
            changes[queue] += [(due, 1), (began, -1)]
    for queue, due in came:
        changes[queue].append((due, 1))
    return {
        queue: _pulse(waits[queue], _depths(changes[queue], waiting.get(queue, 0), now) if is_whole else ())
        for queue in {*waits, *changes, *waiting}
    }


def overall(found: Mapping[str, Pulse]) -> float | None:
    """The slowest queue's p95: what nobody waits longer for, but for one in twenty."""
    return max((each.p95 for each in found.values() if each.p95 is not None), default=None)


def _pulse(waits: list[float], depths: Sequence[int]) -> Pulse:
    waits.sort()
    return Pulse(starts=len(waits), p50=_share(waits, 0.5), p95=_share(waits, 0.95), depths=depths)


def _share(waits: Sequence[float], share: float) -> float | None:
    return waits[min(len(waits) - 1, int(share * len(waits)))] if waits else None


def _depths(changes: Sequence[tuple[datetime, int]], present: int, now: datetime) -> list[int]:
    """Counted back from now: what came after a moment was not there yet, what started after it still was."""
    moments = [now - HOUR * (POINTS - n) / POINTS for n in range(POINTS + 1)]
    return [max(0, present - sum(by for at, by in changes if at > moment)) for moment in moments]
