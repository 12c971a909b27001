"""What happened between a kill and the next call of its task: faults, events and calls, in one order."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.chaos.evidence import Evidence
from tests.chaos.figures import Resumption
from tests.chaos.storm.faults import Fault

SLOW_SECONDS = 15.0
SHOWN, MOST_LINES = 3, 40
BEFORE = 5.0
"""Seconds before the kill that are shown, too."""
BRIEF = 60


def slowest(evidence: Evidence, found: Sequence[Resumption], faults: Sequence[Fault], offset: float) -> list[list[str]]:
    """The stories of the slowest. `offset`: what the wall clock is ahead of the monotonic one."""
    slow = sorted((one for one in found if one.seconds >= SLOW_SECONDS), key=lambda one: -one.seconds)
    return [_story(evidence, one, faults, offset) for one in slow[:SHOWN]]


def _story(evidence: Evidence, one: Resumption, faults: Sequence[Fault], offset: float) -> list[str]:
    template = next((accepted.template for accepted in evidence.accepted if accepted.task == one.task), "?")
    lines = sorted([
        *_of_faults(one, faults), *_of_events(evidence, one, offset), *_of_calls(evidence, one), *_of_looks(evidence, one),
        *_of_crew(evidence, one),
    ])  # fmt: skip
    told = [f"{at - one.killed_at:+8.1f}  {text}" for at, text in lines]
    if len(told) > MOST_LINES:
        told = [*told[: MOST_LINES // 2], f"          … {len(told) - MOST_LINES} more …", *told[-MOST_LINES // 2 :]]
    headline = f"task {one.task} ({template}) did its next call {one.seconds:.1f} s after process {one.pid} was killed"
    return [f"{headline}; no worker lived for {without_workers(evidence, one):.0f} s of it", *told]


def without_workers(evidence: Evidence, one: Resumption) -> float:
    """Seconds of that time at which no worker process was there at all, to within a look's."""
    crew = [(at, workers) for at, workers in evidence.crew if one.killed_at <= at <= one.killed_at + one.seconds]
    return sum(after - before for (before, workers), (after, _) in pairwise(crew) if not workers)


def _of_faults(one: Resumption, faults: Sequence[Fault]) -> Iterator[tuple[float, str]]:
    for fault in faults:
        if one.killed_at - BEFORE <= fault.until and fault.at <= one.killed_at + one.seconds:
            lasting = f", until {fault.until - one.killed_at:+.1f}" if fault.until > fault.at else ""
            yield fault.at, f"FAULT {fault.kind} {fault.pids or ''} {fault.detail}{lasting}"


def _of_events(evidence: Evidence, one: Resumption, offset: float) -> Iterator[tuple[float, str]]:
    """By the clock of whoever wrote them, which a fault may have moved: then the moment is told, and its place guessed."""
    at = one.killed_at - BEFORE
    for event in evidence.events_of.get(one.task, []):
        if event.kind in ("task.logged", "task.progressed"):
            continue
        told = event.at - offset
        is_moved = abs(told - one.killed_at) > one.seconds + 600
        at = at if is_moved else max(at, told)
        if one.killed_at - BEFORE <= at <= one.killed_at + one.seconds + 1:
            clock = f" (its clock said {told - one.killed_at:+.0f})" if abs(told - at) > 1 else ""
            yield at, f"{event.seq:>4} {event.kind} {_brief(event.data)}{clock}"


def _of_calls(evidence: Evidence, one: Resumption) -> Iterator[tuple[float, str]]:
    """The last of the attempt that was killed, and the first of the one that went on."""
    effects = evidence.effects_of.get(one.task, [])
    last = [effect for effect in effects if effect.attempt == one.before][-1:]
    first = [effect for effect in effects if effect.attempt == one.after][:1]
    for effect in (*last, *first):
        yield effect.at, f"     call {effect.index} by attempt {effect.attempt}, process {effect.pid}"


def _of_looks(evidence: Evidence, one: Resumption) -> Iterator[tuple[float, str]]:
    """What its lease was seen to be, where that changed."""
    before = ""
    for look in evidence.looks:
        if not one.killed_at - BEFORE <= look.at <= one.killed_at + one.seconds + 1:
            continue
        held = next((each for each in look.held if each.task == one.task), None)
        overdue = "run out" if held and (held.seconds_left or 0) < 0 else "live"
        now = f"held by {held.worker}, lease {overdue}" if held else "not held"
        if now != before:
            others = sum(each.is_running for each in look.held)
            yield look.at, f"     seen: {now} ({others} tasks run)"
        before = now


def _of_crew(evidence: Evidence, one: Resumption) -> Iterator[tuple[float, str]]:
    before = -1
    for at, workers in evidence.crew:
        if one.killed_at - BEFORE <= at <= one.killed_at + one.seconds and workers != before:
            yield at, f"     {workers} workers live"
            before = workers


def _brief(data: object) -> str:
    text = str(data) if data else ""
    return text if len(text) <= 2 * BRIEF else text[: 2 * BRIEF] + "…"
