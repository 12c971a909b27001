"""How a content looks in Telegram. Styles are entities (offsets in units of UTF-16), never a parse_mode: whatever stands
in a text is text (https://core.telegram.org/bots/api#messageentity)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from apps.chat.content import Button, Content
from apps.chat.platforms.fitting import LONGEST_BAR, bar, fit, units
from apps.chat.platforms.texts import clean, cut

LONGEST = 4096
MOST_BUTTONS = 30
LONGEST_LABEL = 60
LONGEST_VALUE = 64
"""Bytes of a button's value."""
ROW_WIDTH = 30
ROW_BUTTONS = 3


def message(content: Content) -> dict[str, Any]:
    """The parameters of sendMessage and editMessageText that say what is said."""
    pressable = [button for button in content.buttons[:MOST_BUTTONS] if len(button.value.encode()) <= LONGEST_VALUE]
    others = [f"Or write: {button.label}" for button in content.buttons if button not in pressable]
    paper = _Paper()
    _write(paper, fit(replace(content, notes=(*content.notes, *others)), LONGEST - LONGEST_BAR))
    return {
        "text": paper.text or "…",
        "entities": paper.entities,
        "link_preview_options": {"is_disabled": True},  # what a preview fetches would learn of the link
        "reply_markup": {"inline_keyboard": _keyboard(pressable)} if pressable else None,
    }


def _write(paper: "_Paper", content: Content) -> None:
    paper.block(content.title, "bold")
    paper.block(content.text)
    if content.percent is not None:
        paper.block(bar(content.percent))
    for number, row in enumerate(content.rows):
        paper.line(f"{row.label}:", "bold", is_first=number == 0)
        if row.value:
            paper.add(f" {row.value}")
        if row.note:
            paper.add(f" ({row.note})", "italic")
    for note in content.notes:
        paper.block(note, "italic")
    for number, link in enumerate(content.links):
        paper.line(f"{link.label}: {link.url}".rstrip(), is_first=number == 0)


def _keyboard(buttons: Sequence[Button]) -> list[list[dict[str, str]]]:
    """Short labels stand side by side."""
    rows: list[list[dict[str, str]]] = []
    width = ROW_WIDTH
    for button in buttons:
        label = cut(clean(button.label).strip(), LONGEST_LABEL) or "…"
        width += len(label)
        if width > ROW_WIDTH or len(rows[-1]) == ROW_BUTTONS:
            rows.append([])
            width = len(label)
        rows[-1].append({"text": label, "callback_data": button.value})
    return rows


class _Paper:
    """Text and the entities in it. Telegram strips the ends of a text, which would shift them: there must be nothing to strip."""

    def __init__(self) -> None:
        self.text = ""
        self.entities: list[dict[str, Any]] = []

    def block(self, text: str, style: str = "") -> None:
        self.line(text, style, is_first=True)

    def line(self, text: str, style: str = "", *, is_first: bool) -> None:
        if text:
            self.text += ("\n\n" if is_first else "\n") if self.text else ""
            self.add(text, style)

    def add(self, text: str, style: str = "") -> None:
        if style:
            self.entities.append({"type": style, "offset": units(self.text), "length": units(text)})
        self.text += text
