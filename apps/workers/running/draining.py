"""The wish that this worker process ends soon. SIGTERM means it; a slice looks at it between host calls."""

import signal
import threading
from types import FrameType

requested = threading.Event()


def listen() -> None:
    """Take SIGTERM as that wish from now on (main thread). Without it the signal ends a process that holds locks."""
    signal.signal(signal.SIGTERM, _note)


def _note(signum: int, frame: FrameType | None) -> None:
    requested.set()
