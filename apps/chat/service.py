"""The chat's service, a process of its own: it understands what came in, follows tasks, and sends what is to be said.

    leader thread    one service of an installation works at a time; the others wait until its turn has run out
    turns (a pool)   Incoming rows -> answers        look     followings and approvals -> posts
    sender, poller   one thread each for every connection that is in service

All of them read rows and are woken by hints; whatever is killed, another look finds the same. The language model for
sentences is loaded here, when the first message comes, and in no other process.
"""

import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from apps.chat import asking, connecting, events, following, inbox, keeping, mailing, outbox, turns
from apps.chat.models import Connection, ConnectionEvent, Incoming
from apps.chat.platforms import platform
from apps.chat.platforms.contract import ARRIVED, PlatformError
from apps.chat.sending import Sender
from apps.chat.wiring import wiring
from apps.core import clock, hints
from apps.core.errors import ChantillyError
from apps.tasks.retention import chores
from apps.workers.supervisor import address

log = structlog.get_logger("chantilly.chat")
Answer = TypeVar("Answer")
LEADER = "chat:service"
TURN_SECONDS = 6.0
RENEW_SECONDS = 2.0
HUNG_SECONDS = 60.0
"""A round that takes longer is taken for one that never ends."""
LOOK_SECONDS = 0.5
SAFETY_SECONDS = 1.0
CONNECTION_SECONDS = 2.0
"""Between two looks at which connections there are."""
KEEP_SECONDS = 600.0
THREADS = 4
BATCH = 100
POLL_SECONDS = 20.0


class Service:
    """`run` works until `stop` is called, from a signal handler or another thread."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._sending = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._busy: set[int] = set()
        self._lock = threading.Lock()
        self._turn: int | None = None
        self._beat = 0.0

    def run(self) -> None:
        listener = hints.Listener(hints.CHAT)
        try:
            while not self._stopped.is_set():
                if self._lead():
                    self._work(listener)
                else:
                    self._stopped.wait(1.0)
        finally:
            self.stop()
            for thread in list(self._threads.values()):
                thread.join(5.0)
            listener.close()
            self._give_back()
            connections.close_all()

    def stop(self) -> None:
        self._stopped.set()
        self._sending.set()

    # Who works -------------------------------------------------------------------------------------------------------

    def _lead(self) -> bool:
        """Whether this is the one service that works; asked anew before its turn has run out."""
        try:
            close_old_connections()
            if self._turn is not None and chores.keep(LEADER, self._turn, TURN_SECONDS):
                return True
            self._turn = chores.take(LEADER, TURN_SECONDS)
            return self._turn is not None
        except DatabaseError as error:
            log.warning("chat_waits_for_the_database", error=str(error).strip())
            connections.close_all()
            return False

    def _give_back(self) -> None:
        try:
            if self._turn is not None:
                chores.give_back(LEADER, self._turn, 0.0)
        except DatabaseError as error:
            log.warning("chat_turn_runs_out_by_itself", error=str(error).strip())

    def _work(self, listener: hints.Listener) -> None:
        """Until the turn cannot be renewed."""
        ending = threading.Event()
        self._beat = time.monotonic()
        keeper = threading.Thread(target=self._keep_turn, args=(ending,), name="chat-keeper", daemon=True)
        keeper.start()
        try:
            self._work_on(ending, listener)
        finally:
            ending.set()
            self._sending.set()
            keeper.join(5.0)

    def _keep_turn(self, ending: threading.Event) -> None:
        """Renew it beside the work: a long round must not give the turn, and with it what is being sent, to another.

        A round that does not end at all gives it away.
        """
        try:
            while not ending.wait(RENEW_SECONDS):
                if time.monotonic() - self._beat > HUNG_SECONDS or not self._lead():
                    ending.set()
        finally:
            connections.close_all()

    def _work_on(self, ending: threading.Event, listener: hints.Listener) -> None:
        self._safely(_take_over, None)
        connect_at = keep_at = look_at = 0.0
        with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="chat-turn") as pool:
            while not (self._stopped.is_set() or ending.is_set()):
                now = self._beat = time.monotonic()
                if now >= connect_at:
                    self._safely(partial(self._connect, ending), None)
                    connect_at = now + CONNECTION_SECONDS
                if now >= keep_at:
                    self._safely(keeping.keep_house, 0)
                    keep_at = now + KEEP_SECONDS
                self._safely(partial(self._hand_out, pool), None)
                if now >= look_at:
                    self._look()
                    look_at = time.monotonic() + LOOK_SECONDS
                self._rest(listener)
            ending.set()
            self._sending.set()

    def _rest(self, listener: hints.Listener) -> None:
        """Until something was said, or the next look is due. Tasks' own hints would wake it hundreds of times a second."""
        ready, _, _ = select.select([listener], [], [], LOOK_SECONDS)
        if ready:
            listener.drain()
            self._sending.set()

    def _safely(self, work: Callable[[], Answer], otherwise: Answer) -> Answer:
        """Nothing that goes wrong in one round ends the service; the next finds the same rows."""
        try:
            close_old_connections()
            return work()
        except DatabaseError as error:
            log.warning("chat_waits_for_the_database", error=str(error).strip())
            connections.close_all()
            self._stopped.wait(SAFETY_SECONDS)
        except Exception:
            # Whatever it is: without this loop nobody is answered.
            log.exception("chat_round_failed")
            self._stopped.wait(SAFETY_SECONDS)
        return otherwise

    # What is done ----------------------------------------------------------------------------------------------------

    def _hand_out(self, pool: ThreadPoolExecutor) -> None:
        """Rows that are due, to threads that are free; a conversation's rows one after the other."""
        for row in turns.due(clock.now(), BATCH):
            with self._lock:
                if row.pk in self._busy or len(self._busy) >= THREADS:
                    continue
                self._busy.add(row.pk)
            pool.submit(self._attend, row)

    def _attend(self, row: Incoming) -> None:
        try:
            close_old_connections()
            turns.attend(row)
        except DatabaseError as error:
            log.warning("chat_waits_for_the_database", error=str(error).strip())
            connections.close_all()
        finally:
            with self._lock:
                self._busy.discard(row.pk)
            hints.send(hints.CHAT)

    def _look(self) -> None:
        """Each for itself: what one of them cannot do is no reason for the others to wait."""
        for look in (following.look, asking.look, mailing.look):
            self._safely(partial(look, clock.now()), 0)

    # Connections -----------------------------------------------------------------------------------------------------

    def _connect(self, ending: threading.Event) -> None:
        """A sender for each connection, and a poller where the platform cannot reach us."""
        self._threads = {name: thread for name, thread in self._threads.items() if thread.is_alive()}
        for connection in Connection.objects.in_service():
            if connection.platform not in settings.CHAT_PLATFORMS:
                continue
            self._begin(f"send-{connection.pk}", partial(self._send, connection.pk, ending))
            if platform(connection.platform).polls:
                self._begin(f"poll-{connection.pk}", partial(self._poll, connection.pk, ending))

    def _begin(self, name: str, live: Callable[[], None]) -> None:
        if name not in self._threads:
            thread = threading.Thread(target=live, name=f"chat-{name}", daemon=True)
            self._threads[name] = thread
            thread.start()

    def _send(self, connection_id: int, ending: threading.Event) -> None:
        sender = Sender(connection_id)
        try:
            while not ending.is_set() and Connection.objects.in_service().filter(pk=connection_id).exists():
                pause = self._safely(partial(sender.turn, ending.is_set), otherwise=SAFETY_SECONDS)
                if pause > 0:
                    self._sending.wait(min(pause, SAFETY_SECONDS))
                    self._sending.clear()
        finally:
            connections.close_all()

    def _poll(self, connection_id: int, ending: threading.Event) -> None:
        try:
            while not ending.is_set():
                wait = self._safely(partial(poll_once, connection_id), otherwise=5.0)
                if wait < 0 or ending.wait(wait):
                    return
        finally:
            connections.close_all()


