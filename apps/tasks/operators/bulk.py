"""One verb for many tasks: counted first, then done at once where they are few, else in batches by whoever is there.

1. `preview` says how many match, how many the verb applies to, and why not to the others.
2. `start` records the action. A filter that lets everything through is refused, and so is a set that has grown much
   since the person saw its size.
3. Each task in a transaction of its own, together with the action's cursor (`walks` says in which order): a process that
   is killed leaves nothing half done, another goes on at the next task, and two never do the same one. One process at a
   time works at an action, and looks at a bounded number of rows before it moves the cursor. Where tasks are held back,
   workers do it to what they claim meanwhile (`reach`).
4. The verb checks the permission for each task, and its event names the action. One bad task does not stop the rest.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import BooleanField, Case, Count, F, Max, Q, QuerySet, Value, When

from apps.core import clock
from apps.core.errors import ChantillyError, Conflict, InvalidInput, NotPermitted
from apps.tasks import lifecycle, queuenames
from apps.tasks.limits import gates
from apps.tasks.models import BulkAction, Execution, Queue, Task
from apps.tasks.models.task import TaskQuerySet
from apps.tasks.operators import audit, verbs, walks
from apps.tasks.operators.filters import Filter
from apps.tasks.record.journal import Lease
from apps.tasks.retention import chores
from apps.tasks.states import Status

log = structlog.get_logger(__name__)

AT_ONCE = 200
"""So many are done in the request that asks for them."""
BATCH = 100
WINDOW = 20_000
"""Rows of tasks that one look goes through, however few of them match."""
HELD_SECONDS = 10.0
"""After so long without a word of its process, another one goes on with an action."""
ALLOWED_GROWTH = 0.1
LEFT = "it matched no longer"
NOT_YOURS = "not yours to control"


@dataclass(frozen=True, kw_only=True)
class Preview:
    """`count` match; the verb applies to `legal`; the rest by reason, of them `refused` for want of permission."""

    count: int
    legal: int
    refused: int
    skips: Mapping[str, int] = field(default_factory=dict)


def preview(
    chosen: Filter, verb: str, by: Any, arguments: Mapping[str, Any] | None = None, *, served: Collection[str] = ()
) -> Preview:
    """What the verb would do now. At most two queries, whatever the number of tasks. Raises InvalidInput, as `start`."""
    _refuse_empty(chosen)
    given = verbs.arguments(verb, arguments or {}, served)
    tasks = _matching(chosen, verb, by).annotate(**_facts(verb, given, by))
    names = ("status", "asked", "is_permitted", "is_so")
    resting = tasks.exclude(status=Status.RUNNING).annotate(asked=Value(""))
    running = tasks.filter(status=Status.RUNNING).annotate(asked=F("execution__control"))
    skips: dict[str, int] = {}
    count = legal = refused = 0
    for status, asked, is_permitted, is_so, number in [
        *_counted(resting, names),
        *_counted(running, names),
    ]:
        count += number
        why = verbs.objection(verb, status, asked, is_so=is_so) if is_permitted else NOT_YOURS
        if why:
            skips[why] = skips.get(why, 0) + number
            refused += 0 if is_permitted else number
        else:
            legal += number
    return Preview(count=count, legal=legal, refused=refused, skips=skips)


def _refuse_empty(chosen: Filter) -> None:
    if chosen.is_empty:
        raise InvalidInput(
            "This would touch every task. Say which are meant.",
            fields={"filter": "Give at least one condition, or name tasks by their ids."},
            code="empty_filter",
        )


def start(
    chosen: Filter,
    verb: str,
    arguments: Mapping[str, Any],
    by: Any,
    expected: int | None = None,
    *,
    served: Collection[str] = (),
) -> BulkAction:
    """Begin the action; at most AT_ONCE tasks are done when this returns, more are left to the sweep.

    `expected`: the count that the person was shown. `served`: queues of workers, for the verb that moves tasks.
    Raises InvalidInput (empty filter, wrong arguments), NotFound (no such queue) and Conflict (it has grown).
    """
    given = verbs.arguments(verb, arguments, served)
    _refuse_empty(chosen)
    newest = Task.objects.aggregate(newest=Max("pk"))["newest"] or 0
    matched = _matching(chosen, verb, by).filter(pk__lte=newest).count()
    _refuse_growth(matched, expected)
    lets_go = verbs.known(verb).lets_go
    with transaction.atomic():
        action = BulkAction.objects.create(
            verb=verb, arguments=given, filters=chosen.as_json(), by=by, newest_id=newest,
            cursor=walks.start(newest, is_oldest_first=lets_go), is_oldest_first=lets_go, matched=matched,
        )  # fmt: skip
        _note(action, by, "bulk.started", given.get("reason", ""), matched=matched, words=chosen.words(matched))
        gates.changed()
    if matched <= AT_ONCE:
        work_off(action.pk, AT_ONCE + BATCH)
    action.refresh_from_db()
    return action


def work_on(limit: int = BATCH, *, seconds: float | None = None) -> int:
    """Do some of what is undone, oldest action first; returns how many tasks were looked at."""
    ends = None if seconds is None else time.monotonic() + seconds
    looked = 0
    undone = BulkAction.objects.filter(status=BulkAction.Status.RUNNING).order_by("id")
    for action_id in list(undone.values_list("pk", flat=True)[:20]):
        looked += work_off(action_id, limit - looked, ends=ends)
        if looked >= limit or _is_over(ends):
            break
    return looked


def work_off(action_id: int, limit: int, *, ends: float | None = None) -> int:
    """At most `limit` tasks of this action, until `ends` by the monotonic clock; 0 where another process is at it."""
    turn = chores.take(_chore(action_id), HELD_SECONDS)
    if turn is None:
        return 0
    try:
        return _work_off(action_id, turn, limit, ends)
    finally:
        with suppress(DatabaseError):  # else what has just gone wrong would not be told
            chores.give_back(_chore(action_id), turn, 0)


def _work_off(action_id: int, turn: int, limit: int, ends: float | None) -> int:
    looked = 0
    while looked < limit and not _is_over(ends) and chores.keep(_chore(action_id), turn, HELD_SECONDS):
        # Again and again: permissions may have been taken away.
        action = BulkAction.objects.select_related("by").get(pk=action_id)
        if action.status != BulkAction.Status.RUNNING:
            chores.forget(_chore(action_id))
            break
        if not action.by.is_active:
            _end(action, BulkAction.Status.STOPPED, None, f"the account of {action.by.get_username()} is disabled")
            break
        # A few tasks were found by a look at all before.
        last = None if action.matched <= AT_ONCE else walks.end_of_look(action, WINDOW)
        batch = walks.tasks(action, _meant(action), last, min(BATCH, limit - looked))
        for task_id in batch:
            if not _one(action, task_id):
                return looked
            looked += 1
            if _is_over(ends):
                break
        if batch:
            continue
        if last is None:
            _end(action, BulkAction.Status.DONE, None, "")
            break
        if not _move(action, last):
            break
    return looked


def _chore(action_id: int) -> str:
    return f"bulk:{action_id}"


def stop(action: BulkAction, by: Any, reason: str = "") -> BulkAction:
    """Leave the rest alone. What is done stays done. Raises NotPermitted, and Conflict when it has ended."""
    if not (by.is_active and (by.pk == action.by_id or by.has_perm("tasks.control_task"))):
        raise NotPermitted(f"You may not stop action {action.pk}: it is not yours, and you lack the permission to.")
    if not _end(action, BulkAction.Status.STOPPED, by, reason):
        raise Conflict(f"Action {action.pk} has ended already; there is nothing left to stop.")
    return BulkAction.objects.select_related("by").get(pk=action.pk)


def visible_to(user: Any) -> "QuerySet[BulkAction]":
    """Own actions; with the permission to view them, all."""
    actions = BulkAction.objects.select_related("by")
    if not user.is_active:
        return actions.none()
    return actions if user.is_staff and user.has_perm("tasks.view_bulkaction") else actions.filter(by=user)


def _matching(chosen: Filter, verb: str, by: Any) -> TaskQuerySet:
    """What the person sees; whoever cleans a queue may clean it of what others asked for."""
    tasks: TaskQuerySet = Task.objects.all()
    if not (verb == "clean" and by.is_active and by.has_perm("tasks.control_queue")):
        tasks = tasks.visible_to(by)
    return chosen.apply(tasks)


def _facts(verb: str, given: Mapping[str, Any], by: Any) -> dict[str, Any]:
    """What decides beside the status, as columns."""
    is_so = {
        "priority": Q(priority=given.get("priority")),
        "queue": Q(queue=given.get("queue")),
        "start": Q(available_at__lte=clock.now()),
    }.get(verb)
    return {"is_permitted": _truth(_permission(verb, given, by)), "is_so": _truth(is_so or False)}


def _permission(verb: str, given: Mapping[str, Any], by: Any) -> Q | bool:
    if verb == "clean":
        return bool(by.is_active and by.has_perm("tasks.control_queue"))
    if by.has_perm("tasks.control_task"):
        return bool(by.is_active)
    if verb == "queue":
        paused = Queue.objects.filter(is_paused=True).values("name")
        return given["queue"] in queuenames.open_to(by) and Q(requester=by) & ~Q(queue__in=paused)
    if verb != "priority":
        return Q(requester=by)
    wanted = given["priority"]
    return Q(requester=by) & (Q(priority__gte=wanted) | Q(revision__priority__gte=wanted))


def _truth(condition: Q | bool) -> Any:
    if isinstance(condition, bool):
        return Value(condition, output_field=BooleanField())
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def _counted(tasks: TaskQuerySet, names: tuple[str, ...]) -> list[Any]:
    return list(tasks.order_by().values_list(*names).annotate(number=Count("pk")))


def _refuse_growth(matched: int, expected: int | None) -> None:
    if expected is None or matched <= expected + max(10, int(expected * ALLOWED_GROWTH)):
        return
    raise Conflict(
        f"{expected:,} tasks matched when you looked, {matched:,} do now. Look again, and confirm the new number.",
        code="count_has_grown",
    )


def _meant(action: BulkAction) -> TaskQuerySet:
    return _matching(Filter.parse(action.filters), action.verb, action.by)


def _move(action: BulkAction, last: int) -> bool:
    """Nothing up to there is left to do. False when somebody else has moved the cursor."""
    same = BulkAction.objects.filter(pk=action.pk, status=BulkAction.Status.RUNNING, cursor=action.cursor)
    return bool(same.update(cursor=last, updated_at=clock.now()))


def _one(action: BulkAction, task_id: int) -> bool:
    """The verb for one task and the action's cursor together. False when another process has moved the cursor."""
    with transaction.atomic():
        rows = BulkAction.objects.select_for_update(of=("self",))  # before the task's row, as `reach` does
        row = rows.filter(pk=action.pk, status=BulkAction.Status.RUNNING, cursor=action.cursor).first()
        if row is None:
            return False
        counter, why = _done(action, task_id)
        setattr(row, counter, getattr(row, counter) + 1)
        if why:
            row.skips[why] = row.skips.get(why, 0) + 1
        row.cursor, row.updated_at = task_id, clock.now()
        row.save(update_fields=["cursor", "updated_at", "skips", counter])
    action.cursor = task_id
    return True


