"""Filters that look an item up by one property, as in $.clients[?@.id == {item.id}].risk, without looking at all items.

Ten thousand results written to the items that they belong to would otherwise cost a hundred million comparisons.
An index of a list is right as long as only the path with that filter is written, the step after the filter is a name
other than the compared one, and the list keeps its length.
"""

from typing import Any

from jsonpath.filter import BaseExpression, FilterExpressionLiteral, InfixExpression, Nil
from jsonpath.selectors import NameSelector

from apps.core.jsonpath.bounds import Run
from apps.core.jsonpath.comparing import key_of
from apps.core.jsonpath.strict import Current, Grouped
from apps.core.jsonpath.targets import Step, Where
from apps.core.jsonpath.templated import VariableOperand
from apps.core.jsonpath.variables import value_of

MIN_ITEMS = 16
_Index = dict[tuple[str, Any], list[int]]


class Joins:
    """The indexes that one target needs, while nothing but it is written."""

    def __init__(self) -> None:
        self._indexes: dict[tuple[int, str], tuple[list[Any], int, _Index]] = {}

    def select(self, where: Where, items: Any, later: Step | None, run: Run) -> list[str | int] | None:
        """The indices that the filter selects; None when it must be followed item by item."""
        if not isinstance(items, list) or len(items) < MIN_ITEMS:
            return None
        compared = _compared(where.selector.expression.expression)
        if compared is None or not isinstance(later, str) or later == compared[0]:
            return None
        name, operand = compared
        wanted = key_of(_value(operand, run))
        return None if wanted is None else list(self._index(items, name).get(wanted, ()))

    def _index(self, items: list[Any], name: str) -> _Index:
        kept = self._indexes.get((id(items), name))
        if kept is None or kept[0] is not items or kept[1] != len(items):
            kept = (items, len(items), _made(items, name))
            self._indexes[(id(items), name)] = kept
        return kept[2]


def _made(items: list[Any], name: str) -> _Index:
    index: _Index = {}
    for number, item in enumerate(items):
        if isinstance(item, dict) and name in item and (key := key_of(item[name])) is not None:
            index.setdefault(key, []).append(number)
    return index


def _compared(expression: BaseExpression) -> tuple[str, BaseExpression] | None:
    """(name, operand) of `@.name == operand`, either way round, in brackets or not."""
    while isinstance(expression, Grouped):
        expression = expression.right
    if not isinstance(expression, InfixExpression) or expression.operator != "==":
        return None
    for side, other in ((expression.left, expression.right), (expression.right, expression.left)):
        if (name := _property(side)) is not None and isinstance(other, FilterExpressionLiteral | Nil):
            return name, other
    return None


def _property(side: BaseExpression) -> str | None:
    if not isinstance(side, Current) or not side.path.singular_query() or len(side.path.segments) != 1:
        return None
    selector = side.path.segments[0].selectors[0]
    return selector.name if isinstance(selector, NameSelector) else None


def _value(operand: BaseExpression, run: Run) -> Any:
    if isinstance(operand, VariableOperand):
        return value_of(operand.value, run)
    return operand.value if isinstance(operand, FilterExpressionLiteral) else None
