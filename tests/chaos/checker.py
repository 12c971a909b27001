"""Does the evidence keep the invariants of RELIABILITY.md section 2? Pure functions: evidence in, violations out."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.chaos.evidence import FINAL, Attempt, Effect, Evidence, Task
from tests.chaos.storm.scripts import SCRIPTS, Script

ENDS = {
    "task.completed": "completed",
    "task.failed": "failed",
    "task.cancelled": "cancelled",
}
LEAVES = {*ENDS, "task.rescued", "task.released", "task.suspended", "task.paused", "task.retry_scheduled"}
"""Events with which an attempt is over."""
INTERRUPTED = {"crashed", "drained", "paused", "cancelled"}
"""Outcomes of attempts that may leave a call without its record: killed, or stopped between two tries of a call."""
NO_ROOM = "could not be kept"
"""What a task says when its file, or its call's large result, found no room on the disk."""
CRASH_LIMIT = 5
MOST_BYTES = {"supervisor": 200 * 2**20, "main": 250 * 2**20, "guard": 250 * 2**20, "helper": 250 * 2**20}


@dataclass(frozen=True, kw_only=True)
class Violation:
    invariant: str
    what: str
    task: int | None = None

    def __str__(self) -> str:
        return f"{self.invariant}: {f'task {self.task}: ' if self.task else ''}{self.what}"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The figures of the report."""

    accepted: int
    completed: int
    failed: int
    cancelled: int
    dead_letters: int
    open: int
    lost: int
    doubled: int
    repeated_in_flight: int
    effects: int
    attempts: int
    crashed_attempts: int
    orphan_files: int
    sequence_gaps: int


def check(evidence: Evidence) -> list[Violation]:
    rules = (
        anything, lost, doubled, repeats, late, finals, ends, results, numbering, turns, holders, idle, rows, files, processes,
    )  # fmt: skip
    return [violation for rule in rules for violation in rule(evidence)]


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


def ends(evidence: Evidence) -> Iterator[Violation]:
    """I6, and that nothing fails, is cancelled or becomes a dead letter without its cause."""
    for accepted in evidence.accepted:
        task = evidence.tasks.get(accepted.task)
        if task is None or task.status not in FINAL:
            continue
        script = SCRIPTS[accepted.template]
        attempts = evidence.attempts_of.get(task.id, [])
        if wrong := _wrong_end(task, script, attempts, evidence):
            invariant = "I6" if script.is_poison or task.is_dead_letter else "I1"
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
    for accepted in evidence.accepted:
        task = evidence.tasks.get(accepted.task)
        script = SCRIPTS[accepted.template]
        if task is None or task.status != "completed" or script.returns is None:
            continue
        expected = str(script.returns(accepted.n))
        if task.result != expected:
            yield Violation(invariant="I3", what=f"returned {task.result[:80]}, not {expected}", task=task.id)
        if len(reached[task.id]) != script.effects:
            what = f"{len(reached[task.id])} of {script.effects} effects took place"
            yield Violation(invariant="I3", what=what, task=task.id)


def numbering(evidence: Evidence) -> Iterator[Violation]:
    """I8: no number of the feed is given twice, the newest is the row's, and calls are recorded without a gap."""
    for task in evidence.tasks.values():
        steps = evidence.steps_of.get(task.id, [])
        numbers = [row.seq for row in (*steps, *evidence.events_of.get(task.id, []))]
        if len(set(numbers)) != len(numbers):
            twice = [number for number, times in Counter(numbers).items() if times > 1]
            yield Violation(invariant="I8", what=f"numbers {twice[:5]} were given twice", task=task.id)
        if numbers and max(numbers) > task.seq:
            yield Violation(invariant="I8", what=f"has entry {max(numbers)}, its row says {task.seq}", task=task.id)
        indexes = sorted({step.index for step in steps})
        if indexes != list(range(len(indexes))):
            yield Violation(invariant="I8", what=f"calls {indexes[:40]} have a gap", task=task.id)


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


def idle(evidence: Evidence) -> Iterator[Violation]:
    """I5: when nothing runs, nothing is held."""
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


def rows(evidence: Evidence) -> Iterator[Violation]:
    """I8: the task's row says what its events and steps say."""
    for task in evidence.tasks.values():
        kinds = [event.kind for event in evidence.events_of.get(task.id, [])]
        if kinds[:1] != ["task.submitted"]:
            yield Violation(invariant="I8", what=f"its feed begins with {kinds[:1]}", task=task.id)
        last = next((ENDS[kind] for kind in reversed(kinds) if kind in ENDS), "")
        if task.status in FINAL and last != task.status:
            yield Violation(invariant="I8", what=f"is {task.status}, its last end was {last or 'none'}", task=task.id)
        claims = kinds.count("task.claimed")
        attempts = len(evidence.attempts_of.get(task.id, []))
        if not claims == attempts == task.attempt_count:
            what = f"{claims} claims, {attempts} attempts, {task.attempt_count} counted"
            yield Violation(invariant="I8", what=what, task=task.id)
        first_tries = sum(step.try_number == 1 for step in evidence.steps_of.get(task.id, []))
        if first_tries != task.steps:
            yield Violation(invariant="I8", what=f"{first_tries} steps, {task.steps} counted", task=task.id)


