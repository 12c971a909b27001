"""Does a running attempt still do something? Judged by what can be seen, so that no legitimate long call is ended.

- A host call in flight is believed for `call_seconds` without a sign of life, whatever it does: a slow service and a
  dead one look the same from here. A rest before another try is announced, and believed for as long as it lasts.
- Everything else must use the processor: the sandbox while the script computes, the worker's main thread otherwise.
  Where it does not, and nothing else changes either, `stall_seconds` make one stall.

Moments are the monotonic clock's seconds.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

MEANT_BY_COMPUTING = 0.02
"""Processor seconds that count as a sign of life: less is the noise of being scheduled."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """An attempt at one moment. `signs` is whatever changes when it does something; `cpu_seconds` of who should work."""

    signs: Hashable
    where: Literal["call", "rest", "sandbox", "host"]
    call: str = ""
    cpu_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Stalled:
    count: int
    reason: str
    is_stuck: bool
    """It shall be ended: too many stalls in a row, or a call that has been in flight for too long."""


class Watch:
    """Watches one attempt; tell it each look."""

    def __init__(self, *, stall_seconds: float, most: int, call_seconds: float) -> None:
        self._stall_seconds = stall_seconds
        self._most = most
        self._call_seconds = call_seconds
        self._signs: Hashable = None
        self._cpu_seconds = 0.0
        self._since: float | None = None
        self._count = 0

    def look(self, look: Look, at: float) -> Stalled | None:
        """A stall, in the moment when it is one; None else."""
        if self._has_changed(look):
            self._signs, self._cpu_seconds, self._since, self._count = look.signs, look.cpu_seconds, at, 0
        quiet = at - (at if self._since is None else self._since)
        if look.where == "rest":
            return None
        if look.where == "call":
            return self._judge_call(look, quiet)
        if quiet < self._stall_seconds * (self._count + 1):
            return None
        self._count += 1
        who = "its sandbox" if look.where == "sandbox" else "its worker"
        return Stalled(
            count=self._count,
            reason=f"{who} did nothing for {quiet:.0f} s and used no processor time",
            is_stuck=self._count >= self._most,
        )

    def _has_changed(self, look: Look) -> bool:
        if self._since is None or look.signs != self._signs:
            return True
        is_computing = look.cpu_seconds - self._cpu_seconds > MEANT_BY_COMPUTING
        return look.where in ("sandbox", "host") and is_computing

    def _judge_call(self, look: Look, quiet: float) -> Stalled | None:
        if not self._call_seconds or quiet < self._call_seconds:
            return None
        reason = f"{look.call} was in flight for {quiet:.0f} s without a sign of life"
        return Stalled(count=self._count + 1, reason=reason, is_stuck=True)
