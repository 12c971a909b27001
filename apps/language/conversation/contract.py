"""What goes into `converse` and what comes out. Edges (chat platforms, the chat page, the terminal) know this module.

An edge
1. takes one message of a conversation at a time (a lock on the row that keeps its state),
2. gives the state it kept, the message, and the world as this person may see it,
3. shows the replies in its platform's own markup (all texts are plain and may hold anything a person wrote),
4. does the acts with the person's permissions, and tells `State.began(request_key, task_id)` of what it started,
5. keeps the new state. Replies and acts are written with it, so that a crash neither loses nor doubles them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from apps.language.contract import Choice, Interpretation, TemplateCard, Verb

# What the person may see ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class KnownTask:
    """A task that the person may see. `status` is one of the statuses of tasks."""

    id: int
    title: str
    status: str = ""
    is_open: bool = True


@dataclass(frozen=True, kw_only=True)
class KnownApproval:
    """An open approval that the person may decide. `approve` and `reject` are the names of its choices, "" where none."""

    id: int
    task_id: int
    title: str
    approve: str = "approve"
    reject: str = "reject"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a request will take. `cost` is a text with its currency, "" where it costs nothing."""

    seconds: float
    steps: int = 0
    cost: str = ""


def _nothing(_: int) -> KnownTask | None:
    return None


@dataclass(frozen=True, kw_only=True)
class World:
    """What a conversation may name: nothing that is not in here is ever acted upon.

    `tasks` are the person's open tasks and `recent` the ended ones, the newest first; `find_task` finds others by number
    (None where the person may not see it). `estimate(key, parameters)` may answer None. `lookup(kind, words)` answers
    what the words may name, for a parameter with `x-lookup: kind`. With `has_model`, a message that the rules do not
    understand gives the act `AskModel`: converse again with the same state and message, `has_model` False and what the
    model read (validated or not, it is checked here) as `reading`, or None.
    `name` tells this conversation from all others: keys of requests are made from it.
    """

    name: str = ""
    cards: Sequence[TemplateCard] = ()
    tasks: Sequence[KnownTask] = ()
    recent: Sequence[KnownTask] = ()
    approvals: Sequence[KnownApproval] = ()
    find_task: Callable[[int], KnownTask | None] = _nothing
    estimate: Callable[[str, Mapping[str, Any]], Estimate | None] | None = None
    lookup: Callable[[str, str], Sequence[Choice]] | None = None
    has_model: bool = False
    reading: Interpretation | None = None


Style = Literal["", "primary", "danger"]

# What is said -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a card. `source` says where the value is from: the person's words, or that it is the default."""

    label: str
    value: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """`heading` says the title in a sentence ("I understood: Invoice report"), where there is one."""

    title: str
    heading: str = ""
    rows: Sequence[Row] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Button:
    """`value` (at most 40 ASCII characters) comes back as `Message.clicked`; the label can be typed, too."""

    label: str
    value: str
    style: Style = ""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One message to the person, plain text. Buttons of earlier replies with the same `card_id` are out of date.

    A platform without buttons writes them as a numbered list: the numbers are understood. `why` explains what was
    understood, for edges that can show it on demand; everywhere it can be asked for in words. `begins`: the request that
    it says is being started; it is not said where that is refused.
    """

    text: Sequence[str] = ()
    card: Card | None = None
    buttons: Sequence[Button] = ()
    card_id: str = ""
    why: Sequence[Row] = ()
    why_title: str = ""
    begins: str = ""


# What is to be done ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Start:
    """Submit a task. `parameters` are complete and valid; the same `request_key` never makes a second task."""

    template_key: str
    parameters: Mapping[str, Any]
    sources: Mapping[str, str]
    confidence: float
    sentence: str
    request_key: str
    was_confirmed: bool


@dataclass(frozen=True, kw_only=True)
class Order:
    """A verb on tasks (none for list, queue and schedules). The edge answers with what came of it.

    "again", once it was confirmed: a new task that does the same as one that has ended.

    `offset`: how many of a list were shown before ("more").
    """

    verb: Verb | Literal["again"]
    task_ids: Sequence[int] = ()
    offset: int = 0
    request_key: str = ""


@dataclass(frozen=True, kw_only=True)
class Undo:
    """Cancel what `request_key` started a moment ago."""

    request_key: str


@dataclass(frozen=True, kw_only=True)
class Subscribe:
    task_id: int
    is_wanted: bool = True


@dataclass(frozen=True, kw_only=True)
class Decide:
    approval_id: int
    choice: str
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class DraftSchedule:
    """Keep for later: `rule` are the words that say when ("every Monday at 9"), the rest is as in Start."""

    rule: str
    template_key: str
    parameters: Mapping[str, Any]
    sources: Mapping[str, str]
    sentence: str
    request_key: str


@dataclass(frozen=True, kw_only=True)
class AskModel:
    """The rules do not know what this means; see `World.has_model`."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Learn:
    """The person said which template the text meant (None: none of those offered): an example for its author."""

    text: str
    template_key: str | None
    offered: Sequence[str] = field(default=())


Act = Start | Order | Undo | Subscribe | Decide | DraftSchedule | AskModel | Learn
