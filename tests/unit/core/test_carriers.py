"""What is published arrives at every subscriber, whatever carries it; a carrier that is lost says so and gives up soon."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings

from apps.core import carriers, hints
from apps.core.carriers import Carrier, CarrierLost, PostgresCarrier, RedisCarrier
from tests.chaos.storm.servers import Redis

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(params=["redis", "postgres"])
def carrier(request: pytest.FixtureRequest, transactional_db: None) -> Carrier:
    if request.param == "redis":
        if not os.environ.get("REDIS_URL"):
            pytest.skip("needs REDIS_URL")
        return RedisCarrier()
    if django_settings.IS_SQLITE:
        pytest.skip("SQLite serves one host: nothing is carried")
    return PostgresCarrier()


def test_every_subscriber_hears_what_is_published_in_order(carrier):
    with carrier.subscribe() as first, carrier.subscribe() as second:
        assert first.receive(0.0) == []
        for number in range(3):
            carrier.publish(f"a work {number}")
        heard = [[], []]
        ends = time.monotonic() + 5
        while min(map(len, heard)) < 3 and time.monotonic() < ends:
            for one, each in zip(heard, (first, second), strict=True):
                one.extend(each.receive(0.1))
    assert heard == [["a work 0", "a work 1", "a work 2"]] * 2


def test_a_redis_that_is_away_is_a_lost_carrier(settings):
    settings.REDIS_URL = NOWHERE
    with pytest.raises(CarrierLost, match="Redis does not answer"):
        RedisCarrier().publish("a work 0")
    with pytest.raises(CarrierLost, match="Redis does not answer"), RedisCarrier().subscribe():
        pass


@pytest.fixture
def server(settings) -> Iterator[Redis]:
    """A Redis of the test's own, and the setting that names it."""
    if not shutil.which("redis-server"):
        pytest.skip("needs a redis-server to break")
    place = Path(tempfile.mkdtemp(prefix="ch-redis-", dir="/tmp"))
    made = Redis(place)
    made.start()
    settings.REDIS_URL = made.url
    yield made
    made.bury()
    shutil.rmtree(place)


def test_a_publisher_whose_connection_was_ended_makes_another_and_loses_nothing(server):
    carrier = RedisCarrier()
    with carrier.subscribe() as subscription:
        carrier.publish("a work 1")
        assert subscription.receive(5.0) == ["a work 1"]
        redis.Redis.from_url(server.url).client_kill_filter(_type="normal")
        carrier.publish("a work 2")
        assert subscription.receive(5.0) == ["a work 2"]


def test_a_subscription_whose_connection_was_ended_says_so_and_can_be_made_again(server):
    """Never made again unseen: what was published meanwhile has been missed."""
    carrier = RedisCarrier()
    with pytest.raises(CarrierLost), carrier.subscribe() as subscription:
        redis.Redis.from_url(server.url).client_kill_filter(_type="pubsub")
        for _ in range(10):
            subscription.receive(1.0)
    with carrier.subscribe() as subscription:
        carrier.publish("a work 3")
        assert subscription.receive(5.0) == ["a work 3"]


def test_a_redis_that_is_started_again_is_used_again(server):
    carrier = RedisCarrier()
    carrier.publish("a work 1")
    server.kill()
    with pytest.raises(CarrierLost):
        carrier.publish("a work 2")
    server.start()
    with carrier.subscribe() as subscription:
        carrier.publish("a work 3")
        assert subscription.receive(5.0) == ["a work 3"]


def test_a_redis_that_stands_still_lets_everybody_go(server):
    carrier = RedisCarrier(carriers.DIRECT_PATIENCE)
    carrier.publish("a work 1")
    os.kill(server.pid, signal.SIGSTOP)
    with pytest.raises(CarrierLost):
        carrier.publish("a work 2")
    with pytest.raises(CarrierLost), carrier.subscribe():
        pass
    os.kill(server.pid, signal.SIGCONT)
    carrier.publish("a work 3")


@pytest.mark.parametrize(("is_carried", "told"), [(False, 1), (True, 0)])
def test_a_process_tells_other_hosts_itself_only_where_no_bridge_listens(
    is_carried, told, settings, tmp_path_factory, monkeypatch
):
    settings.WAKE_DIR = tmp_path_factory.mktemp("w")
    hints._listeners.cache_clear()
    published: list[str] = []

    class Noting:
        def publish(self, message: str) -> None:
            published.append(message)

    monkeypatch.setattr(carriers, "hurried", Noting)
    bridge = hints.Listener(hints.WORK, hints.BRIDGE) if is_carried else None
    hints.send(hints.WORK, 7)
    hints.send(hints.FEED, 7)
    assert len(published) == told
    assert published in ([], ["- work 7"])
    if bridge is not None:
        assert bridge.drain() == {7}
        bridge.close()
    hints._listeners.cache_clear()


def test_a_carrier_that_was_lost_is_left_alone_for_a_while(monkeypatch):
    tried: list[str] = []

    class Lost:
        def publish(self, message: str) -> None:
            tried.append(message)
            raise CarrierLost("away")

    monkeypatch.setattr(carriers, "hurried", Lost)
    monkeypatch.setattr(carriers, "directly", carriers._Directly())
    for _ in range(3):
        carriers.directly.tell("- work 1")
    assert len(tried) == 1


def test_a_message_of_too_many_ids_names_none():
    assert hints.message("n", hints.FEED, {5, 7}) == "n feed 5,7"
    assert hints.message("n", hints.FEED, set(range(1, 1000))) == "n feed 0"
