"""The supervisor's loop. It only ever waits for signals and time."""

import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from django.db import DatabaseError

from apps.core import carriers
from apps.core.tether import adopt_orphans, name_process
from apps.workers import identity
from apps.workers.models import ClusterEvent
from apps.workers.supervisor import address
from apps.workers.supervisor.bridge import Bridge
from apps.workers.supervisor.children import Child, reap_adopted
from apps.workers.supervisor.courier import Courier
from apps.workers.supervisor.options import Options
from apps.workers.supervisor.probe import Probe
from apps.workers.supervisor.signals import END, Signals
from apps.workers.supervisor.welcome import Welcome, say

TICK = 0.5
WITHOUT_PAGES = "CHANTILLY_WITHOUT_PAGES"

log = logging.getLogger("chantilly.supervisor")
Kind = ClusterEvent.Kind


class Supervisor:
    """`run` returns when everything has ended: 0 after a drain, also when the bound had to be enforced."""

    def __init__(self, options: Options, home: Path) -> None:
        self._options = options
        self._home = home
        self._stalls: SimpleQueue[tuple[int, str]] = SimpleQueue()
        self._signals = Signals()
        self._stop_wish = ""
        """Who asked, through the cluster's row, that it ends; empty while nobody does."""
        self._probe = Probe(options.workers, self._note_stall, self._note_wish if options.cluster else None)
        self._bridge = _bridge()
        self._courier = Courier()
        self._cluster = cluster_child(options, home) if options.cluster else None
        self._web = web_child(options, home) if options.web else None
        self._chat = chat_child(options, home) if options.chat else None
        self._welcome = Welcome(options, home, ask_child(options)) if options.web else None

    @property
    def _children(self) -> list[Child]:
        return [child for child in (self._cluster, self._web, self._chat) if child is not None]

    def run(self) -> int:
        name_process("chantilly-up")
        adopt_orphans()
        if self._options.web:
            address.leave(self._home, self._options.address)
        with self._signals:
            self._probe.start()
            self._courier.start()
            if self._bridge is not None:
                self._bridge.start()
            while not self._signals.wait(self._pause()) & END and not self._has_ended_by_wish():
                self._look_after_children()
                self._restart_stalled()
                self._greet()
            self._stop()
        return 0

    def _pause(self) -> float:
        due = [child.start_at - time.monotonic() for child in self._children if child.process is None]
        return min([TICK, *(max(0.0, seconds) for seconds in due)])

    def _look_after_children(self) -> None:
        for child in self._children:
            code = child.exited()
            if code is not None:
                self._tell_exit(child, code)
            if child.is_due() and not (child is self._cluster and self._stop_wish):
                self._start(child)
        reap_adopted(self._own())

    def _start(self, child: Child) -> None:
        child.start()
        log.info("Started the %s (process %s).", child.name, child.pid)
        if child is self._cluster:
            self._probe.watch(child.pid)
            self._probe.record(Kind.STARTED)

    def _tell_exit(self, child: Child, code: int) -> None:
        pause = max(0.0, child.start_at - time.monotonic())
        reason = f"ended by signal {-code}" if code < 0 else f"exited with code {code}"
        log.warning("The %s %s after %.0f s; starting it again in %.1f s.", child.name, reason, child.lived, pause)
        if child is self._cluster:
            self._probe.watch(None)
            self._probe.record(Kind.EXITED, reason)

    def _note_stall(self, cluster_pid: int, reason: str) -> None:
        self._stalls.put((cluster_pid, reason))
        self._signals.wake()

    def _note_wish(self, who: str) -> None:
        self._stop_wish = who
        self._signals.wake()

    def _has_ended_by_wish(self) -> bool:
        """End the cluster that people ask to stop. True when nothing is left to run, or a signal came meanwhile."""
        if not self._stop_wish or self._cluster is None:
            return False
        if self._web is None:
            return True
        if self._cluster.process is None:
            return False
        log.warning("The cluster ends, %s. It starts again when it is resumed.", self._stop_wish)
        self._probe.watch(None)
        is_asked = self._end([self._cluster])
        self._cluster.process, self._cluster.start_at = None, 0.0
        self._probe.record(Kind.STOPPED, self._stop_wish)
        return is_asked

    def _restart_stalled(self) -> None:
        try:
            cluster_pid, reason = self._stalls.get_nowait()
        except Empty:
            return
        if self._cluster is None or self._cluster.pid != cluster_pid:
            return
        log.error("The cluster lives but does not progress: %s. Starting it again.", reason)
        self._probe.record(Kind.RESTARTED, reason)
        self._cluster.kill()

    def _greet(self) -> None:
        if self._welcome is not None and not self._welcome.is_done:
            has_workers = self._cluster is None or self._probe.workers_seen >= self._options.workers
            self._welcome.go_on(has_workers)

    def _own(self) -> set[int]:
        asking = self._welcome.pid if self._welcome else None
        return {pid for pid in (*(child.pid for child in self._children), asking) if pid is not None}

    def _stop(self) -> None:
        who = f", {self._stop_wish}" if self._stop_wish else ""
        say(f"Stopping{who}; press Ctrl-C again to stop at once.")
        self._probe.watch(None)
        self._courier.ask_to_end()
        if self._welcome is not None:
            self._welcome.kill()
        self._end(self._children)
        reap_adopted(set())
        if self._options.web:
            address.withdraw(self._home)
        if self._bridge is not None:
            self._bridge.stop()
        self._courier.stop()
        self._record_stop()
        say("Stopped.")

    def _end(self, children: Sequence[Child]) -> bool:
        """Drain: ask them to end, wait up to the bound, kill what is left. True when a signal came: it means now."""
        for child in children:
            child.ask_to_end()
        deadline, is_asked = time.monotonic() + self._options.stop_seconds, False
        while any(_is_running(child) for child in children) and time.monotonic() < deadline and not is_asked:
            if self._cluster is not None and self._cluster in children:
                self._cluster.drain_workers()
            is_asked = bool(self._signals.wait(0.1) & END)
        for child in children:
            child.kill()
        return is_asked

    def _record_stop(self) -> None:
        if self._cluster is None:
            return
        self._probe.record(Kind.STOPPED, self._stop_wish)
        try:
            self._probe.write_records()
        except DatabaseError as error:
            log.warning("The stop could not be recorded: %s", str(error).strip())


