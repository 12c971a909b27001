"""From what became of a node's tasks to what the board is told."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.core import codec
from apps.core.mapping import Envelope
from apps.core.saying import count
from apps.core.verdicts import rejection
from apps.executors.workflow.graph import Node
from apps.executors.workflow.paths import ABSENT
from apps.executors.workflow.running import inline, kept, results
from apps.executors.workflow.running.board import Board
from apps.executors.workflow.running.context import Context
from apps.executors.workflow.running.results import Item, Unusable
from apps.executors.workflow.running.standing import Standing, State
from apps.executors.workflow.running.starting import NotStarted, Starter, place_of
from apps.tasks import approvals, sql
from apps.tasks.approvals import Answer
from apps.tasks.models import Branch
from apps.tasks.record import rows
from apps.tasks.states import FINAL, Status

PARTS = (
    "SELECT branch_id, id, item, status, result, error, status_reason, deadline, finished_at FROM tasks_task"
    " WHERE {these} ORDER BY branch_id, item"
)
AT_ONCE = 500
"""Branches whose tasks are read in one query."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A task of a node."""

    id: int
    item: int
    status: str
    result: str
    error: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    deadline: datetime | None = None
    finished_at: datetime | None = None

    @property
    def is_late(self) -> bool:
        """It was cancelled because its time was over."""
        ended, limit = self.finished_at, self.deadline
        return self.status == Status.CANCELLED and limit is not None and ended is not None and ended >= limit

    @property
    def is_there(self) -> bool:
        """Completed, and its result has not been removed since."""
        return self.status == Status.COMPLETED and self.result != ""

    @property
    def said(self) -> str:
        return str(self.error.get("message") or self.reason or f"it was {self.status}")


def parts(branches: Sequence[Branch]) -> dict[int, list[Part]]:
    """The tasks of each branch, in their order."""
    found: defaultdict[int, list[Part]] = defaultdict(list)
    ids = [branch.pk for branch in branches]
    for start in range(0, len(ids), AT_ONCE):
        these, values = rows.some("branch_id", ids[start : start + AT_ONCE])
        for branch_id, *columns in sql.rows(PARTS.format(these=these), [values]):
            task_id, item, status, result, error, reason, deadline, finished_at = columns
            found[branch_id].append(
                Part(
                    id=task_id, item=item or 0, status=status, result=result, error=rows.document(error) or {},
                    reason=reason, deadline=rows.moment(deadline), finished_at=rows.moment(finished_at),
                )
            )  # fmt: skip
    return found


