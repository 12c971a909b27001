"""The thread that sends what the outbox holds. It waits for a mail server; the supervisor does not wait for it."""

import logging
import threading

from django.db import DatabaseError, Error, connections

from apps.notify import posting
from apps.notify.mail import NotDelivered
from apps.tasks import outbox
from apps.tasks.retention import chores
from apps.workers.models import ClusterEvent
from apps.workers.registry import events
from apps.workers.supervisor import address

LOOK_SECONDS = 2.0
LONGEST_PAUSE = 60.0
"""Between two tries of a mail server that is down."""
TELL_SECONDS = 600.0

log = logging.getLogger("chantilly.supervisor")


class Courier:
    """Does nothing where no channel is configured."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._pause = LOOK_SECONDS
        self._thread = threading.Thread(target=self._live, name="courier", daemon=True)

    def start(self) -> None:
        if outbox.channels():
            self._thread.start()

    def ask_to_end(self) -> None:
        """Take nothing more; what is being sent is sent."""
        self._stopped.set()

    def stop(self, seconds: float = 5.0) -> None:
        """Give the message that is being sent so long to end."""
        self.ask_to_end()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _live(self) -> None:
        while not self._stopped.wait(self._pause):
            try:
                self.work()
            except Exception:
                # What is done about something that went wrong can go wrong, too.
                log.exception("The outbox failed, and so did telling of it; it goes on.")
        connections.close_all()

    def work(self) -> int:
        """One round, whatever goes wrong in it. Returns how many notices it settled."""
        try:
            settled = posting.turn(address.of_site, self._stopped.is_set)
            self._pause = LOOK_SECONDS
            return settled
        except NotDelivered as error:
            self._pause = min(LONGEST_PAUSE, 2 * self._pause)
            self._tell(error.message)
        except DatabaseError as error:
            log.warning("The outbox could not be read: %s", str(error).strip())
            connections.close_all()
        except Exception:
            # Without this thread nobody is told anything: whatever it is, go on.
            log.exception("The outbox failed; it goes on.")
            connections.close_all()
        return 0

    def _tell(self, why: str) -> None:
        log.warning("Mails wait: %s", why)
        try:
            if chores.take("telling:mails", TELL_SECONDS) is not None:
                reason = f"The mail server does not work: {why}"
                events.of_cluster(ClusterEvent.Kind.WORKER_ERROR, reason, action="Mails wait, and are tried again.")
        except Error:  # a connection that is gone is an InterfaceError, which is no DatabaseError
            log.warning("That mails wait could not be recorded.", exc_info=True)
            connections.close_all()
