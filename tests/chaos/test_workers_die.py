"""Tasks whose workers die, in a real Django-Q2 cluster under its supervisor; its workers have little memory to take."""

import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.chaos.installation import wait_for
from tests.chaos.ordeal import SEED, rounds, spread, tell
from tests.chaos.rig import is_running
from tests.chaos.sharing import Host

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

CALLS = 12
LEASE = 3.0
"""As Host sets it."""
MOST_FAILED, MOST_CRASHED = 3, 5
"""Attempts that a task is given where nothing else is said: that fail, and that crash in a row."""
ENDS = ("completed", "failed", "cancelled")


@pytest.fixture(scope="module")
def running() -> Iterator[Host]:
    host = Host("north", CHAOS_SLICE="tests.chaos.misbehaving.narrow_slice", TASK_TIMEOUT_MS="3000")
    try:
        host.create()
        host.create_templates("default")
        host.up()
        yield host
    finally:
        host.destroy()


def end_of(running: Host, task: int) -> str:
    """Its status, once it is a final one."""
    statuses = wait_for(
        f"the end of task {task}", lambda: [end for end in running.statuses([task]) if end in ENDS], seconds=60
    )
    return statuses[0]


def ask(running: Host, key: str, call: str, **fields: object) -> int:
    running.template(key, f"import world\n\ndef run(params):\n    return world.{call}\n", **fields)
    return running.ask(key, 1)[0]


@rounds(4, 200, minutes=60)
def test_work_goes_on_after_every_kill(running: Host, rounds: int):
    """Q1: one, all, or any of the workers, while they are idle and in the middle of work."""
    chance = random.Random(SEED)
    waits: dict[str, list[float]] = {"idle": [], "busy": []}
    killed = 0
    with running.asker() as asker:
        for number in range(rounds):
            kind = ("idle", "busy")[number % 2]
            tasks = [asker("chain_default", CALLS) for _ in range(3)] if kind == "busy" else []
            if tasks:
                wait_for("work", lambda: _begun(running, tasks))
            killed += _kill_some(running, chance)
            at = time.monotonic()
            before = running.effect_count()
            tasks += [asker("chain_default", CALLS)]
            wait_for(f"work after kill {killed}", lambda before=before: running.effect_count() > before, seconds=60)
            waits[kind].append(time.monotonic() - at)
            wait_for("the end of all", lambda: running.are_completed(tasks), seconds=60)
            _assert_done_once(running, tasks)
    wait_for("two workers", lambda: len(running.workers()) == 2)
    late = sum(wait > LEASE + 2 for each in waits.values() for wait in each)
    tell("Q1", rounds=rounds, killed=killed, idle=spread(waits["idle"]), busy=spread(waits["busy"]), late=late)


def _begun(running: Host, tasks: list[int]) -> bool:
    return any(running.effects(task) for task in tasks)


def _kill_some(running: Host, chance: random.Random) -> int:
    workers = sorted(wait_for("a worker", running.workers))
    killed = workers if chance.random() < 0.4 else chance.sample(workers, 1)
    running.kill(*killed)
    return len(killed)


def _assert_done_once(running: Host, tasks: list[int]) -> None:
    for task in tasks:
        effects = running.effects(task)
        assert sorted(set(effects)) == list(range(CALLS))
        crashes = running.sql(f"SELECT count(*) FROM tasks_attempt WHERE task_id = {task} AND outcome = 'crashed'")[0][
            0
        ]
        assert len(effects) <= CALLS + crashes, "only the call in flight at a kill is made again"


@pytest.mark.parametrize("call", ["kill_worker()", pytest.param("leave(1)", marks=pytest.mark.long)])
def test_a_task_that_kills_its_worker_becomes_a_dead_letter(running: Host, call: str):
    """Q2: Django-Q2 alone runs it for ever and records nothing, whatever its max_attempts says."""
    poison = ask(running, f"poison_{call[:4]}", call)

    assert end_of(running, poison) == "failed"

    row = (
        "SELECT is_dead_letter, crashes, attempt_count FROM tasks_task JOIN tasks_execution ON task_id = id WHERE id = "
    )
    [(is_dead_letter, crashes, attempts)] = running.sql(f"{row}{poison}")
    assert is_dead_letter
    assert (crashes, attempts) == (5, 5)
    [(recorded,)] = running.sql(f"SELECT count(*) FROM tasks_attempt WHERE task_id = {poison}")
    assert recorded == 5
    wait_for("two workers", lambda: len(running.workers()) == 2)


@pytest.mark.long
def test_a_task_that_takes_all_memory_ends_and_holds_nobody_up(running: Host):
    """C2: its call fails, or its worker dies of it: each time is on record, and there are not many."""
    hoarder = ask(running, "hoarder", "hoard(1)")

    assert end_of(running, hoarder) == "failed"

    rows = running.sql(f"SELECT outcome FROM tasks_attempt WHERE task_id = {hoarder}")
    outcomes = Counter(outcome for (outcome,) in rows)
    print(f"a task that takes all memory: {dict(outcomes)}")
    assert set(outcomes) <= {"failed", "crashed"}
    assert len(running.effects(hoarder)) == outcomes.total() <= MOST_FAILED * MOST_CRASHED
    [after] = running.ask("quick_default", 1)
    assert end_of(running, after) == "completed"
    wait_for("two workers", lambda: len(running.workers()) == 2, seconds=60)


@pytest.mark.long
@pytest.mark.parametrize("call", ["spin(1)", "spawn(1)"], ids=["a loop in C", "a child process"])
def test_nothing_that_a_task_began_outlives_its_deadline(running: Host, call: str):
    """Q11: neither what no thread of its process can interrupt, nor a process that a call has started."""
    before = {process.pid for process in running.named("q2-worker")}
    task = ask(running, f"stuck_{call[:4]}", call, deadline_seconds=2)

    assert end_of(running, task) in ("cancelled", "failed")

    wait_for("the end of the one that was stuck", lambda: before - {each.pid for each in running.named("q2-worker")})
    wait_for("two workers", lambda: len(running.workers()) == 2, seconds=30)
    children = running.world.with_name("children")
    started = [int(pid) for pid in children.read_text().split()] if children.exists() else []
    assert bool(started) == ("spawn" in call)
    wait_for("the end of its children", lambda: not any(is_running(pid) for pid in started), seconds=20)
    assert running.sql(f"SELECT lease_until FROM tasks_execution WHERE task_id = {task}") == [(None,)]


def test_a_task_goes_on_where_its_killed_worker_left_it(running: Host):
    task = running.submit("script")
    count = f"SELECT count(*) FROM tasks_step WHERE task_id = {task}"
    for _ in range(3):
        steps = running.sql(count)[0][0]
        wait_for("progress", lambda: running.sql(count)[0][0] >= steps + 10)
        at = running.kill(holder(running, task))
        left = running.sql(count)[0][0]
        wait_for("the next step", lambda: running.sql(count)[0][0] > left)
        print(f"killed after step {left}; the next step came {time.monotonic() - at:.2f} s later")

    assert end_of(running, task) == "completed"

    rows = running.sql(f'SELECT "index" FROM tasks_step WHERE task_id = {task} ORDER BY "index"')
    assert [index for (index,) in rows] == list(range(len(rows))), "no step is missing, none is there twice"
    assert len(rows) >= 150


def holder(running: Host, task: int) -> int:
    """The process that holds the task's lease."""
    worker = f"SELECT worker FROM tasks_execution WHERE task_id = {task}"
    [(pid,)] = running.sql(f"SELECT pid FROM workers_worker WHERE name = ({worker})")
    return int(pid)
