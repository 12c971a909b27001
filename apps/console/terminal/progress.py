"""Progress in a terminal: two lines that stay in place, or one line a change where the output is no terminal."""

import shutil
from dataclasses import dataclass
from typing import Protocol, TextIO

from apps.console.terminal.screen import Look, clean, clip
from apps.core import durations

BAR = 30
STEP = 10
"""Without a terminal: a line for every so many per cent, and for every stage."""
ORDINARY = ("Waits for the tasks of its nodes", "Waits for the next try", "Waits for a free worker", "Wakes up")
"""How the reasons begin for which a workflow that goes on is asleep or about to wake."""
GREY, GREEN, RED, YELLOW, CYAN = "90", "32", "31", "33", "36"
COLOURS = {"completed": GREEN, "failed": RED, "cancelled": GREY, "paused": YELLOW, "pending": GREY, "waiting": YELLOW}


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A task at one moment, as far as progress shows it. Seconds; None where nothing is known."""

    task_id: int
    title: str
    status: str
    why: str
    percent: float
    stage: str
    stage_number: int
    stages: int
    message: str
    line: int | None
    call: str
    worker: str
    elapsed: float | None
    remaining: float | None
    seq: int
    is_final: bool
    nodes: str = ""
    """Of a workflow that has begun: how many of its nodes are done, run, have failed. Its wake-ups say nothing of them."""

    @property
    def is_on_its_way(self) -> bool:
        """A workflow that goes on, whether it is awake or waits for its nodes at this moment."""
        return bool(self.nodes) and self.status in ("pending", "running", "waiting")


class Display(Protocol):
    def show(self, snapshot: Snapshot) -> None:
        """The present state."""

    def tell(self, text: str) -> None:
        """Something that happened and stays in view."""

    def close(self) -> None:
        """No more will come; what is shown stays."""


def display(stream: TextIO) -> Display:
    look = Look.of(stream)
    return Bar(stream, look) if look.is_terminal else Lines(stream, look)


class Bar:
    """Two lines at the bottom: the bar with its times, and what the task does. What is told scrolls above them."""

    def __init__(self, stream: TextIO, look: Look) -> None:
        self._stream = stream
        self._look = look
        self._shown: list[str] = []

    def show(self, snapshot: Snapshot) -> None:
        width = max(20, shutil.get_terminal_size().columns - 1)
        lines = [self._bar(snapshot, width), clip(f"  {doing(snapshot)}", width)]
        if lines != self._shown:
            self._draw(lines)

    def tell(self, text: str) -> None:
        width = max(20, shutil.get_terminal_size().columns - 1)
        shown, self._shown = self._shown, self._erase()
        self._stream.write(clip(clean(text), width) + "\n")
        if shown:
            self._draw(shown)
        self._stream.flush()

    def close(self) -> None:
        self._shown = []
        self._stream.flush()

    def _draw(self, lines: list[str]) -> None:
        self._erase()
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()
        self._shown = lines

    def _erase(self) -> list[str]:
        if self._shown:
            self._stream.write(f"\x1b[{len(self._shown)}F\x1b[J")
        return []

    def _bar(self, snapshot: Snapshot, width: int) -> str:
        full, empty = ("━", "─") if self._look.has_marks else ("#", "-")
        size = min(BAR, max(5, width - 40))
        done = round(size * min(100.0, max(0.0, snapshot.percent)) / 100)
        bar = self._look.coloured(full * done, COLOURS.get(snapshot.status, CYAN))
        bar += self._look.coloured(empty * (size - done), GREY)
        head = f"{snapshot.percent:3.0f} % "
        return f"{bar} {head}" + clip(f"{times(snapshot)}", width - size - len(head) - 1)


class Lines:
    """For files and pipes: a line when the status or the stage changes, and for every tenth of the way.

    Of a workflow that is on its way only for every tenth, and when something holds it up.
    """

    def __init__(self, stream: TextIO, look: Look) -> None:
        self._stream = stream
        self._shown: tuple[object, ...] | None = None
        self._held = ""

    def show(self, snapshot: Snapshot) -> None:
        shown: tuple[object, ...] = (snapshot.status, snapshot.why, snapshot.stage)
        if snapshot.is_on_its_way:
            # Awake, it looks at what has ended: that alone does not say that it is held up no longer.
            self._held = self._held if snapshot.status == "running" else holdup(snapshot)
            shown = (self._held,)
        shown += (int(snapshot.percent // STEP),)
        if shown == self._shown:
            return
        self._shown = shown
        self._write(f"{snapshot.percent:3.0f} %  {doing(snapshot)}")

    def tell(self, text: str) -> None:
        self._write(f"       {clean(text)}")

    def close(self) -> None:
        self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write(text.rstrip() + "\n")
        self._stream.flush()


def doing(snapshot: Snapshot) -> str:
    """'ai_analysis (5 of 8) · Chunk 3 of 11 · line 24 · crm.invoices · chantilly-3'; of one that does not run, why."""
    if snapshot.is_on_its_way:
        return clean(" · ".join(filter(None, [snapshot.nodes, holdup(snapshot)])))
    if snapshot.status != "running":
        return clean(f"{snapshot.status} · {snapshot.why}" if snapshot.why else snapshot.status)
    number = f" ({snapshot.stage_number} of {snapshot.stages})" if snapshot.stage_number else ""
    parts = [
        f"{snapshot.stage}{number}" if snapshot.stage else "running",
        snapshot.message,
        f"line {snapshot.line}" if snapshot.line else "",
        snapshot.call,
        snapshot.worker,
        snapshot.why,
    ]
    return clean(" · ".join(part for part in parts if part))


def holdup(snapshot: Snapshot) -> str:
    """What a workflow on its way waits for besides its own tasks: people, an event, a worker that is not there."""
    return "" if snapshot.status == "running" or snapshot.why.startswith(ORDINARY) else snapshot.why


def times(snapshot: Snapshot) -> str:
    parts = []
    if snapshot.elapsed is not None:
        parts.append(durations.describe(snapshot.elapsed))
    if (snapshot.status == "running" or snapshot.is_on_its_way) and round(snapshot.remaining or 0):
        parts.append(f"about {durations.describe(round(snapshot.remaining or 0))} left")
    return ", ".join(parts)
