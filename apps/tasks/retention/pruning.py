"""Retention: ended tasks whose time is over go, in small batches, and leave a tombstone and their share of the totals.

1. One short transaction a batch: a tombstone for each, the totals, then the tasks with their attempts and file rows.
2. Then, for tombstones that are not cleared: steps and events, a bounded number of rows a transaction, and the files.

A process that dies between leaves tombstones that are not cleared: the next one goes on with them.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import structlog
from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models import CASCADE, ForeignObjectRel, Q

from apps.catalog.models import TaskTemplate
from apps.core import clock
from apps.tasks import blobs, sql
from apps.tasks.models import AuditEntry, BulkAction, Task, Tombstone
from apps.tasks.models.task import TaskQuerySet, in_status
from apps.tasks.retention import chores, contexts, totals
from apps.tasks.retention.orphans import orphans
from apps.tasks.states import FINAL

log = structlog.get_logger(__name__)

CHORE = "pruning"
BATCH = 20
"""Tasks a transaction. With 50, other writers beside it took twice as long; with 20 they hardly notice."""
ROWS = 1_000
"""Steps or events a transaction."""
TURN_SECONDS = 0.2
"""What a sweep may spend on it: the thread that sweeps also keeps a lease."""
HELD_SECONDS = 30.0
PERIOD = 60.0
READ = (
    "uid", "template_id", "title", "requester_id", "status", "failures", "delete_after", "created_at", "started_at",
    "finished_at", "execution__steps", "execution__model_tokens", "kind", "revision__kind",
)  # fmt: skip
"""What a tombstone and the totals need of a task."""
LONGEST_BREATH = 0.05
IDLE_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which tasks go: those whose own time is over, or all that ended longer ago than `older_than`."""

    now: datetime
    older_than: timedelta | None = None
    template: str = ""

    @property
    def tasks(self) -> TaskQuerySet:
        return self._of_template(Task.objects.filter(self._is_over, status__in=FINAL))

    def next(self, most: int) -> list[int]:
        """Numbers of those that go next, each time found by a short look into an index.

        Both databases must see no other way: by its states, SQLite would read every ended task for each batch.
        """
        if self.older_than is None:
            over = self._of_template(Task.objects.filter(self._is_over, finished_at__isnull=False))
            return list(over.order_by("delete_after", "id").values_list("pk", flat=True)[:most])
        for status in sorted(FINAL):
            ended = self._of_template(Task.objects.filter(self._is_over, in_status(status)))
            if ids := list(ended.order_by("finished_at").values_list("pk", flat=True)[:most]):
                return ids
        return []

    @property
    def _is_over(self) -> Q:
        if self.older_than is None:
            return Q(delete_after__lte=self.now)
        return Q(finished_at__lte=self.now - self.older_than)

    def _of_template(self, tasks: TaskQuerySet) -> TaskQuerySet:
        return tasks.filter(template__key=self.template) if self.template else tasks

    def reason(self, task: Task) -> str:
        if self.older_than is not None:
            return f"an operator removed what had ended more than {self.older_than.days} days before"
        assert task.delete_after is not None and task.finished_at is not None
        return f"its template keeps tasks for {(task.delete_after - task.finished_at).days} days after their end"


def turn() -> int:
    """A short share of the work, if it is due and nobody else has it. Returns how many tasks were removed."""
    number = chores.take(CHORE, HELD_SECONDS)
    if number is None:
        return 0
    until = time.monotonic() + TURN_SECONDS
    removed = 0
    for count in steps(Choice(now=clock.now())):
        removed += count
        if time.monotonic() > until:
            chores.give_back(CHORE, number, 0)
            return removed
    chores.give_back(CHORE, number, PERIOD)
    return removed


def run(choice: Choice) -> Iterator[int]:
    """All of it, with a breath after each transaction in which other writers get their turn. Yields tasks removed."""
    began = time.monotonic()
    for count in steps(choice):
        yield count
        time.sleep(min(LONGEST_BREATH, time.monotonic() - began))
        began = time.monotonic()


def steps(choice: Choice) -> Iterator[int]:
    """One short transaction after another until nothing is left; each yields how many tasks it removed."""
    while _clear():
        yield 0
    while removed := remove(choice):
        yield removed
        while _clear():
            yield 0
    while forget(choice.now):
        yield 0
    while forget_records(choice.now):
        yield 0
    while contexts.forget(choice.now):
        yield 0


def remove(choice: Choice, most: int = BATCH) -> int:
    """Remove a batch of tasks. One that cannot go is put off by a day, so that it strands no other."""
    try:
        return _remove(choice, most)
    except IntegrityError as error:
        if most > 1:
            return remove(choice, 1)
        if choice.older_than is not None:
            raise
        stuck = choice.next(1)
        log.error("task_not_removed", task_ids=stuck, error=str(error))
        return Task.objects.filter(pk__in=stuck).update(delete_after=choice.now + timedelta(days=1))


def _remove(choice: Choice, most: int) -> int:
    """Everything is read and put together before the transaction: other writers wait for a few statements only."""
    rows = Task.objects.filter(pk__in=choice.next(most)).select_related("execution", "revision").order_by("pk")
    tasks = list(rows.only(*READ))
    if not tasks:
        return 0
    ids = [task.pk for task in tasks]
    keys = dict(TaskTemplate.objects.filter(pk__in={task.template_id for task in tasks}).values_list("pk", "key"))
    tombstones = [_tombstone(task, keys[task.template_id], choice) for task in tasks]
    sums = totals.of(tasks)
    with sql.transaction():
        if _hold(ids, choice) == len(ids):
            _insert(tombstones)
            totals.add(sums)
            for table, column in _belongings():
                sql.run(f"DELETE FROM {table} WHERE {column} IN ({_places(ids)})", ids)
            sql.run(f"DELETE FROM tasks_task WHERE id IN ({_places(ids)})", ids)
            return len(ids)
    # Somebody acts on one of them, or has just retried it: the others go one by one, that one another time.
    return remove(choice, 1) if most > 1 else 0


