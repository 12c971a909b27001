"""How values compare in filters (RFC 9535, 2.3.5.2.2): by kind first, so that true is not 1, not even inside lists."""

from typing import Any

NOTHING = object()  # what an empty query stands for


def holds(left: Any, operator: str, right: Any) -> bool:
    match operator:
        case "==":
            return equal(left, right)
        case "!=":
            return not equal(left, right)
        case "<":
            return less(left, right)
        case ">":
            return less(right, left)
        case "<=":
            return less(left, right) or equal(left, right)
        case _:
            return less(right, left) or equal(left, right)


def equal(left: Any, right: Any) -> bool:
    if is_number(left) and is_number(right):
        return bool(left == right)
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(value, right[name]) for name, value in left.items())
    return bool(left == right)


def less(left: Any, right: Any) -> bool:
    comparable = (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str))
    return comparable and bool(left < right)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def key_of(value: Any) -> tuple[str, Any] | None:
    """Equal for values that compare equal, and hashable; None for lists and objects."""
    if isinstance(value, list | dict):
        return None
    return "number" if is_number(value) else type(value).__name__, value
