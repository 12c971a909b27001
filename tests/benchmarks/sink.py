"""Tools that do nothing, so that what remains is the cost of a step; that wait; and one that falls over once."""

import os
import time

from apps.tools.registry import Call, tool

FALLS = "BENCH_FALLS_AT"
"""The value at which `stumble` raises, as an environment variable; unset: never."""


class Fallen(BaseException):
    """As if the process had died: nothing may catch it and tell an outcome."""


@tool(call_class="effect")
def put(call: Call, value: int) -> int:
    """Answer the value."""
    return value


@tool(call_class="effect")
def nap(call: Call, milliseconds: int) -> int:
    """Wait on the worker, as a call of an outside service does."""
    time.sleep(milliseconds / 1000)
    return milliseconds


@tool(call_class="effect")
def stumble(call: Call, value: int) -> int:
    """Answer the value; the one that BENCH_FALLS_AT names is never answered."""
    if os.environ.get(FALLS) == str(value):
        raise Fallen
    return value
