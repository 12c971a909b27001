"""The bridge passes on what it hears, in both directions, and never what it has said itself."""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

import pytest

from apps.core import hints
from apps.core.carriers import CarrierLost
from apps.core.hints import CHAT, FEED, WORK, Listener
from apps.workers.supervisor import bridge as bridges
from apps.workers.supervisor.bridge import Bridge
from tests.unit.workers.waiting import until


class Air:
    """A carrier in memory: what the other hosts say is put into `said`; what is published is in `heard`."""

    def __init__(self) -> None:
        self.said: SimpleQueue[str] = SimpleQueue()
        self.heard: list[str] = []
        self.subscriptions = 0
        self.is_lost = False
        self.missed = 0
        self.bridge: Bridge | None = None

    def publish(self, message: str) -> None:
        if self.is_lost:
            raise CarrierLost("away")
        self.heard.append(message)
        self.said.put(message)

    @contextmanager
    def subscribe(self) -> Iterator["Air"]:
        if self.is_lost:
            raise CarrierLost("away")
        self.subscriptions += 1
        yield self

    def receive(self, seconds: float) -> list[str]:
        if self.is_lost:
            self.missed += 1
            raise CarrierLost("away")
        try:
            return [self.said.get(timeout=0.02)]
        except Empty:
            return []

    def told(self, topic: str) -> list[str]:
        return [message.split(" ")[2] for message in self.heard if message.split(" ")[1] == topic]


@pytest.fixture
def air() -> Air:
    return Air()


@pytest.fixture
def running(air: Air, settings, tmp_path_factory, monkeypatch) -> Iterator[Bridge]:
    settings.WAKE_DIR = tmp_path_factory.mktemp("w")
    monkeypatch.setattr(bridges, "LOOK_SECONDS", 0.02)
    hints._listeners.cache_clear()
    bridge = air.bridge = Bridge(air)
    bridge.start()
    yield bridge
    bridge.stop()
    hints._listeners.cache_clear()


@pytest.fixture
def listen(running: Bridge) -> Iterator[Callable[[str], Listener]]:
    opened: list[Listener] = []

    def listen(topic: str) -> Listener:
        opened.append(Listener(topic))
        return opened[-1]

    yield listen
    for listener in opened:
        listener.close()


def meet(air: Air, wants_feed: int = 0) -> None:
    """Until the bridge knows the other one; how often it has greeted by then is its own affair."""
    bridge = air.bridge
    assert bridge is not None
    air.said.put(f"peer hello {wants_feed}")
    until(lambda: bridge._others())
    until(lambda: not wants_feed or FEED in bridge._listeners)


@pytest.mark.parametrize("topic", [WORK, CHAT])
def test_work_and_what_came_in_chats_is_told_to_the_other_hosts(running, air, topic):
    meet(air)
    hints.send(topic, 7)
    until(lambda: air.told(topic) == ["7"])


def test_what_came_in_a_chat_elsewhere_is_heard_here(listen, air):
    chat = listen(CHAT)
    meet(air)
    air.said.put("peer chat 0")
    until(lambda: 0 in chat.drain())
    assert air.told(CHAT) == []


def test_without_another_bridge_nothing_is_published(running, air):
    hints.send(WORK, 7)
    until(lambda: not select.select([running._listeners[WORK]], [], [], 0)[0])
    meet(air)
    hints._listeners.cache_clear()
    hints.send(WORK, 8)
    until(lambda: air.told(WORK))
    assert air.told(WORK) == ["8"]


def test_what_others_say_reaches_the_listeners_here_and_is_not_said_again(listen, air):
    work, feed = listen(WORK), listen(FEED)
    meet(air, wants_feed=1)
    air.said.put("peer feed 5,7")
    air.said.put("peer work 6")
    heard: set[int] = set()
    until(lambda: heard.update(feed.drain()) or heard >= {5, 7})
    until(lambda: 6 in work.drain())
    assert (air.told(WORK), air.told(FEED)) == ([], [])


def test_what_it_said_itself_is_not_told_here_again(listen, air):
    work = listen(WORK)
    meet(air)
    hints.send(WORK, 9)
    until(lambda: air.told(WORK) == ["9"])
    air.said.put("peer work 4")
    heard: list[int] = []
    until(lambda: heard.extend(sorted(work.drain())) or 4 in heard)
    assert heard.count(9) == 1


def test_steps_are_told_only_while_somebody_elsewhere_looks(running, air):
    meet(air)
    hints.send(FEED, 1)
    assert not [name for name in hints._entries(f"{hints._directory(FEED)}") if name.startswith(hints.BRIDGE)]
    air.said.put("peer hello 1")
    until(lambda: FEED in running._listeners)
    hints._listeners.cache_clear()
    hints.send(FEED, 2)
    until(lambda: air.told(FEED) == ["2"])
    air.said.put("peer hello 0")
    until(lambda: FEED not in running._listeners)


def test_it_says_when_somebody_here_begins_to_look(listen, air):
    until(lambda: "0" in air.told("hello"))
    page = listen(FEED)
    until(lambda: air.told("hello")[-1] == "1")
    page.close()
    until(lambda: air.told("hello")[-1] == "0")


def test_after_the_carrier_was_lost_it_comes_back_and_everybody_looks(listen, air):
    work = listen(WORK)
    meet(air)
    work.drain()
    air.is_lost = True
    hints._listeners.cache_clear()
    hints.send(WORK, 3)
    until(lambda: air.missed)
    air.is_lost = False
    until(lambda: air.subscriptions >= 2 and 0 in work.drain())


def test_what_could_not_be_told_is_made_up_for_when_the_carrier_is_back(running, air, monkeypatch):
    meet(air)
    refused: list[str] = []

    def refuse(message: str) -> None:
        refused.append(message)
        raise CarrierLost("away")

    with monkeypatch.context() as away:
        away.setattr(air, "publish", refuse)
        hints._listeners.cache_clear()
        hints.send(WORK, 3)
        until(lambda: any(" work 3" in message for message in refused))
    until(lambda: air.told(WORK) == ["0"])


@pytest.mark.parametrize("nonsense", ["", "peer", "peer work x", "peer work 1,,2", "peer feed -", "peer what 5"])
def test_nonsense_harms_nobody(listen, air, nonsense):
    work = listen(WORK)
    air.said.put(nonsense)
    air.said.put("peer work 5")
    until(lambda: 5 in work.drain())