def _bridge() -> Bridge | None:
    carrier = carriers.carrier()
    return Bridge(carrier) if carrier is not None else None


def _is_running(child: Child) -> bool:
    return child.process is not None and child.process.poll() is None


SERVICE = {"LOG_LEVEL": "INFO"}
"""What running services say by default: a line for each event of a task; commands say warnings only."""


def cluster_child(options: Options, home: Path) -> Child:
    environment = {
        **SERVICE,
        **os.environ,
        WITHOUT_PAGES: "1",
        "WORKERS": str(options.workers),
        "CLUSTER_QUEUE": identity.cluster_queue(),
        "MALLOC_ARENA_MAX": "2",
    }
    return Child(
        name="cluster",
        command=_python("apps.workers.q2"),
        environment=environment,
        log=_log_file(options, home, f"cluster-{options.name}" if options.name else "cluster"),
    )


def web_child(options: Options, home: Path) -> Child:
    return Child(
        name="web server",
        command=_python("apps.workers.supervisor.web", options.host, str(options.port)),
        environment={**SERVICE, **_with_pages()},
        log=_log_file(options, home, "web"),
    )


def chat_child(options: Options, home: Path) -> Child:
    """By its command: what it does is above this package."""
    return Child(
        name="chat service",
        command=[sys.executable, "manage.py", "chat", "--tethered"],
        environment={**SERVICE, "MALLOC_ARENA_MAX": "2", **_with_pages()},
        log=_log_file(options, home, "chat"),
    )


def ask_child(options: Options) -> Child | None:
    """The request that `make run` shows: the same command that people type."""
    if not options.ask:
        return None
    command = [sys.executable, "manage.py", "ask", options.ask, "--yes", "--wait"]
    return Child(name="request", command=command, environment=_with_pages())


def _python(module: str, *arguments: str) -> Sequence[str]:
    return [sys.executable, "-m", module, *arguments]


def _with_pages() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != WITHOUT_PAGES}


def _log_file(options: Options, home: Path, name: str) -> Path | None:
    return home / "logs" / f"{name}.log" if options.log_files else None
