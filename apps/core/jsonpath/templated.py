"""Paths with variables in braces, for where results are written: $.items[{index}], $.{item.id}, $[?@.id == {item.id}].

A variable is a token of its own, which the parser makes a selector or an operand. Its value is looked up when the path
is followed, so no value can change what the path says.
"""

import re
from collections.abc import AsyncIterable, Iterable
from contextlib import suppress
from typing import Any

from jsonpath import JSONPathEnvironment, JSONPathMatch, JSONPathSyntaxError
from jsonpath.filter import BaseExpression, FilterExpressionLiteral
from jsonpath.selectors import FilterContext, JSONPathSelector
from jsonpath.stream import TokenStream
from jsonpath.token import TOKEN_RBRACKET

from apps.core.jsonpath.strict import StrictEnvironment, StrictLexer, StrictParser
from apps.core.jsonpath.variables import IN_BRACES, value_of

VARIABLE = "TOKEN_VARIABLE"


class VariableSelector(JSONPathSelector):
    """[{index}] or .{item.id}: a whole number stands for a place of a list, a text for a name."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return self.token.value[1:-1]

    def resolve(self, node: JSONPathMatch) -> Iterable[JSONPathMatch]:
        key = value_of(self.name, node.filter_context())
        holds = dict if isinstance(key, str) else list if type(key) is int else ()
        if isinstance(node.obj, holds):
            with suppress(LookupError):
                found = node.obj[key]
                yield node.new_child(found, key if isinstance(key, str) or key >= 0 else len(node.obj) + key)

    def resolve_async(self, node: JSONPathMatch) -> AsyncIterable[JSONPathMatch]:
        """The library asks for it; nothing of ours follows a path that way."""
        raise NotImplementedError


class VariableOperand(FilterExpressionLiteral[Any]):
    """A variable's value in a filter; the content is its name."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{{{self.value}}}"

    def evaluate(self, context: FilterContext) -> object:
        return value_of(self.value, context.extra_context)


class TemplatedLexer(StrictLexer):
    def compile_strict_rules(self) -> re.Pattern[str]:
        return re.compile(rf"(?P<{VARIABLE}>{IN_BRACES})|{super().compile_strict_rules().pattern}", re.DOTALL)


class TemplatedParser(StrictParser):
    def __init__(self, *, env: JSONPathEnvironment) -> None:
        super().__init__(env=env)
        self.token_map[VARIABLE] = self.function_argument_map[VARIABLE] = self.parse_variable

    def parse_variable(self, stream: TokenStream) -> BaseExpression:
        return VariableOperand(value=stream.next().value[1:-1])

    def parse_shorthand_selector(self, stream: TokenStream) -> JSONPathSelector:
        if stream.current().kind == VARIABLE:
            return VariableSelector(env=self.env, token=stream.next())
        return super().parse_shorthand_selector(stream)

    def parse_bracketed_selection(self, stream: TokenStream) -> list[JSONPathSelector]:
        if stream.peek().kind != VARIABLE:
            return super().parse_bracketed_selection(stream)
        stream.next()
        token = stream.next()
        if stream.next().kind != TOKEN_RBRACKET:
            raise JSONPathSyntaxError("a variable stands alone in its brackets", token=token)
        return [VariableSelector(env=self.env, token=token)]


class TemplatedEnvironment(StrictEnvironment):
    parser_class = TemplatedParser
    lexer_class = TemplatedLexer
