"""The chat page of the admin: what is said there is shown from the rows of the posts, so that nothing is sent anywhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.chat.content import Content
from apps.chat.platforms.contract import (
    MAX_TEXT,
    Answer,
    Field,
    Hook,
    Limits,
    PlatformError,
    Polled,
    Received,
    Refused,
    Wiring,
)


class Page:
    key = "page"
    name = "Chat page"
    limits = Limits(
        text=MAX_TEXT,
        buttons=50,
        file_bytes=100_000_000,
        per_second=1000.0,
        burst=1000,
        dialog_seconds=0.0,
        edit_seconds=0.5,
    )
    fields: Sequence[Field] = ()
    polls = False

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        """People write on the page, where they are signed in; nobody calls an address for it."""
        raise Refused("The chat page takes no requests here: sign in and write on the page.", status=404)

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        return Answer()

    def send(self, wiring: Wiring, dialog: str, content: Content, *, key: str, about: str = "") -> str:
        return key

    def edit(self, wiring: Wiring, dialog: str, message_id: str, content: Content) -> None:
        """The row has changed already."""

    def send_file(self, wiring: Wiring, dialog: str, name: str, media_type: str, data: bytes, *, key: str) -> str:
        return key

    def poll(self, wiring: Wiring, cursor: str, *, seconds: float) -> Polled:
        raise PlatformError("The chat page has nothing to be asked for.", is_permanent=True)

    def check(self, wiring: Wiring) -> str:
        return "The chat page is part of this site: nothing can be missing."

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        return {}

    def uninstall(self, wiring: Wiring) -> None:
        """There is nothing to take back."""

    def guide(self, wiring: Wiring) -> Sequence[str]:
        return ["Nothing is to be set up: everybody who may start tasks finds the page under Chat."]
