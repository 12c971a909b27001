"""From a conversation's neutral reply to the content of a post."""

from apps.chat.content import Button, Content, Row
from apps.language.conversation import Reply


def content(reply: Reply) -> Content:
    card = reply.card
    return Content(
        title=card.title if card else "",
        text="\n\n".join(reply.text),
        rows=[Row(label=row.label, value=row.value, note=row.source) for row in card.rows] if card else (),
        notes=tuple(card.notes) if card else (),
        buttons=[Button(label=each.label, value=each.value, style=each.style) for each in reply.buttons],
    )
