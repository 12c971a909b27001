"""How every edge writes moments and sentences."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone


def clock(moment: datetime, now: datetime) -> str:
    """'10:43:39' today, '20 Nov 10:43' before, in the server's time zone."""
    local = timezone.localtime(moment)
    if local.date() == timezone.localtime(now).date():
        return f"{local:%H:%M:%S}"
    if local.year == timezone.localtime(now).year:
        return f"{local.day} {local:%b %H:%M}"
    return f"{local.day} {local:%b %Y %H:%M}"


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def listed(names: Sequence[str]) -> str:
    """'A', 'A and B', 'A, B and C'."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def count(number: int, singular: str, plural: str = "") -> str:
    """'1 call', '38 calls', '1,200 calls'."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
