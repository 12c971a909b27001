"""The figures of a report: counts, and how long it took until work went on."""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.chaos.checker import doubled, in_flight, lost
from tests.chaos.evidence import FINAL, Evidence, Task
from tests.chaos.records import orphan_files


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


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """The process `pid` was killed while it carried out a task; another attempt did its next call `seconds` later."""

    pid: int
    task: int
    killed_at: float
    before: int
    after: int
    seconds: float


def resumptions(evidence: Evidence, kills: Mapping[int, float]) -> list[Resumption]:
    """One for each killed process that was at work. Tasks that somebody paused meanwhile are left out."""
    found: dict[int, Resumption] = {}
    pid_of = {(attempt.task, attempt.number): evidence.pids.get(attempt.worker) for attempt in evidence.attempts}
    crashed = {(one.task, one.number) for one in evidence.attempts if one.outcome == "crashed"}
    for task, effects in evidence.effects_of.items():
        for before, after in itertools.pairwise(effects):
            pid = pid_of.get((task, before.attempt))
            was_killed = (task, before.attempt) in crashed and pid in kills
            is_next = after.attempt > before.attempt and not evidence.was_asked("pause", task)
            if was_killed and is_next and pid is not None and before.at <= kills[pid] <= after.at:
                found.setdefault(pid, Resumption(
                    pid=pid, task=task, killed_at=kills[pid], before=before.attempt, after=after.attempt,
                    seconds=after.at - kills[pid],
                ))  # fmt: skip
    return list(found.values())


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