def _hold(ids: list[int], choice: Choice) -> int:
    """Lock those of the tasks that are still to go and that nobody else holds; how many."""
    is_over, moment = (
        ("delete_after <= %s", choice.now)
        if choice.older_than is None
        else ("finished_at <= %s", choice.now - choice.older_than)
    )
    lock = "" if sql.is_sqlite() else " FOR UPDATE SKIP LOCKED"
    final = ", ".join(f"'{status.value}'" for status in sorted(FINAL))
    held = f"SELECT id FROM tasks_task WHERE id IN ({_places(ids)}) AND status IN ({final}) AND {is_over}{lock}"
    return int(sql.run(f"WITH held AS ({held}) SELECT count(*) FROM held", [*ids, sql.moment(moment)])[0])


def _insert(tombstones: list[Tombstone]) -> None:
    fields = Tombstone._meta.concrete_fields
    values = [each.get_db_prep_save(getattr(row, each.attname), connection) for row in tombstones for each in fields]
    row = f"({', '.join(['%s'] * len(fields))})"
    columns = ", ".join(f'"{each.column}"' for each in fields)
    rows = ", ".join([row] * len(tombstones))
    sql.run(f"INSERT INTO tasks_tombstone ({columns}) VALUES {rows} ON CONFLICT DO NOTHING", values)


@cache
def _belongings() -> list[tuple[str, str]]:
    """(table, column) of all rows that go with a task; its feed, which may be long, goes afterwards."""
    relations = [each for each in Task._meta.get_fields() if isinstance(each, ForeignObjectRel)]
    return [
        (relation.related_model._meta.db_table, str(relation.field.column))
        for relation in relations
        if relation.on_delete is CASCADE and relation.related_model is not Task
    ]


def _places(ids: list[int]) -> str:
    return ", ".join(["%s"] * len(ids))


def _tombstone(task: Task, template_key: str, choice: Choice) -> Tombstone:
    assert task.finished_at is not None  # the database refuses a final task without it
    return Tombstone(
        task_id=task.pk,
        uid=task.uid,
        template_key=template_key,
        title=task.title,
        requester_id=task.requester_id,
        status=task.status,
        created_at=task.created_at,
        finished_at=task.finished_at,
        removed_at=choice.now,
        reason=choice.reason(task),
    )


def _clear() -> bool:
    """Take away a bounded number of what removed tasks left behind. False when nothing is left."""
    ids = list(Tombstone.objects.filter(is_cleared=False).order_by("task_id").values_list("pk", flat=True)[:BATCH])
    if not ids:
        return False
    if _delete_rows("tasks_step", ids) == ROWS or _delete_rows("tasks_event", ids) == ROWS:
        return True
    for task_id, error in blobs.remove_tasks(ids):
        # A directory that nobody may touch must not stop all others; `manage.py prune --files` tries it again.
        log.error("files_not_removed", task_id=task_id, error=str(error))
    Tombstone.objects.filter(pk__in=ids).update(is_cleared=True)
    return True


def _delete_rows(table: str, ids: list[int]) -> int:
    some = f"SELECT task_id, seq FROM {table} WHERE task_id IN ({_places(ids)}) LIMIT {ROWS}"
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE (task_id, seq) IN ({some})", ids)
        return int(cursor.rowcount)


def forget(now: datetime) -> int:
    """Remove tombstones whose own time is over."""
    over = Tombstone.objects.filter(removed_at__lt=now - timedelta(days=settings.TOMBSTONE_DAYS), is_cleared=True)
    some = list(over.order_by("removed_at").values_list("pk", flat=True)[:ROWS])
    return Tombstone.objects.filter(pk__in=some).delete()[0]


def forget_records(now: datetime) -> int:
    """Remove audit entries and ended actions on many tasks whose time is over: some of the oldest, by number."""
    before = now - timedelta(days=settings.AUDIT_DAYS)
    entries = AuditEntry.objects.order_by("pk").values_list("pk", "at")[:ROWS]
    actions = BulkAction.objects.order_by("pk").values_list("pk", "finished_at")[:ROWS]
    old_entries = [pk for pk, at in entries if at < before]
    old_actions = [pk for pk, at in actions if at is not None and at < before]
    return (
        AuditEntry.objects.filter(pk__in=old_entries).delete()[0]
        + BulkAction.objects.filter(pk__in=old_actions).delete()[0]
    )


def remove_orphaned_files() -> int:
    """Take away files of tasks that have no row: what a restored backup, or a worker without a lease, left behind.

    Not what is younger than IDLE_SECONDS: a fork keeps its files before anybody can see its row. What may not be
    removed is logged and left; it holds up nothing else.
    """
    removed, refused = 0, set[int]()
    while ids := set(orphans(ROWS + len(refused), idle_seconds=IDLE_SECONDS)) - refused:
        for task_id, error in blobs.remove_tasks(sorted(ids)):
            log.error("files_not_removed", task_id=task_id, error=str(error))
            refused.add(task_id)
        removed += len(ids - refused)
    return removed