def reach(action_ids: Iterable[int], lease: Lease) -> bool:
    """Do one of these actions to a task that a worker has claimed and not begun; False where none is about it.

    So nothing that was meant begins before its turn, however fast the workers are and however long the action takes, once
    their gates have heard of it.
    """
    if Execution.objects.filter(pk=lease.task_id, steps__gt=0).exists():
        return False  # it has begun before: the action meets it as a running one
    return any(_reach(action_id, lease) for action_id in action_ids)


class _NotMeant(Exception):
    """What was done to find that out is rolled back."""


def _reach(action_id: int, lease: Lease) -> bool:
    action = BulkAction.objects.select_related("by").get(pk=action_id)
    if not (action.by.is_active and _may_mean(action, lease.task_id)):
        return False
    try:
        with transaction.atomic():
            running = BulkAction.objects.select_for_update(of=("self",)).filter(status=BulkAction.Status.RUNNING)
            row = running.filter(pk=action_id).first()
            why = f"action {action_id} on many tasks was to reach it first"
            if row is None or not lifecycle.give_back(lease, why) or _done(action, lease.task_id)[1]:
                raise _NotMeant
            row.done, row.updated_at = row.done + 1, clock.now()
            row.save(update_fields=["done", "updated_at"])
    except _NotMeant:
        return False
    return True


