"""Pure: what the samples of a soak say. Nothing may grow, be held too much, or stay held."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.chaos.slots import Bound, exceeded, mismatches
from tests.chaos.soak.sample import Process, Sample
from tests.chaos.storm.scripts import SHOP

MIB = 2**20
SETTLING = 1 / 3
"""This share of the time at the beginning is left out: caches fill."""
GROWTH = 0.10
"""The growth that is allowed over the rest, as a share of the mean …"""
LEAST = {"memory": 8 * MIB, "descriptors": 12}
"""… or as much, whichever is more."""
LIFE_SECONDS = 60.0
"""A process younger than that still warms up."""
LIFE_BYTES = 12 * MIB
"""What a worker may grow between its first minute and its end, in the median: a leak that recycling hides shows here."""
SERVERS = {"postgresql", "redis", "press"}
"""Shown, not judged: the caches of servers are theirs, and what makes a PDF lives for seconds."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    what: str
    found: str
    broken: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def judge(loaded: Sequence[Sample], idle: Sequence[Sample], limits: Sequence[Bound], cores: int) -> list[Verdict]:
    """`loaded`: samples under load, `idle`: those after everything has ended."""
    return [
        *memory(loaded), *descriptors(loaded), life(loaded), held_exactly(loaded), within_limits(loaded, limits, cores),
        bucket(loaded), nothing_open(idle), nothing_held(idle), full_bucket(idle),
    ]  # fmt: skip


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line nearest to the points; 0 where there are too few for one."""
    if len({at for at, _ in points}) < 3:
        return 0.0
    return statistics.linear_regression([at for at, _ in points], [value for _, value in points]).slope


def memory(samples: Sequence[Sample]) -> Iterator[Verdict]:
    """The sum of a role's processes: one that was recycled counts with its successor. Resident bytes: of shared pages
    PSS counts a share that falls and rises with whatever else runs on the machine.
    """
    for role in _roles(samples):
        values = _settled(samples, role, lambda process: process.rss)
        yield _flat(f"memory of {role}", values, LEAST["memory"], MIB, "MB", judged=role not in SERVERS)


def descriptors(samples: Sequence[Sample]) -> Iterator[Verdict]:
    for role in _roles(samples):
        if role not in SERVERS:
            values = _settled(samples, role, lambda process: process.descriptors)
            yield _flat(f"descriptors of {role}", values, LEAST["descriptors"], 1, "", judged=True)


def life(samples: Sequence[Sample]) -> Verdict:
    """How much workers grow within their lives, from their first minute on."""
    sizes: dict[tuple[int, float], list[tuple[float, int]]] = defaultdict(list)
    for sample in samples:
        for process in sample.processes:
            if process.role == "worker":
                sizes[process.pid, process.started].append((sample.at, process.rss))
    grown = []
    for seen in sizes.values():
        warm = [size for at, size in seen if at - seen[0][0] >= LIFE_SECONDS]
        if len(warm) >= 3:
            grown.append(warm[-1] - warm[0])
    if not grown:
        return Verdict(what="growth within a worker's life", found="no worker was seen for long enough")
    median = statistics.median(grown)
    found = (
        f"median {median / MIB:+.1f} MB, most {max(grown) / MIB:+.1f} MB, of {len(grown)} lives ({len(sizes)} workers)"
    )
    return Verdict(what="growth within a worker's life", found=found, broken=median > LIFE_BYTES)


def held_exactly(samples: Sequence[Sample]) -> Verdict:
    found = [f"task {task} {wrong}" for sample in samples for task, wrong in mismatches(sample.held)]
    looked = sum(len(sample.held) for sample in samples)
    return none(f"slots held = live leases = open attempts ({looked} seen)", found)


def within_limits(samples: Sequence[Sample], limits: Sequence[Bound], cores: int) -> Verdict:
    found = [wrong for sample in samples for wrong in exceeded(sample.held, limits, cores)]
    return none(f"limits never exceeded ({len(limits)} and cores, {len(samples)} looks)", found)


def bucket(samples: Sequence[Sample]) -> Verdict:
    levels = [sample.bucket for sample in samples]
    low, high = min(levels, default=0.0), max(levels, default=0.0)
    least = -30.0 * SHOP["per_second"] - 0.01
    text = f"between {low:.1f} and {high:.1f} of {SHOP['burst']:g}"
    return Verdict(what="rate bucket", found=text, broken=not least <= low <= high <= SHOP["burst"] + 0.01)


def nothing_open(idle: Sequence[Sample]) -> Verdict:
    found = [
        f"{number} {status}"
        for sample in idle[-1:]
        for status, number in sample.statuses.items()
        if status not in ("completed", "failed", "cancelled")
    ]
    return none("all accepted tasks ended", found if idle else ["it was never idle"])


def nothing_held(idle: Sequence[Sample]) -> Verdict:
    found = [f"task {held.task} ({held.status})" for sample in idle for held in sample.held]
    return none(f"nothing held when idle ({len(idle)} looks)", found if idle else ["it was never idle"])


def full_bucket(idle: Sequence[Sample]) -> Verdict:
    left = idle[-1].bucket if idle else 0.0
    return Verdict(what="rate bucket full when idle", found=f"{left:.1f}", broken=left < SHOP["burst"] - 0.01)


def none(what: str, found: list[str]) -> Verdict:
    text = "; ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
    return Verdict(what=what, found=text or "so it was", broken=bool(found))


def _roles(samples: Sequence[Sample]) -> list[str]:
    return sorted({process.role for sample in samples for process in sample.processes} - {"other"})


def _settled(samples: Sequence[Sample], role: str, value: Callable[[Process], int]) -> list[tuple[float, float]]:
    last = max((sample.at for sample in samples), default=0.0)
    return [(sample.at, sample.of_role(role, value)) for sample in samples if sample.at >= SETTLING * last]


def _flat(
    what: str, values: list[tuple[float, float]], least: float, unit: float, name: str, *, judged: bool
) -> Verdict:
    mean = statistics.fmean(value for _, value in values) if values else 0.0
    grown = slope(values) * (values[-1][0] - values[0][0]) if values else 0.0
    allowed = max(least, GROWTH * mean)
    peak = max((value for _, value in values), default=0.0)
    found = f"mean {mean / unit:.1f} {name}, peak {peak / unit:.1f}, grew {grown / unit:+.1f}"
    told = f"{found} (allowed {allowed / unit:.1f})" if judged else f"{found} (not judged)"
    return Verdict(what=what, found=told.replace("  ", " "), broken=judged and grown > allowed)
