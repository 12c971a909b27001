"""What was accepted while the database could not keep it: files on this host's disk, until `drain` makes rows of them.

A file holds what arrived in one moment. It is written beside, forced to the disk, renamed, and the directory forced
too: a name that ends in .json is whole. Files are removed after the commit of their rows; a crash between the two makes
the same rows again, which are no second ones.
"""

import itertools
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from apps.chat import inbox
from apps.chat.inbox import Parcel
from apps.chat.platforms.contract import Arrived

log = structlog.get_logger(__name__)

MOST_FILES = 10_000
MOST_BYTES = 200_000_000
AT_ONCE = 100
"""Files that become rows in one transaction."""
COUNT_SECONDS = 1.0
"""Between two looks at how full the directory is; what is written meanwhile is added up."""
BROKEN = ".broken"
_numbers = itertools.count()


def directory() -> Path:
    return Path(settings.HOME) / "chat-spool"


@dataclass(kw_only=True)
class Fullness:
    files: int = 0
    size: int = 0
    looked_at: float = float("-inf")
    place: Path | None = None

    def has_room(self) -> bool:
        place, now = directory(), time.monotonic()
        if self.place != place or now - self.looked_at > COUNT_SECONDS:
            sizes = [_size(entry) for entry in os.scandir(place)]
            self.files, self.size, self.looked_at, self.place = len(sizes), sum(sizes), now, place
        return self.files < MOST_FILES and self.size < MOST_BYTES

    def add(self, size: int) -> None:
        self.files += 1
        self.size += size


_fullness = Fullness()


def write(parcels: Sequence[Parcel]) -> list[bool]:
    """All of them in one file that has reached the disk when this returns. False: there is no room. Raises OSError."""
    place = directory()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _fullness.has_room():
        log.error("chat_spool_full", files=_fullness.files, size=_fullness.size)
        return [False] * len(parcels)
    data = json.dumps([_as_json(parcel) for parcel in parcels]).encode()
    _write_durably(place, f"{time.time_ns():020d}-{os.getpid()}-{next(_numbers)}", data)
    _fullness.add(len(data))
    return [True] * len(parcels)


def drain() -> int:
    """Make rows of all that lies there, in the order in which it came; returns how many are new.

    Not inside a transaction: files go when their rows are committed. Raises DatabaseError; the files stay then.
    """
    made = 0
    while files := waiting()[:AT_ONCE]:
        made += _drain_some(files)
    return made


def waiting() -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(directory()) if entry.name.endswith(".json"))
    except FileNotFoundError:
        return []


def _drain_some(files: Sequence[Path]) -> int:
    parcels = sorted((each for file in files for each in _read(file)), key=lambda parcel: parcel.received_at)
    made = sum(new or 0 for new in inbox.accept_each(parcels)) if parcels else 0
    for file in files:
        file.unlink(missing_ok=True)  # another drained it too
    return made


def _read(file: Path) -> list[Parcel]:
    try:
        return [_from_json(each) for each in json.loads(file.read_bytes())]
    except FileNotFoundError:
        return []  # another has drained it
    except (ValueError, KeyError, TypeError) as error:
        # A disk or a person changed it. It is kept for people, and does not hold up the others.
        log.error("chat_spool_file_is_broken", file=file.name, error=str(error))
        file.rename(file.with_suffix(BROKEN))
        return []


def _write_durably(place: Path, name: str, data: bytes) -> None:
    half = place / f"{name}.half"
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        half.rename(place / f"{name}.json")
    except OSError:
        half.unlink(missing_ok=True)
        raise
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        return 0  # it has become rows just now


def _as_json(parcel: Parcel) -> dict[str, Any]:
    arrived = [{**asdict(each), "at": each.at and each.at.isoformat()} for each in parcel.arrived]
    return {"connection": parcel.connection_id, "received_at": parcel.received_at.isoformat(), "arrived": arrived}


def _from_json(data: Mapping[str, Any]) -> Parcel:
    arrived = [Arrived(**{**each, "at": each["at"] and datetime.fromisoformat(each["at"])}) for each in data["arrived"]]
    return Parcel(
        connection_id=data["connection"], arrived=arrived, received_at=datetime.fromisoformat(data["received_at"])
    )
