"""Tasks that a task makes: many in a statement, each once however often its maker is killed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.conf import settings
from django.db.models import QuerySet

from apps.catalog import groupkeys
from apps.catalog.models import TemplateRevision
from apps.core import clock, codec
from apps.core.errors import Conflict
from apps.core.schema import validate
from apps.tasks import news, sql
from apps.tasks.lifecycle import family
from apps.tasks.making import entering, pace, submission
from apps.tasks.models import Branch, Task
from apps.tasks.ranking import rank, usual
from apps.tasks.record import branches, rows
from apps.tasks.record.journal import Lease, LeaseLost
from apps.tasks.states import FINAL, Status

CHUNK = 500
"""Children made in one transaction."""
MOST_CHILDREN = 100_000
DEEPEST = 50
"""Generations above a child: a script that starts itself without end is stopped there."""
BRANCH = (
    "task_id", "name", "node", "total", "made", "outstanding", "failed", "cancelled", "at_once", "time_limit_ms",
    "deadline", "at_least", "created_at",
)  # fmt: skip
DEPTH = (
    "WITH RECURSIVE above(id, parent_id) AS (SELECT id, parent_id FROM tasks_task WHERE id = %s"
    " UNION ALL SELECT t.id, t.parent_id FROM tasks_task t JOIN above ON t.id = above.parent_id)"
    " SELECT count(*) FROM above"
)


@dataclass(frozen=True, kw_only=True)
class Child:
    """One to make. `parameters` have passed the revision's schema."""

    revision: TemplateRevision
    parameters: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    kind: str = ""
    """Another than the revision's: a script that stands in a workflow has the workflow's revision."""
    seconds: int | None = None
    """How long it will probably take; None: judged by its template's history."""
    item: int | None = None
    """Its number among all of the branch, in their order; None: as it stands there."""
    time_limit: timedelta | None = None
    """Of a workflow's node: it is cancelled so long after a worker began it; the same for all of a branch."""
    deadline: datetime | None = None
    """It is cancelled then, whether or not it could begin; the same for all of a branch."""


@dataclass(frozen=True, kw_only=True)
class Want:
    """The children of a workflow's node, which become one branch."""

    name: str
    node: int
    children: Sequence[Child]
    at_once: int | None = None
    at_least: int | None = None


class Templates:
    """What this person may start, each looked up once."""

    def __init__(self, requester: Any) -> None:
        self._requester = requester
        self._known: dict[str, TemplateRevision] = {}

    def child(self, key: str, parameters: Mapping[str, Any], title: str = "") -> Child:
        """Raises NotFound, NotPermitted and InvalidInput, as a submit does."""
        if key not in self._known:
            self._known[key] = submission.runnable(key, self._requester)
        revision = self._known[key]
        return Child(revision=revision, parameters=validate(parameters, revision.parameter_schema), title=title)


def make(
    lease: Lease,
    name: str,
    children: Sequence[Child],
    *,
    at_once: int | None = None,
    at_least: int | None = None,
) -> Branch:
    """The branch of this name of the lease's task, with all its children.

    What an attempt before had made of them is there already, and only the rest is made. Raises Conflict when there are
    too many or it goes too deep, and LeaseLost.
    """
    made = branch(lease.task_id, name) or _begin(lease, name, children, at_once, at_least)
    return make_rest(lease, made, children)


def make_rest(lease: Lease, made: Branch, children: Sequence[Child]) -> Branch:
    """Those of the branch's children that are not there yet; `children` are all of them."""
    parent = Task.objects.select_related("requester").get(pk=lease.task_id)
    while made.made < made.total:
        chunk = children[made.made : made.made + CHUNK]
        with sql.transaction():
            # The branch first, as its children's ends take it: they lock their parent's rows after it.
            sql.run("UPDATE tasks_branch SET made = made + %s WHERE id = %s", [len(chunk), made.pk])
            _hold(lease)
            entering.enter_many(list(_drafts(parent, made, chunk)), {"origin": "task", "parent": parent.pk})
            branches.fill(made.pk, clock.now())  # those made before may have ended and left their places
        made.made += len(chunk)
        news.publish(parent.pk, "task.spawned", is_claimable=True)
    made.refresh_from_db()  # some may have ended already
    return made


def put(parent: Task, wants: Sequence[Want], now: datetime) -> list[Branch]:
    """The branches with their first CHUNK children together, in the caller's transaction, who holds the lease.

    What is left of a larger branch `make_rest` makes. `parent` has its requester.
    """
    made = [
        Branch(
            task_id=parent.pk, name=want.name, node=want.node, total=len(want.children), outstanding=len(want.children),
            made=min(len(want.children), CHUNK), at_once=want.at_once,
            time_limit_ms=_limit_ms(want.children), deadline=_deadline(parent, want.children[0]),
            at_least=None if want.at_least is None else min(want.at_least, len(want.children)), created_at=now,
        )
        for want in wants
    ]  # fmt: skip
    records = [{name: getattr(branch, name) for name in BRANCH} for branch in made]
    ids = {name: pk for pk, name in rows.insert("tasks_branch", records, "RETURNING id, name")}
    for branch in made:
        branch.pk = ids[branch.name]
    drafts: list[Task] = []
    for branch, want in zip(made, wants, strict=True):
        first, branch.made = want.children[: branch.made], 0  # numbers of items count from what was made before
        drafts += _drafts(parent, branch, first)
        branch.made = len(first)
    if drafts:
        entering.enter_many(drafts, {"origin": "task", "parent": parent.pk})
    return made


