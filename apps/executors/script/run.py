"""One attempt of a script: resume or start, answer its calls one after another, and end with an outcome.

For every call: control → bind and encode the arguments → look in the journal → execute → encode → one transaction →
answer with the decoded record, so that a live run and a replay cannot differ.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from pydantic_monty import (
    FunctionSnapshot,
    FutureSnapshot,
    MontyComplete,
    MontyCrashedError,
    MontyError,
    MontySession,
    NameLookupSnapshot,
)

from apps.core import clock, codec
from apps.core.errors import ToolError
from apps.core.masking import mask
from apps.executors.contract import (
    Cancelled,
    Completed,
    Failed,
    Failure,
    Outcome,
    RequesterDisabled,
    Session,
    Suspended,
)
from apps.executors.script import calls, failures, pacing, sandbox
from apps.executors.script.calls import Answered, LiveCall
from apps.tasks.blobs import BlobUnreadable, BlobUnwritable
from apps.tasks.record.journal import Batch, Diverged, LeaseLost, LoadedCheckpoint, NewCheckpoint, NewStep, RecordTooNew
from apps.tools import registry
from apps.tools.registry import CallClass, Tool

REPLAY_BUDGET = 0.05
"""Seconds that replaying from the last checkpoint may cost before another one is made."""
CALL_COST = 0.00015
"""Seconds that answering one call from the record costs, besides the script's own computing."""
SHORTEST_SUSPENSION = 1.0
"""Seconds below which a wait is sat out on the worker: leaving and coming back would cost as much."""
MAX_OUTPUT = 10_000_000
"""Characters a script may print in one attempt."""

Snapshot = FunctionSnapshot | NameLookupSnapshot | FutureSnapshot | MontyComplete


