"""What a chat platform's file owes, and what it is given. Platforms know no rows: the same values give the same calls.

A platform
1. verifies before it reads: `receive` refuses what is not signed by the platform's secret, and a connection without its
   secret refuses everything (fail closed), before anything is kept;
2. answers `receive` within milliseconds, from what it is given alone: no calls to anywhere;
3. raises PlatformError and nothing else from `send`, `edit`, `send_file`, `poll`, `check`, `install` and `uninstall`;
4. escapes: texts of `Content` are plain, and whatever markup the platform knows must not come out of them;
5. marks what bots wrote, itself above all (`is_from_bot`): those are dropped;
6. cuts what is too long for the platform, and says so in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol

from apps.chat.content import Content
from apps.core.errors import ChantillyError

PRIVATE: Literal["private"] = "private"
GROUP: Literal["group"] = "group"
ARRIVED = "arrived"
"""What `installation` is in a connection's settings, when its platform has begun one that we have to complete."""
MAX_TEXT = 20_000
"""Characters of a message that are kept; `language` answers what is too long for it."""


class PlatformError(ChantillyError):
    """The platform did not do what it was asked.

    `is_permanent`: asking again is no use (the dialog is gone, the token was refused). `retry_after`: seconds it asked
    us to wait. `is_unsure`: it may have done it (the answer was lost).
    """

    code = "platform_error"

    def __init__(
        self, message: str, *, is_permanent: bool = False, retry_after: float | None = None, is_unsure: bool = False
    ) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent
        self.retry_after = retry_after
        self.is_unsure = is_unsure


class Refused(ChantillyError):
    """A request to the door that is not the platform's, or not to be understood. Nothing of it is kept."""

    code = "refused"

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Field:
    """Something that an administrator enters for a connection. Secret ones are sealed and never shown again."""

    name: str
    label: str
    help: str = ""
    is_secret: bool = False
    is_required: bool = True
    default: str = ""
    choices: Sequence[tuple[str, str]] = ()
    only: tuple[str, str] | None = None
    """The choice of another field that it is of use with, and needed then: its name and value."""
    is_made: bool = False
    """Nobody enters it: it is made when the connection is, hard to guess, and shown to who sets up."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    text: int
    """Characters of one message."""
    buttons: int
    file_bytes: int
    """0: no files; they are offered as links."""
    per_second: float
    burst: int
    """The leaky bucket of the whole connection."""
    dialog_seconds: float = 1.0
    """Between two posts into one dialog."""
    edit_seconds: float = 3.0
    """Between two edits of a progress message."""
    can_edit: bool = True
    thread_mark: str = ""
    """What stands in a dialog's id between the channel and its thread; '' where threads are no dialogs of their own."""
    answers_in_response: bool = False
    """The request's own answer is the reply (Microsoft Teams' outgoing webhooks)."""


Secrets = Mapping[str, str]
Exchange = Callable[[Secrets], Secrets]


def exchange_and_forget(wiring: "Wiring", name: str, exchange: Exchange) -> Secrets:
    """For who has nowhere to keep them."""
    return {**wiring.secrets, **exchange(wiring.secrets)}


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """A connection as its platform sees it. `hook_url` is where the platform reaches us.

    `renew(wiring, name, exchange)`: for secrets that run out. The connection's secrets, with those that `exchange` gives for
    the old ones, kept before it returns; where somebody else has changed the secret `name` meanwhile, those that are kept
    now, and `exchange` is not called. Raises PlatformError, as `exchange` may. Not for `receive`.
    """

    id: int
    key: str
    name: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    hook_url: str = ""
    renew: Callable[["Wiring", str, Exchange], Secrets] = field(default=exchange_and_forget, repr=False)


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A request to a connection's address. Header names are lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    now: datetime
    rest: str = ""
    """The path behind the connection's address."""


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """Something that a person did in a chat. All ids are the platform's, as texts.

    `dialog`: where an answer goes, a thread included. `event_id`: of this delivery's event; the same event again is the
    same. `message_id`: of the message, '' where there is none; the same message under another event is the same, too.
    `about`: the message that it answers, or whose button was pressed. `sender_name` is shown and never trusted.
    `is_overheard`: said in a group's thread and not to us by name. It is for us only where we are in that dialog already
    (it is known), and must not be kept where not.
    `is_aside`: said by a command that others do not see, wherever that was. It belongs into the sender's private dialog;
    `dialog` and `message_id` take a sentence that they alone see, for a while.
    """

    event_id: str
    dialog: str
    dialog_kind: Literal["private", "group"]
    sender: str
    kind: Literal["message", "button", "joined", "left"] = "message"
    text: str = ""
    button: str = ""
    message_id: str = ""
    about: str = ""
    sender_name: str = ""
    dialog_title: str = ""
    locale: str = ""
    at: datetime | None = None
    is_from_bot: bool = False
    is_overheard: bool = False
    is_aside: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the platform's request is answered with."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Received:
    """`settings`: what the connection is to remember (a token that came with an installation goes to `secrets`).

    With `installation`: `arrived` among them, the service lets `install` complete what the platform began.
    """

    arrived: Sequence[Arrived] = ()
    answer: Answer = Answer()
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Polled:
    """`cursor` acknowledges all before it; `wait`: seconds until the next look is of use."""

    arrived: Sequence[Arrived]
    cursor: str
    wait: float = 0.0


class Platform(Protocol):
    key: ClassVar[str]
    name: ClassVar[str]
    limits: ClassVar[Limits]
    fields: ClassVar[Sequence[Field]]
    polls: ClassVar[bool]
    """Whether it can be asked for news, where the platform cannot reach us."""

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        """Verified and read. Raises Refused."""

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        """The content as the answer to the request, where `limits.answers_in_response`."""

    def send(self, wiring: Wiring, dialog: str, content: Content, *, key: str, about: str = "") -> str:
        """Post it; returns the platform's id of the message. `key` is the post's own, for platforms that know such."""

    def edit(self, wiring: Wiring, dialog: str, message_id: str, content: Content) -> None:
        """Put the content in the place of what the message said."""

    def send_file(self, wiring: Wiring, dialog: str, name: str, media_type: str, data: bytes, *, key: str) -> str:
        """Post a file of at most `limits.file_bytes`."""

    def poll(self, wiring: Wiring, cursor: str, *, seconds: float) -> Polled:
        """What came after the cursor; waits at most so long for it."""

    def check(self, wiring: Wiring) -> str:
        """Ask the platform who we are: a sentence that says so."""

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        """Register the bot or its address. Returns {'settings': {...}, 'secrets': {...}} to remember, and 'said' where
        something is still to be done. May be repeated."""

    def uninstall(self, wiring: Wiring) -> None:
        """Take back what `install` did. May be repeated."""

    def guide(self, wiring: Wiring) -> Sequence[str]:
        """What to do where, step by step, with this connection's own values; plain sentences."""