def _take_over() -> None:
    """What the service before this one was at, when it was killed."""
    now = clock.now()
    mine = [row.pk for row in Connection.objects.all() if _is_sent_here_alone(row)]
    freed = turns.take_over(now), outbox.take_over(now, mine)
    if any(freed):
        log.warning("chat_taken_over", turns=freed[0], posts=freed[1])


def _is_sent_here_alone(connection: Connection) -> bool:
    return (
        connection.platform in settings.CHAT_PLATFORMS and not platform(connection.platform).limits.answers_in_response
    )


def poll_once(connection_id: int) -> float:
    """Ask the platform once for news. Returns seconds until the next look; negative: it is in service no more."""
    connection = Connection.objects.in_service().filter(pk=connection_id).first()
    if connection is None or not platform(connection.platform).polls:
        return -1.0
    try:
        if connection.settings.get("installation") == ARRIVED:
            connecting.complete(connection, address.of_site())
            connection.refresh_from_db()
        wired = wiring(connection)
        polled = platform(connection.platform).poll(wired, connection.cursor, seconds=POLL_SECONDS)
    except PlatformError as error:
        events.note(connection, ConnectionEvent.Kind.FAILED, error.message)
        return 60.0 if error.is_permanent else error.retry_after or 5.0
    except ChantillyError as error:
        events.note(connection, ConnectionEvent.Kind.FAILED, error.message)
        return 60.0
    if polled.arrived:
        inbox.accept(connection.pk, polled.arrived, clock.now())
        events.note(connection, ConnectionEvent.Kind.RECEIVED, "by asking for news")
    if polled.cursor != connection.cursor:
        # After the rows: what is acknowledged is kept.
        Connection.objects.filter(pk=connection.pk).update(cursor=polled.cursor)
    return polled.wait
