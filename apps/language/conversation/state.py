"""What is remembered between two messages of a conversation: small, plain, and good for a quarter of an hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from apps.language.contract import Command, Interpretation, Question
from apps.language.conversation import keeping
from apps.language.conversation.contract import Act, Reply

VERSION = 1
LASTS = timedelta(minutes=15)
MAX_BYTES = 32 * 1024
REMEMBERED = 8
"""How many closed cards can still be told from others when somebody clicks on them."""

OpenKind = Literal["template", "value", "slot", "card", "task", "order", "approval", "decision"]
How = Literal["said", "model", "chosen", "same"]
Fate = Literal["started", "drafted", "done", "dropped", "replaced", "expired"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A template with what is known of its parameters, on the way to its start.

    `rule` makes it a draft of a schedule. `is_doubtful`: it has to be confirmed, whatever its template says. `how` the
    template was found, and the day and the time zone in which its words were read, are kept to be explained.
    """

    found: Interpretation
    sentence: str
    rule: str = ""
    is_doubtful: bool = False
    notes: Sequence[str] = ()
    how: How = "said"
    today: str = ""
    zone: str = ""


@dataclass(frozen=True, kw_only=True)
class Open:
    """What waits for the person. `id` stands in the values of its buttons, so that old ones are known as old.

    template  which of several is meant        value  a parameter is asked for: `question`
    slot      which value `words` corrects     card   a request waits for its yes
    task      which task `order` means         order  a command waits for its yes
    approval  which approval is meant          decision  a decision waits for its yes
    """

    kind: OpenKind
    id: str
    expires_at: datetime
    request: Request | None = None
    question: Question | None = None
    order: Command | None = None
    approval_id: int | None = None
    words: str = ""
    tries: int = 0
    asked: int = 0
    """Questions that this request has had."""


@dataclass(frozen=True, kw_only=True)
class Closed:
    id: str
    fate: Fate
    request_key: str = ""


@dataclass(frozen=True, kw_only=True)
class Began:
    """The last request that was started (or drafted): "the same for March", and "it"."""

    request: Request
    request_key: str
    at: datetime
    task_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class More:
    """A list that was not shown to its end."""

    kind: Literal["help", "list"]
    offset: int


@dataclass(frozen=True, kw_only=True)
class State:
    """`born` and `count` make the keys of cards: no two cards of a conversation have the same."""

    born: str = ""
    count: int = 0
    language: str = ""
    open: Open | None = None
    waiting: Sequence[str] = ()
    """Further requests of a message that held several."""
    queued: Sequence[Request] = ()
    """Further tasks of one request: a name stood for several, and all were meant."""
    last: Began | None = None
    talked: Sequence[int] = ()
    """Tasks that were talked about, the last first."""
    closed: Sequence[Closed] = field(default=())
    more: More | None = None

    def began(self, request_key: str, task_id: int) -> "State":
        """To be called when a Start was obeyed: from then on "it" is this task."""
        last = self.last
        if last is not None and last.request_key == request_key:
            last = replace(last, task_id=task_id)
        return replace(self.about(task_id), last=last)

    def refused(self, request_key: str) -> "State":
        """To be called when a Start was refused: there is nothing that could be changed or taken back."""
        last = None if self.last and self.last.request_key == request_key else self.last
        closed = [replace(each, fate="dropped") if each.request_key == request_key else each for each in self.closed]
        return replace(self, last=last, closed=closed)

    def about(self, *task_ids: int) -> "State":
        """With these as the tasks that were talked about last."""
        others = [each for each in self.talked if each not in task_ids]
        return replace(self, talked=[*task_ids, *others][:REMEMBERED])

    def to_json(self) -> dict[str, Any]:
        return {"version": VERSION, **keeping.dumped(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> "State":
        """What cannot be read, or was kept by another version, is forgotten: a conversation can begin anew."""
        if not isinstance(data, Mapping) or data.get("version") != VERSION:
            return cls()
        try:
            return keeping.loaded(cls, {name: value for name, value in data.items() if name != "version"})
        except keeping.Unreadable:
            return cls()


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What to keep, what to say, what to do; the acts in this order."""

    state: State
    replies: Sequence[Reply] = ()
    acts: Sequence[Act] = ()
