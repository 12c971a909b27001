"""Patterns written by people, matched in linear time (RE2). Python's `re` never sees them.

RE2 has no backreferences and no look-around; in return no text can make a match take long. Three caps bound what is
left: the length of the pattern, the size of the program it compiles to, and the length of the text.
The worst pattern that is accepted takes some 50 ms on the longest text that is searched.
"""

from dataclasses import dataclass
from typing import Any

import re2

from apps.core.errors import InvalidInput

MAX_PATTERN = 1_000  # characters
MAX_PROGRAM = 4_000  # RE2 instructions; matching costs at most program size x text length
MAX_TEXT = 4_096  # characters
MAX_MEMORY = 2 << 20  # bytes for one compiled pattern; re2 keeps the last 128 of them

_REASONS = {
    "invalid perl operator": "look-around such as (?=…) or (?!…) is not available",
    "invalid escape sequence": "this backslash sequence is not known; references such as \\1 are not available",
    "no argument for repetition operator": "there is nothing before *, + or ? to repeat",
    "bad repetition operator": "two repetitions follow each other; put the inner one in brackets",
    "invalid repetition size": "a repetition goes up to {1000} at most, also when nested",
    "missing )": "a ( has no closing )",
    "unexpected )": "a ) has no opening (",
    "missing ]": "a [ has no closing ]",
    "trailing \\": "it ends with a single backslash",
    "invalid character class range": "a range in […] runs backwards or names an unknown class",
    "invalid named capture group": "a named group is written (?P<name>…)",
    "duplicate capture group name": "two groups have the same name",
    "pattern too large": "it repeats too much; use smaller numbers in {…}",
}


class BadPattern(InvalidInput):
    """The pattern cannot be used; the message says why, in words for a form."""

    code = "bad_pattern"


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where a pattern matched (character positions) and what its named groups hold."""

    start: int
    end: int
    groups: dict[str, str]


@dataclass(frozen=True)
class Pattern:
    text: str
    compiled: Any

    def search(self, text: str) -> Found | None:
        """The first match anywhere in `text`. A text longer than MAX_TEXT matches nothing."""
        if len(text) > MAX_TEXT:
            return None
        # RE2 reads UTF-8, which has no lone surrogates: a question mark stands in, so positions stay right.
        match = self.compiled.search(text.encode("utf-8", "replace").decode())
        if match is None:
            return None
        groups = {name: value for name, value in match.groupdict().items() if value is not None}
        return Found(start=match.start(), end=match.end(), groups=groups)


def compile(pattern: str, *, ignore_case: bool = False) -> Pattern:
    """Compiling is cached by RE2. Raises BadPattern."""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"The pattern has {len(pattern):,} characters; {MAX_PATTERN:,} are the most. Split it.")
    try:
        compiled = re2.compile(pattern, options=_options(ignore_case))
    except re2.error as error:
        raise BadPattern(f"The pattern “{_short(pattern)}” cannot be used: {_reason(error)}.") from None
    except UnicodeEncodeError:
        raise BadPattern("The pattern holds half a character (a lone surrogate). Type it again.") from None
    if compiled.programsize > MAX_PROGRAM:
        reason = _REASONS["pattern too large"]
        raise BadPattern(f"The pattern “{_short(pattern)}” cannot be used: {reason}.")
    return Pattern(pattern, compiled)


def search(pattern: str, text: str, *, ignore_case: bool = False) -> Found | None:
    return compile(pattern, ignore_case=ignore_case).search(text)


def problem(pattern: str) -> str | None:
    """What is wrong with `pattern`, or None."""
    try:
        compile(pattern)
    except BadPattern as error:
        return error.message
    return None


def _options(ignore_case: bool) -> Any:
    options = re2.Options()
    options.log_errors = False  # else RE2 writes to the process's stderr
    options.max_mem = MAX_MEMORY
    options.case_sensitive = not ignore_case
    return options


def _reason(error: Exception) -> str:
    raw = error.args[0] if error.args else b""
    said = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return next((ours for theirs, ours in _REASONS.items() if theirs in said), said or "it is not a pattern")


def _short(pattern: str) -> str:
    return pattern if len(pattern) <= 60 else pattern[:59] + "…"
