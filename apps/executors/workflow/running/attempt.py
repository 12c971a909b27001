"""One attempt of a workflow: pass by pass, what has ended → what follows → one transaction; then it leaves its worker."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from apps.core import clock
from apps.executors.contract import (
    Cancelled,
    Failed,
    Failure,
    Outcome,
    RequesterDisabled,
    Session,
    Suspended,
)
from apps.executors.workflow.faults import WorkflowError
from apps.executors.workflow.running import ending, finishing, held, scene, store
from apps.executors.workflow.running.context import keys_of
from apps.executors.workflow.running.loaded import of_revision
from apps.executors.workflow.running.standing import Standing
from apps.executors.workflow.running.starting import Asked, NotStarted
from apps.tasks import news
from apps.tasks.lifecycle import family
from apps.tasks.making import children
from apps.tasks.making.children import CHUNK, Want
from apps.tasks.models import Branch, Message, Task


class _Ended(Exception):
    """The attempt is over."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome = outcome


@dataclass(kw_only=True)
class _Found:
    """What has come since the last pass."""

    branches: list[Branch] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


def attempt(session: Session) -> Outcome:
    try:
        return _Attempt(session).run()
    except _Ended as ended:
        return ended.outcome
    except RequesterDisabled as error:
        return Suspended(because="disabled", reason=str(error), rest=session.journal.rest())
    except WorkflowError as error:
        failure = Failure(type="WorkflowError", code=error.code, message=error.message)
        return Failed(failure=failure, rest=session.journal.rest())


