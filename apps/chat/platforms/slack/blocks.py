"""Content as Slack's Block Kit: https://docs.slack.dev/reference/block-kit

Only `plain_text` and `rich_text` elements are used: Slack reads no markup in them, so that `<!channel>`, `<@U1>`, `*x*`
and `:tada:` come out as they were written. The fallback text, which Slack does read, is escaped.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms.texts import cut, pieces

MAX_BUTTONS = 25
MAX_TEXT = 12_000
MAX_HEADER = 150
MAX_SECTION = 3_000
MAX_FIELDS = 10
MAX_FIELD = 2_000
MAX_BUTTON = 75
MAX_BLOCKS = 50
MAX_FALLBACK = 4_000
BAR = 20

Block = dict[str, Any]


def blocks(content: Content) -> list[Block]:
    """At most `MAX_BLOCKS`; the buttons are always among them."""
    buttons = list(_buttons(content.buttons))
    drawn = [*_said(content), *_rows(content.rows), *_small(content), *_links(content.links)]
    room = MAX_BLOCKS - len(buttons)
    if len(drawn) > room:
        drawn = [*drawn[: room - 1], _context(["[…]"])]
    return drawn + buttons


def fallback(content: Content) -> str:
    """What notifications show, and clients that draw no blocks."""
    text = content.plain().strip() or " ".join(button.label for button in content.buttons).strip()
    return escaped(cut(text, MAX_FALLBACK)) or "…"


def escaped(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _said(content: Content) -> Iterator[Block]:
    if content.title.strip():
        yield {"type": "header", "text": _plain(cut(content.title.strip(), MAX_HEADER))}
    for piece in pieces(cut(content.text.strip(), MAX_TEXT), MAX_SECTION):
        yield {"type": "section", "text": _plain(piece)}


def _rows(rows: Sequence[Row]) -> Iterator[Block]:
    for start in range(0, len(rows), MAX_FIELDS):
        some = rows[start : start + MAX_FIELDS]
        yield {"type": "section", "fields": [_plain(cut(_row(row), MAX_FIELD)) for row in some]}


def _row(row: Row) -> str:
    note = f"\n({row.note})" if row.note else ""
    return f"{row.label}\n{row.value or '–'}{note}"


def _small(content: Content) -> Iterator[Block]:
    if content.percent is not None:
        done = min(max(content.percent, 0.0), 100.0)
        full = round(done / 100 * BAR)
        yield _context([f"{'█' * full}{'░' * (BAR - full)} {done:.0f} %"])
    notes = [note for note in content.notes if note.strip()]
    for start in range(0, len(notes), MAX_FIELDS):
        yield _context(notes[start : start + MAX_FIELDS])


def _context(texts: Sequence[str]) -> Block:
    return {"type": "context", "elements": [_plain(cut(text, MAX_FIELD)) for text in texts]}


def _links(links: Sequence[Link]) -> Iterator[Block]:
    for link in links:
        shown: Block = {"type": "link", "url": link.url, "text": link.label or link.url}
        if not link.url.lower().startswith(("https://", "http://")) or len(link.url) > MAX_SECTION:
            shown = {"type": "text", "text": cut(f"{link.label}: {link.url}", MAX_SECTION)}
        yield {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [shown]}]}


def _buttons(buttons: Sequence[Button]) -> Iterator[Block]:
    elements = [_button(button, place) for place, button in enumerate(buttons[:MAX_BUTTONS])]
    if elements:
        yield {"type": "actions", "elements": elements}


def _button(button: Button, place: int) -> Block:
    drawn: Block = {
        "type": "button",
        "action_id": f"button-{place}",
        "text": _plain(cut(button.label.strip() or "…", MAX_BUTTON)),
        "value": button.value,
    }
    return drawn | ({"style": button.style} if button.style else {})
