"""The rows of a run: read what is new, write what follows in one fenced transaction."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from apps.core import clock
from apps.executors.workflow.running.board import Board
from apps.executors.workflow.running.context import Context
from apps.executors.workflow.running.standing import Standing, State
from apps.tasks import dbclock, sql
from apps.tasks.making import children
from apps.tasks.making.children import Want
from apps.tasks.models import Branch, Message, Node, Run, Task
from apps.tasks.record import feed, rows
from apps.tasks.record.journal import Lease

FIELDS = (
    "state", "outcome", "because", "reason", "error", "generation", "round", "tries", "began_at", "due_at", "ended_at",
    "notes",
)  # fmt: skip
RUN = (
    "task", "version", "generation", "began_at", "ended_at", "total", "running", "completed", "failed", "skipped", "work_done",
    "rest_until", "values_until", "results_until", "is_forgotten", "is_retried",
)  # fmt: skip
BRANCH = (
    "id", "task", "name", "node", "total", "made", "outstanding", "failed", "cancelled", "at_once", "at_least",
    "created_at", "due_at", "taken_at", "ended_at",
)  # fmt: skip
WANTED = (
    "node IS NOT NULL AND ((due_at IS NOT NULL AND taken_at IS NULL) OR (made < total AND taken_at IS NULL)"
    " OR (outstanding > 0 AND taken_at IS NOT NULL))"
)
"""As the index says it (models.family.WANTS_ITS_WORKFLOW)."""
REST = 1.5
"""Times what an attempt has taken so far: so long it rests while more than one of its nodes runs."""
LONGEST_REST = timedelta(seconds=0.25)
PARENT = ("id", "uid", "priority", "deadline", "requester")
MAX_TOLD = 200
"""Nodes that one event of the feed names; a page that hears of more looks for itself."""
UPDATED = ", ".join(f"{name} = excluded.{name}" for name in ("version", *FIELDS))
FORMER = (
    "UPDATE tasks_value SET is_current = FALSE, text = CASE WHEN size > %s THEN NULL ELSE text END"
    " WHERE task_id = %s AND is_current AND {keys}"
)
KEPT_OF_FORMER = 2_000
"""Characters up to which a value stays on record once there is a newer one of its key."""


def standings(task_id: int, after: int | None = None) -> list[Standing]:
    """Of all nodes that have been touched, or only of those written since this version, in the order of their ends."""
    newer, values = ("", []) if after is None else (" AND version > %s", [after])
    found = rows.read(Node, ("number", *FIELDS), f"task_id = %s{newer} ORDER BY ended_at, number", [task_id, *values])
    return [Standing(number=each.number, **{name: getattr(each, name) for name in FIELDS}) for each in found]


def opened(task_id: int, total: int) -> Run:
    """The run's row, made when it begins."""
    found = rows.read(Run, RUN, "task_id = %s", [task_id])
    return (
        found[0]
        if found
        else Run.objects.get_or_create(task_id=task_id, defaults={"began_at": clock.now(), "total": total})[0]
    )


def branches(task_id: int) -> list[Branch]:
    """Those that the workflow has something to do about."""
    return rows.read(Branch, BRANCH, f"task_id = %s AND {WANTED} ORDER BY id", [task_id])


def gone(task_id: int) -> set[str]:
    """Keys of the context whose values were dropped."""
    found = sql.rows("SELECT key FROM tasks_value WHERE task_id = %s AND is_current AND text IS NULL", [task_id])
    return {key for (key,) in found}


def heard(task_id: int) -> list[Message]:
    """Events that it has taken note of, in their order."""
    return list(Message.objects.filter(task_id=task_id, index__isnull=False).order_by("index"))


def parent(task_id: int, requester: Any) -> Task:
    """The workflow's task, with what its children take over."""
    [found] = rows.read(Task, PARENT, "id = %s", [task_id])
    found._state.fields_cache["requester"] = requester
    return found


def messages(task_id: int) -> list[Message]:
    """Events that it was told and has not taken note of."""
    return list(Message.objects.filter(task_id=task_id, index=None, told_at__isnull=False).order_by("pk"))


def events(task_id: int) -> list[str]:
    """Their names."""
    return [message.name for message in heard(task_id)]


