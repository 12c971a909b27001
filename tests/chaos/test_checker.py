"""The checker can fail: each invariant, violated once in evidence that is otherwise in order, is found."""

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos import clauses, figures, timeline
from tests.chaos.clauses import check
from tests.chaos.evidence import Accepted, Attempt, Bulk, Effect, Event, Evidence, Look, Step, Task
from tests.chaos.slots import Bound, Held
from tests.chaos.storm.faults import Fault
from tests.chaos.storm.scripts import SHOP

pytestmark = pytest.mark.django_db(databases=[])

N = 7
TASK = Task(id=1, key="storm-7", status="completed", attempt_count=2, result="30", steps=2, seq=8, lease_token=4)
IN_ORDER = Evidence(
    accepted=[Accepted(task=1, key="storm-7", template="short", n=N)],
    tasks={1: TASK},
    effects=[
        Effect(task=1, index=0, attempt=1, key="1:0", times=1, pid=10, at=1.0),
        Effect(task=1, index=1, attempt=1, key="1:1", times=1, pid=10, at=2.0),
        Effect(task=1, index=1, attempt=2, key="1:1", times=2, pid=11, at=4.0),
    ],
    attempts=[
        Attempt(task=1, number=1, outcome="crashed", worker="oak-1", token=1),
        Attempt(task=1, number=2, outcome="completed", worker="oak-2", token=3),
    ],
    steps=[
        Step(task=1, seq=3, index=0, try_number=1, attempt=1, name="storm.put", outcome="succeeded"),
        Step(task=1, seq=7, index=1, try_number=1, attempt=2, name="storm.put", outcome="succeeded"),
    ],
    events=[
        Event(task=1, seq=1, kind="task.submitted"),
        Event(task=1, seq=2, kind="task.claimed", data={"attempt": 1}),
        Event(task=1, seq=4, kind="task.rescued"),
        Event(task=1, seq=5, kind="task.claimed", data={"attempt": 2}),
        Event(task=1, seq=6, kind="task.resumed_at"),
        Event(task=1, seq=8, kind="task.completed"),
    ],
    pids={"oak-1": 10, "oak-2": 11},
    on_disk=[],
)


def with_task(**changes: Any) -> Evidence:
    return replace(IN_ORDER, tasks={1: replace(TASK, **changes)})


def with_event(seq: int, kind: str, **data: Any) -> Evidence:
    return replace(IN_ORDER, events=[*IN_ORDER.events, Event(task=1, seq=seq, kind=kind, data=data)])


def with_effect(**changes: Any) -> Evidence:
    more = Effect(**{"task": 1, "index": 1, "attempt": 2, "key": "1:1", "times": 3, "pid": 11, "at": 5.0, **changes})
    return replace(IN_ORDER, effects=[*IN_ORDER.effects, more])


def with_step(**changes: Any) -> Evidence:
    more = Step(**{"task": 1, "seq": 9, "index": 1, "try_number": 2, "attempt": 2, "name": "storm.put",
                   "outcome": "succeeded", **changes})  # fmt: skip
    return replace(IN_ORDER, steps=[*IN_ORDER.steps, more], tasks={1: replace(TASK, seq=9)})


def with_looks(*held: Held, **changes: Any) -> Evidence:
    return replace(IN_ORDER, looks=[Look(at=3.0, held=held)], limits=LIMITS, **changes)


def with_bulk(**changes: Any) -> Evidence:
    """A verb for many of which one task tells."""
    told = Event(task=1, seq=9, kind="task.priority_changed", data={"bulk": 5})
    bulk = Bulk(**{"id": 5, "verb": "priority", "status": "done", "done": 1,
                   "audited": ("bulk.started", "bulk.finished"), **changes})  # fmt: skip
    return replace(with_task(seq=9), events=[*IN_ORDER.events, told], bulks=[bulk])


def purchases(number: int, seconds: float) -> Evidence:
    """So many calls behind the rate limit, evenly over this time."""
    effects = [
        Effect(task=2, index=index, attempt=1, key=f"2:{index}", times=1, pid=10, at=index * seconds / number)
        for index in range(number)
    ]
    steps = [Step(task=2, seq=3 + index, index=index, try_number=1, attempt=1, name="storm.buy", outcome="succeeded")
             for index in range(number)]  # fmt: skip
    return replace(
        IN_ORDER, accepted=[*IN_ORDER.accepted, Accepted(task=2, key="storm-8", template="rated", n=8)],
        effects=[*IN_ORDER.effects, *effects], steps=[*IN_ORDER.steps, *steps],
    )  # fmt: skip


