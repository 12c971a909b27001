"""Hints arrive, are lost without harm, and never fail the sender."""

import select
import socket

import pytest

from apps.core import hints


@pytest.fixture(autouse=True)
def _own_directory(settings, tmp_path_factory):
    settings.WAKE_DIR = tmp_path_factory.mktemp("w")
    _forget()
    yield
    _forget()


def _forget() -> None:
    """A sender may remember for a moment who listens."""
    for found in vars(hints).values():
        if hasattr(found, "cache_clear"):
            found.cache_clear()


def send(topic: str, task_id: int = 0) -> None:
    _forget()
    hints.send(topic, task_id)


def test_every_listener_of_the_topic_hears_the_ids():
    feeds = [hints.Listener(hints.FEED), hints.Listener(hints.FEED)]
    work = hints.Listener(hints.WORK)
    send(hints.FEED, 7)
    send(hints.FEED, 8)
    send(hints.FEED, 7)
    assert [listener.drain() for listener in feeds] == [{7, 8}, {7, 8}]
    assert work.drain() == set()
    for listener in [*feeds, work]:
        listener.close()


def test_a_listener_wakes_a_selector():
    listener = hints.Listener(hints.WORK)
    assert select.select([listener], [], [], 0)[0] == []
    send(hints.WORK)
    assert select.select([listener], [], [], 1)[0] == [listener]
    assert listener.drain() == {0}
    assert select.select([listener], [], [], 0)[0] == []
    listener.close()


def test_sending_to_nobody_is_quiet():
    send(hints.WORK, 1)


def test_a_dead_listeners_socket_is_removed_and_the_others_hear():
    dead, alive = hints.Listener(hints.WORK), hints.Listener(hints.WORK)
    dead._socket.close()  # as a killed process leaves it
    send(hints.WORK, 5)
    assert alive.drain() == {5}
    assert not dead.path.exists()
    alive.close()


def test_a_listener_that_never_reads_blocks_nobody():
    deaf, alive = hints.Listener(hints.FEED), hints.Listener(hints.FEED)
    for number in range(5000):
        hints.send(hints.FEED, number)
        if number % 50 == 0:
            alive.drain()
    alive.drain()
    send(hints.FEED, 4999)
    assert 4999 in alive.drain()
    assert deaf.path.exists()
    deaf.close()
    alive.close()


def test_what_is_no_socket_in_the_directory_harms_nobody(settings):
    listener = hints.Listener(hints.WORK)
    (listener.path.parent / "stray.txt").write_text("x")
    send(hints.WORK, 3)
    assert listener.drain() == {3}
    listener.close()


def test_an_address_that_cannot_be_sent_to_harms_nobody(monkeypatch):
    listener = hints.Listener(hints.WORK)

    def no_buffers(*_: object) -> None:
        raise OSError(105, "No buffer space available")

    real = socket.socket

    class Broken(real):  # type: ignore[misc,valid-type]
        sendto = no_buffers

    monkeypatch.setattr(socket, "socket", Broken)
    send(hints.WORK, 3)
    monkeypatch.undo()
    listener.close()


def test_a_bridge_is_told_first_for_its_hint_has_the_longest_way():
    listeners = [hints.Listener(hints.WORK, kind) for kind in ("", "", hints.BRIDGE, "")]
    names = hints._listeners(str(hints._directory(hints.WORK)), 0)
    assert [name.startswith(hints.BRIDGE) for name in names] == [True, False, False, False]
    for listener in listeners:
        listener.close()
