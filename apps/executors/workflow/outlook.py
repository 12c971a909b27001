"""How long a run will probably still take, and which of its nodes run far too long. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from apps.executors.workflow.running.loaded import USUAL_SECONDS, Loaded
from apps.executors.workflow.running.standing import AT_WORK, ENDED, Standing, State
from apps.executors.workflow.wiring import waves

OVERRUN = 0.1
"""A node that takes longer than expected is taken to need this part of what it has taken."""
TRUST = 2.0
"""The run's own times count as much as what was expected once so many nodes have ended."""
FASTEST, SLOWEST = 0.05, 20.0
STALLED_TIMES = 4.0
STALLED_LEAST = 60.0
"""A node is stalled that has run so many times as long as expected, and at least so many seconds."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds that each node is expected to take in this run."""

    seconds: Sequence[float]
    factor: float = 1.0
    """How much longer than expected the run's own nodes have taken."""


@dataclass(frozen=True, kw_only=True)
class Rest:
    """`seconds` until the run ends, when it has as many workers as it uses now; by node until that one has ended."""

    seconds: float
    work: float
    """Seconds of all that is left, one after another."""
    until: Sequence[float]
    way: tuple[int, ...]
    """The nodes that decide how long it takes, first to last."""


def pace(loaded: Loaded, history: Mapping[int, float], standings: Mapping[int, Standing]) -> Pace:
    """By what earlier runs took, else as the author says, set right by the nodes of this run that have ended.

    A node of which nothing is known is taken to need what others of which nothing was known have taken.
    """
    told = [history.get(node.number, node.estimated_seconds) for node in loaded.graph.nodes]
    measured = {number: seconds for number, each in standings.items() if (seconds := _took(loaded, each)) is not None}
    known = [(told[number] or 0.0, seconds) for number, seconds in measured.items() if told[number] is not None]
    new = [seconds for number, seconds in measured.items() if told[number] is None]
    factor = _factor(known)
    usual = fmean(new) if new else USUAL_SECONDS
    return Pace(seconds=[usual if each is None else each * factor for each in told], factor=factor)


def _took(loaded: Loaded, standing: Standing) -> float | None:
    """Of a node that has done its work; what people take to decide says nothing about the others."""
    if standing.state != State.COMPLETED or standing.number in loaded.asking:
        return None
    if standing.began_at is None or standing.ended_at is None:
        return None
    return max(0.0, (standing.ended_at - standing.began_at).total_seconds())


def _factor(known: Sequence[tuple[float, float]]) -> float:
    expected, took = sum(each for each, _ in known), sum(each for _, each in known)
    if not expected:
        return 1.0
    prior = TRUST * expected / len(known)
    return min(SLOWEST, max(FASTEST, (took + prior) / (expected + prior)))


def rest(
    loaded: Loaded,
    pace: Pace,
    standings: Mapping[int, Standing],
    shares: Mapping[int, float],
    now: datetime,
    lanes: int | None = None,
    idle: Collection[int] = (),
) -> Rest:
    """The longest way through what is left, or all of it by `lanes`, how many tasks can run at once, if that is longer.

    `shares`: of an expansion at work, the part of its items that has ended. `idle`: nodes whose tasks are made, and in
    nobody's hands yet: the time that they wait for a worker is no work.
    """
    left = [
        expected * (1 - shares.get(number, 0.0))
        if number in idle
        else _left(standings.get(number), expected, shares.get(number), now)
        for number, expected in enumerate(pace.seconds)
    ]
    until = [0.0] * loaded.total
    for wave in waves(loaded.wiring.before, loaded.wiring.after):
        for number in wave:
            if left[number]:
                until[number] = left[number] + max((until[each] for each in loaded.wiring.before[number]), default=0.0)
    work, longest = sum(left), max(until, default=0.0)
    most = min((each for each in (lanes, loaded.graph.at_once) if each), default=None)
    return Rest(seconds=max(longest, work / most) if most else longest, work=work, until=until, way=_way(loaded, until))


def _way(loaded: Loaded, until: Sequence[float]) -> tuple[int, ...]:
    if not any(until):
        return ()
    found = [max(range(len(until)), key=until.__getitem__)]
    while before := [each for each in loaded.wiring.before[found[-1]] if until[each]]:
        found.append(max(before, key=until.__getitem__))
    return tuple(reversed(found))


def _left(standing: Standing | None, expected: float, share: float | None, now: datetime) -> float:
    if standing is None:
        return expected
    if standing.state in ENDED:
        return 0.0
    if standing.state in AT_WORK and standing.began_at is not None:
        ran = max(0.0, (now - standing.began_at).total_seconds())
        if share:
            return ran * (1 - share) / share
        return max(expected - ran, OVERRUN * ran)
    pause = max(0.0, (standing.due_at - now).total_seconds()) if standing.due_at else 0.0
    return pause + expected


def is_stalled(loaded: Loaded, standing: Standing, expected: float, now: datetime) -> bool:
    """It runs far longer than it should. People who are asked take the time that they take."""
    if standing.state not in AT_WORK or standing.began_at is None or standing.number in loaded.asking:
        return False
    ran = (now - standing.began_at).total_seconds()
    return ran >= max(STALLED_LEAST, STALLED_TIMES * expected)