RUNS = Held(task=1, status="running", template=3, requester=4, key="g1", is_cpu=True, host="oak", seconds_left=2.0)
"""One task that runs, and holds a slot of every limit."""
ANOTHER = replace(RUNS, task=2)
LIMITS = [
    Bound(scope="template", most=1, template=3), Bound(scope="queue", most=1, queue="narrow"),
    Bound(scope="user", most=1, template=6), Bound(scope="key", most=1, template=7),
]  # fmt: skip
DEAD_LETTER = {"code": "crash_limit", "message": "it killed its worker 5 times"}
VIOLATIONS = {
    "I1 nothing was done": (Evidence(), "none was completed"),
    "I1 an accepted task is gone": (replace(IN_ORDER, tasks={}), "accepted as storm-7, and gone"),
    "I1 a task is stuck": (with_task(status="pending"), "is still pending, without a reason"),
    "I1 a key gave two tasks": (
        replace(IN_ORDER, tasks={1: TASK, 2: replace(TASK, id=2)}), "storm-7 was made 2 times"
    ),
    "I1 a task was cancelled by nobody": (with_task(status="cancelled"), "cancelled by nobody"),
    "I1 a task failed that must not": (with_task(status="failed", error={"message": "Oh."}), "failed: Oh."),
    "I2 a completed task failed later": (with_event(9, "task.failed"), "task.failed after it was completed"),
    "I2 a completed task was claimed again": (with_event(9, "task.claimed", attempt=3), "after it was completed"),
    "I2 a failed task was retried by nobody": (
        replace(IN_ORDER, events=[*IN_ORDER.events[:-1], Event(task=1, seq=8, kind="task.failed"),
                                  Event(task=1, seq=9, kind="task.retried")]),
        "task.retried after it was failed",
    ),
    "I2 a status was seen to change": (
        replace(IN_ORDER, seen_final={1: ["completed", "failed"]}), "was seen completed and then failed"
    ),
    "I3 a recorded call was executed again": (with_effect(index=0, key="1:0"), "call 0 was carried out by attempt 2"),
    "I3 a call has two results": (with_step(), "call 1 has two committed results"),
    "I3 a repeat came with another key": (with_effect(key="1:9"), "came with key 1:9"),
    "I3 an effect without attempt": (with_effect(attempt=9, index=2, key="1:2"), "attempt 9, which is not on record"),
    "I3 an effect without record": (with_effect(index=2, key="1:2"), "call 2 left no record, though attempt 2"),
    "I3 a wrong result": (with_task(result="28"), "returned 28, not 30"),
    "I3 an effect is missing": (replace(IN_ORDER, effects=IN_ORDER.effects[:1]), "1 of 2 effects took place"),
    "I4 attempts overlap": (
        replace(IN_ORDER, events=[event for event in IN_ORDER.events if event.kind != "task.rescued"]),
        "attempt 2 began while 1 ran",
    ),
    "I4 a stale worker goes on": (with_effect(attempt=1, pid=10), "attempt 1 did call 1 after attempt 2 had begun"),
    "I4 a token was given twice": (
        replace(IN_ORDER, attempts=[IN_ORDER.attempts[0], replace(IN_ORDER.attempts[1], token=1)]), "the same token"
    ),
    "I4 an attempt is missing": (replace(IN_ORDER, attempts=IN_ORDER.attempts[1:]), "not numbered 1, 2, 3"),
    "I4 a worker holds two": (replace(IN_ORDER, double_holders=["oak-1"]), "oak-1 held more live leases than a handful"),
    "I5 a lease is left": (with_task(lease_until=1.0), "is completed and still leased"),
    "I5 an attempt is left running": (
        replace(IN_ORDER, attempts=[*IN_ORDER.attempts, Attempt(task=1, number=3, outcome="running", worker="", token=9)]),
        "attempt 3 runs, the task is completed",
    ),
    "I5 a worker's row is left busy": (replace(IN_ORDER, busy_workers=["oak-1"]), "names a task after the end"),
    "I6 a dead letter too early": (
        with_task(status="failed", is_dead_letter=True, error=DEAD_LETTER), "is a dead letter after 0 crashes"
    ),
    "I8 a number was given twice": (with_event(8, "task.logged"), "numbers [8] were given twice"),
    "I8 the row lags behind its feed": (with_event(9, "task.logged"), "has entry 9, its row says 8"),
    "I8 a call is missing": (with_step(index=3, try_number=1), "calls [0, 1, 3] have a gap"),
    "I8 row and feed differ": (
        replace(IN_ORDER, events=IN_ORDER.events[:-1]), "is completed, its last end was none"
    ),
    "I8 claims are miscounted": (with_task(attempt_count=3), "2 claims, 2 attempts, 3 counted"),
    "I8 steps are miscounted": (with_task(steps=3), "2 steps, 3 counted"),
    "I8 the first event is missing": (replace(IN_ORDER, events=IN_ORDER.events[1:]), "begins with ['task.claimed']"),
    "I8 a file is gone": (replace(IN_ORDER, files=[(1, "1/files/0-a")]), "its file 1/files/0-a is gone"),
    "I8 a file without a row": (
        replace(IN_ORDER, on_disk=["2/files/0-a"], attempts=IN_ORDER.attempts), "belongs to no row"
    ),
    "I1 a key gives another task": (replace(IN_ORDER, keys={"storm-7": 2}), "storm-7 was acknowledged as this task"),
    "I5 a slot is held without a lease": (
        with_looks(replace(RUNS, seconds_left=None)), "runs, and holds its slots, without a lease"
    ),
    "I5 a lease is held without a slot": (
        with_looks(replace(RUNS, status="paused", attempts=0)), "is paused, and its lease is still held"
    ),
    "I5 an attempt is open without its task": (
        with_looks(replace(RUNS, status="pending", seconds_left=None)), "is pending with 1 attempts"
    ),
    "I5 a task runs without an attempt": (with_looks(replace(RUNS, attempts=0)), "is running with 0 attempts"),
    "I5 a template has two": (with_looks(RUNS, replace(ANOTHER, is_cpu=False)), "2 run under the template limit of 1 (3)"),
    "I5 a queue has two": (
        with_looks(*(replace(each, template=5, queue="narrow", is_cpu=False) for each in (RUNS, ANOTHER))),
        "2 run under the queue limit of 1 (narrow)",
    ),
    "I5 a user has two": (
        with_looks(*(replace(each, template=6, is_cpu=False) for each in (RUNS, ANOTHER))),
        "2 run under the user limit of 1 (4)",
    ),
    "I5 a key has two": (
        with_looks(*(replace(each, template=7, is_cpu=False) for each in (RUNS, ANOTHER))),
        "2 run under the key limit of 1 (g1)",
    ),
    "I5 a host has two at its one core": (
        with_looks(RUNS, replace(ANOTHER, template=5)), "2 run under the limit of 1 cores of a host (oak)"
    ),
    "I5 something is held when idle": (replace(IN_ORDER, idle_looks=[Look(at=9.0, held=(RUNS,), bucket=SHOP["burst"])]),
                                       "is running, and held when idle"),
    "I5 a promise is kept when idle": (replace(IN_ORDER, idle_looks=[Look(at=9.0, bucket=1.0)]), "holds 1.0 when idle"),
    "I5 a bucket promised too much": (replace(IN_ORDER, looks=[Look(at=3.0, bucket=-90.0)]), "stood at -90.0"),
    "I5 a bucket holds too much": (replace(IN_ORDER, looks=[Look(at=3.0, bucket=4.0)]), "stood at 4.0"),
    "I5 a rate was exceeded": (purchases(30, 1.0), "calls of shop within"),
    "I8 a verb for many never ended": (with_bulk(status="running"), "priority of many (5) has not come to its end"),
    "I8 a verb for many is miscounted": (with_bulk(done=2), "counts 2 tasks, 1 tell of it"),
    "I8 a verb for many is not in the audit": (with_bulk(audited=("bulk.started",)), "stands in the audit as"),
    "I9 a process is left": (replace(IN_ORDER, left_over=["worker 10"]), "worker 10 outlived the clusters"),
    "I9 memory": (replace(IN_ORDER, memory={"supervisor": 2**30}), "a supervisor needed 1024 MB"),
}  # fmt: skip


