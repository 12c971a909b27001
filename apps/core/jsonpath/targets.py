"""Where results are written: paths of names, places of lists, variables, and filters that select what is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonpath.segments import JSONPathChildSegment, JSONPathSegment
from jsonpath.selectors import Filter, IndexSelector, JSONPathSelector, NameSelector

from apps.core.jsonpath.errors import BadPath, NoPlace
from apps.core.jsonpath.reading import read
from apps.core.jsonpath.templated import VariableSelector
from apps.core.jsonpath.variables import pieces, value_of
from apps.core.schema import plain
from apps.core.schema.wording import kind

MAX_NAME = 200  # characters
_NAME = plain.Caps(depth=0, values=1, characters=MAX_NAME)


@dataclass(frozen=True, slots=True)
class Variable:
    """Stands for a name or an index, as its value is."""

    name: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A quoted name with variables: ['section-{index}']. Pairs of (text, False) and (variable, True)."""

    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """A filter: all that it selects of what is there."""

    selector: Filter


Step = str | int | Where
"""A name, a place of a list, or a filter."""


@dataclass(frozen=True, slots=True)
class Target:
    """A path that can be written to; made by `target`."""

    text: str
    steps: tuple[Step | Variable | Composed, ...]

    @property
    def fixed(self) -> tuple[str | int, ...]:
        """The steps before the first that depends on variables or on the document."""
        first = next((at for at, step in enumerate(self.steps) if not isinstance(step, str | int)), len(self.steps))
        return tuple(step for step in self.steps[:first] if isinstance(step, str | int))

    def bound(self, variables: Mapping[str, Any]) -> tuple[Step, ...]:
        """The steps with the variables' values. Raises NoPlace."""
        return tuple(_bound(step, variables) for step in self.steps)


@lru_cache(maxsize=1_024)
def target(text: str) -> Target:
    """The place or places that `text` names. Raises BadPath, also for what can be read only."""
    return Target(text, tuple(_step(text, segment) for segment in read(text, templated=True).query.segments))


def problem(text: str) -> str | None:
    """What keeps `text` from being a target, or None."""
    try:
        target(text)
    except BadPath as error:
        return error.message
    return None


def _step(text: str, segment: JSONPathSegment) -> Step | Variable | Composed:
    at = segment.token.index + 1
    if not isinstance(segment, JSONPathChildSegment):
        raise BadPath(text, ".. can be read, not written to", at=at, suggestion="Name each step.")
    if len(segment.selectors) > 1:
        raise BadPath(text, "it can be written to one place a step", at=at, suggestion="Write one rule for each.")
    return _of_selector(text, at, segment.selectors[0])


def _of_selector(text: str, at: int, selector: JSONPathSelector) -> Step | Variable | Composed:
    match selector:
        case NameSelector():
            return _named(text, at, selector.name)
        case IndexSelector():
            return selector.index
        case VariableSelector():
            return Variable(selector.name)
        case Filter():
            return Where(selector)
    suggestion = "Write a name, a place such as [3] or [{index}], or a filter such as [?@.type=='x']."
    raise BadPath(text, "* and slices can be read, not written to", at=at, suggestion=suggestion)


def _named(text: str, at: int, name: str) -> str | Composed:
    if not ("{" in name or "}" in name):
        return name
    found = pieces(name)
    if found is None:
        suggestion = "A variable is written {index} or {item.id}; for the braces themselves write {{ and }}."
        raise BadPath(text, "a brace stands alone in a name", at=at, suggestion=suggestion)
    return Composed(tuple(found))


def _bound(step: Step | Variable | Composed, variables: Mapping[str, Any]) -> Step:
    match step:
        case Variable():
            return _key(step.name, value_of(step.name, variables))
        case Composed():
            texts = (
                _text(text, value_of(text, variables)) if is_variable else text for text, is_variable in step.pieces
            )
            return _name("".join(texts))
        case _:
            return step


def _key(name: str, value: Any) -> str | int:
    if isinstance(value, str):
        return _name(value)
    if type(value) is int:
        return value
    raise _unusable(name, value, "a whole number for a place of a list, or a text for a name")


def _text(name: str, value: Any) -> str:
    if isinstance(value, str) or type(value) is int:
        return str(value)
    raise _unusable(name, value, "a text or a whole number")


def _unusable(name: str, value: Any, wanted: str) -> NoPlace:
    return NoPlace(f"{{{name}}} is {kind(value)}; it must be {wanted}", reason="variable", value=value)


def _name(text: str) -> str:
    if said := plain.objection(text, _NAME):
        raise NoPlace(f"The name “{text[:40]}…” cannot be used", reason="variable", value=text, suggestion=said[1])
    return text
