"""Django-Q2's brokers without a payload: what is stored is a mere wish, and what is delivered is made here.

Django-Q2 stores signed pickles: whoever can write to the broker and knows SECRET_KEY runs code in a worker, and a
changed SECRET_KEY loses the queue. A stored launch has neither pickle nor signature, and is gone once it is taken:
a worker that misses its launch asks again.
"""

import logging
import time

from django.conf import settings
from django.utils import timezone
from django_q.humanhash import uuid
from django_q.signing import SignedPackage

LAUNCH = "apps.workers.q2.launches.live_in_a_slice"
WISH = "launch"
BROKEN_PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)
Delivery = list[tuple[None, str]] | None


def get_poll_seconds() -> float:
    return float(settings.Q_CLUSTER["poll"])


def launch_package() -> str:
    """A message as Django-Q2's pusher reads it, made at delivery and kept in memory only."""
    name, identifier = uuid()
    task = {"id": identifier, "name": name, "func": LAUNCH, "args": (), "kwargs": {}, "started": timezone.now()}
    return str(SignedPackage.dumps(task))


class Launches:
    """What both brokers share. `take()` removes one wish and tells whether there was one, waiting a little for it."""

    def take(self) -> bool:
        raise NotImplementedError

    def dequeue(self) -> Delivery:
        """Never raises: Django-Q2's pusher would sleep for ten seconds and die."""
        try:
            return [(None, launch_package())] if self.take() else None
        except Exception as error:
            log.warning("The broker does not answer (%s); trying again.", error)
            time.sleep(BROKEN_PAUSE_SECONDS)
            return None

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Worker rows tell more than Django-Q2's own statistics."""