def test_evidence_in_order_has_no_violation():
    assert check(IN_ORDER) == []


@pytest.mark.parametrize("name", VIOLATIONS)
def test_each_violation_is_found(name: str):
    evidence, what = VIOLATIONS[name]

    found = [str(violation) for violation in check(evidence)]

    assert any(text.startswith(f"{name[:2]}: ") and what in text for text in found), found


def test_what_limits_allow_is_no_violation():
    others = (
        replace(RUNS, task=2, template=6, host="elm"),
        replace(RUNS, task=3, template=6, requester=5, is_cpu=False),
    )
    keyless = tuple(replace(RUNS, task=task, template=7, key="", is_cpu=False) for task in (4, 5))
    assert check(with_looks(RUNS, *others, *keyless)) == []
    assert not any(violation.invariant == "I5" for violation in check(purchases(30, 25.0)))
    assert check(with_bulk()) == []


def test_of_merged_requests_the_last_one_counts():
    merged = {"accepted": [replace(IN_ORDER.accepted[0], template="debounced", n=n) for n in (6, 7)],
              "effects": IN_ORDER.effects[1:], "steps": IN_ORDER.steps[1:]}  # fmt: skip
    first = replace(with_task(result="14", steps=1), **merged)
    assert [violation for violation in check(first) if "returned" in violation.what] == []
    assert "returned 12, not 14" in str(check(replace(first, tasks={1: replace(TASK, result="12", steps=1)})))