def files(evidence: Evidence) -> Iterator[Violation]:
    """I8: what a row names is there; what no row names was left by a call that was in flight when it was killed."""
    present = set(evidence.on_disk)
    for task, path in (*evidence.files, *_large_results(evidence)):
        if path not in present:
            yield Violation(invariant="I8", what=f"its file {path} is gone", task=task)
    for path in orphan_files(evidence):
        owner = path.partition("/")[0]
        outcomes = {one.outcome for one in evidence.attempts_of.get(int(owner), [])} if owner.isdigit() else set()
        if not outcomes & INTERRUPTED:
            yield Violation(invariant="I8", what=f"{path} belongs to no row, and no attempt was interrupted")


def orphan_files(evidence: Evidence) -> list[str]:
    named = {path for _, path in (*evidence.files, *_large_results(evidence))}
    return sorted(path for path in evidence.on_disk if path not in named)


def _large_results(evidence: Evidence) -> Iterator[tuple[int, str]]:
    for step in evidence.steps:
        if step.result.startswith("@file:"):
            yield step.task, step.result.split(":", 2)[2]


def processes(evidence: Evidence) -> Iterator[Violation]:
    """I9, and that nothing outlives the clusters."""
    for process in evidence.left_over:
        yield Violation(invariant="I9", what=f"{process} outlived the clusters")
    for role, peak in evidence.memory.items():
        if peak > MOST_BYTES.get(role, 1 << 62):
            yield Violation(invariant="I9", what=f"a {role} needed {peak / 2**20:.0f} MB")


def count(evidence: Evidence) -> Counts:
    statuses = Counter(task.status for task in evidence.tasks.values())
    return Counts(
        accepted=len(evidence.accepted),
        completed=statuses["completed"],
        failed=statuses["failed"],
        cancelled=statuses["cancelled"],
        dead_letters=sum(task.is_dead_letter for task in evidence.tasks.values()),
        open=sum(task.status not in FINAL for task in evidence.tasks.values()),
        lost=sum(1 for violation in lost(evidence) if "gone" in violation.what),
        doubled=sum(1 for _ in doubled(evidence)),
        repeated_in_flight=len(in_flight(evidence)),
        effects=len(evidence.effects),
        attempts=len(evidence.attempts),
        crashed_attempts=sum(attempt.outcome == "crashed" for attempt in evidence.attempts),
        orphan_files=len(orphan_files(evidence)),
        sequence_gaps=sum(_gaps(evidence, task) for task in evidence.tasks.values()),
    )


def _gaps(evidence: Evidence, task: Task) -> int:
    """Numbers that no entry has: a heartbeat takes one to show progress."""
    entries = len(evidence.steps_of.get(task.id, [])) + len(evidence.events_of.get(task.id, []))
    return task.seq - entries


def resumed(evidence: Evidence, kills: Mapping[int, float]) -> dict[int, float]:
    """For each killed process that was at work: seconds until its task did something in its next attempt."""
    found: dict[int, float] = {}
    pid_of = {(attempt.task, attempt.number): evidence.pids.get(attempt.worker) for attempt in evidence.attempts}
    crashed = {(one.task, one.number) for one in evidence.attempts if one.outcome == "crashed"}
    for task, effects in evidence.effects_of.items():
        for before, after in itertools.pairwise(effects):
            pid = pid_of.get((task, before.attempt))
            was_killed = (task, before.attempt) in crashed and pid in kills
            is_next = after.attempt > before.attempt and not evidence.was_asked("pause", task)
            if was_killed and is_next and pid is not None and after.at >= kills[pid]:
                found.setdefault(pid, after.at - kills[pid])
    return found


def first_new_work(evidence: Evidence, moments: list[float]) -> list[float]:
    """For each moment: seconds until the first effect of an attempt that began after it."""
    begins: dict[tuple[int, int], float] = {}
    for effect in evidence.effects:
        place = (effect.task, effect.attempt)
        begins[place] = min(effect.at, begins.get(place, effect.at))
    starts = sorted(begins.values())
    waited = []
    for moment in moments:
        following = next((start for start in starts if start > moment), None)
        if following is not None:
            waited.append(following - moment)
    return waited
