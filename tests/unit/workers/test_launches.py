"""Launch messages carry nothing, and losing or doubling them does not matter."""

import pickle
import socket
import threading
from typing import Any

import pytest
from django.db import OperationalError
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from apps.workers.q2 import launches
from apps.workers.q2.broker import LAUNCH, WISH
from apps.workers.q2.redis import RedisLaunches
from apps.workers.q2.table import TableLaunches
from apps.workers.running import draining

pytestmark = pytest.mark.django_db(transaction=True)


class Planted:
    """Runs code when it is unpickled."""

    was_run = False

    def __reduce__(self) -> tuple[Any, ...]:
        return (setattr, (Planted, "was_run", True))


@pytest.fixture
def table() -> TableLaunches:
    return TableLaunches(list_key="test-launches")


def test_what_is_stored_is_a_mere_wish(table):
    table.enqueue(WISH)
    assert OrmQ.objects.values_list("payload", flat=True).get() == "launch"


def test_what_is_delivered_runs_a_slice_and_is_gone(table):
    table.enqueue(WISH)

    [(ack_id, package)] = table.dequeue()

    task = SignedPackage.loads(package)
    assert (task["func"], task["args"], task["kwargs"]) == (LAUNCH, (), {})
    assert ack_id is None
    assert table.dequeue() is None
    assert not OrmQ.objects.exists()


def test_a_planted_pickle_is_not_read_even_with_a_valid_signature(table):
    """Q15: writing to the broker must not be running code in a worker."""
    planted = SignedPackage.dumps({"id": "1", "name": "x", "func": "os.abort", "args": (Planted(),), "kwargs": {}})
    Planted.was_run = False
    table.enqueue(planted)
    OrmQ.objects.create(key="test-launches", payload=planted, lock="2020-01-01T00:00:00Z")

    packages = [package for _ in range(2) for _, package in table.dequeue()]

    assert [SignedPackage.loads(package)["func"] for package in packages] == [LAUNCH, LAUNCH]
    assert not Planted.was_run
    pickle.loads(pickle.dumps(Planted()))
    assert Planted.was_run, "the trap works"


def test_a_rotated_key_loses_no_launch(table, settings, monkeypatch):
    """Q6: nothing that is stored is signed."""
    table.enqueue(WISH)
    settings.SECRET_KEY = "another key that is long enough to be one"
    monkeypatch.setattr("django_q.conf.Conf.SECRET_KEY", settings.SECRET_KEY)

    assert table.dequeue()


def test_a_broken_broker_never_ends_the_pusher(table, monkeypatch):
    def refuse() -> bool:
        raise OperationalError("gone")

    monkeypatch.setattr(table, "take", refuse)
    monkeypatch.setattr("apps.workers.q2.broker.BROKEN_PAUSE_SECONDS", 0)
    assert table.dequeue() is None


def test_a_worker_asks_again_until_it_is_launched(monkeypatch):
    asked = threading.Semaphore(0)
    launched = threading.Event()

    class Forgetful:
        def enqueue(self, wish: str) -> None:
            asked.release()
            raise OperationalError("gone")

    monkeypatch.setattr(launches, "get_broker", Forgetful)
    monkeypatch.setattr(launches, "ASK_AGAIN_SECONDS", (0.01,))
    monkeypatch.setattr(launches, "_launched", launched)
    thread = threading.Thread(target=launches.ask_until_launched)
    thread.start()

    assert all(asked.acquire(timeout=5) for _ in range(3))

    launched.set()
    thread.join(5)
    assert not thread.is_alive()


def test_a_failing_slice_raises_nothing_into_django_q2(monkeypatch, settings):
    settings.WORKER_SLICE = "operator.not_there"
    monkeypatch.setattr(launches, "FAILED_SLICE_PAUSE_SECONDS", 0)
    launches.live_in_a_slice()


def test_a_draining_worker_starts_no_slice(monkeypatch, settings):
    def must_not_run() -> object:
        raise AssertionError("started")

    monkeypatch.setattr(launches, "slice_function", must_not_run)
    draining.requested.set()
    try:
        launches.live_in_a_slice()
    finally:
        draining.requested.clear()


def test_while_redis_is_away_launches_go_through_the_table(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    broker = RedisLaunches(list_key="test-launches")
    assert broker.ping(), "Django-Q2 ends a cluster whose broker does not answer"
    broker.purge_queue()
    assert broker.dequeue() is None
    broker.enqueue(WISH)
    [(_, package)] = broker.dequeue()
    assert SignedPackage.loads(package)["func"] == LAUNCH
    assert broker.dequeue() is None


def test_a_silent_redis_holds_up_one_launch_not_each(table, settings, monkeypatch):
    """C3: behind a firewall that drops what comes. Every worker of a cluster that lost all waits for its launch."""
    monkeypatch.setattr("apps.workers.q2.redis.PATIENCE", 0.1)
    monkeypatch.setattr("apps.workers.q2.redis.LEFT_ALONE", 600)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        broker = RedisLaunches(list_key="test-launches")
        for _ in range(8):
            table.enqueue(WISH)
        assert all(broker.dequeue() for _ in range(8))
        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()
