# ruff: noqa: E402  (Django is set up before the product is imported)
"""Worker processes that die at one write of a family of tasks: `python -m tests.chaos.writes`, as `tests.chaos.worker`.

A family is a task that starts others, or a workflow, with all that it started. Its parameters `{"point": ..., "n": ...}`
name the place of death: around the family's n-th write, whichever of its tasks makes it. A write is a transaction, or a
statement on its own, of the thread that works: also the claim and the end of an attempt, and what is decided for it.

What a death may not wipe out stands in files: how many writes a family has made, and that it has had its death.
"""

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from apps.executors.script import run
from apps.executors.workflow.running import attempt
from apps.tasks import approvals, sql
from apps.tasks.lifecycle import telling
from apps.tasks.models import Approval, Message, Task
from apps.tasks.models.approvals import ApprovalState
from apps.workers.running import draining
from apps.workers.running import slice as slices
from tests.chaos import worker

POINTS = ("before the write", "after its first statement", "before the commit", "after the commit")
CHANGES = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|WITH\b.*?\b(INSERT INTO|UPDATE|DELETE FROM)\b)", re.IGNORECASE | re.DOTALL
)
ALONE = set(POINTS[1:])
"""Points that are one for a statement on its own: it is there, or not."""


class Family:
    """Of the attempt that this process has begun last, until it finds nothing to do."""

    def __init__(self, root: Task) -> None:
        self.root, asked = root.pk, root.parameters
        self._written, self._dead = _file("written", root.pk), _file("dead", root.pk)
        self._point: str = "" if self._dead.exists() else asked.get("point", "")
        self._at: int = asked.get("n", 0)
        self._number = self._written.stat().st_size if self._written.exists() else 0

    def begin_write(self) -> None:
        self._number += 1
        with self._written.open("ab") as file:
            file.write(b".")
        self.pass_by(POINTS[0])

    def pass_by(self, *points: str) -> None:
        if self._point in points and self._number == self._at:
            self._dead.touch()
            os.kill(os.getpid(), signal.SIGKILL)


family: Family | None = None
families: dict[int, Family] = {}
is_writing = False
"""Something of the transaction that is open has been written."""


def _file(kind: str, task_id: int) -> Path:
    return Path(os.environ["WORLD"]).with_name(f"{kind}-{task_id}")


def _install_faults() -> None:
    worker._wrap(run, "attempt", _attempt)
    worker._wrap(attempt, "attempt", _attempt)
    worker._wrap(slices, "run_next", _run_next)
    worker._wrap(
        sql, "_execute", lambda real, text, parameters, fetch: _execute(text, lambda: real(text, parameters, fetch))
    )
    worker._wrap(sql, "many", lambda real, text, parameters: _execute(text, lambda: real(text, parameters)))
    worker._wrap(BaseDatabaseWrapper, "_commit", lambda real, database: _end(lambda: real(database)))
    connection_created.connect(_listen, weak=False)
    if connection.connection is not None:
        _listen(connection=connection)


def _listen(connection: Any, **_: Any) -> None:
    connection.execute_wrappers.append(
        lambda execute, text, parameters, many, context: _execute(
            text, lambda: execute(text, parameters, many, context)
        )
    )


def _is_watched() -> bool:
    return family is not None and threading.current_thread() is threading.main_thread()


def _execute(text: str, execute: Any) -> Any:
    if not _is_watched():
        return execute()
    if text == "COMMIT":
        return _end(execute)
    if text == "ROLLBACK":
        _forget()
    return _write(execute) if CHANGES.match(text) else execute()


def _write(execute: Any) -> Any:
    global is_writing
    assert family is not None
    if is_writing:
        return execute()
    family.begin_write()
    is_writing = _is_in_transaction()
    answer = execute()
    family.pass_by(*([POINTS[1]] if is_writing else ALONE))
    return answer


def _end(commit: Any) -> Any:
    if not (_is_watched() and is_writing):
        return commit()
    assert family is not None
    family.pass_by(POINTS[2])
    _forget()
    answer = commit()
    family.pass_by(POINTS[3])
    return answer


def _forget() -> None:
    global is_writing
    is_writing = False


def _is_in_transaction() -> bool:
    return connection.in_atomic_block or bool(getattr(connection.connection, "in_transaction", False))


@contextmanager
def _nobody() -> Iterator[None]:
    """What is done meanwhile is no family's."""
    global family
    before, family = family, None
    try:
        yield
    finally:
        family = before


def _attempt(real: Any, session: Any) -> Any:
    global family
    with _nobody():
        root = Task.objects.get(pk=session.task.id)
        while root.parent_id is not None:
            root = Task.objects.get(pk=root.parent_id)
    family = families.setdefault(root.pk, Family(root))
    return real(session)


def _run_next(real: Any, *args: Any) -> bool:
    found = bool(real(*args))
    if not found:
        global family
        family = None
        _answer()
        if not Task.objects.open().exists():
            draining.requested.set()
    return found


def _answer() -> None:
    """People decide, and something happens outside, as soon as nothing else is to do."""
    for approval in Approval.objects.filter(state=ApprovalState.OPEN).select_related("task__requester"):
        approvals.decide(approval.pk, approval.task.requester, "approve")
    for task in Task.objects.filter(status="waiting", status_reason__contains="the event").select_related("requester"):
        if not Message.objects.filter(task=task, told_at__isnull=False).exists():
            telling.tell(task, task.requester, "go", {"far": True})


if __name__ == "__main__":
    worker._install_faults = _install_faults
    worker.main()
