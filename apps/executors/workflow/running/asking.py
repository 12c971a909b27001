"""Nodes that ask people: the task of the workflow asks, and reads what they decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from apps.core.errors import InvalidInput
from apps.executors.workflow.running import results
from apps.executors.workflow.running.board import Board
from apps.executors.workflow.running.ending import as_value
from apps.executors.workflow.running.standing import Standing, State
from apps.executors.workflow.running.starting import Asked, NotStarted, Starter, place_of
from apps.tasks import approvals
from apps.tasks.approvals import Answer
from apps.tasks.models import Approval
from apps.tasks.models.approvals import ApprovalState

NOT_NEEDED = "the workflow needs no answer any more"


@dataclass(kw_only=True)
class Questions:
    board: Board
    starter: Starter
    task_id: int

    def take(self, now: datetime) -> None:
        """Tell the board what was decided; ask, or take back, what an attempt that died had no time to."""
        if not self.board.loaded.asking:
            return
        waiting = {place_of(self.board.standings[number]): number for number in self.board.asking}
        is_open = Q(state=ApprovalState.OPEN)
        rows = Approval.objects.filter(is_open | Q(place__in=waiting), task_id=self.task_id)
        states = dict(rows.values_list("place", "state"))
        for place in states.keys() - waiting.keys():
            approvals.withdraw(self.task_id, NOT_NEEDED, place)
        for place, number in waiting.items():
            if place not in states:
                self._ask_again(number, now)
            elif states[place] != ApprovalState.OPEN and (answer := approvals.answer_of(self.task_id, place)):
                self._answered(number, answer, now)

    def ask(self, asked: Sequence[tuple[int, Asked]], now: datetime) -> None:
        """Once it is on record that the nodes run. What cannot be asked fails."""
        for number, each in asked:
            try:
                approvals.ask(self.task_id, each.place, each.question)
            except InvalidInput as error:
                node = self.board.loaded.graph.nodes[number]
                message = f"“{node.name}” could not ask: {error.message}"
                self.board.fail(number, results.fault("EXEC_007", node, message, invalid_fields=error.fields), now)

    def withdraw(self, standing: Standing) -> None:
        approvals.withdraw(self.task_id, NOT_NEEDED, place_of(standing))

    def _ask_again(self, number: int, now: datetime) -> None:
        node, standing = self.board.loaded.graph.nodes[number], self.board.standings[number]
        try:
            prepared = self.starter.prepare(node, standing, now)
        except NotStarted as error:
            self.board.fail(number, error.faults[0], now)
            return
        assert isinstance(prepared, Asked)
        self.ask([(number, prepared)], now)

    def _answered(self, number: int, answer: Answer, now: datetime) -> None:
        node, standing = self.board.loaded.graph.nodes[number], self.board.standings[number]
        if standing.state != State.RUNNING:
            return
        if not answer.is_decided:
            message = f"Nobody decided “{node.name}” in time."
            self.board.fail(number, results.fault("EXEC_010", node, message), now, "timeout")
            return
        self.board.ended_well(number, as_value(answer), now)
