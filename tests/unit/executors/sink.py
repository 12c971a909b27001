"""Tools for tests: they act on a list outside the journal, as the world would be."""

from typing import Any

from apps.core.errors import ToolError
from apps.tools.registry import Call, RetryPolicy, tool

effects: list[tuple[str, Any]] = []
"""(idempotency key, value) of every effect that was carried out, in order."""
faults: list[Exception | None] = []
"""Errors to raise, one a call, before anything is done; None lets its call through."""
word = ""
"""What `tell` answers."""

QUICK = RetryPolicy(attempts=4, first_delay=0.001, max_delay=0.002)


@tool(call_class="effect", retry=QUICK)
def put(call: Call, value: int) -> int:
    """Carry out an effect and answer twice the value."""
    if faults and (fault := faults.pop(0)):
        raise fault
    effects.append((call.key, value))
    return value * 2


@tool(call_class="read", retry=QUICK)
def get(call: Call, value: int) -> list[dict[str, int]]:
    """Answer a few rows."""
    return [{"id": value, "square": value * value}, {"id": value + 1, "square": 0}]


@tool(call_class="pure")
def double(call: Call, value: int) -> int:
    """Twice the value, computed."""
    return value * 2


@tool(call_class="effect")
def refuse(call: Call, value: int) -> int:
    """Never works, in a way that stays."""
    raise ToolError(f"value {value} is refused", kind="LookupError")


@tool(call_class="read")
def tell(call: Call) -> str:
    """Answer the word."""
    return word


@tool(call_class="read")
def large(call: Call) -> str:
    """Answer a text that is kept in a file of its own."""
    return "x" * 1_500_000


@tool(call_class="read", permission="crm.view_invoice")
def guarded(call: Call) -> int:
    """Needs a permission."""
    return 1


@tool(call_class="read", retry=QUICK, service="sink")
def ask(call: Call, value: int) -> int:
    """Ask a service that may have a rate limit."""
    effects.append((call.key, value))
    return value