def _may_mean(action: BulkAction, task_id: int) -> bool:
    """Whether it matches but for its status, which was pending a moment ago."""
    chosen = Filter.parse(action.filters)
    if task_id > action.newest_id or (chosen.status and Status.PENDING not in chosen.status):
        return False
    return bool(_matching(replace(chosen, status=()), action.verb, action.by).filter(pk=task_id).exists())


def _done(action: BulkAction, task_id: int) -> tuple[str, str]:
    """The counter that this task belongs to, and why it was left alone."""
    tasks = _matching(Filter.parse(action.filters), action.verb, action.by).filter(pk=task_id)
    task = tasks.select_for_update(of=("self",), no_key=True).select_related("execution").first()
    if task is None:
        return "skipped", LEFT
    try:
        with transaction.atomic():
            verbs.VERBS[action.verb].act(task, action.by, action.arguments, action.pk)
    except NotPermitted:
        return "refused", NOT_YOURS
    except ChantillyError as error:
        return "skipped", _why(action, task, error)
    except (OperationalError, InterfaceError):
        raise  # the database is away: nothing of this task has happened, and it is tried again
    except Exception:
        log.exception("bulk_task_failed", bulk=action.pk, task_id=task_id)
        return "skipped", "it failed unexpectedly; the server's log has the details"
    return "done", ""


