"""What follows when something of a run has ended. Knows the graph and where its nodes stand, and no database.

`load` and `catch_up` take over what is on record; `begin`, `ended_well`, `ended_badly`, `heard`, `late` say what is new;
`decide` draws every consequence; `launch` gives out what may be started. What has changed is in `changed`.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import datetime
from itertools import islice
from typing import Any

from apps.core.verdicts import rejection
from apps.executors.workflow import conditions
from apps.executors.workflow.faults import Fault
from apps.executors.workflow.graph import Assertion, Node
from apps.executors.workflow.running import kept, mending, results
from apps.executors.workflow.running.ledger import Ledger
from apps.executors.workflow.running.loaded import WHOLE
from apps.executors.workflow.running.standing import AT_WORK, ENDED, MENDABLE, Because, Standing, State


class Board(Ledger):
    """The ledger, and what follows from it."""

    # What is new.

    def begin(self) -> None:
        """Of a new or mended run: every node is looked at once."""
        self._queue = list(range(self.loaded.total))

    def mend(self, began_at: datetime, *, gone: Set[str] = frozenset(), everything: bool = False) -> None:
        """Of a run that had ended: what did not get to its end is begun anew, and what was skipped for that.

        `gone`: keys whose values were dropped: who made them is begun anew where they are needed. `everything`: all is.
        """
        self.began_at = began_at
        for number in mending.repeated(self.loaded, self.standings, gone=gone, everything=everything):
            each = self.standings[number]
            self._renew(each, {} if everything else kept.carried(self.loaded.graph.nodes[number], each))
        self._rebuild()
        self.begin()

    def mend_one(self, number: int) -> Standing:
        """A task of a node that failed has completed after all: it runs again, and what was skipped for it is begun anew."""
        failed = self.standings[number]
        for each in list(self.standings.values()):
            if each.state in (State.SKIPPED, State.CANCELLED) and each.because in MENDABLE:
                self._renew(each)
        failed.state, failed.because, failed.reason, failed.ended_at = State.RUNNING, "", "", None
        failed.notes.pop("stops", None)
        self.changed.add(number)
        self.is_mended = True
        self._rebuild()
        self.begin()
        return failed

    def _renew(self, each: Standing, notes: dict[str, Any] | None = None) -> None:
        self.standings[each.number] = Standing(number=each.number, generation=each.generation + 1, notes=notes or {})
        self.changed.add(each.number)

    def late(self, now: datetime) -> None:
        """What time does: tries and rounds that are due, and dependencies that did not come in time."""
        for number in sorted(number for number, due in self._due.items() if due <= now):
            self._move(self._of(number), State.READY)
        while self._timers and self._timers[0][0] <= now:
            _, number, place = self._timers.popleft()
            self._too_late(number, place, now)
        for number in self.asking:
            if (limit := self._limit_of(number)) is not None and limit <= now:
                self._ask_no_longer(number, now)

    def _limit_of(self, number: int) -> datetime | None:
        """Until when people may decide, by the node's own time."""
        began_at, most = self._of(number).began_at, self.loaded.graph.nodes[number].timeouts.run
        return None if began_at is None or most is None else began_at + most

    def _ask_no_longer(self, number: int, now: datetime) -> None:
        node = self.loaded.graph.nodes[number]
        self.withdrawn.append(number)
        self.fail(number, results.fault("EXEC_002", node, f"Nobody decided “{node.name}” in time."), now, "timeout")

    def _too_late(self, number: int, place: int, now: datetime) -> None:
        standing, node = self._of(number), self.loaded.graph.nodes[number]
        if standing.state != State.WAITING or not standing.is_untouched:
            return
        if place != WHOLE:
            if not self.tallies.is_settled(number, place):
                standing.notes.setdefault("late", []).append(place)
                self.changed.add(number)
                self._settle(number, place, False, "timeout", self._too_late_for(number, place))
            return
        missing = [each.key or each.task for each in self.tallies.unsettled(number)]
        if missing and not self.is_stopping:
            message = f"“{node.name}” waited too long for {results.listing(missing)}."
            self.fail(number, results.fault("DEP_008", node, message, missing_fields=missing), now, "timeout")

    def ended_well(self, number: int, value: Any, now: datetime) -> None:
        """Its task, or all that count of an expansion, have completed; `value` is the result."""
        node, standing = self.loaded.graph.nodes[number], self._of(number)
        try:
            values = results.by_key(node, value)
            results.check_formats(node, values)
        except results.Unusable as error:
            self.ended_badly(number, error.fault, now)
            return
        is_first = standing.state == State.RUNNING
        if is_first and (broken := self._postconditions(node, standing, values)):
            self.fail(number, broken, now, stops=True)
        elif node.validator and is_first:
            self._move(standing, State.CHECKING)
            self.to_judge.append(number)
        else:
            self._round_is_over(node, standing, values, now)

    def judged(self, number: int, value: Any, complaint: str | None, now: datetime) -> None:
        """What the validator says of the result `value`: why it is rejected, or None."""
        node, standing = self.loaded.graph.nodes[number], self._of(number)
        assert node.validator is not None
        if complaint is None or node.validator.on_reject == "warn":
            if complaint:
                standing.warn(f"Rejected: {complaint}")
            self.ended_well(number, value, now)
            return
        fault = results.fault("EXEC_006", node, f"The result of “{node.name}” was rejected: {complaint}")
        if node.validator.on_reject == "retry":
            self.ended_badly(
                number, fault, now, because="rejection", tries=(node.retry or results.USUAL_RETRY).max_attempts
            )
        else:
            self.fail(number, fault, now, "rejection")

    def ended_badly(
        self, number: int, fault: Fault, now: datetime, *, because: Because = "failure", tries: int | None = None
    ) -> None:
        """A try has failed; there is another one as long as its retry_config, or `tries`, allows."""
        node, standing = self.loaded.graph.nodes[number], self._of(number)
        most = (node.retry.max_attempts if node.retry else 1) if tries is None else tries
        if standing.tries >= most or self.is_stopping:
            self.fail(number, fault, now, because)
            return
        if fault.code not in kept.OF_ITEMS:
            kept.forget(standing)
        retry = node.retry or results.USUAL_RETRY
        delay = retry.delay * retry.backoff_factor ** (standing.tries - 1)
        standing.error = fault.as_json() | {"attempt": standing.tries}
        standing.due_at = now + delay
        standing.reason = f"try {standing.tries} of {most} failed: {fault.message}"[:300]
        self._move(standing, State.WAITING)

    def fail(
        self, number: int, fault: Fault, now: datetime, because: Because = "failure", *, stops: bool = False
    ) -> None:
        """No more tries. `stops`: whatever the node's policy is, the run goes no further."""
        node, standing = self.loaded.graph.nodes[number], self._of(number)
        tried = {"attempt": standing.tries, "max_attempts": node.retry.max_attempts if node.retry else 1}
        standing.error = _with_recovery(fault, node.on_failure, tried)
        standing.reason, standing.because, standing.ended_at = fault.message[:300], because, now
        standing.due_at = None
        self.world.drop(node.cleanup.on_error)
        if node.on_failure == "default" and not stops:
            self.world.write(node, standing, node.default_result)
            absent = [key for key in node.result_keys if key not in node.default_result]
            standing.notes |= {"absent": absent} if absent else {}
            standing.notes["is_default"] = True
            standing.outcome, standing.because = "recovered", ""
            self._move(standing, State.COMPLETED)
            return
        if stops:
            standing.notes["stops"] = True
        self._move(standing, State.FAILED)
        if self.is_stopping:
            self._withdraw_questions(now)

    # Consequences.

    def decide(self, now: datetime) -> None:
        """Everything that follows from what has been said, down to what is ready to start."""
        while self._queue:
            number = heapq.heappop(self._queue)
            standing = self._of(number)
            if self.is_stopping or standing.state != State.WAITING or not standing.is_untouched:
                continue
            verdict = self.tallies.says(number)
            if verdict == "skip":
                because, reason = self.tallies.why.get(number, ("dependency", "what it waits for cannot come any more"))
                self._skip(standing, because, reason, now)
            elif verdict == "go":
                self._consider(self.loaded.graph.nodes[number], standing, now)

    def _consider(self, node: Node, standing: Standing, now: datetime) -> None:
        if node.choice and self._chosen.get(node.choice.name, node.number) != node.number:
            chosen = self.loaded.graph.nodes[self._chosen[node.choice.name]].name
            self._skip(standing, "choice", f"“{chosen}” was chosen", now)
            return
        looks = node.condition or node.preconditions or (node.loop and not node.loop.is_until)
        context = self.world.context(node, standing) if looks else {}
        if node.condition and not conditions.holds(node.condition, context):
            self._skip(standing, "condition", "its condition does not hold", now)
        elif node.loop and not node.loop.is_until and not conditions.holds(node.loop.condition, context):
            self._skip(standing, "loop", "the condition of its loop does not hold before the first round", now)
        elif error := _broken(node, node.preconditions, context, "EXEC_004", standing):
            self.fail(node.number, error, now, stops=True)
        else:
            self._move(standing, State.READY)
            self._choose(node, now)

    def _choose(self, node: Node, now: datetime) -> None:
        if node.choice is None:
            return
        for number in self.loaded.choices[node.choice.name]:
            if number != node.number and self._of(number).state == State.WAITING:
                self._skip(self._of(number), "choice", f"“{node.name}” was chosen", now)

    def _skip(self, standing: Standing, because: Because, reason: str, now: datetime) -> None:
        standing.because, standing.reason, standing.ended_at = because, reason[:300], now
        self._move(standing, State.SKIPPED)

    def _postconditions(self, node: Node, standing: Standing, values: Mapping[str, Any]) -> Fault | None:
        if not node.postconditions:
            return None
        context = {**self.world.context(node, standing), **values}
        return _broken(node, node.postconditions, context, "EXEC_005", standing)

    def _round_is_over(self, node: Node, standing: Standing, values: Mapping[str, Any], now: datetime) -> None:
        self.world.write(node, standing, values)
        loop = node.loop
        if loop is not None:
            holds = conditions.holds(loop.condition, {**self.world.context(node, standing), **values})
            if holds != loop.is_until and standing.round < loop.most and not self.is_stopping:
                standing.round, standing.tries = standing.round + 1, 0
                kept.forget(standing)
                standing.due_at = now + loop.delay
                standing.reason = f"round {standing.round} of at most {loop.most}"
                self._move(standing, State.WAITING)
                return
            if holds != loop.is_until:
                standing.warn(f"Ended after {standing.round} rounds, the most it may have.")
        self._complete(node, standing, values, now)

    def _complete(self, node: Node, standing: Standing, values: Mapping[str, Any], now: datetime) -> None:
        standing.outcome = "warning" if standing.notes.get("warnings") else "recovered" if standing.error else "success"
        standing.ended_at, standing.due_at, standing.reason = now, None, ""
        if refused := [key for key in values if key in self.loaded.judged and rejection(values[key])]:
            standing.notes["refused"] = refused
        if absent := [key for key in node.result_keys if key not in values]:
            standing.notes["absent"] = absent
        self.world.drop(node.cleanup.after)
        self._move(standing, State.COMPLETED)
        for number in self.loaded.cancelled_by(node) if node.cancels else ():
            self._cancel(self._of(number), f"“{node.name}” is done", "cancelled", now)

    def _cancel(self, standing: Standing, reason: str, because: Because, now: datetime) -> None:
        if standing.state in ENDED:
            return
        if standing.state in AT_WORK:
            self.withdrawn.append(standing.number)
        standing.because, standing.reason, standing.ended_at, standing.due_at = because, reason[:300], now, None
        self._move(standing, State.CANCELLED)

    def _withdraw_questions(self, now: datetime) -> None:
        """A run that stops lets its tasks end, but waits for nobody's answer."""
        for number in self.asking:
            self._cancel(self._of(number), "the run has stopped", "stopped", now)

    # What may be started, and when there is nothing left to do.

    def launch(self) -> Iterator[int]:
        """Ready nodes, first of the graph first, while the workflow may run more. The caller says `started` or `fail`."""
        while self._ready and not self.is_stopping:
            if self._states[self._ready[0]] != State.READY:
                heapq.heappop(self._ready)
            elif self.free == 0:
                return
            else:
                yield heapq.heappop(self._ready)

    @property
    def free(self) -> int | None:
        """How many more tasks may run at once; None: any number."""
        most = self.loaded.graph.at_once
        return None if most is None else max(0, most - sum(self._slots.values()))

    def started(self, number: int, now: datetime, slots: int = 1) -> None:
        standing = self._of(number)
        standing.tries += 1
        standing.began_at = standing.began_at or now
        standing.due_at, standing.reason = None, ""
        standing.notes.pop("slots", None)  # another try may be of fewer items
        if slots != 1:
            standing.notes["slots"] = slots
        self._move(standing, State.RUNNING)

    @property
    def at_work(self) -> list[int]:
        """Nodes that run or are judged."""
        return list(self._slots)

    @property
    def is_over(self) -> bool:
        """Nothing runs, and nothing is to come by itself or can be heard."""
        if self._slots:
            return False
        if self.is_stopping:
            return True
        if any(self._states[number] == State.READY for number in self._ready) or self._due:
            return False
        return not any(self._may_come(number) for number in self._untouched())

    @property
    def is_failed(self) -> bool:
        is_stuck = next(self._untouched(), None) is not None
        return self.is_stopping or self.counts[State.FAILED] > self._forgiven() or is_stuck

    def _forgiven(self) -> int:
        """Failures after which the run may complete."""
        nodes = self.loaded.graph.nodes
        return sum(
            each.state == State.FAILED and nodes[each.number].on_failure == "skip" for each in self.standings.values()
        )

    def _may_come(self, number: int) -> bool:
        return any(each.event or each.timeout for each in self.tallies.unsettled(number))

    @property
    def next_due(self) -> datetime | None:
        """When time does something next."""
        if self.is_stopping:
            return None
        while self._timers and self._is_met(*self._timers[0][1:]):
            self._timers.popleft()
        limits = [limit for number in self.asking if (limit := self._limit_of(number)) is not None]
        return min([*self._due.values(), *(moment for moment, *_ in islice(self._timers, 1)), *limits], default=None)

    def _is_met(self, number: int, place: int) -> bool:
        is_settled = place != WHOLE and self.tallies.is_settled(number, place)
        return is_settled or not self._of(number).is_untouched


def _broken(
    node: Node, assertions: Iterable[Assertion], context: Mapping[str, Any], code: str, standing: Standing
) -> Fault | None:
    """The first critical one that does not hold; the others become warnings."""
    for each in assertions:
        if conditions.holds(each.condition, context):
            continue
        if each.is_critical:
            return results.fault(code, node, f"“{node.name}”: {each.message}")
        standing.warn(each.message)
    return None


def _with_recovery(fault: Fault, strategy: str, tried: Mapping[str, Any]) -> dict[str, Any]:
    said = fault.as_json()
    return {**said, "recovery": {"strategy": strategy, "automatic_retry": False, **tried, **said["recovery"]}}
