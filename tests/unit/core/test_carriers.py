"""What is published arrives at every subscriber, whatever carries it; a carrier that is lost says so and gives up soon."""

import os
import time

import pytest
from django.conf import settings as django_settings

from apps.core import carriers, hints
from apps.core.carriers import Carrier, CarrierLost, PostgresCarrier, RedisCarrier

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

    monkeypatch.setattr(carriers, "carrier", Noting)
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

    monkeypatch.setattr(carriers, "carrier", Lost)
    monkeypatch.setattr(carriers, "directly", carriers._Directly())
    for _ in range(3):
        carriers.directly.tell("- work 1")
    assert len(tried) == 1


def test_a_message_of_too_many_ids_names_none():
    assert hints.message("n", hints.FEED, {5, 7}) == "n feed 5,7"
    assert hints.message("n", hints.FEED, set(range(1, 1000))) == "n feed 0"
