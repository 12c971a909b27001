"""From a conversation's neutral reply to the content of a post."""

from collections.abc import Sequence

from apps.chat.content import Button, Content, Row
from apps.language import conversation
from apps.language.conversation import Reply

ENTRY = "• "


def content(reply: Reply) -> Content:
    card = reply.card
    return Content(
        title=(card.heading or card.title) if card else "",
        text=_paragraphs(reply.text),
        rows=_rows(card.rows) if card else (),
        notes=tuple(card.notes) if card else (),
        buttons=[Button(label=each.label, value=each.value, style=each.style) for each in reply.buttons],
        why=_rows(reply.why),
        why_title=reply.why_title,
    )


def _paragraphs(lines: Sequence[str]) -> str:
    """Between them an empty line; the entries of a list stand close to what they belong to."""
    between = ("\n" if line.startswith(ENTRY) else "\n\n" for line in lines[1:])
    return "".join([*lines[:1], *(f"{gap}{line}" for gap, line in zip(between, lines[1:], strict=True))])


def _rows(rows: Sequence[conversation.Row]) -> list[Row]:
    return [Row(label=row.label, value=row.value, note=row.source) for row in rows]
