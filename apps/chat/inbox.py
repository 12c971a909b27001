"""What arrives becomes rows, before anybody is told that it has arrived."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.db import DataError, IntegrityError, transaction
from django.utils.dateparse import parse_datetime

from apps.chat.models import Dialog, Incoming, IncomingState
from apps.chat.platforms.contract import MAX_TEXT, Arrived
from apps.core import hints
from apps.core.masking import storable
from apps.tasks import sql
from apps.tasks.record import rows

log = structlog.get_logger(__name__)

MAX_ID = 200
MAX_SHORT = 200
"""Characters of what is only shown: names, titles."""
TABLE = "chat_incoming"
IDS = ("event_id", "message_id", "dialog", "sender")
IN_DATA = ("button", "about", "sender_name", "dialog_title", "locale")


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What one delivery brought."""

    connection_id: int
    arrived: Sequence[Arrived]
    received_at: datetime


def accept(connection_id: int, arrived: Sequence[Arrived], now: datetime) -> int:
    """Keep what arrived; returns how many rows are new.

    What was there already (the same event, the same message) is no second row; what a bot wrote is none at all.
    """
    return accept_all([Parcel(connection_id=connection_id, arrived=arrived, received_at=now)])


def accept_all(parcels: Sequence[Parcel]) -> int:
    """The same for many deliveries, in one statement. Raises IntegrityError where a connection is gone.

    What was overheard (nobody spoke to us) is kept where we have been spoken to in that dialog; elsewhere it is not ours.
    """
    kept = [(parcel, each) for parcel in parcels for each in parcel.arrived if _is_kept(parcel, each)]
    ours = _spoken_to_us_in(kept)
    records = [
        _record(parcel, each) for parcel, each in kept
        if not each.is_overheard or (parcel.connection_id, storable(each.dialog)) in ours
    ]  # fmt: skip
    if not records:
        return 0
    with sql.transaction():
        made = rows.insert(TABLE, records, "ON CONFLICT DO NOTHING RETURNING id")
    if made:
        transaction.on_commit(partial(hints.send, hints.CHAT))
    return len(made)


def accept_each(parcels: Sequence[Parcel]) -> Sequence[int | None]:
    """How many rows of each are new: all in one transaction, and where that cannot be, each in its own.

    None: it can never be kept, because its connection is gone. Raises DatabaseError when nothing can be kept now.
    """
    try:
        return [accept_all(parcels)] + [0] * (len(parcels) - 1)
    except (IntegrityError, DataError):
        return [_accepted_alone(parcel) for parcel in parcels]


def arrived_of(incoming: Incoming) -> Arrived:
    """What the row was made from."""
    data: dict[str, Any] = {name: incoming.data.get(name, "") for name in IN_DATA}
    data |= {"dialog_kind": incoming.dialog_kind, "kind": incoming.kind}
    return Arrived(
        event_id=incoming.event_id, message_id=incoming.message_id, dialog=incoming.dialog,
        sender=incoming.sender, text=incoming.text, at=parse_datetime(incoming.data.get("at", "")),
        is_aside=incoming.data.get("is_aside") is True, **data,
    )  # fmt: skip


def objection(arrived: Arrived) -> str:
    """Why it cannot be kept, '' when it can: answers could not go where its ids say."""
    for name in ("event_id", "dialog", "sender"):
        if not getattr(arrived, name):
            return f"{name} is empty."
    for name in ("dialog", "sender"):
        if len(getattr(arrived, name)) > MAX_ID:
            return f"{name} has more than {MAX_ID} characters."
    return ""


def made_storable(arrived: Arrived) -> Arrived:
    """Cut to what is kept, and without what no database can hold."""
    kept: dict[str, Any] = {name: storable(getattr(arrived, name)) for name in (*IN_DATA, *IDS)}
    kept |= {name: kept[name][:MAX_SHORT] for name in IN_DATA}
    kept |= {name: _short_id(kept[name]) for name in ("event_id", "message_id")}
    return replace(arrived, text=storable(arrived.text[:MAX_TEXT]), **kept)


def _accepted_alone(parcel: Parcel) -> int | None:
    try:
        return accept_all([parcel])
    except (IntegrityError, DataError) as error:
        log.warning("arrived_and_not_kept", connection=parcel.connection_id, error=str(error).strip())
        return None


def _spoken_to_us_in(kept: Sequence[tuple[Parcel, Arrived]]) -> set[tuple[int, str]]:
    """Of the dialogs in which something was overheard; with it may have come what was said to us there before."""
    asked = {(parcel.connection_id, storable(each.dialog)) for parcel, each in kept if each.is_overheard}
    if not asked:
        return set()
    here = {(parcel.connection_id, storable(each.dialog)) for parcel, each in kept if not each.is_overheard}
    of = {"connection__in": {connection for connection, _ in asked}}
    names = {dialog for _, dialog in asked}
    known = Dialog.objects.filter(external_id__in=names, **of).values_list("connection_id", "external_id")
    said = Incoming.objects.filter(dialog__in=names, kind="message", **of).exclude(message_id="")
    return here | set(known) | set(said.values_list("connection_id", "dialog"))


def _is_kept(parcel: Parcel, arrived: Arrived) -> bool:
    if arrived.is_from_bot:
        return False
    if why := objection(arrived):
        log.warning("arrived_and_not_kept", connection=parcel.connection_id, error=why)
        return False
    return True


def _record(parcel: Parcel, arrived: Arrived) -> dict[str, Any]:
    kept = made_storable(arrived)
    data = {name: value for name in IN_DATA if (value := getattr(kept, name))}
    if kept.at is not None:
        data["at"] = kept.at.isoformat()
    if kept.is_aside:
        data["is_aside"] = True
    return {
        "connection_id": parcel.connection_id, "event_id": kept.event_id, "message_id": kept.message_id,
        "dialog": kept.dialog, "dialog_kind": kept.dialog_kind, "sender": kept.sender, "kind": kept.kind,
        "text": kept.text, "data": data, "received_at": parcel.received_at, "state": IncomingState.WAITING,
        "due_at": parcel.received_at, "tries": 0, "remark": "",
    }  # fmt: skip


def _short_id(text: str) -> str:
    """Two long ids that differ stay different."""
    return text if len(text) <= MAX_ID else f"{text[:120]}#{hashlib.sha256(text.encode()).hexdigest()}"
