"""What is looked at for each invariant, by which rule, and how much of it there was.

A clause that had nothing to look at proves nothing: so the amount stands beside the verdict.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.chaos import checker, holding, records
from tests.chaos.evidence import FINAL, Evidence
from tests.chaos.storm.scripts import SCRIPTS
from tests.chaos.violation import Violation


@dataclass(frozen=True, kw_only=True)
class Clause:
    invariant: str
    says: str
    rule: Callable[[Evidence], Iterator[Violation]] | None = None
    """None: it is not looked at here, and `says` says why."""
    looked: Callable[[Evidence], str] = lambda evidence: ""


def check(evidence: Evidence) -> list[Violation]:
    return [violation for clause in CLAUSES if clause.rule for violation in clause.rule(evidence)]


def table(evidence: Evidence) -> list[dict[str, Any]]:
    return [
        {
            "invariant": clause.invariant,
            "says": clause.says,
            "looked": clause.looked(evidence),
            "violations": len(list(clause.rule(evidence))) if clause.rule else None,
        }
        for clause in CLAUSES
    ]


def _because(evidence: Evidence, why: str) -> int:
    return sum(accepted.because == why for accepted in evidence.accepted)


def _met(evidence: Evidence) -> str:
    """At how many looks a limit was used up, by its scope."""
    used = dict.fromkeys((*sorted({limit.scope for limit in evidence.limits}), "cores"), 0)
    for look in evidence.looks:
        for limit in evidence.limits:
            used[limit.scope] += holding.is_full(look, limit)
        used["cores"] += holding.has_full_host(look, evidence.cores)
    return f"{len(evidence.looks)} looks; used up at " + ", ".join(f"{scope} {times}" for scope, times in used.items())


def _poisoned(evidence: Evidence) -> str:
    poison = sum(SCRIPTS[accepted.template].is_poison for accepted in evidence.accepted)
    return f"{poison} tasks that kill their workers, {sum(task.is_dead_letter for task in evidence.tasks.values())} letters"


CLAUSES = (
    Clause(invariant="I1", says="something was done", rule=checker.anything,
           looked=lambda e: f"{sum(task.status == 'completed' for task in e.tasks.values())} completed"),
    Clause(invariant="I1", says="what was acknowledged is there, once, and has ended", rule=checker.lost,
           looked=lambda e: f"{len(e.accepted)} acknowledged"),
    Clause(invariant="I1", says="a key gives the task that was acknowledged for it", rule=checker.keys,
           looked=lambda e: f"{len(e.keys)} keys; {_because(e, 'key')} asked again, {_because(e, 'debounce')} merged,"
                            f" {_because(e, 'cache')} answered from the cache"),
    Clause(invariant="I1", says="nothing failed or was cancelled without its cause", rule=checker.ends,
           looked=lambda e: f"{sum(task.status in FINAL for task in e.tasks.values())} ends"),
    Clause(invariant="I2", says="what has ended stays so; only a person's retry reopens", rule=checker.finals,
           looked=lambda e: f"{len(e.events)} events, {len(e.seen_final)} ends watched"),
    Clause(invariant="I3", says="a recorded call is not carried out again, a repeat has the same key", rule=checker.doubled,
           looked=lambda e: f"{len(e.effects)} effects, {len(e.steps)} steps"),
    Clause(invariant="I3", says="a call without its own record was in flight when it was cut off", rule=checker.repeats,
           looked=lambda e: f"{len(checker.in_flight(e))} such calls"),
    Clause(invariant="I3", says="what completed returned what its script computes, all effects took place",
           rule=checker.results, looked=lambda e: f"{sum(task.status == 'completed' for task in e.tasks.values())} results"),
    Clause(invariant="I4", says="attempts follow one another, each with its own token", rule=checker.turns,
           looked=lambda e: f"{len(e.attempts)} attempts"),
    Clause(invariant="I4", says="once another has begun, a worker does at most the call it was frozen in", rule=checker.late,
           looked=lambda e: f"{sum(len(each) > 1 for each in e.attempts_of.values())} tasks tried again,"
                            f" {len(e.frozen)} freezes"),
    Clause(invariant="I4", says="a worker holds one task, or one handful of short ones", rule=checker.holders,
           looked=lambda e: f"{len(e.looks)} looks"),
    Clause(invariant="I5", says="slots held = live leases = open attempts, at every look", rule=holding.held,
           looked=lambda e: f"{sum(len(look.held) for look in e.looks)} held at {len(e.looks)} looks"),
    Clause(invariant="I5", says="no limit of queue, template, user, key or cores is exceeded", rule=holding.within_limits,
           looked=_met),
    Clause(invariant="I5", says="no more calls than the rate lets through", rule=holding.rates,
           looked=lambda e: f"{len(holding.purchases(e))} calls"),
    Clause(invariant="I5", says="a bucket keeps within its burst and what it may promise", rule=holding.buckets,
           looked=lambda e: f"least {min((look.bucket for look in e.looks), default=0.0):.1f}"),
    Clause(invariant="I5", says="nothing is held when idle", rule=holding.idle,
           looked=lambda e: f"{len(e.idle_looks)} looks, {len(e.tasks)} rows"),
    Clause(invariant="I6", says="what kills its workers K times becomes a dead letter, nothing else does",
           rule=checker.letters, looked=_poisoned),
    Clause(invariant="I7", says="schedules: this version has none"),
    Clause(invariant="I8", says="numbers of feeds and journals are given once, without a gap", rule=records.numbering,
           looked=lambda e: f"{len(e.steps) + len(e.events)} entries"),
    Clause(invariant="I8", says="rows say what their events and steps say", rule=records.rows,
           looked=lambda e: f"{len(e.tasks)} rows"),
    Clause(invariant="I8", says="files that rows name are there, others were cut off", rule=records.files,
           looked=lambda e: f"{len(e.files)} named, {len(e.on_disk)} there"),
    Clause(invariant="I8", says="verbs for many end, tell each task once, and stand in the audit", rule=records.bulks,
           looked=lambda e: f"{len(e.bulks)} verbs, {sum(bulk.done for bulk in e.bulks)} tasks"),
    Clause(invariant="I9", says="memory stays inside its budget", rule=records.memory,
           looked=lambda e: f"{len(e.memory)} roles"),
    Clause(invariant="I9", says="no process outlives its cluster", rule=records.processes,
           looked=lambda e: f"{len(set(e.pids.values()))} workers' processes, and all others"),
)  # fmt: skip
