"""Tools that act on the world outside the product: one file that every process appends to, synced line by line."""

import json
import os
import signal

from apps.tools.registry import Call, tool


@tool(call_class="effect")
def put(call: Call, value: int) -> int:
    """Append one line to the world's file and answer twice the value."""
    line = json.dumps({"key": call.key, "value": value, "pid": os.getpid()}) + "\n"
    descriptor = os.open(os.environ["WORLD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return value * 2


@tool(call_class="effect")
def kill_worker(call: Call) -> None:
    """Kill the worker that carries out this call."""
    os.kill(os.getpid(), signal.SIGKILL)