@dataclass(kw_only=True)
class Ending:
    """Tells the board what has ended."""

    board: Board
    context: Context
    starter: Starter

    def take(self, branch: Branch, parts: Sequence[Part], now: datetime) -> None:
        """Of a branch that is due. One that nobody waits for any more changes nothing."""
        assert branch.node is not None
        standing = self.board.standings.get(branch.node)
        if standing is None or not branch.name.startswith(standing.branch):
            return
        node = self.board.loaded.graph.nodes[branch.node]
        if branch.name.endswith(inline.CHECKING):
            if standing.state == State.CHECKING:
                self._judged(node, standing, parts[0], now)
        elif standing.state == State.RUNNING:
            self._ended(node, standing, branch, parts, now)
        elif standing.state == State.FAILED and not branch.is_lost:
            self._after_all(node, standing, branch, parts, now)

    def _ended(self, node: Node, standing: Standing, branch: Branch, parts: Sequence[Part], now: datetime) -> None:
        if branch.is_lost:
            self._failed(node, branch, parts, now)
            return
        self._well(node, standing, parts, now, branch.failed + branch.cancelled, branch.total)

    def at_once(self, node: Node, standing: Standing, now: datetime) -> None:
        """An expansion of which nothing is to be made: it has no items, or all are there."""
        self._well(node, standing, [], now)

    def _well(
        self, node: Node, standing: Standing, parts: Sequence[Part], now: datetime, failed: int = 0, total: int = 0
    ) -> None:
        try:
            value = self.value(node, standing, parts)
        except (Unusable, NotStarted) as error:
            self.board.ended_badly(node.number, error.faults[0], now)
            return
        if failed:
            standing.warn(f"{failed:,} of {total + _count(standing):,} tasks did not complete.")
        self.board.ended_well(node.number, value, now)

    def answer(self, node: Node, standing: Standing) -> Any:
        """What a node answered that is being judged: read again from where it lies. Raises Unusable, NotStarted."""
        if node.runner and node.runner.kind == "approval":
            decided = approvals.answer_of(self.starter.task.id, place_of(standing))
            return as_value(decided) if decided else None
        return self.value(node, standing, self.parts(standing))

    def parts(self, standing: Standing) -> list[Part]:
        """The tasks of its last try: none where there was nothing to make."""
        branch = Branch.objects.filter(task_id=self.starter.task.id, name=standing.branch).first()
        return [] if branch is None else parts([branch])[branch.pk]

    def value(self, node: Node, standing: Standing, parts: Sequence[Part]) -> Any:
        """What the node answers: its task's result, or those of all items together. Raises Unusable."""
        if node.expansion is None:
            return codec.decode(parts[0].result)
        together = results.merged(node, self._items(node, standing, parts))
        if said := self.context.too_large(node, together):
            raise Unusable(results.fault("EXEC_013", node, said))
        return together if len(node.result_keys) != 1 else together[node.result_keys[0]]

    def envelopes(self, node: Node, standing: Standing, parts: Sequence[Part]) -> list[Envelope]:
        """For the run's document: of an expansion one for each item, with what the item may name."""
        system = self.context.system(node, standing)
        if node.expansion is None or standing.notes.get("is_default"):
            variables = {key: value for key, value in self.context.context(node, standing).items() if _is_simple(value)}
            values = {key: self.context.value(key) for key in node.result_keys}
            return [
                Envelope(result_key=key, data=results.plain(value), variables=variables)
                for key, value in values.items()
                if value is not ABSENT
            ]
        return [
            Envelope(
                result_key=key, data=results.plain(value),
                variables={name: each for name, each in {**system, **item.variables}.items() if _is_simple(each)},
            )
            for item in self._items(node, standing, parts)
            if item.is_completed
            for key, value in results.by_key(node, item.value).items()
        ]  # fmt: skip

    def _items(self, node: Node, standing: Standing, parts: Sequence[Part]) -> list[Item]:
        known = dict(enumerate(self.starter.items(node, standing)))
        return [
            Item(
                variables=known.get(part.item, {"index": part.item}),  # what it was spread over may have changed since
                is_completed=part.is_there,
                value=codec.decode(part.result) if part.is_there else None,
                task_id=part.id,
            )
            for part in self._with_kept(node, standing, parts)
        ]

    def _with_kept(self, node: Node, standing: Standing, new: Sequence[Part]) -> Sequence[Part]:
        """Together with the tasks of earlier tries that need not be repeated, in the order of the items."""
        known = kept.of(standing)
        if known is None or not known.count:
            return new
        branches = list(Branch.objects.filter(task_id=self.starter.task.id, name__in=known.before).order_by("pk"))
        repeated = set(known.items)
        found = {
            part.item: part
            for each in parts(branches).values()
            for part in each
            if part.is_there and part.item not in repeated
        }
        if missing := known.count - len(found):
            message = (
                f"The results of {count(missing, 'task')} of “{node.name}” have been removed. A repair makes all again."
            )
            raise Unusable(results.fault("EXEC_013", node, message))
        return sorted([*found.values(), *new], key=lambda part: part.item)

    def _failed(self, node: Node, branch: Branch, parts: Sequence[Part], now: datetime) -> None:
        lost = [part for part in parts if part.status in FINAL and part.status != Status.COMPLETED]
        first = lost[0]
        if node.expansion is not None:
            done = _count(self.board.standings[node.number])
            message = (
                f"“{node.name}”: {branch.failed + branch.cancelled:,} of {branch.total + done:,} tasks did not complete,"
                f" and {branch.needed + done:,} must. The first, task {first.id}: {first.said}"
            )
            fault = results.fault("EXEC_009", node, message, tasks=[part.id for part in lost[:100]])
            self.board.ended_badly(node.number, fault, now)
        elif first.is_late:
            message = f"Task {first.id} of “{node.name}” did not end in time."
            fault = results.fault("EXEC_002", node, message, tasks=[first.id])
            self.board.ended_badly(node.number, fault, now, because="timeout")
        elif first.status == Status.CANCELLED:
            message = f"Task {first.id} of “{node.name}” was cancelled: {first.said}"
            self.board.fail(node.number, results.fault("EXEC_012", node, message, tasks=[first.id]), now)
        else:
            message = f"Task {first.id} of “{node.name}” failed: {first.said}"
            cause = {"type": first.error.get("type", ""), "code": first.error.get("code", "")}
            self.board.ended_badly(
                node.number, results.fault("EXEC_001", node, message, tasks=[first.id], cause=cause), now
            )

    def _judged(self, node: Node, standing: Standing, part: Part, now: datetime) -> None:
        try:
            value = self.answer(node, standing)
        except (Unusable, NotStarted) as error:
            self.board.fail(node.number, error.faults[0], now)
            return
        if part.status != Status.COMPLETED:
            message = f"“{node.name}” could not be judged: task {part.id}: {part.said}"
            self.board.fail(node.number, results.fault("EXEC_006", node, message, tasks=[part.id]), now, "rejection")
            return
        verdict = codec.decode(part.result)
        if isinstance(verdict, dict) and verdict.get("judged") is False:
            standing.warn(str(verdict.get("reason") or "Its result was not judged."))
        self.board.judged(node.number, value, rejection(verdict), now)

    def _after_all(self, node: Node, standing: Standing, branch: Branch, parts: Sequence[Part], now: datetime) -> None:
        """Somebody had a task of a failed node tried again, alone, and it has completed."""
        self._ended(node, self.board.mend_one(node.number), branch, parts, now)


def _is_simple(value: Any) -> bool:
    """What can stand in a path."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _count(standing: Standing) -> int:
    """Items that its last try did not have to repeat."""
    known = kept.of(standing)
    return 0 if known is None else known.count


def as_value(answer: Answer) -> dict[str, Any]:
    """A decision of people as the result of its node."""
    return {
        "decision": answer.decision, "by": answer.by, "data": answer.data, "comment": answer.comment,
        "at": answer.at.isoformat(),
    }  # fmt: skip
