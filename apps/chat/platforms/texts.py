"""Texts between us and the platforms: what comes in is made fit to keep, what goes out fit to send."""

from collections.abc import Iterator

from apps.chat.platforms.contract import MAX_TEXT
from apps.core.masking import storable

CUT = " […]"


def clean(value: object, limit: int = MAX_TEXT) -> str:
    """A text that every database takes; '' for what is no text."""
    return storable(value[:limit]) if isinstance(value, str) else ""


def cut(text: str, limit: int) -> str:
    """At most so many characters; that something is missing is said by `CUT`."""
    return text if len(text) <= limit else text[: limit - len(CUT)].rstrip() + CUT


def pieces(text: str, size: int) -> Iterator[str]:
    """Pieces of at most so many characters, broken between paragraphs, lines or words where that is possible."""
    while len(text) > size:
        end = max(text.rfind("\n", 1, size + 1), 0) or max(text.rfind(" ", 1, size + 1), 0) or size
        yield text[:end].rstrip()
        text = text[end:].lstrip("\n ")
    if text:
        yield text
