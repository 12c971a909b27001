"""Does the evidence keep the invariants of RELIABILITY.md section 2? Pure functions: evidence in, violations out.

Here: I1 nothing lost, I2 final is final, I3 effects, I4 one holder, I6 poison. I5 is in `holding`, I8 and I9 in `records`,
and `clauses` says what is looked at for each.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.chaos.evidence import ENDS, FINAL, INTERRUPTED, LEAVES, Attempt, Effect, Evidence, Task
from tests.chaos.storm.scripts import SCRIPTS, Script
from tests.chaos.violation import Violation

NO_ROOM = "could not be kept"
"""What a task says when its file, or its call's large result, found no room on the disk."""
CRASH_LIMIT = 5


def anything(evidence: Evidence) -> Iterator[Violation]:
    """A storm in which nothing was done proves nothing."""
    if not any(task.status == "completed" for task in evidence.tasks.values()):
        yield Violation(invariant="I1", what=f"{len(evidence.accepted)} were accepted and none was completed")


def lost(evidence: Evidence) -> Iterator[Violation]:
    """I1: whatever was acknowledged is there, once, and has ended."""
    by_key = Counter(task.key for task in evidence.tasks.values() if task.key)
    for accepted in evidence.accepted:
        task = evidence.tasks.get(accepted.task)
        if task is None:
            yield Violation(invariant="I1", what=f"accepted as {accepted.key}, and gone", task=accepted.task)
        elif task.status not in FINAL:
            why = f" ({task.reason})" if task.reason else ", without a reason"
            yield Violation(invariant="I1", what=f"is still {task.status}{why}", task=task.id)
        if by_key[accepted.key] > 1:
            yield Violation(invariant="I1", what=f"{accepted.key} was made {by_key[accepted.key]} times")


def doubled(evidence: Evidence) -> Iterator[Violation]:
    """I3: a call has one committed result, and is not carried out after that was on record."""
    recorded: dict[tuple[int, int], int] = {}
    for step in evidence.steps:
        if step.outcome != "succeeded":
            continue
        place = (step.task, step.index)
        if place in recorded:
            yield Violation(invariant="I3", what=f"call {step.index} has two committed results", task=step.task)
        recorded[place] = min(step.attempt, recorded.get(place, step.attempt))
    for effect in evidence.effects:
        by = recorded.get((effect.task, effect.index))
        if by is not None and effect.attempt > by:
            what = f"call {effect.index} was carried out by attempt {effect.attempt}, on record since attempt {by}"
            yield Violation(invariant="I3", what=what, task=effect.task)
        if effect.key != f"{effect.task}:{effect.index}":
            yield Violation(invariant="I3", what=f"call {effect.index} came with key {effect.key}", task=effect.task)


def repeats(evidence: Evidence) -> Iterator[Violation]:
    """I3: a call without its own record was in flight when its attempt was killed or stopped, or found no room."""
    told = {(event.task, event.data.get("attempt")): str(event.data.get("message", "")) for event in evidence.events}
    outcomes = {(attempt.task, attempt.number): attempt for attempt in evidence.attempts}
    recorded = {(step.task, step.index, step.attempt) for step in evidence.steps}
    for effect in evidence.effects:
        if (effect.task, effect.index, effect.attempt) in recorded:
            continue
        attempt = outcomes.get((effect.task, effect.attempt))
        if attempt is None:
            yield Violation(invariant="I3", what=f"an effect of attempt {effect.attempt}, which is not on record",
                            task=effect.task)  # fmt: skip
        elif attempt.outcome not in INTERRUPTED and NO_ROOM not in told.get((effect.task, effect.attempt), ""):
            why = told.get((effect.task, effect.attempt), "")
            what = f"call {effect.index} left no record, though attempt {attempt.number} {attempt.outcome}: {why}"
            yield Violation(invariant="I3", what=what, task=effect.task)


def in_flight(evidence: Evidence) -> list[Effect]:
    """Effects that a later attempt repeated, or left without a record."""
    recorded = {(step.task, step.index, step.attempt) for step in evidence.steps}
    return [effect for effect in evidence.effects if (effect.task, effect.index, effect.attempt) not in recorded]


def late(evidence: Evidence) -> Iterator[Violation]:
    """I4: once a later attempt has begun, an earlier one does at most the call it was frozen in."""
    frozen = set(evidence.frozen)
    for task, effects in evidence.effects_of.items():
        newest = 0
        stale: Counter[int] = Counter()
        for effect in effects:
            newest = max(newest, effect.attempt)
            if effect.attempt == newest:
                continue
            stale[effect.attempt] += 1
            if stale[effect.attempt] > 1 or effect.pid not in frozen:
                what = f"attempt {effect.attempt} did call {effect.index} after attempt {newest} had begun"
                yield Violation(invariant="I4", what=what, task=task)


