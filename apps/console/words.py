"""How the console writes moments, sizes and people: clock time today, the date before, never a guess."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from apps.core import durations
from apps.core.saying import clock as clock
from apps.core.saying import count as count
from apps.core.saying import sentence as sentence
from apps.tasks.making.submission import Submitted

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


def answered(submitted: Submitted, now: datetime) -> str:
    """Why a request made no new task; empty when it made one."""
    task = submitted.task
    ago = durations.describe(float(int((now - task.created_at).total_seconds())))
    return {
        "": "",
        "key": f"The key gave task {task.pk}, made {ago} ago.",
        "cache": f"Answered by task {task.pk}, made {ago} ago from the same request.",
        "debounce": f"Task {task.pk} had not started yet; it does now what was asked last.",
    }[submitted.because]


def size(size_in_bytes: int) -> str:
    """'812 bytes', '4 KB', '3.1 MB'."""
    if size_in_bytes < 1024:
        return count(size_in_bytes, "byte")
    if size_in_bytes < 1024 * 1024:
        return f"{size_in_bytes / 1024:.0f} KB"
    return f"{size_in_bytes / 1024 / 1024:.1f} MB"
