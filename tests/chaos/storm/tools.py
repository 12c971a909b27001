"""Tools of the storm's scripts: everything that they do, they do to the sink."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from apps.core.errors import ToolError
from apps.tools.registry import Call, FileHandle, RetryPolicy, tool
from tests.chaos.storm import sink

BIG = 1_300_000
"""Characters: more than a row takes, so that the result becomes a file."""


def _happen(call: Any) -> int:
    return sink.put(
        Path(os.environ["STORM_DIR"]),
        key=call.key, task=call.task_id, index=call.index, attempt=call.session.journal.lease.attempt,
    )  # fmt: skip


@tool(call_class="effect")
def put(call: Call, value: int) -> int:
    """Let one effect happen; answers twice the value."""
    _happen(call)
    return 2 * value


@tool(call_class="effect")
def slow(call: Call, value: int) -> int:
    """As `put`, and a tenth of a second longer: it holds its slot meanwhile."""
    _happen(call)
    time.sleep(0.1)
    return 2 * value


@tool(call_class="effect", service="shop")
def buy(call: Call, value: int) -> int:
    """As `put`, behind the rate limit of the shop."""
    _happen(call)
    return 2 * value


@tool(call_class="effect", retry=RetryPolicy(attempts=4, first_delay=0.05))
def flaky(call: Call, value: int) -> int:
    """Fails the first two times with an error that passes by itself, within one step."""
    if _happen(call) <= 2:
        raise ToolError("the service is busy", kind="OSError", transient=True)
    return 2 * value


@tool(call_class="effect", retry=RetryPolicy(attempts=1))
def shaky(call: Call, value: int) -> int:
    """Fails the first time with an error that ends the attempt; the task is tried again."""
    if _happen(call) <= 1:
        raise ToolError("the service is down", kind="OSError", transient=True)
    return 2 * value


@tool(call_class="effect")
def big(call: Call, value: int) -> str:
    """A result that is too large for a row."""
    _happen(call)
    return str(value % 10) * BIG


@tool(call_class="effect")
def file(call: Call, value: int) -> FileHandle:
    """Keep a file of 200 KB."""
    _happen(call)
    return call.save_file(f"{value}.bin", "application/octet-stream", bytes([value % 251]) * 200_000)


@tool(call_class="effect")
def kill_worker(call: Call) -> None:
    """Kill the worker that carries this out."""
    os.kill(os.getpid(), signal.SIGKILL)