class _Ended(Exception):
    """The attempt is over before the script is."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome = outcome


def _undefined(name: str) -> Any:
    """The answer to a call of something that is neither a tool nor defined by the script."""
    return {"exc_type": "NameError", "message": f"name {name!r} is not defined"}


def attempt(session: Session) -> Outcome:
    return _Attempt(session).run()


class _Attempt:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.task = session.task
        self.journal = session.journal
        self.pulse = session.pulse
        self.index = 0
        self.calls = 0
        self.printed = 0
        self.replay_cost = 0.0
        self.dump_cost = 0.0
        self.death: MontyCrashedError | None = None
        self.has_past = False
        """True until the first call beyond the record of earlier attempts."""
        self.loaded_at: int | None = None
        self.last_failure: tuple[int, dict[str, Any]] | None = None
        source = session.task.script.encode()
        self.line_starts = [0, *(place + 1 for place, byte in enumerate(source) if byte == 0x0A)]

    def run(self) -> Outcome:
        try:
            return self._run()
        except _Ended as ended:
            return ended.outcome
        except (Diverged, BlobUnreadable, RecordTooNew) as error:
            # Not tried again by itself: the record stays as it is. Unless only its store was away.
            kind, is_away = type(error).__name__, isinstance(error, BlobUnreadable) and error.is_transient
            failure = Failure(
                type=kind, code=error.code, message=error.message, line=self.pulse.line, is_transient=is_away
            )
            return Failed(failure=failure, rest=self.journal.rest())
        except BlobUnwritable as error:
            # A result too large for its row. The call is still open: the next attempt makes it again.
            failure = Failure(
                type="OSError", code=error.code, message=error.message, line=self.pulse.line, is_transient=True
            )
            return Failed(failure=failure, rest=Batch())
        except RequesterDisabled as error:
            return Suspended(because="disabled", reason=str(error), rest=self.journal.rest())
        except MontyCrashedError as error:
            return self._crashed(error)
        except MontyError as error:
            failure = failures.explain(error, self.task, self.last_failure, self.pulse.line)
            return Failed(failure=failure, rest=self.journal.rest())
        finally:
            self.pulse.sandbox_pid = None
            self.pulse.turn_started = None

    def _run(self) -> Outcome:
        checkpoints = self.session.checkpoints()
        self.has_past = bool(checkpoints) or self.journal.is_replaying(0)
        for checkpoint in checkpoints:
            with self._sandbox() as monty:
                snapshot = self._load(monty, checkpoint)
                if snapshot is not None:
                    self.loaded_at = checkpoint.index
                    return self._drive(snapshot)
        with self._sandbox() as monty:
            return self._drive(self._start(monty))

    def _sandbox(self) -> Any:
        limits = sandbox.limits(
            memory_mb=self.task.memory_mb, cpu_seconds=self.task.cpu_seconds, max_calls=self.task.max_calls
        )
        return sandbox.session(limits, sandbox.determined(self.task.seeded_at.astimezone(UTC), self.task.seed))

    def _start(self, monty: MontySession) -> Snapshot:
        self.pulse.sandbox_pid = monty.worker_pid
        source = self.task.script + sandbox.ENTRY
        parameters = dict(self.task.parameters)
        return self._turn(lambda: monty.feed_start(source, inputs={"params": parameters}, print_callback=self._print))

    def _load(self, monty: MontySession, checkpoint: LoadedCheckpoint) -> Snapshot | None:
        self.pulse.sandbox_pid = monty.worker_pid
        try:
            snapshot = self._turn(lambda: monty.load_snapshot(checkpoint.dump, print_callback=self._print))
        except MontyCrashedError:
            if self.pulse.killed_for:
                raise
            return None  # verified, but this interpreter cannot read it: an older one, or the journal, will do
        except (MontyError, RuntimeError, ValueError):
            return None
        self.index = self.calls = checkpoint.index  # the limit is the task's: waking up gives no new calls
        self.replay_cost = 0.0
        previous = self.journal.before(self.index)
        if previous is not None and not previous.succeeded:
            # The checkpoint may lie inside the `except` that holds this error; the script may raise it again.
            self.last_failure = (previous.index, codec.decode(previous.result))
        return snapshot

    def _drive(self, snapshot: Snapshot) -> Outcome:
        while not isinstance(snapshot, MontyComplete):
            snapshot = self._answer(snapshot)
        return self._completed(snapshot)

    def _completed(self, complete: MontyComplete) -> Outcome:
        self.journal.end_at(self.index)
        try:
            result = codec.encode(complete.output)
        except (codec.NotEncodable, RecursionError, ValueError) as error:
            message = f"What run() returned cannot be recorded: {error}."
            failure = Failure(type="TypeError", code="result_not_recordable", message=message)
            return Failed(failure=failure, rest=self.journal.rest())
        if len(result) > calls.MAX_VALUE:
            message = "What run() returned is larger than 20 MB. Save it with report.json and return a summary."
            failure = Failure(type="ValueError", code="result_too_large", message=message)
            return Failed(failure=failure, rest=self.journal.rest())
        return Completed(result=result, rest=self.journal.rest())

    def _answer(self, snapshot: FunctionSnapshot | NameLookupSnapshot | FutureSnapshot) -> Snapshot:
        if isinstance(snapshot, NameLookupSnapshot):
            return self._turn(snapshot.resume)
        if isinstance(snapshot, FutureSnapshot):
            raise _Ended(self._fail("RuntimeError", "unsupported", "Scripts run one call after another; drop async."))
        if snapshot.is_os_function:
            return self._answer_system(snapshot)
        return self._answer_tool(snapshot, snapshot.function_name, snapshot.args, snapshot.kwargs)

    def _answer_system(self, snapshot: FunctionSnapshot) -> Snapshot:
        if snapshot.function_name in ("import", "import_stubs"):
            return self._turn(snapshot.resume_auto)
        if snapshot.function_name == "time.sleep":
            return self._answer_tool(snapshot, "task.sleep", snapshot.args, {})
        return self._turn(snapshot.resume_not_handled)

    def _answer_tool(
        self, snapshot: FunctionSnapshot, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Snapshot:
        self.pulse.line = self._line(snapshot)
        self._count_call()
        try:
            tool = registry.find(name)
        except LookupError:
            return self._turn(lambda: snapshot.resume(_undefined(name)))
        try:
            bound = tool.bind(args, kwargs)
            if not tool.is_journalled:
                return self._deliver(snapshot, self._unrecorded(tool, bound))
            arguments = calls.encode_arguments(tool, bound)
        except ToolError as error:
            return self._deliver(snapshot, calls.failed(error))
        return self._answer_journalled(snapshot, tool, bound, arguments)

    def _unrecorded(self, tool: Tool, bound: Mapping[str, Any]) -> Answered:
        """Computed again while replaying: a script that caught an error of it goes the same way again."""
        is_repeated = tool.call_class is CallClass.TELEMETRY and self.journal.is_replaying(self.index)
        call = LiveCall(session=self.session, index=self.index, now=clock.now(), is_repeated=is_repeated)
        return calls.execute(self.session, tool, bound, call)

    def _answer_journalled(
        self, snapshot: FunctionSnapshot, tool: Tool, bound: Mapping[str, Any], arguments: str
    ) -> Snapshot:
        self._obey(snapshot)
        digest = codec.digest(arguments)
        recorded = self.journal.find(self.index, tool.name, digest, arguments)
        if recorded is not None:
            answered = Answered(succeeded=recorded.succeeded, result=recorded.result)
        else:
            answered = self._execute(snapshot, tool, bound, arguments, digest)
        if not answered.succeeded:
            self.last_failure = (self.index, codec.decode(answered.result))
        self.index += 1
        return self._deliver(snapshot, answered)

    def _execute(
        self, snapshot: FunctionSnapshot, tool: Tool, bound: Mapping[str, Any], arguments: str, digest: bytes
    ) -> Answered:
        if self.has_past:
            self.has_past = False
            self.session.resumed(index=self.index, line=self.pulse.line, checkpoint=self.loaded_at)
        call = LiveCall(session=self.session, index=self.index, now=clock.now())
        self.pulse.call, self.pulse.call_started_at = tool.name, call.now
        started = time.monotonic()
        try:
            answered = self._call(snapshot, tool, bound, call)
            if answered.suspension is not None:
                self._suspend_or_wait(snapshot, tool, call, answered, arguments, digest)
        finally:
            self.pulse.call, self.pulse.call_started_at = "", None
        step = self._step(tool, call, answered, arguments, digest, time.monotonic() - started)
        if tool.call_class is CallClass.VOLATILE:
            self.journal.keep(step)
        else:
            self.journal.record(step, files=call.files, checkpoint=self._checkpoint_if_due(snapshot))
        return answered

    def _call(self, snapshot: FunctionSnapshot, tool: Tool, bound: Mapping[str, Any], call: LiveCall) -> Answered:
        """The tool's answer; what is asked of the task while its errors are being retried is obeyed, not waited for."""
        while True:
            try:
                return calls.execute(self.session, tool, bound, call)
            except calls.Interrupted:
                self._obey(snapshot)  # returns only when it was taken back meanwhile

    def _step(
        self, tool: Tool, call: LiveCall, answered: Answered, arguments: str, digest: bytes, seconds: float
    ) -> NewStep:
        return NewStep(
            index=self.index,
            try_number=self.journal.next_try(self.index),
            name=tool.name,
            call_class=tool.call_class.value,
            digest=digest,
            arguments=arguments,
            succeeded=answered.succeeded,
            result=answered.result,
            line=self.pulse.line,
            started_at=call.now,
            seconds=seconds,
            retries=answered.retries,
        )

    def _suspend_or_wait(
        self, snapshot: FunctionSnapshot, tool: Tool, call: LiveCall, answered: Answered, arguments: str, digest: bytes
    ) -> None:
        """Leave the worker until the moment the tool named; a short wait is sat out instead.

        A timer's step is recorded in the transaction that suspends the task: once it wakes, the wait is over. One that
        waits for others is recorded once they have come: the call is made again then.
        """
        suspension = answered.suspension
        assert suspension is not None
        if suspension.is_open or suspension.until is None:
            rest = self.journal.rest()
            rest.checkpoint = self._checkpoint(snapshot)
            rest.line = self.pulse.line
            raise _Ended(Suspended(because="others", until=suspension.until, reason=suspension.reason, rest=rest))
        if (suspension.until - clock.now()).total_seconds() < SHORTEST_SUSPENSION:
            pacing.sleep((suspension.until - clock.now()).total_seconds(), self.session.control)
            return
        rest = self.journal.rest()
        rest.steps.append(self._step(tool, call, answered, arguments, digest, 0.0))
        rest.checkpoint = self._checkpoint(snapshot)
        rest.line = self.pulse.line
        raise _Ended(Suspended(because="timer", until=suspension.until, reason=suspension.reason, rest=rest))

    def _obey(self, snapshot: FunctionSnapshot) -> None:
        """Do what is asked of the task before the next effect."""
        control = self.session.control()
        if not control:
            return
        rest = self.journal.rest()
        rest.line = self.pulse.line
        if control in ("cancel", "expire"):
            raise _Ended(Cancelled(reason=f"stopped at line {self.pulse.line}", rest=rest))
        rest.checkpoint = self._checkpoint(snapshot)
        raise _Ended(Suspended(because=control, reason=f"stopped at line {self.pulse.line}", rest=rest))

    def _deliver(self, snapshot: FunctionSnapshot, answered: Answered) -> Snapshot:
        value = codec.decode(answered.result)
        if answered.succeeded:
            return self._turn(lambda: snapshot.resume({"return_value": value}))
        error = {"exc_type": value["exc_type"], "message": value["message"]}
        return self._turn(lambda: snapshot.resume(error))  # type: ignore[arg-type]

    def _turn(self, advance: Callable[[], Snapshot]) -> Snapshot:
        """Let the sandbox go on until its next announcement; the heartbeat thread watches how long that takes."""
        if self.death is not None:
            raise self.death
        started = time.monotonic()
        self.pulse.turn_started = started
        try:
            return advance()
        finally:
            self.pulse.turn_started = None
            self.replay_cost += time.monotonic() - started + CALL_COST

    def _checkpoint_if_due(self, snapshot: FunctionSnapshot) -> NewCheckpoint | None:
        # Ten times what the last dump cost: a large heap is not dumped over and over.
        if self.replay_cost < max(REPLAY_BUDGET, 10 * self.dump_cost):
            return None
        return self._checkpoint(snapshot)

    def _checkpoint(self, snapshot: FunctionSnapshot) -> NewCheckpoint | None:
        """None when the sandbox has died meanwhile: what was done goes on record all the same, and is replayed from there."""
        started = time.monotonic()
        try:
            dump = snapshot.dump()
        except MontyCrashedError as error:
            self.death = error
            return None
        self.dump_cost = time.monotonic() - started
        self.replay_cost = 0.0
        return NewCheckpoint(
            index=self.index,
            line=self.pulse.line,
            interpreter=sandbox.INTERPRETER,
            dump=dump,
            created_at=clock.now(),
        )

    def _line(self, snapshot: FunctionSnapshot) -> int | None:
        line = bisect_right(self.line_starts, snapshot.position.start)
        return line if line <= len(self.line_starts) else None

    def _count_call(self) -> None:
        self.calls += 1
        if self.calls > self.task.max_calls:
            message = (
                f"The script made more than {self.task.max_calls:,} calls. Fetch larger pages, or raise the limit."
            )
            raise _Ended(self._fail("RuntimeError", "call_limit", message))

    def _fail(self, kind: str, code: str, message: str) -> Failed:
        failure = Failure(type=kind, code=code, message=message, line=self.pulse.line)
        return Failed(failure=failure, rest=self.journal.rest())

    def _print(self, stream: str, text: str) -> None:
        """Output becomes the task's log; a flood ends the sandbox (an exception here would stop nothing)."""
        self.printed += len(text)
        if self.printed > MAX_OUTPUT:
            failures.stop_sandbox(self.pulse, "output")
            return
        if self.journal.is_replaying(self.index):
            return
        level = "error" if stream == "stderr" else "info"
        for line in text.splitlines():
            self.journal.log(mask(line), level, self.pulse.line, clock.now())

    def _crashed(self, error: MontyCrashedError) -> Outcome:
        """The sandbox is gone: killed for a reason of ours, or by itself."""
        killed_for = self.pulse.killed_for
        if killed_for == "lost":
            raise LeaseLost("Another attempt holds the task.")
        if killed_for in ("cancel", "expire"):
            return Cancelled(reason="stopped while computing", rest=Batch())
        if killed_for in ("pause", "drain"):
            return Suspended(because=killed_for, reason="stopped while computing, goes on from its last checkpoint")
        failure = failures.of_crash(error, killed_for, self.task, self.pulse.line)
        return Failed(failure=failure, rest=self.journal.rest())
