"""Contents that are longer than a platform takes: what comes first stays, and it says that something is missing."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from apps.chat.content import Content, Link, Row
from apps.chat.platforms.texts import CUT, clean, cut

MISSING = f"{CUT.strip()} This was cut: it is longer than the chat takes."
BETWEEN = 4
"""Characters that a part costs beside its own: blank lines, colons, brackets."""
LONGEST_TITLE = 300
BAR = 10
LONGEST_BAR = 20
"""Characters that a bar takes, with what is between it and the text."""

T = TypeVar("T", str, Row, Link)


def fit(content: Content, limit: int) -> Content:
    """The content, its texts cleaned and stripped, in at most `limit` characters. Buttons count apart.

    A character is a unit of UTF-16, as in the platforms' own limits: most emojis are two.
    """
    room = _Room(limit - len(MISSING) - BETWEEN)
    fitted = replace(
        content,
        title=room.text(cut(_tidy(content.title), LONGEST_TITLE)),
        text=room.text(_tidy(content.text)),
        rows=room.whole(
            Row(label=_tidy(row.label), value=_tidy(row.value), note=_tidy(row.note)) for row in content.rows
        ),
        notes=room.whole(filter(None, map(_tidy, content.notes))),
        links=room.whole(Link(label=_tidy(link.label), url=_tidy(link.url)) for link in content.links),
        why=(),
        why_title="",
    )
    return replace(fitted, notes=(*fitted.notes, MISSING)) if room.is_full else fitted


def bar(percent: float) -> str:
    """How far something is, as characters and as a number."""
    percent = min(max(percent, 0.0), 100.0)
    done = round(BAR * percent / 100)
    return "▰" * done + "▱" * (BAR - done) + f" {percent:.0f} %"


class _Room:
    def __init__(self, left: int) -> None:
        self._left = left
        self.is_full = False

    def text(self, text: str) -> str:
        """As much of it as there is room for."""
        if self._takes(text):
            return text
        self.is_full = True
        kept = text.encode("utf-16-le")[: 2 * max(self._left - BETWEEN - len(CUT), 0)].decode("utf-16-le", "ignore")
        self._left = 0
        return kept.rstrip() + CUT if kept else ""

    def whole(self, parts: Iterable[T]) -> tuple[T, ...]:
        """Those that there is room for; none is cut, and none after the first that is left out."""
        kept: list[T] = []
        for part in parts:
            if self.is_full or not self._takes(_words(part)):
                self.is_full = True
                break
            kept.append(part)
        return tuple(kept)

    def _takes(self, text: str) -> bool:
        needed = units(text) + BETWEEN if text else 0
        if needed > self._left:
            return False
        self._left -= needed
        return True


def _tidy(text: str) -> str:
    return clean(text).strip()


def units(text: str) -> int:
    """The length in units of UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def _words(part: str | Row | Link) -> str:
    if isinstance(part, Row):
        return f"{part.label}: {part.value} ({part.note})"
    return f"{part.label}: {part.url}" if isinstance(part, Link) else part
