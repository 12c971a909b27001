"""match() and search() of RFC 9535, on RE2: no text and no pattern can take them long.

Patterns are I-Regexp (RFC 9485), mapped as its section 5.4 says: `.` means neither \\n nor \\r, and match() has the whole
text. What RE2 knows beyond (\\d, \\w, \\b, ^, $) is understood too. A pattern that comes from the document and is none
matches nothing, as the RFC has it; one that is written in the path is refused when the path is read.
"""

import re
from functools import lru_cache

from jsonpath.function_extensions import ExpressionType, FilterFunction

from apps.core import regex
from apps.core.jsonpath.errors import PathTooCostly

_PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)  # takes a pattern apart; is never one of theirs


def check(pattern: str) -> None:
    """Raises BadPattern."""
    regex.compile(pattern)
    _compiled(pattern, whole=True)


class _OnPattern(FilterFunction):
    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]
    return_type = ExpressionType.LOGICAL
    whole: bool

    def __call__(self, text: object, pattern: object) -> bool:
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        try:
            compiled = _compiled(pattern, whole=self.whole)
        except regex.BadPattern:
            return False
        if len(text) > regex.MAX_TEXT:
            raise PathTooCostly(
                f"match() and search() look at texts of up to {regex.MAX_TEXT:,} characters; one here has {len(text):,}. "
                "Compare another property, or leave out the longer ones with length(…) first."
            )
        return compiled.search(text) is not None


class Match(_OnPattern):
    whole = True


class Search(_OnPattern):
    whole = False


@lru_cache(maxsize=64)
def _compiled(pattern: str, *, whole: bool) -> regex.Pattern:
    dotted = "".join(r"[^\n\r]" if piece == "." else piece for piece in _PIECES.findall(pattern))
    return regex.compile(rf"\A(?:{dotted})\z" if whole else dotted)
