"""A tool that does nothing, so that what remains is the cost of a step."""

from apps.tools.registry import Call, tool


@tool(call_class="effect")
def put(call: Call, value: int) -> int:
    """Answer the value."""
    return value
