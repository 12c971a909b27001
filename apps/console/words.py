"""How the console writes moments, sizes and people: clock time today, the date before, never a guess."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from apps.core import durations

STATE_WORDS = {
    "blocked": "Blocked",
    "pending": "Pending",
    "running": "Running",
    "waiting": "Waiting",
    "paused": "Paused",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
ORIGINS = {
    "admin": "in the console",
    "api": "through the API",
    "chat": "in chat",
    "command": "on the command line",
    "ask": "on the command line",
    "demo": "by the demonstration",
    "schedule": "by a schedule",
}


def clock(moment: datetime, now: datetime) -> str:
    """'10:43:39' today, '20 Nov 10:43' before, in the server's time zone."""
    local = timezone.localtime(moment)
    if local.date() == timezone.localtime(now).date():
        return f"{local:%H:%M:%S}"
    if local.year == timezone.localtime(now).year:
        return f"{local.day} {local:%b %H:%M}"
    return f"{local.day} {local:%b %Y %H:%M}"


def iso(moment: datetime) -> str:
    """For hovering and copying, with the zone."""
    return timezone.localtime(moment).isoformat(timespec="milliseconds")


def day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y")


def took(seconds: float) -> str:
    """A call's duration; nothing for those nobody would notice."""
    return durations.describe(seconds) if seconds >= 0.05 else ""


def person(user: Any) -> str:
    """People by name."""
    return str(user.get_short_name() or user.get_username())


def origin(word: str) -> str:
    return ORIGINS.get(word, f"from {word}")


def count(number: int, singular: str, plural: str = "") -> str:
    """'1 call', '38 calls', '1,200 calls'."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def size(size_in_bytes: int) -> str:
    """'812 bytes', '4 KB', '3.1 MB'."""
    if size_in_bytes < 1024:
        return count(size_in_bytes, "byte")
    if size_in_bytes < 1024 * 1024:
        return f"{size_in_bytes / 1024:.0f} KB"
    return f"{size_in_bytes / 1024 / 1024:.1f} MB"


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")
