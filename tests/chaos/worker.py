# ruff: noqa: E402  (Django is set up before the product is imported)
"""Worker processes that die where their task says: a zygote forks one after the other until nothing is left to do.

A task's parameters `{"point": ..., "n": ...}` name the place of death of its first attempt: around its n-th call.
The faults are put around the product's functions here; the product knows nothing of them.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connections

from apps.executors.script import calls, run
from apps.tasks.models import Task
from apps.tasks.record.store import DatabaseStore
from apps.workers.running import draining
from apps.workers.running import slice as slices

MOST_CHILDREN = 1000
dying: dict[str, Any] = {}
"""Where the attempt that runs now is to die: point, index of the call, and the sandbox's process."""


def main() -> None:
    """Fork a worker, wait for its end, and again while they are killed. Prints how often that was."""
    for killed in range(MOST_CHILDREN):
        pid = os.fork()
        if pid == 0:
            _work()
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            print(json.dumps({"killed": killed, "code": os.waitstatus_to_exitcode(status)}))
            sys.exit(os.waitstatus_to_exitcode(status))
    sys.exit("the workers never came to an end")


def _work() -> None:
    code = 1
    try:
        draining.listen()
        _install_faults()
        slices.run_slice()
        connections.close_all()
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def _die_at(point: str, index: int) -> None:
    if dying.get("point") == point and dying.get("index") == index:
        with Path(os.environ["SANDBOXES"]).open("a") as file:
            file.write(f"{dying['sandbox']()}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def _install_faults() -> None:
    _wrap(run, "attempt", _attempt)
    _wrap(calls, "execute", _execute)
    _wrap(DatabaseStore, "write", _write)
    _wrap(DatabaseStore, "_insert_rows", _insert_rows)
    _wrap(run._Attempt, "_deliver", _deliver)
    _wrap(slices, "run_next", _run_next)


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    real = getattr(owner, name)
    setattr(owner, name, lambda *args, **kwargs: around(real, *args, **kwargs))


def _attempt(real: Any, session: Any) -> Any:
    parameters = session.task.parameters
    dying.clear()
    run.REPLAY_BUDGET = 0.0 if parameters.get("keeps") else 60.0
    if "point" in parameters and session.journal.lease.attempt == 1:
        dying.update(point=parameters["point"], index=parameters["n"] - 1, sandbox=lambda: session.pulse.sandbox_pid)
    return real(session)


def _execute(real: Any, session: Any, tool: Any, bound: Any, call: Any) -> Any:
    if tool.is_journalled:
        _die_at("before the call", call.index)
    answered = real(session, tool, bound, call)
    if tool.is_journalled:
        _die_at("after the effect", call.index)
    return answered


def _write(real: Any, store: Any, lease: Any, batch: Any) -> Any:
    ack = real(store, lease, batch)
    for step in batch.steps:
        _die_at("after the commit", step.index)
    return ack


def _insert_rows(real: Any, store: Any, lease: Any, batch: Any, seq: int) -> None:
    real(store, lease, batch, seq)
    for step in batch.steps:
        _die_at("before the commit", step.index)


def _deliver(real: Any, attempt: Any, snapshot: Any, answered: Any) -> Any:
    _die_at("before the answer", attempt.index - 1)
    return real(attempt, snapshot, answered)


def _run_next(real: Any, *args: Any) -> bool:
    found = bool(real(*args))
    if not found and not Task.objects.open().exists():
        draining.requested.set()
    return found


if __name__ == "__main__":
    main()
