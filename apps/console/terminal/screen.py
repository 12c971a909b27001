"""Text for a terminal: never a control character of somebody else's, and marks that the terminal can show."""

import os
import re
import unicodedata
from dataclasses import dataclass
from typing import TextIO

_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_TAKEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def clean(text: object) -> str:
    """`text` on one line without escape sequences and direction marks: titles and log lines are people's own."""
    plain = _SEQUENCE.sub("", str(text))
    return "".join(" " if unicodedata.category(mark) in _TAKEN else mark for mark in plain).strip()


def clip(text: str, width: int) -> str:
    """At most `width` columns of it; wide letters take two."""
    if sum(map(_columns, text)) <= width:
        return text
    kept, used = [], 1
    for mark in text:
        used += _columns(mark)
        if used > width:
            break
        kept.append(mark)
    return "".join(kept).rstrip() + "…"


def _columns(mark: str) -> int:
    if unicodedata.combining(mark):
        return 0
    return 2 if unicodedata.east_asian_width(mark) in "WF" else 1


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a stream can show."""

    is_terminal: bool
    has_colours: bool
    has_marks: bool

    @classmethod
    def of(cls, stream: TextIO) -> "Look":
        is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        encoding = (getattr(stream, "encoding", "") or "").lower().replace("-", "")
        return cls(
            is_terminal=is_terminal,
            has_colours=is_terminal and "NO_COLOR" not in os.environ,
            has_marks=encoding.startswith("utf"),
        )

    def coloured(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.has_colours else text
