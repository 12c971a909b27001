"""I5: slots, leases, cores, rates and keys are held by what runs, exactly, at every look; when idle nothing is."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.evidence import Effect, Evidence, Look
from tests.chaos.slots import Bound, exceeded, mismatches
from tests.chaos.storm.scripts import SCRIPTS, SHOP
from tests.chaos.violation import Violation

PROMISED_SECONDS = 30.0
"""How far ahead a rate bucket may promise: RATE_WAIT_SECONDS."""
ADMITTED_SECONDS = 5.0
"""So long after its admission a call may take place, as its worker waits for a processor or for the database."""


def held(evidence: Evidence) -> Iterator[Violation]:
    """A slot is held exactly by a running task, with one lease and one attempt that has not ended."""
    for look in evidence.looks:
        for task, wrong in mismatches(look.held):
            yield Violation(invariant="I5", what=f"{wrong} ({look.at:.1f})", task=task)


def within_limits(evidence: Evidence) -> Iterator[Violation]:
    """At no look run more than queue, template, user, key and cores allow."""
    for look in (*evidence.looks, *evidence.idle_looks):
        for wrong in exceeded(look.held, evidence.limits, evidence.cores):
            yield Violation(invariant="I5", what=f"{wrong} ({look.at:.1f})")


def rates(evidence: Evidence) -> Iterator[Violation]:
    """Over no stretch of time go more calls than the burst and what came back; workers that were frozen aside."""
    frozen = set(evidence.frozen)
    moments = [effect.at for effect in purchases(evidence) if effect.pid not in frozen]
    for first, begin in enumerate(moments):
        for last in range(first, len(moments)):
            allowed = SHOP["burst"] + SHOP["per_second"] * (moments[last] - begin + ADMITTED_SECONDS)
            if last - first + 1 > allowed:
                what = f"{last - first + 1} calls of {SHOP['service']} within {moments[last] - begin:.1f} s"
                yield Violation(invariant="I5", what=what)
                return


def buckets(evidence: Evidence) -> Iterator[Violation]:
    """A bucket never holds more than its burst, and promises no more than callers wait for."""
    for look in evidence.looks:
        if not -PROMISED_SECONDS * SHOP["per_second"] - 0.01 <= look.bucket <= SHOP["burst"] + 0.01:
            yield Violation(invariant="I5", what=f"the bucket of {SHOP['service']} stood at {look.bucket:.1f}")


def idle(evidence: Evidence) -> Iterator[Violation]:
    """When nothing runs, nothing is held: no lease, no attempt, no slot, no promise."""
    for task in evidence.tasks.values():
        if task.status != "running" and task.lease_until is not None:
            yield Violation(invariant="I5", what=f"is {task.status} and still leased", task=task.id)
    for attempt in evidence.attempts:
        holder = evidence.tasks.get(attempt.task)
        if attempt.outcome == "running" and holder is not None and holder.status != "running":
            what = f"attempt {attempt.number} runs, the task is {holder.status}"
            yield Violation(invariant="I5", what=what, task=attempt.task)
    for worker in evidence.busy_workers:
        yield Violation(invariant="I5", what=f"the row of {worker} names a task after the end")
    for look in evidence.idle_looks:
        for each in look.held:
            yield Violation(invariant="I5", what=f"is {each.status}, and held when idle", task=each.task)
    for look in evidence.idle_looks[-1:]:
        if look.bucket < SHOP["burst"] - 0.01:
            yield Violation(invariant="I5", what=f"the bucket of {SHOP['service']} holds {look.bucket:.1f} when idle")


def purchases(evidence: Evidence) -> list[Effect]:
    """The calls behind the rate limit, in order."""
    of_shop = {one.task for one in evidence.accepted if "storm.buy" in SCRIPTS[one.template].body}
    return sorted((effect for effect in evidence.effects if effect.task in of_shop), key=lambda effect: effect.at)


def longest_overdue(evidence: Evidence) -> float:
    """Seconds for which a lease was seen run out and not yet given back."""
    left = [each.seconds_left for look in evidence.looks for each in look.held if each.seconds_left is not None]
    return max(0.0, -min(left, default=0.0))


def is_full(look: Look, limit: Bound) -> bool:
    """Whether some group of the limit has all that it may have."""
    groups = Counter(group for each in look.held if each.is_running and (group := limit.group(each)) is not None)
    return max(groups.values(), default=0) >= limit.most


def has_full_host(look: Look, cores: int) -> bool:
    return max(Counter(each.host for each in look.held if each.is_running and each.is_cpu).values(), default=0) >= cores
