"""X4 and S4: what burns, grows or floods is stopped at its limit, with an error that names limit and line."""

import pytest

from apps.core import codec
from apps.executors.contract import Completed, Failed
from apps.executors.script import run, sandbox
from tests.unit.executors.memory import Crash, MemorySession, MemoryStore


def failure(source: str, store: MemoryStore | None = None, **limits: int) -> Failed:
    outcome = run.attempt(MemorySession(source, store or MemoryStore(), **limits))
    assert isinstance(outcome, Failed), outcome
    still_works = run.attempt(MemorySession("def run(params):\n    return 1\n", MemoryStore()))
    assert still_works == Completed(result="1"), "the worker goes on"
    return outcome


BOMBS = {
    "one large string": "x = 'x' * (100 * 1024 * 1024)",
    "a growing string": "x = 'ab'\n    while True:\n        x = x + x",
    "many small objects": "x = [{'n': i} for i in range(10**6)]",
    "a growing list": "x = []\n    while True:\n        x.append([0] * 100)",
    "a growing dict": "x = {}\n    i = 0\n    while True:\n        i += 1\n        x[str(i)] = [i]",
    "a large range": "x = list(range(10**9))",
    "a huge number": "x = 10 ** (10 ** 9)",
    "arguments": "print(*range(10 ** 6))",
    "a set": "x = {str(i) for i in range(10**6)}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_memory_is_refused_with_the_limit_and_the_line(name):
    store = MemoryStore()
    source = f"import sink\n\ndef run(params):\n    sink.put(1)\n    {BOMBS[name]}\n    return sink.put(len(str(x)))\n"
    found = failure(source, store, memory_mb=16, cpu_seconds=5).failure
    assert (found.code, found.is_transient) == ("memory_limit", False), found
    assert "16 MB" in found.message
    assert found.line is not None and found.line >= 4
    assert found.advice
    assert [step.name for step in store.steps.values()] == ["sink.put"]
    assert all(len(step.result) < 1000 for step in store.steps.values())


BURNS = {
    "a loop": "while True:\n        pass",
    "a caught limit": "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    "a sum": "while True:\n        sum(range(100_000))",
    "a regular expression": "while True:\n        re.match('(a+)+b', 'a' * 5000)",
}  # fmt: skip


@pytest.mark.parametrize("name", BURNS)
def test_computing_is_stopped_with_the_limit_and_the_line_of_the_last_call(name):
    """The interpreter tells no line for its time limit; the last call's is the nearest that is known."""
    source = f"import re, sink\n\ndef run(params):\n    sink.put(1)\n    {BURNS[name]}\n"
    found = failure(source, cpu_seconds=1).failure
    assert (found.code, found.is_transient, found.line) == ("time_limit", False, 4), found
    assert "1 s" in found.message


def test_waiting_for_the_world_is_not_computing():
    source = "import task\n\ndef run(params):\n    for _ in range(3):\n        task.sleep(0.4)\n    return 1\n"
    assert run.attempt(MemorySession(source, MemoryStore(), cpu_seconds=1)) == Completed(result="1")


def test_a_flood_of_output_is_stopped(monkeypatch):
    monkeypatch.setattr(run, "MAX_OUTPUT", 1_000_000)
    store = MemoryStore()
    source = "def run(params):\n    while True:\n        print('x' * 1000)\n"
    outcome = failure(source, store, cpu_seconds=20)
    assert (outcome.failure.code, outcome.failure.type) == ("output_limit", "RuntimeError")
    kept = [line for event in outcome.rest.events for line in event.data["lines"]]
    assert sum(len(line["text"]) for line in kept) <= 1_000_000
    assert outcome.rest.events[0].data["dropped"] > 0, "what was left out is counted"


def test_a_gigabyte_of_output_is_stopped_by_the_real_limit():
    source = "def run(params):\n    line = 'x' * 1_000_000\n    for _ in range(1000):\n        print(line)\n"
    assert failure(source).failure.code == "output_limit"


def test_one_long_line_is_kept_shortened():
    store = MemoryStore()
    outcome = run.attempt(MemorySession("def run(params):\n    print('x' * 100_000)\n", store))
    assert isinstance(outcome, Completed)
    (event,) = outcome.rest.events
    assert len(event.data["lines"][0]["text"]) <= 2_000


@pytest.mark.parametrize("call", ["sink.put(1)", "sink.double(1)", "task.log('x')", "task.now()", "sink.put('wrong')"])
def test_a_million_calls_are_stopped_whatever_their_class(call):
    source = (
        "import sink, task\n\ndef run(params):\n    for _ in range(10**6):\n"
        f"        try:\n            {call}\n        except TypeError:\n            pass\n"
    )
    found = failure(source, max_calls=300).failure
    assert (found.code, found.line) == ("call_limit", 6)
    assert "300 calls" in found.message


@pytest.mark.parametrize("use_checkpoints", [True, False])
def test_a_crash_gives_no_new_calls(use_checkpoints, monkeypatch):
    monkeypatch.setattr(run, "REPLAY_BUDGET", 0.0)
    source = "import sink\n\ndef run(params):\n    for n in range(40):\n        sink.put(n)\n"
    store = MemoryStore()
    store.crash_after = 20
    with pytest.raises(Crash):
        run.attempt(MemorySession(source, store, max_calls=30))
    outcome = run.attempt(MemorySession(source, store, max_calls=30, use_checkpoints=use_checkpoints))
    assert isinstance(outcome, Failed)
    assert outcome.failure.code == "call_limit"
    assert len(store.steps) == 30


def test_a_result_that_is_too_large_is_refused():
    outcome = failure("def run(params):\n    return 'x' * 25_000_000\n", memory_mb=256)
    assert outcome.failure.code == "result_too_large"


@pytest.mark.parametrize("value", ["x", "[x]", "{'a': x}"])
def test_a_result_that_is_too_deep_is_refused(value):
    source = f"def run(params):\n    x = []\n    for _ in range(200):\n        x = [x]\n    return {value}\n"
    assert failure(source).failure.code == "result_not_recordable"


def test_a_crash_gives_no_new_computing_time():
    """It travels in the checkpoint."""
    source = (
        "import sink\n\ndef run(params):\n    for n in range(1000):\n        sink.put(n)\n"
        "        for _ in range(200_000):\n            pass\n"
    )
    store = MemoryStore()
    steps = 0
    for _ in range(20):
        store.crash_after = store.writes + 40
        try:
            outcome = run.attempt(MemorySession(source, store, cpu_seconds=1))
        except Crash:
            assert len(store.steps) > steps
            steps = len(store.steps)
            continue
        assert isinstance(outcome, Failed)
        assert outcome.failure.code == "time_limit"
        return
    pytest.fail("twenty attempts of almost a second each went by")


def test_the_sandbox_is_replaced_after_it_was_killed():
    source = "import sink\n\ndef run(params):\n    return sink.put(1)\n"
    for _ in range(3):
        with sandbox.session(sandbox.limits(memory_mb=16, cpu_seconds=1, max_calls=10)) as session:
            first = session.worker_pid
        assert first is not None
        failure("def run(params):\n    x = 'x' * 10**8\n", memory_mb=16)
    assert codec.decode(run.attempt(MemorySession(source, MemoryStore())).result) == 2
