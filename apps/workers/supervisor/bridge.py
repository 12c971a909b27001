"""Carries hints between this host and the others, so that nobody on the hot path has to.

1. It listens here like any other listener, and publishes what it hears, a few milliseconds' worth at once.
2. What other hosts publish it tells the listeners here, and never what it has published itself.
3. It says that it is there, and whether anybody here waits for news of the feed. Without another bridge it publishes
   nothing, and steps are told to it only while a page is open on another host.
4. When it has lost its carrier it tries again, and then tells everybody to look: hints may have been missed.

Its threads wait for networks; the supervisor does not wait for them.
"""

import logging
import random
import secrets
import select
import threading
import time
from collections.abc import Callable

from apps.core import hints
from apps.core.carriers import Carrier, CarrierLost, Subscription
from apps.core.hints import CHAT, FEED, WORK, Listener

ALWAYS = (WORK, CHAT)
"""What is told whoever listens; the feed only while a page is open elsewhere."""
HELLO = "hello"
HELLO_SECONDS = 5.0
FORGET_SECONDS = 3 * HELLO_SECONDS
"""A bridge that was not heard of for so long has gone; nor ourselves: then the carrier is deaf."""
PACE_SECONDS = 0.005
"""Between two publications; the first of a burst goes at once."""
LOOK_SECONDS = 0.25
"""Between two looks at who listens here."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 5.0
"""Before a lost carrier is tried again: at most, and at least half of it, lest all hosts come back at one moment."""

log = logging.getLogger("chantilly.supervisor")


class Bridge:
    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._origin = secrets.token_hex(6)
        self._peers: dict[str, tuple[float, bool]] = {}
        """The other bridges: when each was last heard of, and whether somebody there waits for news of the feed."""
        self._said: tuple[float, bool] = (0.0, False)
        self._listeners: dict[str, Listener] = {}
        self._owed: set[str] = set()
        """Topics of which the other hosts have not been told something, because the carrier was lost just then."""
        self._must_greet = threading.Event()
        self._stopped = threading.Event()

    def start(self) -> None:
        # At once: from now on processes of this host leave it to us to tell the others.
        for topic in ALWAYS:
            self._listeners[topic] = Listener(topic, hints.BRIDGE)
        for name, live in (("bridge-out", self._publish), ("bridge-in", self._receive)):
            threading.Thread(target=self._keep_up, args=(live,), name=name, daemon=True).start()

    def stop(self) -> None:
        """Withdraw; the threads end with the process, whatever they wait for."""
        self._stopped.set()
        for listener in list(self._listeners.values()):
            listener.path.unlink(missing_ok=True)

    def _keep_up(self, live: Callable[[], None]) -> None:
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                live()
            except CarrierLost as error:
                pause = FIRST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(LONGEST_PAUSE, 2 * pause)
                log.warning("Hints do not reach the other hosts, or come late: %s", error.message)
            except Exception:
                log.exception("The bridge to the other hosts failed; it goes on.")
            self._stopped.wait(pause * random.uniform(0.5, 1.0))

    # Outwards

    def _publish(self) -> None:
        self._must_greet.set()
        self._make_up()
        while not self._stopped.is_set():
            self._greet()
            self._choose_topics()
            if select.select(list(self._listeners.values()), [], [], LOOK_SECONDS)[0]:
                self._pass_on()
                time.sleep(PACE_SECONDS)

    def _greet(self) -> None:
        """Say that we are here: now and then, when somebody new has come, and when the wish for the feed changed."""
        now, wants_feed = time.monotonic(), bool(hints.local_listeners(FEED))
        said_at, said = self._said
        if self._must_greet.is_set() or wants_feed != said or now - said_at > HELLO_SECONDS:
            self._must_greet.clear()
            self._carrier.publish(f"{self._origin} {HELLO} {int(wants_feed)}")
            self._said = (now, wants_feed)

    def _choose_topics(self) -> None:
        if any(wants_feed for _, wants_feed in self._others()):
            if FEED not in self._listeners:
                self._listeners[FEED] = Listener(FEED, hints.BRIDGE)
        elif listener := self._listeners.pop(FEED, None):
            listener.close()

    def _pass_on(self) -> None:
        is_heard = bool(self._others())
        for topic, listener in self._listeners.items():
            ids = listener.drain()
            if ids and is_heard:
                self._owed.add(topic)
                self._carrier.publish(hints.message(self._origin, topic, ids))
                self._owed.discard(topic)

    def _make_up(self) -> None:
        for topic in list(self._owed):
            self._carrier.publish(hints.message(self._origin, topic, (0,)))
            self._owed.discard(topic)

    def _others(self) -> list[tuple[float, bool]]:
        since = time.monotonic() - FORGET_SECONDS
        return [peer for peer in list(self._peers.values()) if peer[0] > since]

    # Inwards

    def _receive(self) -> None:
        with self._carrier.subscribe() as subscription:
            self._must_greet.set()
            self._tell_everybody_to_look()
            self._hear_all(subscription)

    def _tell_everybody_to_look(self) -> None:
        for topic in (*ALWAYS, FEED):
            hints.relay(topic, (0,))

    def _hear_all(self, subscription: Subscription) -> None:
        heard_ourselves = time.monotonic()
        while not self._stopped.is_set():
            for message in subscription.receive(1.0):
                origin, _, said = message.partition(" ")
                if origin == self._origin:
                    heard_ourselves = time.monotonic()
                else:
                    self._hear(origin, said)
            if time.monotonic() - heard_ourselves > FORGET_SECONDS:
                raise CarrierLost("Nothing has come for a while, not even our own messages.")

    def _hear(self, origin: str, said: str) -> None:
        topic, _, rest = said.partition(" ")
        if topic == HELLO:
            if origin not in self._peers:
                self._must_greet.set()
                self._forget_gone()
            self._peers[origin] = (time.monotonic(), rest == "1")
        elif topic in (*ALWAYS, FEED):
            hints.relay(topic, _ids(rest))

    def _forget_gone(self) -> None:
        since = time.monotonic() - FORGET_SECONDS
        self._peers = {origin: peer for origin, peer in self._peers.items() if peer[0] > since}


def _ids(text: str) -> list[int]:
    """Everybody who may use the carrier can say anything; a hint that cannot be read is a general one."""
    try:
        return [int(word) for word in text.split(",")][: hints.MOST_NAMED]
    except ValueError:
        return [0]