def _why(action: BulkAction, task: Task, error: ChantillyError) -> str:
    wanted = action.arguments.get(action.verb)
    is_so = action.verb in ("priority", "queue") and getattr(task, action.verb) == wanted
    is_so |= action.verb == "start" and task.available_at <= clock.now()
    expected = verbs.objection(action.verb, task.status, task.execution.control, is_so=is_so)
    return expected or getattr(error, "why", "") or error.message


def _end(action: BulkAction, status: BulkAction.Status, by: Any, reason: str) -> bool:
    """Compare and swap: False when it has ended, or is not done because another process found one more task."""
    now = clock.now()
    with transaction.atomic():
        row = BulkAction.objects.select_for_update(of=("self",)).get(pk=action.pk)
        is_behind = status == BulkAction.Status.DONE and row.cursor != action.cursor
        if row.status != BulkAction.Status.RUNNING or is_behind:
            return False
        left = row.matched - row.done - row.skipped - row.refused
        if status == BulkAction.Status.DONE and left > 0:
            row.skipped, row.skips[LEFT] = row.skipped + left, row.skips.get(LEFT, 0) + left
        row.status, row.finished_at, row.updated_at = status, now, now
        row.save(update_fields=["status", "finished_at", "updated_at", "skipped", "skips"])
        chores.forget(_chore(action.pk))
        verb = "bulk.stopped" if status == BulkAction.Status.STOPPED else "bulk.finished"
        _note(row, by, verb, reason, done=row.done, skipped=row.skipped, refused=row.refused, skips=row.skips)
    return True


def _note(action: BulkAction, by: Any, verb: str, reason: str, **data: Any) -> None:
    audit.record(
        by, verb, f"bulk:{action.pk}", reason=reason, verb_for_each=action.verb, arguments=action.arguments,
        filters=action.filters, **data,
    )  # fmt: skip


def _is_over(ends: float | None) -> bool:
    return ends is not None and time.monotonic() >= ends