class _Attempt:
    def __init__(self, session: Session) -> None:
        self.session, self.task_id = session, session.task.id
        self.lease = session.journal.lease
        self.run_row = store.opened(self.task_id, of_revision(session.task.revision_id).total)
        self.scene = scene.of(session, self.run_row)
        self.loaded, self.board, self.context = self.scene.loaded, self.scene.board, self.scene.context

    def run(self) -> Outcome:
        uid = self.session.task.uid
        self.session.permits(None)
        held.forget(uid)  # until it is saved: what an error leaves behind is nobody's
        if not self.run_row.version:
            children.check_depth(self.task_id)
            self.board.begin()
        elif self.run_row.is_retried:
            self._mend(clock.now())
        self._obey()
        while self._pass(clock.now()):
            self._obey()
        if self.board.is_over or self._is_too_late():
            return finishing.finish(self.scene)
        if not self._has_relieved():
            held.keep(uid, self.board, self.run_row.version, self.run_row.generation)
        return self._leave()

    def _has_relieved(self) -> bool:
        """Where the worker is short of memory, whatever it holds of runs is let go: all of it can be read again."""
        if not held.is_crowded(self.loaded.graph.housekeeping.memory_percent):
            return False
        held.forget_all()
        self.context.forget()
        return True

    def _mend(self, now: datetime) -> None:
        self.run_row.generation += 1
        self.run_row.ended_at, self.run_row.began_at = None, now
        self.run_row.values_until = self.run_row.results_until = None
        self.board.mend(now, gone=store.gone(self.task_id), everything=self.run_row.is_forgotten)
        if self.run_row.is_forgotten:
            for message in store.heard(self.task_id) if self.loaded.of_event else ():
                self._keep(message)
        self.run_row.is_forgotten = self.run_row.is_retried = False

    def _pass(self, now: datetime) -> bool:
        """Take note of what has come, and do what follows. False when there was nothing."""
        self._has_relieved()
        found = self._look()
        due = [branch for branch in found.branches if branch.due_at and not branch.taken_at]
        self._tidy(found.branches, now)
        self.context.fetch(self.loaded.graph.nodes[branch.node] for branch in due if branch.node is not None)
        parts = ending.parts(due)
        for branch in due:
            self.scene.ending.take(branch, parts[branch.pk], now)
        self._hear(found.messages)
        self.scene.questions.take(now)
        self.board.late(now)
        self.board.decide(now)
        is_written = False
        while self._save(now, due, found.messages):
            is_written, due, found.messages = True, [], []
        return is_written  # and what has come meanwhile is looked at, for the write has cleared its nudge

    def _look(self) -> _Found:
        waits_for_events = self.loaded.of_event and not self.board.is_stopping
        return _Found(
            branches=store.branches(self.task_id), messages=store.messages(self.task_id) if waits_for_events else []
        )

    def _hear(self, messages: list[Message]) -> None:
        """An event is everybody's who waits for it; its data become a value under each of their keys."""
        for message in messages:
            self._keep(message)
            self.board.heard(message.name)

    def _keep(self, message: Message) -> None:
        users = self.loaded.of_event.get(message.name, ())
        for key in {self.loaded.graph.nodes[node].dependencies[place].key for node, place in users}:
            self.context.put(key, message.data)

    def _tidy(self, branches: Sequence[Branch], now: datetime) -> None:
        """What an attempt that died had left: tasks not made yet, and tasks that nobody waits for."""
        for branch in branches:
            assert branch.node is not None
            standing = self.board.standings.get(branch.node)
            is_wanted = (
                standing is not None and branch.name == standing.branch and standing.number in self.board.at_work
            )
            if branch.taken_at or not is_wanted:
                self._release(branch, now)
            elif branch.made < branch.total and not branch.due_at and standing is not None:
                self._go_on_making(branch, standing, now)

    def _go_on_making(self, branch: Branch, standing: Standing, now: datetime) -> None:
        before = replace(standing, tries=standing.tries - 1)
        try:
            want = self.scene.starter.prepare(self.loaded.graph.nodes[standing.number], before, branch.created_at)
        except NotStarted as error:
            self.board.withdrawn.append(standing.number)
            self.board.fail(standing.number, error.faults[0], now)
            return
        if isinstance(want, Want):
            self._make_rest(branch, want)

    def _release(self, branch: Branch, now: datetime) -> None:
        if not branch.taken_at and not branch.due_at:
            Branch.objects.filter(pk=branch.pk).update(taken_at=now)
        if branch.outstanding:
            family.cancel_rest(branch, f"task {self.task_id} waits for it no longer")

    def _save(self, now: datetime, due: Sequence[Branch], messages: Sequence[Message]) -> bool:
        """One transaction, with as many new tasks as one may make. False when there was nothing to write."""
        self.board.decide(now)
        wants, asked = self._launch(now)
        if not (self.board.changed or due or messages or wants):
            return False
        marker = self.scene.starter.marker if self.loaded.names_tasks else ""
        made = self.scene.saving.write(now, wants=wants, taken=due, heard=messages, marker=marker)
        news.publish(self.task_id, "task.advanced", is_claimable=bool(made))
        for branch, want in zip(made, wants, strict=True):
            if branch.made < branch.total:
                self._make_rest(branch, want)
        self.scene.questions.ask(asked, now)
        self._withdraw(now)
        return True

    def _launch(self, now: datetime) -> tuple[list[Want], list[tuple[int, Asked]]]:
        """Ready nodes, as many as one transaction takes, and judges for those whose result is to be judged."""
        wants, asked, room = [], [], CHUNK
        for number in self.board.launch():
            node, standing = self.loaded.graph.nodes[number], self.board.standings[number]
            try:
                prepared = self.scene.starter.prepare(node, standing, now, free=self.board.free)
            except NotStarted as error:
                self.board.fail(number, error.faults[0], now)
                self.board.decide(now)
                continue
            if isinstance(prepared, Asked):
                self.board.started(number, now)
                asked.append((number, prepared))
            elif not prepared.children:
                self.board.started(number, now)
                self.scene.ending.at_once(node, standing, now)
                self.board.decide(now)
            else:
                self.context.drop(set(node.cleanup.before) - keys_of(node))  # another try would need its own again
                slots = min(prepared.at_once or len(prepared.children), len(prepared.children))
                self.board.started(number, now, slots)
                wants.append(prepared)
                room -= len(prepared.children)
            if room <= 0 or len(asked) >= CHUNK:
                break
        return wants + self._judges(now), asked

    def _judges(self, now: datetime) -> list[Want]:
        """Of every node whose result is to be judged from this transaction on."""
        wants = []
        for number in sorted(self.board.to_judge):
            node, standing = self.loaded.graph.nodes[number], self.board.standings[number]
            try:
                value = self.scene.ending.answer(node, standing)
                wants.append(self.scene.starter.judge(node, standing, value))
            except WorkflowError as error:
                self.board.fail(number, error.faults[0], now)
        self.board.to_judge.clear()
        return wants

    def _make_rest(self, branch: Branch, want: Want) -> None:
        children.make_rest(self.lease, branch, want.children)
        if self.loaded.names_tasks:
            for task in Task.objects.filter(branch=branch).only("pk", "parameters", "title"):
                store.number_in(task, self.scene.starter.marker)

    def _withdraw(self, now: datetime) -> None:
        """Once it is on record that nobody waits for them."""
        for number in self.board.withdrawn:
            standing = self.board.standings[number]
            self.scene.questions.withdraw(standing)
        self.board.withdrawn.clear()

    def _is_too_late(self) -> bool:
        most = self.loaded.graph.timeouts.run
        return most is not None and clock.now() >= self.run_row.began_at + most

    def _obey(self) -> None:
        control = self.session.control()
        if not control:
            return
        rest = self.session.journal.rest()
        if control in ("cancel", "expire"):
            raise _Ended(Cancelled(reason="stopped between two nodes", rest=rest))
        raise _Ended(Suspended(because=control, reason="stopped between two nodes", rest=rest))

    def _leave(self) -> Outcome:
        board, most = self.board, self.loaded.graph.timeouts.run
        until = [moment for moment in (board.next_due, most and self.run_row.began_at + most) if moment]
        reason = finishing.waits_for(board)
        return Suspended(
            because="others", until=min(until, default=None), reason=reason, rest=self.session.journal.rest()
        )
