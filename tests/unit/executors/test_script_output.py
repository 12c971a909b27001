"""What a script says, what is the same after a crash, and what its failures carry."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apps.core import clock
from apps.core.errors import ToolError
from apps.executors.contract import Failed, Suspended
from apps.executors.script import run
from tests.unit.executors import sink
from tests.unit.executors.memory import PUTS, Crash, MemorySession, MemoryStore, attempt, finished

# Output and chance.


def test_output_is_logged_once_over_a_crash_and_in_order():
    source = (
        "import sink\n\ndef run(params):\n    for n in range(6):\n        print('before', n)\n"
        "        sink.put(n)\n    print('end')\n"
    )
    whole = MemoryStore()
    outcome = attempt(source, whole)
    expected = [f"before {n}" for n in range(6)]
    assert whole.lines() == expected
    assert [line["text"] for line in outcome.rest.events[0].data["lines"]] == ["end"]
    store = MemoryStore()
    store.crash_after = 3
    with pytest.raises(Crash):
        attempt(source, store)
    attempt(source, store, use_checkpoints=False)
    assert store.lines() == expected


def test_telemetry_of_the_replayed_stretch_is_not_told_again():
    source = (
        "import sink, task\n\ndef run(params):\n    for n in range(4):\n        task.warn('w' + str(n))\n"
        "        task.progress(n, 'stage ' + str(n))\n        sink.put(n)\n"
    )
    store = MemoryStore()
    store.crash_after = 2
    with pytest.raises(Crash):
        attempt(source, store)
    attempt(source, store, use_checkpoints=False)
    assert store.lines() == ["w0", "w1", "w2", "w3"]
    stages = [event.data["stage"] for event in store.events if event.kind == "task.stage_started"]
    assert stages == [f"stage {n}" for n in range(4)]


def test_a_script_that_caught_an_error_of_telemetry_goes_the_same_way_after_a_crash():
    source = (
        "import sink, task\n\ndef run(params):\n    try:\n        task.progress(200)\n"
        "    except ValueError:\n        sink.put(1)\n    return sink.put(2)\n"
    )
    store = MemoryStore()
    store.crash_after = 1
    with pytest.raises(Crash):
        attempt(source, store)
    assert finished(source, store, use_checkpoints=False) == 4
    assert [value for _, value in sink.effects] == [1, 2]


def test_time_stands_still_but_for_task_now():
    source = (
        "import task, sink\nfrom datetime import datetime, timezone\n\ndef run(params):\n    a = datetime.now(timezone.utc)\n"
        "    sink.put(1)\n    return [a == datetime.now(timezone.utc), a, task.now()]\n"
    )
    moment = datetime(2031, 1, 1, tzinfo=UTC)
    with clock.frozen(moment):
        same, stood, now = finished(source)
    assert same is True
    assert (stood, now) == (datetime(2026, 11, 21, 12, 0, tzinfo=UTC), moment)


def test_the_journal_takes_no_part_of_pure_calls():
    store = MemoryStore()
    assert finished("import sink\n\ndef run(params):\n    return [sink.double(n) for n in range(9)]\n", store)
    assert store.steps == {}


def test_the_parameters_reach_the_script_and_cannot_be_changed_by_it():
    parameters = {"n": 1, "list": [1, {"deep": True}]}
    source = "def run(params):\n    params['list'].append(2)\n    params['n'] = 5\n    return params\n"
    assert finished(source, parameters=parameters) == {"n": 5, "list": [1, {"deep": True}, 2]}
    assert parameters == {"n": 1, "list": [1, {"deep": True}]}


@pytest.mark.parametrize("use_checkpoints", [True, False])
def test_a_session_is_told_where_it_goes_on(use_checkpoints, monkeypatch):
    monkeypatch.setattr(run, "REPLAY_BUDGET", 0.0)
    store = MemoryStore()
    store.crash_after = 3
    first = MemorySession(PUTS, store)
    with pytest.raises(Crash):
        run.attempt(first)
    assert first.resumes == []
    second = MemorySession(PUTS, store, use_checkpoints=use_checkpoints)
    run.attempt(second)
    ((index, checkpoint),) = second.resumes
    assert index == 3, "the first call that is not on record"
    assert (checkpoint is not None) == use_checkpoints


def test_the_facts_of_a_task_are_frozen():
    session = MemorySession(PUTS, MemoryStore())
    with pytest.raises(AttributeError):
        session.task.script = "x"  # type: ignore[misc]
    assert replace(session.task, script="x").script == "x"


@pytest.mark.parametrize("use_checkpoints", [True, False])
def test_what_a_service_asked_for_reaches_the_failure_live_and_replayed(use_checkpoints):
    store = MemoryStore()
    busy = ToolError("busy", kind="OSError", transient=True, retry_after=0.01, code="rate_limited")
    sink.faults.extend([None, *[busy] * 4])
    live = attempt(PUTS, store)
    replayed = attempt(PUTS, store, use_checkpoints=use_checkpoints)
    for outcome in (live, replayed):
        assert isinstance(outcome, Failed)
        failure = outcome.failure
        assert (failure.type, failure.code, failure.retry_after) == ("OSError", "rate_limited", 0.01)
        assert (failure.step, failure.is_transient) == (1, True)
        assert failure.as_json()["retry_after"] == 0.01


def test_a_failure_without_such_a_time_says_nothing_of_one():
    sink.faults.append(ToolError("closed", kind="OSError"))
    outcome = attempt(PUTS)
    assert isinstance(outcome, Failed)
    assert outcome.failure.code == "tool_error"
    assert "retry_after" not in outcome.failure.as_json()


CLEANS_UP = """\
import sink

def run(params):
    try:
        first = sink.put(1)
    except OSError:
        sink.get(9)
        raise
    return first + sink.put(2)
"""


def test_calls_made_on_the_way_out_of_a_failed_step_are_told_as_a_divergence_when_it_is_retried():
    """A known limit: what an except block recorded before it raised again stands where the next call now comes.

    It is told as that and nothing is repeated or skipped. Making those calls' places free again would let another
    effect go out under a key (task:index) that the world has seen; a fork at the failed step has keys of its own.
    """
    store = MemoryStore()
    sink.faults.append(ToolError("the vault is closed", kind="OSError"))
    failed = attempt(CLEANS_UP, store)
    assert isinstance(failed, Failed)
    assert failed.failure.step == 0
    again = attempt(CLEANS_UP, store, reopened=(0, 1))
    assert isinstance(again, Failed)
    assert again.failure.code == "diverged"
    assert "Fork it at step 1 or before" in again.failure.message
    assert sink.effects == [("1:0", 1)]


def test_an_error_raised_again_after_a_suspension_is_still_the_failed_calls_error():
    source = (
        "import sink, task\n\ndef run(params):\n    try:\n        sink.put(1)\n"
        "    except OSError:\n        task.sleep(60)\n        raise\n"
    )
    store = MemoryStore()
    sink.faults.extend(ToolError("busy", kind="OSError", transient=True) for _ in range(4))
    session = MemorySession(source, store)
    slept = run.attempt(session)
    assert isinstance(slept, Suspended)
    store.write(session.lease, slept.rest)

    failed = run.attempt(MemorySession(source, store))

    assert isinstance(failed, Failed)
    assert (failed.failure.step, failed.failure.is_transient) == (0, True)