def check_depth(task_id: int) -> None:
    """Raises Conflict when tasks that start tasks would go too deep."""
    if sql.run(DEPTH, [task_id])[0] > DEEPEST:
        raise Conflict(f"Tasks that start tasks go {DEEPEST} deep here, and no further. Does one start itself?")


class Row(TypedDict):
    """What became of a child so far."""

    id: int
    status: str
    is_final: bool
    result: Any
    error: str


def branch(task_id: int, name: str) -> Branch | None:
    return Branch.objects.filter(task_id=task_id, name=name).first()


def results(of: Branch) -> list[Row]:
    """What became of each, in their order."""
    return _rows(Task.objects.filter(branch=of).order_by("item"))


def of_parent(parent_id: int, ids: Sequence[int]) -> list[Row]:
    """Those of these tasks that are its children."""
    return _rows(Task.objects.filter(parent_id=parent_id, pk__in=ids))


def complaint(lost: Branch, lease: Lease) -> str:
    """Why the branch cannot succeed any more. What is left of it is cancelled."""
    family.cancel_rest(lost, f"task {lease.task_id} waits for it no longer: too many of its tasks failed")
    failed = Task.objects.filter(branch=lost, status=Status.FAILED).order_by("item")
    first = failed.values_list("pk", "status_reason").first()
    told = f"; the first, task {first[0]}: {first[1]}" if first else ""
    return f"{lost.failed + lost.cancelled:,} of {lost.total:,} tasks did not complete, and {lost.needed:,} must{told}"


def _rows(tasks: "QuerySet[Task]") -> list[Row]:
    return [
        Row(
            id=pk, status=status, is_final=status in FINAL, result=codec.decode(result) if result else None,
            error=(error or {}).get("message", "") if status != Status.COMPLETED else "",
        )
        for pk, status, result, error in tasks.values_list("pk", "status", "result", "error")
    ]  # fmt: skip


def _begin(lease: Lease, name: str, children: Sequence[Child], at_once: int | None, at_least: int | None) -> Branch:
    total = len(children)
    if total > MOST_CHILDREN:
        raise Conflict(f"{total:,} tasks at once are too many; make at most {MOST_CHILDREN:,}.")
    check_depth(lease.task_id)
    return Branch.objects.create(
        task_id=lease.task_id, name=name, total=total, outstanding=total, at_once=at_once,
        at_least=None if at_least is None else min(at_least, total), created_at=clock.now(),
    )  # fmt: skip


def _limit_ms(children: Sequence[Child]) -> int | None:
    limit = children[0].time_limit
    return None if limit is None else limit // timedelta(milliseconds=1)


def _deadline(parent: Task, child: Child) -> datetime | None:
    return min((until for until in (parent.deadline, child.deadline) if until is not None), default=None)


def _hold(lease: Lease) -> None:
    """Nobody else goes on with the maker while its children are made."""
    lock = "" if sql.is_sqlite() else " FOR SHARE"
    row = sql.run(f"SELECT lease_token FROM tasks_execution WHERE task_id = %s{lock}", [lease.task_id])
    if row is None or row[0] != lease.token:
        raise LeaseLost(f"Task {lease.task_id} is held by another attempt, or has ended.")


def _drafts(parent: Task, branch: Branch, chunk: Sequence[Child]) -> Iterator[Task]:
    now = clock.now()
    for place, child in enumerate(chunk, start=branch.made):
        revision, parameters = child.revision, dict(child.parameters)
        outlook = pace.expected(revision, parameters)
        seconds = outlook.seconds if child.seconds is None else child.seconds
        # Rules and keys of a workflow's revision are about its own parameters, not about its nodes'.
        is_part = bool(child.kind)
        priority = parent.priority if is_part else max(parent.priority, usual(revision, parameters))
        may_start = branch.at_once is None or place < branch.at_once
        yield entering.draft(
            revision.template, revision, parent.requester,
            kind=child.kind or revision.kind,
            title=(child.title or revision.template.name)[:200],
            origin="task",
            parameters=parameters,
            status=Status.PENDING if may_start else Status.BLOCKED,
            queue=revision.queue or settings.DEFAULT_QUEUE,
            priority=priority,
            limit_key="" if is_part else groupkeys.value(revision.limit_key, parameters),
            is_cpu_intensive=revision.is_cpu_intensive,
            rank=rank(priority, now),
            available_at=now,
            deadline=_deadline(parent, child),
            estimated_seconds=seconds,
            estimated_steps=outlook.steps,
            complexity=outlook.complexity,
            parent_id=parent.pk,
            branch_id=branch.pk,
            item=place if child.item is None else child.item,
            created_at=now,
            updated_at=now,
        )  # fmt: skip
