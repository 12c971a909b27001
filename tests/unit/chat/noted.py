"""A chat platform that notes what is posted, and fails when it is told to: real enough to obey the contract."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.chat.content import Content
from apps.chat.platforms.contract import Answer, Field, Hook, Limits, Polled, Received, Refused, Wiring


@dataclass
class Room:
    """What the platform shows, by message; and what it was asked to do."""

    shown: dict[str, Content] = field(default_factory=dict)
    dialogs: dict[str, str] = field(default_factory=dict)
    files: list[tuple[str, str, bytes]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def said(self, dialog: str = "") -> list[str]:
        return [
            content.plain() for number, content in self.shown.items() if not dialog or self.dialogs[number] == dialog
        ]


ROOM = Room()


class Noted:
    key = "noted"
    name = "Noted"
    limits = Limits(
        text=4_000, buttons=10, file_bytes=1_000_000, per_second=1_000.0, burst=1_000, dialog_seconds=0.0,
        edit_seconds=0.0, thread_mark=":",
    )  # fmt: skip
    fields: Sequence[Field] = ()
    polls = False

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        raise Refused("It takes nothing.")

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        return Answer()

    def send(self, wiring: Wiring, dialog: str, content: Content, *, key: str, about: str = "") -> str:
        self._fail("send")
        number = str(next(ROOM.numbers))
        ROOM.shown[number] = content
        ROOM.dialogs[number] = dialog
        return number

    def edit(self, wiring: Wiring, dialog: str, message_id: str, content: Content) -> None:
        self._fail("edit")
        ROOM.shown[message_id] = content

    def send_file(self, wiring: Wiring, dialog: str, name: str, media_type: str, data: bytes, *, key: str) -> str:
        self._fail("file")
        ROOM.files.append((dialog, name, data))
        return f"file-{next(ROOM.numbers)}"

    def poll(self, wiring: Wiring, cursor: str, *, seconds: float) -> Polled:
        return Polled(arrived=(), cursor=cursor)

    def check(self, wiring: Wiring) -> str:
        return "It is there."

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        return {}

    def uninstall(self, wiring: Wiring) -> None: ...

    def guide(self, wiring: Wiring) -> Sequence[str]:
        return ()

    def _fail(self, what: str) -> None:
        ROOM.calls.append(what)
        if ROOM.errors:
            raise ROOM.errors.pop(0)
