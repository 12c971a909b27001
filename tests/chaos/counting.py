"""The shipped tools, each counted outside the product: one line in a file for every time one is carried out."""

import functools
import importlib
import os
import time
from collections.abc import Callable
from typing import Any

from apps.tools.registry import Call


def counted(path: str) -> dict[str, Any]:
    """Everything of the tool module at `path`, with its tools wrapped."""
    module = importlib.import_module(path)
    name = path.rpartition(".")[2]
    return {key: _wrapped(f"{name}.{key}", value) for key, value in vars(module).items() if not key.startswith("__")}


def _wrapped(name: str, value: Any) -> Any:
    if not hasattr(value, "tool_declaration"):
        return value
    return _counting(name, value)


def _counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def count(call: Call, *args: Any, **kwargs: Any) -> Any:
        _append(f"{call.key} {name} {os.getpid()}\n")
        time.sleep(float(os.environ.get("CHAOS_TOOL_SECONDS", "0")))
        return function(call, *args, **kwargs)

    return count


def _append(line: str) -> None:
    """O_APPEND and fsync: the line is there even if this process is killed at the next instruction."""
    descriptor = os.open(os.environ["CHAOS_SINK"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
