"""What can be wrong with a path. Each says which path, where, and what to do."""

from typing import Any, Literal

from apps.core.errors import InvalidInput

Reason = Literal["kind", "nothing", "gap", "limit", "variable"]


class BadPath(InvalidInput):
    """The path cannot be read (or not be written to). `at` is the character where it goes wrong, from 1; 0: the whole."""

    code = "bad_path"

    def __init__(self, path: str, why: str, *, at: int = 0, suggestion: str = "") -> None:
        where = f" at character {at}" if at else ""
        super().__init__(f"The path {shown(path)} cannot be used{where}: {why}. {suggestion}".strip())
        self.path, self.at, self.suggestion = path, at, suggestion


class PathTooCostly(InvalidInput):
    """Following the path takes more than its bounds allow."""

    code = "path_too_costly"


class NoPlace(InvalidInput):
    """The document has no place where the path could write. `at` is the normalized path of the last place reached.

    `reason`: kind (something else stands there), nothing (a filter selects nothing), gap (the list is too short),
    limit (too deep, too long, too much, or not JSON), variable (it has no value, or not one that can stand there).
    """

    code = "no_place"

    def __init__(self, why: str, *, reason: Reason, at: str = "$", value: Any = None, suggestion: str = "") -> None:
        super().__init__(why)
        self.reason, self.at, self.value, self.suggestion = reason, at, value, suggestion


def shown(text: str) -> str:
    return f"“{text if len(text) <= 120 else text[:119] + '…'}”"
