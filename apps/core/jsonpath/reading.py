"""Reading by JSONPath, RFC 9535 in full and nothing else, within bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from jsonpath import JSONPath, JSONPathError
from jsonpath.exceptions import JSONPathRecursionError
from jsonpath.serialize import canonical_string

from apps.core.jsonpath.bounds import BOUNDS, MAX_LENGTH, MAX_LEVELS, MAX_NESTING, MAX_STEPS, Bounds, Budget, Run
from apps.core.jsonpath.errors import BadPath, PathTooCostly, shown
from apps.core.jsonpath.spoken import bad_path
from apps.core.jsonpath.strict import Query, StrictEnvironment
from apps.core.jsonpath.templated import TemplatedEnvironment
from apps.core.regex import BadPattern

_STRICT = StrictEnvironment()
_TEMPLATED = TemplatedEnvironment()
_STEPS = frozenset({"TOKEN_DOT", "TOKEN_DDOT", "TOKEN_LBRACKET", "TOKEN_AND", "TOKEN_OR", "TOKEN_NOT"})


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it stands: names and indices from the root."""

    value: Any
    location: tuple[int | str, ...]

    @property
    def path(self) -> str:
        return normalized(self.location)


@dataclass(frozen=True, slots=True)
class Path:
    """A path that has been read; made by `read`, good for any number of documents and threads."""

    text: str
    query: Query

    def found(
        self, document: Any, *, variables: Mapping[str, Any] | None = None, bounds: Bounds = BOUNDS
    ) -> list[Found]:
        """All values with their places, in the order of the RFC. Raises PathTooCostly; NoPlace for a variable."""
        return list(self._each(document, variables or {}, bounds))

    def values(
        self, document: Any, *, variables: Mapping[str, Any] | None = None, bounds: Bounds = BOUNDS
    ) -> list[Any]:
        """All values; parts of the document itself, not copies. Raises like `found`."""
        return [each.value for each in self._each(document, variables or {}, bounds)]

    def first(self, document: Any, default: Any = None, *, variables: Mapping[str, Any] | None = None) -> Any:
        """The first value, or `default`. Raises like `found`."""
        return next((each.value for each in self._each(document, variables or {}, BOUNDS)), default)

    def _each(self, document: Any, variables: Mapping[str, Any], bounds: Bounds) -> Iterator[Found]:
        run = Run(document, variables, Budget(bounds))
        try:
            for node in self.query.finditer(document, filter_context=run):
                yield Found(node.obj, node.parts)
        except (JSONPathRecursionError, RecursionError):
            message = f"The document is nested more than {MAX_LEVELS} levels deep, too deep for {shown(self.text)}."
            raise PathTooCostly(message) from None


@lru_cache(maxsize=1_024)
def read(text: str, *, templated: bool = False) -> Path:
    """The path that `text` is. Raises BadPath.

    `templated` allows variables in braces beside what the RFC knows: `$.items[{index}]`, `$[?@.id == {item.id}]`.
    """
    if len(text) > MAX_LENGTH:
        raise BadPath(text, f"it has {len(text):,} characters; {MAX_LENGTH:,} are the most")
    environment = _TEMPLATED if templated else _STRICT
    try:
        _measure(text, environment)
        compiled = environment.compile(text)
    except BadPattern as error:
        raise BadPath(text, error.message.rstrip(".")) from None
    except JSONPathRecursionError:
        raise BadPath(text, "it is nested too deeply", suggestion="Make it simpler.") from None
    except JSONPathError as error:
        raise bad_path(text, error) from None
    except ValueError:  # an index such as 1e2
        raise BadPath(text, "an index is a whole number such as 0, 12 or -1") from None
    return Path(text, Query(env=environment, segments=cast(JSONPath, compiled).segments))  # strict: no unions


def found(text: str, document: Any, *, bounds: Bounds = BOUNDS) -> list[Found]:
    return read(text).found(document, bounds=bounds)


def values(text: str, document: Any, *, bounds: Bounds = BOUNDS) -> list[Any]:
    return read(text).values(document, bounds=bounds)


def first(text: str, document: Any, default: Any = None) -> Any:
    return read(text).first(document, default)


def normalized(location: tuple[int | str, ...]) -> str:
    """The normalized path (RFC 9535, 2.7): $['sections'][3]."""
    return "$" + "".join(f"[{canonical_string(part) if isinstance(part, str) else part}]" for part in location)


def _measure(text: str, environment: StrictEnvironment) -> None:
    """The parser and the evaluation recurse over what is counted here."""
    steps = depth = deepest = 0
    for token in environment.lexer.tokenize(text):
        steps += token.kind in _STEPS
        depth += (token.kind in ("TOKEN_LBRACKET", "TOKEN_LPAREN")) - (token.kind in ("TOKEN_RBRACKET", "TOKEN_RPAREN"))
        deepest = max(deepest, depth)
    if steps > MAX_STEPS:
        raise BadPath(text, f"it has more than {MAX_STEPS} steps", suggestion="Split it.")
    if deepest > MAX_NESTING:
        raise BadPath(text, f"its brackets are nested more than {MAX_NESTING} deep", suggestion="Make it simpler.")
