"""The promise, as a property: crash after any write, resume with or without a checkpoint, and nothing differs."""

import os
import random
import signal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core import codec
from apps.core.errors import ToolError
from apps.executors.contract import Completed, Failed, Suspended
from apps.executors.script import run
from apps.tasks.record.journal import Lease
from tests.unit.executors import sink
from tests.unit.executors.memory import Crash, MemorySession, MemoryStore

LINES = [
    "total += sink.put({n})",
    "rows += sink.get({n})",
    "total += sink.double({n})",
    "names.append(task.new_id())",
    "total += int(task.random() * 1000)",
    "moments.append(task.now())",
    "seen.add(random.randint(0, 10**6))",
    "print('at', {n}, total)",
    "task.progress({n}, 'stage {n}')",
    "for i in range({n} % 4):\n        total += sink.put(i)",
    "try:\n        sink.refuse({n})\n    except LookupError as error:\n        names.append(str(error))",
    "total += len(str(sorted(seen)))",
    "task.sleep(0.001)",
]


def script(picks: list[tuple[int, int]]) -> str:
    body = "\n    ".join(LINES[pick % len(LINES)].format(n=n) for pick, n in picks)
    return (
        "import random\nimport sink, task\n\ndef run(params):\n"
        "    total = 0\n    rows = []\n    names = []\n    moments = []\n    seen = set()\n"
        f"    {body}\n"
        "    return {'total': total, 'rows': rows, 'names': names, 'moments': moments, 'seen': seen}\n"
    )


def uninterrupted(source: str) -> tuple[MemoryStore, Completed, list[tuple[str, int]]]:
    sink.effects.clear()
    store = MemoryStore()
    outcome = run.attempt(MemorySession(source, store))
    assert isinstance(outcome, Completed), outcome
    store.write(lease_of(store), outcome.rest)
    return store, outcome, list(sink.effects)


def lease_of(store: MemoryStore) -> Lease:
    return Lease(task_id=1, token=store.token, attempt=store.token)


@given(picks=st.lists(st.tuples(st.integers(0, 100), st.integers(1, 40)), min_size=1, max_size=12), data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_crash_after_any_write_changes_nothing(picks, data):
    source = script(picks)
    whole, expected, effects = uninterrupted(source)
    crash_after = data.draw(st.integers(1, max(1, whole.writes)))
    use_checkpoints = data.draw(st.booleans())
    budget = data.draw(st.sampled_from([0.0, 1e9]))

    sink.effects.clear()
    store = MemoryStore()
    original, run.REPLAY_BUDGET = run.REPLAY_BUDGET, budget
    try:
        store.crash_after = crash_after
        try:
            outcome = run.attempt(MemorySession(source, store, use_checkpoints=use_checkpoints))
        except Crash:
            outcome = run.attempt(MemorySession(source, store, use_checkpoints=use_checkpoints))
    finally:
        run.REPLAY_BUDGET = original

    assert isinstance(outcome, Completed)
    store.crash_after = None
    store.write(lease_of(store), outcome.rest)
    same = {key: value for key, value in codec.decode(expected.result).items() if key != "moments"}
    assert {key: value for key, value in codec.decode(outcome.result).items() if key != "moments"} == same
    assert sink.effects == effects, "every effect was carried out once, in the same order"
    assert store.lines() == whole.lines(), "printed output is neither lost nor doubled"


def test_many_crashes_in_a_row_still_carry_out_every_effect_once():
    source = "import sink\n\ndef run(params):\n    return sum([sink.put(n) for n in range(60)])\n"
    store = MemoryStore()
    outcome = None
    for seed in range(200):
        store.crash_after = store.writes + random.Random(seed).randint(1, 4)
        try:
            outcome = run.attempt(MemorySession(source, store, use_checkpoints=seed % 2 == 0))
            break
        except Crash:
            continue
    assert isinstance(outcome, Completed)
    assert codec.decode(outcome.result) == sum(n * 2 for n in range(60))
    assert [value for _, value in sink.effects] == list(range(60))


@pytest.mark.parametrize("use_checkpoints", [True, False])
def test_the_call_in_flight_is_repeated_with_the_same_key(use_checkpoints, monkeypatch):
    """The effect happened, its row did not: it is carried out again, and the world sees the same key."""
    source = "import sink\n\ndef run(params):\n    return [sink.put(n) for n in range(5)]\n"
    store = MemoryStore()
    session = MemorySession(source, store, use_checkpoints=use_checkpoints)
    write = store.write

    def die_before_the_third_write(lease, batch):
        if store.writes == 2:
            raise Crash
        return write(lease, batch)

    monkeypatch.setattr(store, "write", die_before_the_third_write)
    with pytest.raises(Crash):
        run.attempt(session)
    monkeypatch.setattr(store, "write", write)
    outcome = run.attempt(MemorySession(source, store, use_checkpoints=use_checkpoints))
    assert isinstance(outcome, Completed)
    assert sink.effects == [("1:0", 0), ("1:1", 1), ("1:2", 2), ("1:2", 2), ("1:3", 3), ("1:4", 4)]


def test_a_sandbox_that_dies_during_a_call_does_not_take_the_call_s_record_along(monkeypatch):
    """The storm found it: the checkpoint that was due failed first, and the call would have been carried out again."""
    monkeypatch.setattr(run, "REPLAY_BUDGET", 0.0)
    execute = run.calls.execute

    def kill_afterwards(session, *args):
        answered = execute(session, *args)
        os.kill(session.pulse.sandbox_pid, signal.SIGKILL)
        return answered

    monkeypatch.setattr(run.calls, "execute", kill_afterwards)
    store = MemoryStore()

    outcome = run.attempt(MemorySession("import sink\n\ndef run(params):\n    return sink.put(1)\n", store))

    assert isinstance(outcome, Failed)
    assert [step.name for step in store.steps.values()] == ["sink.put"]


def test_a_pause_is_obeyed_though_the_sandbox_has_died_meanwhile(monkeypatch):
    """The storm found it: the checkpoint failed, and with it the attempt, between two tries of a call."""
    store = MemoryStore()
    session = MemorySession("import sink\n\ndef run(params):\n    return sink.put(1)\n", store)
    sink.faults.append(ToolError("busy", transient=True))

    def pause_and_kill(*_: object) -> None:
        session.journal.control = "pause"
        os.kill(session.pulse.sandbox_pid, signal.SIGKILL)

    monkeypatch.setattr(session.journal, "log", pause_and_kill)
    outcome = run.attempt(session)

    assert isinstance(outcome, Suspended)
    assert (outcome.because, outcome.rest.checkpoint) == ("pause", None)
