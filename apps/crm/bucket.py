"""A leaky bucket: `burst` requests at once, then `rate` a second."""

import threading
import time
from collections.abc import Callable


class LeakyBucket:
    """Limits the requests of this process. Each fills the bucket by one; it leaks `rate` a second."""

    def __init__(self, *, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(f"a bucket needs a rate above 0 and a burst of at least 1, not {rate} and {burst}")
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._level = 0.0
        self._seen = clock()

    def take(self) -> float:
        """0.0 when the request may go; otherwise the seconds after which one may, and nothing is taken."""
        with self._lock:
            now = self._clock()
            self._level = max(0.0, self._level - (now - self._seen) * self.rate)
            self._seen = now
            overflow = self._level + 1 - self.burst
            # A caller who waited exactly as told must not fail by a rounding error.
            if overflow > 1e-9:
                return overflow / self.rate
            self._level += 1
            return 0.0
