"""What the page of a connection shows: whether it works, what it waits for, what to do where, what happened lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from apps.chat import connecting
from apps.chat.models import Connection, ConnectionEvent, Incoming, Post, PostState
from apps.chat.platforms import platform
from apps.chat.platforms.contract import Field, Platform, Wiring
from apps.chat.wiring import hook_url
from apps.core import durations

MOST_EVENTS = 20
MOST_COUNTED = 1_000
LONG = timedelta(days=7)
Kind = ConnectionEvent.Kind
LOOKS = {
    Kind.RECEIVED: ("completed", "down", "Received"),
    Kind.REFUSED: ("paused", "warning", "Refused"),
    Kind.SENT: ("completed", "arrow", "Sent"),
    Kind.FAILED: ("failed", "failed", "Failed"),
    Kind.CHECKED: ("completed", "completed", "Tested"),
    Kind.INSTALLED: ("completed", "checkpoint", "Installed"),
    Kind.CHANGED: ("pending", "person", "Changed"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    event: ConnectionEvent
    look: str
    icon: str
    word: str
    ago: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    label: str
    number: str
    url: str
    look: str = ""


@dataclass(frozen=True, kw_only=True)
class ConnectionPage:
    connection: Connection
    platform: Platform
    hook_url: str
    steps: Sequence[str]
    warnings: Sequence[str]
    figures: Sequence[Figure]
    events: Sequence[Line]
    is_own: bool


def gather(connection: Connection, site: str, now: datetime) -> ConnectionPage:
    """A bounded number of queries; the platform is asked nothing."""
    served = platform(connection.platform)
    secrets = connecting.secrets_of(connection)
    address = "/".join([hook_url(connection, site), *_ends(served, connection)])
    wired = Wiring(
        id=connection.pk, key=connection.key, name=connection.name, settings=connection.settings,
        secrets=secrets or {}, hook_url=hook_url(connection, site),
    )  # fmt: skip
    happened = list(connection.events.all()[:MOST_EVENTS])
    is_own = connection.platform in connecting.OWN
    return ConnectionPage(
        connection=connection,
        platform=served,
        hook_url="" if is_own else address,
        steps=served.guide(wired),
        warnings=[] if is_own else _warnings(connection, wired, now, can_read=secrets is not None),
        figures=_figures(connection),
        events=[_line(each, now) for each in happened],
        is_own=is_own,
    )


def _ends(served: Platform, connection: Connection) -> list[str]:
    """What was made for our address, where an administrator enters it on the platform."""
    return [
        connection.settings[each.name]
        for each in served.fields
        if each.is_made and connection.settings.get(each.name) and _is_of_use(each, connection)
    ]


def _is_of_use(each: Field, connection: Connection) -> bool:
    return each.only is None or connection.settings.get(each.only[0]) == each.only[1]


def _warnings(connection: Connection, wired: Wiring, now: datetime, *, can_read: bool) -> list[str]:
    if not can_read:
        why = "Its secrets cannot be read: they were sealed with a key that is not among CHECKPOINT_KEYS."
        return [f"{why} Set that key again, or enter all secrets anew."]
    found = []
    if lacking := connecting.missing(connection):
        found.append(f"Not set: {', '.join(each.label for each in lacking)}. Until then it hears and says nothing.")
    if _is_called(wired) and not wired.hook_url.startswith("https://"):
        found.append(
            "Most platforms call https addresses only. Set SITE_URL to the one that this site has on the internet."
        )
    if connection.is_enabled and not lacking and (said := _silence(connection, now)):
        found.append(said)
    return found


def _is_called(wired: Wiring) -> bool:
    """Whether the platform has to reach us: not where we ask it for news."""
    return wired.settings.get("mode") not in ("polling", "fetch") or wired.settings.get("way") == "application"


def _silence(connection: Connection, now: datetime) -> str:
    last = connection.events.filter(kind=Kind.RECEIVED).values_list("at", flat=True).first()
    if last is None:
        return "Nothing has come in yet. Follow the steps, then write something to the bot."
    if now - last > LONG:
        ago = durations.describe((now - last).total_seconds())
        return f"Nothing has come in for {ago}. Test it, and look at what the platform says of the address."
    return ""


def _figures(connection: Connection) -> list[Figure]:
    incoming = Incoming.objects.filter(connection=connection, due_at__isnull=False)
    posts = Post.objects.filter(dialog__connection=connection)
    failed = posts.filter(state=PostState.FAILED)
    said = f"?connection__id__exact={connection.pk}"
    sent = f"?dialog__connection__id__exact={connection.pk}"
    lists = reverse("admin:chat_incoming_changelist"), reverse("admin:chat_post_changelist")
    failures = _count(failed)
    return [
        Figure(label="Messages waiting for an answer", number=_count(incoming), url=f"{lists[0]}{said}&state=waiting"),
        Figure(label="Posts waiting to be sent", number=_count(posts.filter(due_at__isnull=False)),
               url=f"{lists[1]}{sent}&state=waiting"),
        Figure(label="Posts that failed", number=failures, url=f"{lists[1]}{sent}&state=failed",
               look="failed" if failures != "0" else ""),
    ]  # fmt: skip


def _count(rows: Any) -> str:
    number = rows.order_by()[: MOST_COUNTED + 1].count()
    return f"{number:,}" if number <= MOST_COUNTED else f"{MOST_COUNTED:,}+"


def _line(event: ConnectionEvent, now: datetime) -> Line:
    look, icon, word = LOOKS[Kind(event.kind)]
    ago = durations.describe(float(int(max(0.0, (now - event.at).total_seconds()))))
    return Line(event=event, look=look, icon=icon, word=word, ago=f"{ago} ago")