def finals(evidence: Evidence) -> Iterator[Violation]:
    """I2: after a final event comes nothing but a person's retry of a failed task."""
    for task, events in evidence.events_of.items():
        ended = ""
        for event in events:
            if ended and event.kind == "task.retried" and ended == "failed" and evidence.was_asked("retry", task):
                ended = ""
            elif ended and (event.kind in LEAVES or event.kind in ("task.claimed", "task.retried")):
                yield Violation(invariant="I2", what=f"{event.kind} after it was {ended}", task=task)
            ended = ENDS.get(event.kind, ended)
    for task, statuses in evidence.seen_final.items():
        if len(statuses) > 1 and not evidence.was_asked("retry", task):
            yield Violation(invariant="I2", what=f"was seen {' and then '.join(statuses)}", task=task)


def keys(evidence: Evidence) -> Iterator[Violation]:
    """I1: a key gives the task that was acknowledged for it, also where requests are merged or answered from the cache."""
    for accepted in evidence.accepted:
        known = evidence.keys.get(accepted.key)
        if known is not None and known != accepted.task:
            what = f"{accepted.key} was acknowledged as this task, and gives task {known}"
            yield Violation(invariant="I1", what=what, task=accepted.task)


def ends(evidence: Evidence) -> Iterator[Violation]:
    """I1: nothing fails or is cancelled without its cause."""
    yield from _wrong_ends(evidence, "I1")


def letters(evidence: Evidence) -> Iterator[Violation]:
    """I6: what kills its workers becomes a dead letter, after K times in a row, and nothing else does."""
    yield from _wrong_ends(evidence, "I6")


def _wrong_ends(evidence: Evidence, invariant: str) -> Iterator[Violation]:
    for accepted in evidence.accepted:
        task = evidence.tasks.get(accepted.task)
        script = SCRIPTS[accepted.template]
        if task is None or task.status not in FINAL:
            continue
        if (invariant == "I6") != (script.is_poison or task.is_dead_letter):
            continue
        if wrong := _wrong_end(task, script, evidence.attempts_of.get(task.id, []), evidence):
            yield Violation(invariant=invariant, what=wrong, task=task.id)


def _wrong_end(task: Task, script: Script, attempts: list[Attempt], evidence: Evidence) -> str:
    if task.status == "cancelled":
        return "" if evidence.was_asked("cancel", task.id) else f"was cancelled by nobody ({task.reason})"
    if task.status == "completed":
        return "" if script.returns else "completed, which its script cannot"
    message = str(task.error.get("message", ""))
    if task.is_dead_letter and task.error.get("code") == "crash_limit":
        in_a_row = 0
        for attempt in reversed(attempts):
            if attempt.outcome != "crashed":
                break
            in_a_row += 1
        return "" if in_a_row >= CRASH_LIMIT else f"is a dead letter after {in_a_row} crashes: {message}"
    if script.is_poison:
        return f"kills its workers, and failed otherwise: {message}"
    return "" if script.returns is None else f"failed: {message}"


def results(evidence: Evidence) -> Iterator[Violation]:
    """A completed task has returned what its script computes, and all its effects took place."""
    reached: dict[int, set[int]] = defaultdict(set)
    for effect in evidence.effects:
        reached[effect.task].add(effect.index)
    newest = {accepted.task: accepted for accepted in evidence.accepted}
    for accepted in evidence.accepted:
        task = evidence.tasks.get(accepted.task)
        script = SCRIPTS[accepted.template]
        if task is None or task.status != "completed" or script.returns is None:
            continue
        if script.merges and newest[task.id] is not accepted:
            continue  # a later request took its place
        expected = str(script.returns(accepted.n))
        if task.result != expected:
            yield Violation(invariant="I3", what=f"returned {task.result[:80]}, not {expected}", task=task.id)
        if len(reached[task.id]) != script.effects:
            what = f"{len(reached[task.id])} of {script.effects} effects took place"
            yield Violation(invariant="I3", what=what, task=task.id)


def turns(evidence: Evidence) -> Iterator[Violation]:
    """I4: attempts follow one another in the feed, each with an end before the next begins."""
    for task, events in evidence.events_of.items():
        running = 0
        for event in events:
            if event.kind == "task.claimed":
                if running:
                    what = f"attempt {event.data.get('attempt')} began while {running} ran"
                    yield Violation(invariant="I4", what=what, task=task)
                running = int(event.data.get("attempt", 0))
            elif event.kind in LEAVES:
                running = 0
    for task, attempts in evidence.attempts_of.items():
        if [attempt.number for attempt in attempts] != list(range(1, len(attempts) + 1)):
            yield Violation(invariant="I4", what="attempts are not numbered 1, 2, 3 …", task=task)
        if len({attempt.token for attempt in attempts}) != len(attempts):
            yield Violation(invariant="I4", what="two attempts have the same token", task=task)


def holders(evidence: Evidence) -> Iterator[Violation]:
    """I4: a worker holds one task, or one handful of short ones, at a time."""
    for worker in sorted(set(evidence.double_holders)):
        yield Violation(invariant="I4", what=f"{worker} held more live leases than a handful")
