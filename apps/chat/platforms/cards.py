"""Contents as Adaptive Cards (https://adaptivecards.io/explorer). All texts are TextRuns, which know no markdown: what
stands in a TextBlock or a FactSet would be rendered."""

import json
from collections.abc import Iterator
from typing import Any

from apps.chat.content import Content
from apps.chat.platforms.fitting import bar, fit
from apps.chat.platforms.texts import clean, cut

MEDIA_TYPE = "application/vnd.microsoft.card.adaptive"
LONGEST = 6000
MOST_BYTES = 25_000
"""Teams takes 28 KB, with all that is around the card."""


def attached(content: Content, *, answer_to: str) -> dict[str, Any]:
    """A message with the content as its card. Buttons, which such messages cannot have, are numbered; `answer_to` is
    whom to mention with the number."""
    limit = LONGEST
    while True:
        card = _card(fit(content, limit), answer_to)
        message = {"type": "message", "attachments": [{"contentType": MEDIA_TYPE, "contentUrl": None, "content": card}]}
        if len(written(message)) <= MOST_BYTES or limit < LONGEST / 50:
            return message
        limit //= 2


def written(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def _card(content: Content, answer_to: str) -> dict[str, Any]:
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": list(_body(content, answer_to)) or [_line(_run("…"))],
        "msteams": {"width": "Full"},
    }


def _body(content: Content, answer_to: str) -> Iterator[dict[str, Any]]:
    if content.title:
        yield _line(_run(content.title, weight="Bolder", size="Medium"))
    yield from _paragraphs(content.text)
    if content.percent is not None:
        yield _line(_run(bar(content.percent)))
    for row in content.rows:
        note = [_run(f" ({row.note})", isSubtle=True)] if row.note else []
        yield _line(_run(f"{row.label}: ", weight="Bolder"), _run(row.value), *note, spacing="Small")
    for text in content.notes:
        yield _line(_run(text, isSubtle=True))
    for link in content.links:
        opens = {"selectAction": {"type": "Action.OpenUrl", "url": link.url}} if _is_web(link.url) else {}
        yield _line(_run(f"{link.label}: {link.url}", **opens))
    for number, button in enumerate(content.buttons, 1):
        yield _line(_run(f"{number}. {cut(clean(button.label).strip(), 80)}"), spacing="Small")
    if content.buttons:
        yield _line(_run(f"@{answer_to} 1" if answer_to else "1", isSubtle=True))


def _paragraphs(text: str) -> Iterator[dict[str, Any]]:
    """Lines are blocks of their own: a line break in a TextRun is not drawn everywhere."""
    spacing = "Default"
    for line in text.split("\n"):
        if line.strip():
            yield _line(_run(line.rstrip()), spacing=spacing)
        spacing = "None" if line.strip() else "Default"


def _line(*runs: dict[str, Any], spacing: str = "Default") -> dict[str, Any]:
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": [run for run in runs if run["text"]]}


def _run(text: str, **style: Any) -> dict[str, Any]:
    """{{DATE(…)}} and {{TIME(…)}} are rendered in any text, so that their braces are held apart."""
    return {"type": "TextRun", "text": text.replace("{{", "{\u2060{"), **style}


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))