class Saving:
    """One transaction of a run: what changed, what was taken note of, and the tasks that are made."""

    def __init__(self, lease: Lease, run: Run, parent: Task, board: Board, context: Context) -> None:
        self.lease, self.run, self.parent, self.board, self.context = lease, run, parent, board, context
        self.began = time.perf_counter()

    def write(
        self, now: datetime, *, wants: Sequence[Want], taken: Iterable[Branch], heard: Sequence[Message], marker: str
    ) -> list[Branch]:
        """All or nothing; then the board is clean. The new branches. Raises LeaseLost."""
        board, version = self.board, self.run.version + 1
        with sql.transaction():
            _take(
                self.lease.task_id, taken, self._left(), now
            )  # branches before the execution, as those who end lock them
            self._tell(now, version)
            self._nodes(version)
            self._values(now)
            _hear(self.lease.task_id, heard)
            made = children.put(self.parent, wants, now) if wants else []
            _number(made, marker)
            self._run(version, now)
        board.changed.clear()
        board.is_mended = False
        self.context.written.clear()
        self.context.dropped.clear()
        return made

    def _left(self) -> list[str]:
        """Names of the branches that nobody waits for any more."""
        return [self.board.standings[number].branch for number in self.board.withdrawn]

    def _tell(self, now: datetime, version: int) -> None:
        """The event that pages hear of; it proves the lease, extends it and shows the progress.

        What has nudged the run so far is found by the look that follows every write.
        """
        numbers = sorted(self.board.changed)
        states = self.board.standings
        data: dict[str, Any] = {"version": version, "changed": len(numbers)}
        if len(numbers) <= MAX_TOLD:
            data["nodes"] = [[number, str(states[number].state)] for number in numbers]
        greatest = "max" if sql.is_sqlite() else "greatest"
        shown = f"percent = {greatest}(percent, %s), stage = %s, message = %s"
        feed.append_with(
            self.lease.task_id, "task.advanced", now, None, data,
            sets=f", is_nudged = FALSE, lease_until = {dbclock.now_sql()} + %s, {shown}",
            values=[settings.LEASE_SECONDS, self.board.percent, self.board.stage[:100], self.board.summary[:300]],
            token=self.lease.token,
        )  # fmt: skip

    def _nodes(self, version: int) -> None:
        changed = [self.board.standings[number] for number in sorted(self.board.changed)]
        if changed:
            fixed = {"task_id": self.lease.task_id, "version": version}
            records = [
                {**fixed, "number": each.number, **{name: getattr(each, name) for name in FIELDS}} for each in changed
            ]
            rows.insert("tasks_node", records, f"ON CONFLICT (task_id, number) DO UPDATE SET {UPDATED}")

    def _values(self, now: datetime) -> None:
        written, task_id = self.context.written, self.lease.task_id
        if written:
            keys, values = rows.some("key", list(written))
            sql.run(FORMER.format(keys=keys), [KEPT_OF_FORMER, task_id, values])
            records = [
                {
                    "task_id": task_id, "key": each.key, "node": each.node, "round": each.round, "text": each.text,
                    "size": len(each.text or ""), "written_at": now, "is_current": True,
                }
                for each in written.values()
            ]  # fmt: skip
            rows.insert("tasks_value", records)
        if self.context.dropped:
            keys, values = rows.some("key", list(self.context.dropped))
            sql.run(
                f"UPDATE tasks_value SET text = NULL WHERE task_id = %s AND is_current AND {keys}", [task_id, values]
            )

    def _run(self, version: int, now: datetime) -> None:
        run, counts = self.run, self.board.counts
        run.running = counts[State.RUNNING] + counts[State.CHECKING]
        run.completed, run.failed = counts[State.COMPLETED], counts[State.FAILED]
        run.skipped = counts[State.SKIPPED] + counts[State.CANCELLED]
        run.work_done, run.version = self.board.percent / 100, version
        run.generation += self.board.is_mended
        took = timedelta(seconds=time.perf_counter() - self.began)
        run.rest_until = now + min(LONGEST_REST, REST * took) if run.running > 1 else None
        sets = ", ".join(f"{name} = %s" for name in RUN[1:])
        sql.run(
            f"UPDATE tasks_run SET {sets} WHERE task_id = %s",
            [*(sql.value(getattr(run, name)) for name in RUN[1:]), run.task_id],
        )


def _take(task_id: int, taken: Iterable[Branch], left: Sequence[str], now: datetime) -> None:
    """Note was taken of what is due still, and of what is left: its tasks are cancelled by the next look."""
    ids = [branch.pk for branch in taken]
    if ids:
        these, values = rows.some("id", sorted(ids))
        sql.run(
            f"UPDATE tasks_branch SET taken_at = %s WHERE {these} AND due_at IS NOT NULL", [sql.moment(now), values]
        )
    if left:
        these, values = rows.some("name", left)
        sql.run(
            f"UPDATE tasks_branch SET taken_at = %s WHERE task_id = %s AND {these} AND taken_at IS NULL",
            [sql.moment(now), task_id, values],
        )


def _hear(task_id: int, heard: Sequence[Message]) -> None:
    """A message that was taken note of answers something: its index says in which order."""
    if not heard:
        return
    [last] = sql.run('SELECT coalesce(max("index"), -1) FROM tasks_message WHERE task_id = %s', [task_id])
    for place, message in enumerate(heard, start=last + 1):
        Message.objects.filter(pk=message.pk).update(index=place)


def _number(made: Sequence[Branch], marker: str) -> None:
    """Tasks that name their own number learn it."""
    if not (made and marker):
        return
    for task in Task.objects.filter(branch_id__in=[branch.pk for branch in made]).only("pk", "parameters", "title"):
        number_in(task, marker)


def number_in(task: Task, marker: str) -> None:
    Task.objects.filter(pk=task.pk).update(
        parameters=_filled(task.parameters, marker, str(task.pk)), title=task.title.replace(marker, str(task.pk))
    )


def _filled(value: Any, marker: str, text: str) -> Any:
    if isinstance(value, str):
        return value.replace(marker, text)
    if isinstance(value, dict):
        return {name: _filled(item, marker, text) for name, item in value.items()}
    return [_filled(item, marker, text) for item in value] if isinstance(value, list) else value
