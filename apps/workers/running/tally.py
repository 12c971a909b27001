"""What a worker has done since it last said so: added to by its main thread, taken by its heartbeat."""

import threading
from dataclasses import asdict

from apps.workers.registry.roster import Work


class Tally:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work = Work()

    def add(self, work: Work) -> None:
        with self._lock:
            before, more = asdict(self._work), asdict(work)
            self._work = Work(**{name: before[name] + more[name] for name in before})

    def take(self) -> Work:
        with self._lock:
            work, self._work = self._work, Work()
        return work
