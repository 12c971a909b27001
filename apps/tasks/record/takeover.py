"""What a fork takes over from its ancestor's record: the calls before a step, with their files, stages and output.

The copied rows keep their order and moments and get numbers of their own, so that the new feed has no gap. They count
as attempt 0: no attempt of the new task made these calls, and none will.
"""

import hashlib
from typing import Any

from django.db.models import Max

from apps.core.errors import Conflict, NotFound
from apps.tasks import blobs, sql
from apps.tasks.models import Artifact, Event, Execution, Step, Task
from apps.tasks.record import checkpoints
from apps.tasks.record.store import STEP_COLUMNS

PIECE = 1024 * 1024
TOLD = ("task.stage_started", "task.logged")
NUMBERED = """\
WITH picked AS (
  SELECT seq FROM tasks_step s WHERE task_id = %s AND "index" < %s AND try_number =
    (SELECT max(try_number) FROM tasks_step t WHERE t.task_id = s.task_id AND t."index" = s."index")
  UNION ALL
  SELECT seq FROM tasks_event WHERE task_id = %s AND kind IN ('task.stage_started', 'task.logged') AND seq < %s),
numbered AS (SELECT seq, row_number() OVER (ORDER BY seq) + 1 AS place FROM picked)"""
KEPT_COLUMNS = STEP_COLUMNS.removeprefix('task_id, seq, "index", try_number, attempt, ')
COPY_STEPS = f"""\
{NUMBERED}
INSERT INTO tasks_step ({STEP_COLUMNS})
SELECT CAST(%s AS bigint), place, "index", 1, 0, {KEPT_COLUMNS}
FROM tasks_step JOIN numbered USING (seq) WHERE task_id = %s"""
COPY_EVENTS = f"""\
{NUMBERED}
INSERT INTO tasks_event (task_id, seq, kind, at, actor_id, data)
SELECT CAST(%s AS bigint), place, kind, at, actor_id, data
FROM tasks_event JOIN numbered USING (seq) WHERE task_id = %s"""


def calls_on_record(task_id: int) -> int:
    """How many calls, from the first, a fork could take over."""
    last = Step.objects.filter(task_id=task_id).aggregate(last=Max("index"))["last"]
    return 0 if last is None else int(last) + 1


def take_over(new: Task, ancestor: Task, step: int, *, with_checkpoint: bool) -> None:
    """Copy the record before call `step` into the new task, in the caller's transaction.

    A checkpoint comes along where the script and its parameters are the same; else the record alone answers. Raises
    NotFound when the ancestor has just been removed, Conflict when its record does not reach so far or a file of it
    is gone.
    """
    hold(ancestor)
    if step == 0:
        return
    bound = _seq_of(ancestor, step)
    picked = [ancestor.pk, step, ancestor.pk, bound]
    sql.run(COPY_STEPS, [*picked, new.pk, ancestor.pk])
    sql.run(COPY_EVENTS, [*picked, new.pk, ancestor.pk])
    try:
        _bring_results(new)
        _bring_files(new, ancestor, step)
    except (blobs.BlobUnreadable, blobs.BlobUnwritable) as error:
        raise Conflict(f"Task {ancestor.pk} cannot be forked: {error.message}") from error
    Execution.objects.filter(pk=new.pk).update(**_standing(new, step))
    if with_checkpoint:
        checkpoints.adopt(new.pk, ancestor.pk, step)


def hold(ancestor: Task) -> None:
    """Keep the old task from being removed meanwhile; its worker goes on writing."""
    lock = "" if sql.is_sqlite() else " FOR KEY SHARE"
    if sql.run(f"SELECT id FROM tasks_task WHERE id = %s{lock}", [ancestor.pk]) is None:
        raise NotFound(f"Task {ancestor.pk} has just been removed.")


def _seq_of(ancestor: Task, step: int) -> int:
    """The feed's number of the last call that is taken over."""
    tries = Step.objects.filter(task_id=ancestor.pk, index=step - 1).order_by("-try_number")
    number = tries.values_list("seq", flat=True).first()
    if number is None:
        known = calls_on_record(ancestor.pk)
        raise Conflict(
            f"Task {ancestor.pk} has {known} calls on record; fork it at step {known} or before.", code="no_such_step"
        )
    return number


def _bring_results(new: Task) -> None:
    """Results that are too large for their row are files of the task: the new one gets its own, as either may go first."""
    large = Step.objects.filter(task_id=new.pk, result__startswith=blobs.TAG)
    for seq, index, column in large.values_list("seq", "index", "result"):
        own = blobs.write(new.pk, index, blobs.read(column))
        Step.objects.filter(task_id=new.pk, seq=seq).update(result=own)


def _bring_files(new: Task, ancestor: Task, step: int) -> None:
    for file in Artifact.objects.filter(task_id=ancestor.pk, index__lt=step):
        with blobs.open_checked(file.path, size=file.size, sha256=file.sha256) as source:
            data = b"".join(iter(lambda: source.read(PIECE), b""))
        named = hashlib.sha256(file.name.encode()).hexdigest()[:16]
        file.path = blobs.save(f"{new.pk}/files/{file.index}-{named}", data).path
        file.pk, file._state.adding = None, True
        file.task_id = new.pk
        file.save()


def _standing(new: Task, step: int) -> dict[str, Any]:
    """The execution's columns after those calls: numbering, progress, warnings."""
    events = list(Event.objects.filter(task_id=new.pk, kind__in=TOLD).order_by("seq").values_list("kind", "data"))
    stages = [data for kind, data in events if kind == "task.stage_started"]
    levels = [line["level"] for kind, data in events if kind == "task.logged" for line in data.get("lines", [])]
    return {
        "seq": 1 + step + len(events),
        "steps": step,
        "stage": stages[-1]["stage"][:100] if stages else "",
        "percent": max((float(data.get("percent") or 0) for data in stages), default=0.0),
        "warnings": levels.count("warning"),
        "errors": levels.count("error"),
        "line": Step.objects.filter(task_id=new.pk, index=step - 1).values_list("line", flat=True).first(),
    }
