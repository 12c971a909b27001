"""Whoever is killed: nobody is orphaned, one set of processes works, and a stop leaves nothing behind."""

import signal
import socket
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.chaos.installation import Installation, wait_for

pytestmark = pytest.mark.chaos

Start = Callable[..., Installation]


@pytest.fixture
def install() -> Iterator[Start]:
    made: list[Installation] = []

    def start(**environment: str) -> Installation:
        made.append(Installation(**environment))
        made[-1].create()
        return made[-1]

    yield start
    for installation in made:
        installation.destroy()


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    """One for all tests after which it works as before. That killed workers are replaced, test_workers_die shows."""
    installation = Installation()
    try:
        installation.create()
        installation.up()
        yield installation
    finally:
        installation.destroy()


def test_when_the_cluster_loses_its_head_the_old_set_ends_and_one_new_set_starts(running: Installation):
    """Q8."""
    old = {running.main().pid, *(process.pid for process in running.main().children(recursive=True))}
    workers, starts = running.workers(), _starts(running)

    running.kill(running.main().pid)

    wait_for("two new workers", lambda: len(running.workers() - workers) == 2)
    assert not old & {process.pid for process in running.processes()}
    assert len(running.named("q2-worker")) == 2
    wait_for("its record", lambda: _starts(running) == starts + 1)


def _starts(installation: Installation) -> int:
    return [kind for kind, _ in installation.events()].count("cluster.started")


def test_killed_helpers_of_the_cluster_are_replaced(running: Installation):
    [old] = running.helpers()
    running.kill(old.pid)
    wait_for("a new helper", lambda: len(running.helpers()) == 1 and old not in running.helpers())
    before = running.workers()
    running.kill(min(before))
    wait_for("a new worker", lambda: running.workers() - before)


def test_nothing_outlives_a_killed_supervisor_and_another_can_start(running: Installation):
    assert running.supervisor is not None
    running.kill(running.supervisor.pid)

    wait_for("the end of all processes", lambda: not running.processes(), seconds=5)

    running.supervisor.wait()
    running.up()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_stop_drains_and_leaves_no_process(install: Start, number: int):
    installation = install()
    installation.start()
    wait_for("two workers", lambda: len(installation.workers()) == 2)
    wait_for("the web server", lambda: _answers(installation.port))

    code, seconds = installation.stop(number)

    assert code == 0
    assert seconds < 5, "the bound of ten seconds was not needed"
    assert installation.processes() == []
    assert {status for (status,) in installation.sql("SELECT status FROM workers_worker")} == {"stopped"}
    assert [kind for kind, _ in installation.events()] == ["cluster.started", "cluster.stopped"]


def test_what_does_not_drain_is_killed_after_the_bound(install: Start):
    installation = _stubborn(install, "--stop-seconds", "1")

    code, seconds = installation.stop()

    assert code == 0
    assert 1 <= seconds < 4
    assert installation.processes() == []


def test_a_second_ctrl_c_stops_at_once(install: Start):
    installation = _stubborn(install, "--stop-seconds", "60")
    assert installation.supervisor is not None
    installation.supervisor.send_signal(signal.SIGINT)
    time.sleep(0.5)

    code, seconds = installation.stop(signal.SIGINT)

    assert code == 0
    assert seconds < 3
    assert installation.processes() == []


def test_workers_that_are_killed_while_they_wait_for_their_launch_hold_up_no_later_ones(install: Start):
    """Q1: in Django-Q2's own queue one of them holds the lock, and every later worker waits for ever."""
    installation = install(CHAOS_HOLD_LAUNCHES="1")
    installation.start("--no-web")
    waiting = wait_for("two waiting workers", lambda: _pair(installation.named("q2-worker")))
    time.sleep(0.3)  # both are inside the queue's get now
    installation.kill(*waiting)
    (installation.home / "open").touch()

    wait_for("two workers", lambda: len(installation.workers()) == 2, seconds=30)

    assert [kind for kind, _ in installation.events()] == ["cluster.started"], "it needed no new start"


@pytest.mark.long
def test_a_cluster_whose_guard_replaces_nobody_is_started_again_with_the_reason(running: Installation):
    guard, lost = running.main(), min(running.workers())
    guard.suspend()
    running.kill(lost)

    wait_for("two workers of another guard", lambda: not guard.is_running() and len(running.workers()) == 2, seconds=30)

    reason = wait_for("its record", lambda: [why for kind, why in running.events() if kind == "cluster.restarted"])
    assert "1 of 2 workers for" in reason[0]


def test_a_frozen_worker_is_killed_and_replaced(running: Installation):
    frozen = min(running.workers())
    psutil.Process(frozen).suspend()

    wait_for("another worker", lambda: not psutil.pid_exists(frozen) and len(running.workers()) == 2, seconds=30)

    killed = wait_for("its record", lambda: [reason for kind, reason in running.events() if kind == "worker.killed"])
    assert any(f"process {frozen}" in reason for reason in killed)


def test_up_refuses_a_second_supervisor_of_the_same_home(running: Installation):
    assert running.supervisor is not None
    with pytest.raises(AssertionError, match=f"already runs from .*process {running.supervisor.pid}"):
        running.manage("up", "--no-web")


def test_up_refuses_a_taken_port_and_says_who_has_it(install: Start):
    installation = install()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(AssertionError, match=r"(?s)Port \d+ on 127.0.0.1 cannot be used.*process \d+.*--port"):
            installation.manage("up", "--port", str(taken.getsockname()[1]))
    assert installation.processes() == []


def _stubborn(install: Start, *arguments: str) -> Installation:
    installation = install(CHAOS_SLICE="tests.chaos.misbehaving.stubborn_slice")
    installation.start("--no-web", *arguments)
    wait_for("two slices", lambda: len(list(installation.home.glob("stubborn-*"))) == 2)
    return installation


def _pair(processes: list[psutil.Process]) -> list[int]:
    return [process.pid for process in processes] if len(processes) == 2 else []


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_web_server_s_address_stands_in_the_home_while_it_runs(install: Start):
    installation = install()
    supervisor = installation.start("--no-cluster")
    left = installation.home / "address"

    assert (
        wait_for("its address", lambda: left.exists() and left.read_text()) == f"http://127.0.0.1:{installation.port}\n"
    )

    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0
    assert not left.exists()
