"""From the interpreter's errors to what a person reads: what happened, on which line, what to do."""

import contextlib
import os
import signal
from collections.abc import Mapping
from typing import Any

from pydantic_monty import MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

from apps.core.masking import mask
from apps.executors.contract import Failure, Pulse, TaskFacts

MAX_TRACEBACK = 4_000


def explain(
    error: MontyError, task: TaskFacts, last_failure: tuple[int, dict[str, Any]] | None, line: int | None
) -> Failure:
    """The failure that ended an attempt. `last_failure` is the last error a call delivered: (index, its record)."""
    if isinstance(error, MontySyntaxError):
        frames = error.traceback()
        return Failure(
            type="SyntaxError",
            code="syntax_error",
            message=mask(error.display("msg")),
            line=frames[-1].line if frames else None,
        )
    if not isinstance(error, MontyRuntimeError):
        return Failure(type=type(error).__name__, code="sandbox_error", message=mask(str(error)), line=line)
    kind, _, _ = error.display("type-msg").partition(":")
    message = mask(error.display("msg"))
    frames = [frame for frame in error.traceback() if frame.line <= task.script.count("\n") + 1]
    line = frames[-1].line if frames else line
    if kind == "MemoryError" and ("limit exceeded" in message or "memory limit" in message):
        return _memory(task, line)
    if kind == "TimeoutError" and "time limit exceeded" in message:
        return _time(task, line)
    step, recorded = _cause(kind, message, last_failure)
    return Failure(
        type=kind,
        code=str(recorded.get("code", "tool_error")) if step is not None else "script_error",
        message=message or kind,
        line=line,
        step=step,
        is_transient=bool(recorded.get("is_transient")),
        retry_after=recorded.get("retry_after"),
        traceback=mask(error.display("traceback"), MAX_TRACEBACK),
        advice="" if step is not None else "The script's own error repeats itself: publish a corrected revision.",
    )


def _cause(
    kind: str, message: str, last_failure: tuple[int, dict[str, Any]] | None
) -> tuple[int | None, Mapping[str, Any]]:
    """The recorded call whose error came through to the end, if it is one, and that error as recorded."""
    if last_failure is None:
        return None, {}
    index, recorded = last_failure
    if recorded["message"] != message or recorded["exc_type"] != kind:
        return None, {}
    return index, recorded


def of_crash(error: MontyCrashedError, killed_for: str, task: TaskFacts, line: int | None) -> Failure:
    """The failure of an attempt whose sandbox process is gone."""
    if killed_for == "memory":
        return _memory(task, line)
    if killed_for == "output":
        message = "The script printed more than 10 million characters in one attempt and was stopped."
        return Failure(type="RuntimeError", code="output_limit", message=message, line=line, advice="Print less.")
    if killed_for == "stalled":
        message = "Stopped: the script's process did nothing any more, and used no processor time."
        return Failure(type="TimeoutError", code="stalled", message=message, line=line, is_transient=True)
    if error.timed_out or "duration" in str(error):
        return _time(task, line)
    return Failure(
        type="SandboxCrash",
        code="sandbox_crashed",
        message="The interpreter's process died while it ran the script.",
        line=line,
        is_transient=True,
    )


def _memory(task: TaskFacts, line: int | None) -> Failure:
    return Failure(
        type="MemoryError",
        code="memory_limit",
        message=f"Stopped at {task.memory_mb} MB: the script needed more memory than its revision allows.",
        line=line,
        advice="Keep less at once (work page by page), or raise the template's memory.",
    )


def _time(task: TaskFacts, line: int | None) -> Failure:
    return Failure(
        type="TimeoutError",
        code="time_limit",
        message=f"Stopped after {task.cpu_seconds} s of computing, which is all that its revision allows.",
        line=line,
        advice="Look for an endless loop, or raise the template's computing time.",
    )


def stop_sandbox(pulse: Pulse, why: str) -> None:
    """Kill the sandbox of this attempt; the executor finds out why from the pulse."""
    if pulse.sandbox_pid is None or pulse.killed_for:
        return
    pulse.killed_for = why
    with contextlib.suppress(ProcessLookupError):  # it ended by itself this very moment
        os.kill(pulse.sandbox_pid, signal.SIGKILL)
