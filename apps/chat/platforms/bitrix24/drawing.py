"""Content as BB code and keyboards, and BB code as plain text.

Bitrix24 documents no way to write a bracket literally. It reads a tag only where its name follows the bracket at once,
so an invisible word joiner between the two makes a text of it; the same before what would be a quotation.
"""

import re
from typing import Any
from urllib.parse import quote

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms.fitting import fit
from apps.chat.platforms.texts import clean, cut

MAX_TEXT = 12_000
"""Of the content; with its tags and joiners it stays below the 20,000 that Bitrix24 takes."""
MAX_MESSAGE = 20_000
MAX_BUTTONS = 20
MAX_LABEL = 80
COMMAND = "chantilly"
JOINER = "\u2060"
COLOURS = {"primary": "primary", "danger": "alert", "": "base"}
BAR = 20
TAGS = "b|i|u|s|size|color|url|user|chat|context|code|img|icon|put|send|call|quote|attach"


def message(content: Content) -> str:
    content = fit(content, MAX_TEXT)
    title = f"[b]{literal(content.title)}[/b]" if content.title else ""
    rows = "\n".join(_row(row) for row in content.rows)
    notes = "\n".join(literal(note) for note in content.notes)
    links = "\n".join(_link(link) for link in content.links)
    blocks = [title, literal(content.text), rows, _bar(content.percent), notes, links]
    return cut("\n\n".join(block for block in blocks if block), MAX_MESSAGE) or "…"


def keyboard(bot_id: int, buttons: tuple[Button, ...] | list[Button]) -> dict[str, Any] | str:
    """'N' takes an older keyboard away."""
    drawn = [
        {
            "TEXT": cut(clean(button.label).strip() or "…", MAX_LABEL), "COMMAND": COMMAND,
            "COMMAND_PARAMS": button.value, "BG_COLOR_TOKEN": COLOURS[button.style], "DISPLAY": "LINE",
        }
        for button in buttons[:MAX_BUTTONS]
    ]  # fmt: skip
    return {"BOT_ID": bot_id, "BUTTONS": drawn} if drawn else "N"


def literal(text: str) -> str:
    """The text, so that nothing in it is read as BB code, quotation or reference."""
    text = re.sub(r"\[(?=[A-Za-z/*])", f"[{JOINER}", text)
    return re.sub(r"^(?=>>|-{5,})", JOINER, text, flags=re.MULTILINE)


def plain(text: str, bot_id: str) -> str:
    """What people see of a message, without our bot's mention."""
    text = re.sub(rf"\[user={re.escape(bot_id)}\b[^\]]*\].*?\[/user\][ ,:]*", "", text, flags=re.IGNORECASE | re.DOTALL)
    text = re.sub(r"\[br\]", "\n", text, flags=re.IGNORECASE)
    text = re.sub(rf"\[/?(?:{TAGS})(?:[= ][^\[\]]*)?\]", "", text, flags=re.IGNORECASE)
    return text.replace(JOINER, "").strip()


def _row(row: Row) -> str:
    note = f" ({literal(row.note)})" if row.note else ""
    return f"[b]{literal(row.label)}:[/b] {literal(row.value) or '–'}{note}"


def _link(link: Link) -> str:
    if not link.url.lower().startswith(("https://", "http://")):
        return literal(f"{link.label}: {link.url}")
    address = quote(link.url, safe="%/:?#&=+,;@!$'()*~")
    return f"[url={address}]{literal(link.label) or address}[/url]"


def _bar(percent: float | None) -> str:
    if percent is None:
        return ""
    done = min(max(percent, 0.0), 100.0)
    full = round(done / 100 * BAR)
    return f"{'█' * full}{'░' * (BAR - full)} {done:.0f} %"
