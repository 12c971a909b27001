"""The library's parser and evaluation, held to RFC 9535 where it is looser, and to our bounds everywhere.

What the library (python-jsonpath, strict) leaves open and this module settles: names with a hyphen or a character beyond
the basic plane, numbers that are none or lose digits, slices of texts, `@` on 0 and false, `$` in a filter inside a
filter, true beside 1, what may be compared and what may be negated (`!@.a == 1` is no filter), what `&&` and `||` need not look
at, and how many nodes are visited.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathMatch, JSONPathSyntaxError, Lexer, NodeList, Parser
from jsonpath.filter import (
    BaseExpression,
    FilterExpressionLiteral,
    FilterQuery,
    FloatLiteral,
    FunctionExtension,
    InfixExpression,
    IntegerLiteral,
    Nil,
    PrefixExpression,
    RelativeFilterQuery,
    RootFilterQuery,
    StringLiteral,
)
from jsonpath.function_extensions import ExpressionType, FilterFunction
from jsonpath.selectors import FilterContext, SingularQuerySelector, SliceSelector
from jsonpath.stream import TokenStream
from jsonpath.token import Token

from apps.core.jsonpath import comparing, patterns
from apps.core.jsonpath.bounds import MAX_LEVELS, Run

_COMPARABLE = (FilterExpressionLiteral, Nil, FilterQuery, FunctionExtension)
_FIRST = r"A-Za-z_\u0080-\uD7FF\uE000-\U0010FFFF"
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Node(JSONPathMatch):
    """A place that was visited, and paid for."""

    __slots__ = ("run",)

    def __init__(self, value: Any, parts: tuple[int | str, ...], run: Run) -> None:
        run.budget.spend()
        self.run = run
        self._filter_context = run
        self.obj, self.parts, self.root = value, parts, run.document
        self.parent, self.path = None, ""  # the library's would be made for every node; `Found.path` is made when asked

    def new_child(self, obj: object, key: int | str) -> "Node":
        return Node(obj, (*self.parts, key), self.run)

    def add_child(self, *children: JSONPathMatch) -> None:
        """The library would keep all nodes alive."""


class Query(JSONPath):
    """A query, or one inside a filter; its `filter_context` is always a Run."""

    def finditer(self, data: Any, *, filter_context: Mapping[str, Any] | None = None) -> Iterable[JSONPathMatch]:
        nodes: Iterable[JSONPathMatch] = [Node(data, (), cast(Run, filter_context))]
        for segment in self.segments:
            nodes = segment.resolve(nodes)
        return nodes


class Current(RelativeFilterQuery):
    """`@…`: always a list of nodes, so that `?@` is true for 0 and false also."""

    def evaluate(self, context: FilterContext) -> object:
        return NodeList(self.path.finditer(cast(Any, context.current), filter_context=context.extra_context))


class Logical(InfixExpression):
    """`&&` and `||`, which look at their right side only where it matters."""

    def evaluate(self, context: FilterContext) -> bool:
        left = context.env.is_truthy(self.left.evaluate(context))
        if left == (self.operator == "||"):
            return left
        return context.env.is_truthy(self.right.evaluate(context))


class Grouped(PrefixExpression):
    """( … ), kept as such: what stands in brackets can be negated and joined, not compared."""

    def __init__(self, inner: BaseExpression) -> None:
        super().__init__("", inner)

    def evaluate(self, context: FilterContext) -> bool:
        return context.env.is_truthy(self.right.evaluate(context))


class ListSlice(SliceSelector):
    """A slice of a list: the library cuts texts too."""

    def resolve(self, node: JSONPathMatch) -> Iterable[JSONPathMatch]:
        return super().resolve(node) if isinstance(node.obj, list) else ()


class StrictLexer(Lexer):
    key_pattern = rf"[{_FIRST}][{_FIRST}0-9]*"


class StrictParser(Parser):
    def parse_absolute_query(self, stream: TokenStream) -> BaseExpression:
        stream.next()
        return RootFilterQuery(Query(env=self.env, segments=self.parse_query(stream)))

    def parse_relative_query(self, stream: TokenStream) -> BaseExpression:
        stream.next()
        return Current(Query(env=self.env, segments=self.parse_query(stream)))

    def parse_infix_expression(self, stream: TokenStream, left: BaseExpression) -> BaseExpression:
        token = stream.current()
        made = cast(InfixExpression, super().parse_infix_expression(stream, left))
        if made.logical:
            self._check_tests(token, made.left, made.right)
            return Logical(made.left, made.operator, made.right)
        if not (isinstance(made.left, _COMPARABLE) and isinstance(made.right, _COMPARABLE)):
            why = "only values, paths to one place and results of functions can be compared"
            raise JSONPathSyntaxError(why, token=token)
        return made

    def parse_prefix_expression(self, stream: TokenStream) -> BaseExpression:
        token = stream.current()
        made = cast(PrefixExpression, super().parse_prefix_expression(stream))
        if not isinstance(made.right, Grouped | FilterQuery | FunctionExtension):
            raise JSONPathSyntaxError("! stands before a path, a function or a bracket", token=token)
        self._check_tests(token, made.right)
        return made

    def parse_grouped_expression(self, stream: TokenStream) -> BaseExpression:
        token = stream.current()
        inner = super().parse_grouped_expression(stream)
        if isinstance(inner, FilterExpressionLiteral | Nil):
            raise JSONPathSyntaxError("a value stands alone", token=token)
        self._check_tests(token, inner)
        return Grouped(inner)

    def _check_tests(self, token: Token, *sides: BaseExpression) -> None:
        """A function that gives a value, such as length(), is no test."""
        for side in sides:
            if isinstance(side, FunctionExtension) and self._gives(side) is ExpressionType.VALUE:
                raise JSONPathSyntaxError(f"result of {side.name}() must be compared", token=token)

    def _gives(self, function: FunctionExtension) -> ExpressionType:
        return cast(FilterFunction, self.env.function_extensions[function.name]).return_type

    def parse_slice(self, stream: TokenStream) -> SliceSelector:
        made = super().parse_slice(stream)
        start, stop, step = made.slice.start, made.slice.stop, made.slice.step
        return ListSlice(env=self.env, token=made.token, start=start, stop=stop, step=step)

    def parse_singular_query_selector(self, stream: TokenStream) -> SingularQuerySelector:
        raise JSONPathSyntaxError("a name in brackets needs quotes", token=stream.current())

    def parse_integer_literal(self, stream: TokenStream) -> BaseExpression:
        token = stream.next()
        _number(token)  # is it one, and not too large?
        return IntegerLiteral(value=int(Decimal(token.value)))  # a float would lose digits

    def parse_float_literal(self, stream: TokenStream) -> BaseExpression:
        return FloatLiteral(value=_number(stream.next()))


def _number(token: Token) -> float:
    number = float(token.value) if _NUMBER.fullmatch(token.value) else float("inf")
    if abs(number) == float("inf"):
        raise JSONPathSyntaxError("this is not a number of JSON", token=token)
    return number


class StrictEnvironment(JSONPathEnvironment):
    lexer_class = StrictLexer
    parser_class = StrictParser
    max_recursion_depth = MAX_LEVELS

    def __init__(self) -> None:
        super().__init__(strict=True)

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = patterns.Match()
        self.function_extensions["search"] = patterns.Search()

    def validate_function_extension_signature(self, token: Token, args: list[Any]) -> list[Any]:
        checked = super().validate_function_extension_signature(token, args)
        if token.value in ("match", "search") and isinstance(args[1], StringLiteral):
            patterns.check(args[1].value)
        return checked

    def compare(self, left: object, operator: str, right: object) -> bool:
        return comparing.holds(_operand(left), operator, _operand(right))


def _operand(side: object) -> object:
    """An empty query, and what the library calls undefined, is Nothing."""
    if isinstance(side, NodeList) or type(side).__name__ == "_Undefined":
        return comparing.NOTHING
    return side