def test_a_verb_for_many_was_asked_of_each_task_that_tells_of_it():
    cancelled = Event(task=1, seq=8, kind="task.cancelled", data={"bulk": 5})
    evidence = replace(with_task(status="cancelled"), events=[*IN_ORDER.events[:-1], cancelled])
    assert any("cancelled by nobody" in violation.what for violation in check(evidence))
    asked = replace(evidence, bulks=[Bulk(id=5, verb="cancel", status="done", done=1,
                                          audited=("bulk.started", "bulk.finished"))])  # fmt: skip
    assert [violation.what for violation in check(asked)] == ["1 were accepted and none was completed"]


def test_every_rule_is_a_clause_and_says_what_it_looked_at():
    told = clauses.table(IN_ORDER)
    assert {row["invariant"] for row in told} == {f"I{number}" for number in range(1, 10)}
    assert all(row["looked"] for row in told if row["violations"] is not None)
    assert [row["says"] for row in told if row["violations"] is None] == ["schedules: this version has none"]


def test_a_slow_resumption_is_told_with_the_faults_in_between():
    fault = Fault(kind="restart postgresql", at=3.0, until=20.0)
    late = replace(IN_ORDER, effects=[*IN_ORDER.effects[:2], replace(IN_ORDER.effects[2], at=30.0)],
                   events=[replace(event, at=1000.0 + event.seq) for event in IN_ORDER.events],
                   crew=[(3.0, 1), (4.0, 0), (5.0, 0), (6.0, 1)])  # fmt: skip
    ((headline, *lines),) = timeline.slowest(late, figures.resumptions(late, {10: 2.5}), [fault], 1000.0)
    assert (
        headline == "task 1 (short) did its next call 27.5 s after process 10 was killed; no worker lived for 2 s of it"
    )
    assert any("FAULT restart postgresql" in line and "until +17.5" in line for line in lines)
    assert any("task.rescued" in line for line in lines)
    assert lines[-1].strip().startswith("+27.5") and "by attempt 2" in lines[-1]


def test_a_retry_that_a_person_asked_for_is_no_violation():
    events = [
        Event(task=1, seq=1, kind="task.submitted"),
        Event(task=1, seq=2, kind="task.claimed", data={"attempt": 1}),
        Event(task=1, seq=4, kind="task.failed"),
        Event(task=1, seq=5, kind="task.retried"),
        Event(task=1, seq=6, kind="task.claimed", data={"attempt": 2}),
        Event(task=1, seq=8, kind="task.completed"),
    ]
    assert check(replace(IN_ORDER, events=events, asked=[("retry", 1)])) == []
    assert check(replace(IN_ORDER, events=events)) != []


def test_a_frozen_worker_may_finish_the_one_call_it_was_frozen_in():
    woken = with_effect(attempt=1, pid=10, at=4.5)
    assert check(replace(woken, frozen=[10])) == []

    again = replace(woken, frozen=[10], effects=[*woken.effects, replace(woken.effects[-1], at=4.6)])
    assert [violation.invariant for violation in check(again)] == ["I4"]


def test_repeats_in_flight_are_counted_and_the_time_to_resume_is_measured():
    assert figures.count(IN_ORDER).repeated_in_flight == 1
    assert [(one.pid, one.seconds) for one in figures.resumptions(IN_ORDER, {10: 2.5})] == [(10, 1.5)]
