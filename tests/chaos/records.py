"""I8 and I9: rows, journal, files and processes agree with one another after a storm."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.evidence import ENDS, FINAL, INTERRUPTED, Evidence
from tests.chaos.violation import Violation

MOST_BYTES = {"supervisor": 200 * 2**20, "guard": 250 * 2**20, "helper": 250 * 2**20}


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


def bulks(evidence: Evidence) -> Iterator[Violation]:
    """A verb for many tasks comes to its end, each task is told of it once, and the audit has its begin and its end."""
    told = Counter((event.data["bulk"], event.task) for event in evidence.events if "bulk" in event.data)
    for bulk in evidence.bulks:
        what = f"{bulk.verb} of many ({bulk.id})"
        if bulk.status == "running":
            yield Violation(invariant="I8", what=f"{what} has not come to its end")
            continue
        touched = {task: times for (number, task), times in told.items() if number == bulk.id}
        if len(touched) != bulk.done:
            yield Violation(invariant="I8", what=f"{what} counts {bulk.done} tasks, {len(touched)} tell of it")
        if twice := [task for task, times in touched.items() if times > 1]:
            yield Violation(invariant="I8", what=f"{what} was told twice of tasks {twice[:5]}")
        if bulk.audited != ("bulk.started", "bulk.finished"):
            yield Violation(invariant="I8", what=f"{what} stands in the audit as {bulk.audited}")


def memory(evidence: Evidence) -> Iterator[Violation]:
    """I9: processes stay inside their budget."""
    for role, peak in evidence.memory.items():
        if peak > MOST_BYTES.get(role, 1 << 62):
            yield Violation(invariant="I9", what=f"a {role} needed {peak / 2**20:.0f} MB")


def processes(evidence: Evidence) -> Iterator[Violation]:
    """I9: nothing outlives the clusters."""
    for process in evidence.left_over:
        yield Violation(invariant="I9", what=f"{process} outlived the clusters")
