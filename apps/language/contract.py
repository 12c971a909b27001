"""What goes into `understand` and what comes out. Chat platforms, the API and commands know this module."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Intent = Literal["start", "command", "help", "none"]
Verb = Literal[
    "status",
    "list",
    "queue",
    "schedules",
    "cancel",
    "pause",
    "resume",
    "retry",
    "why",
    "approve",
    "reject",
    "subscribe",
    "unsubscribe",
]


@dataclass(frozen=True, kw_only=True)
class OpenTask:
    """A task of the user that is not final."""

    id: int
    title: str


@dataclass(frozen=True, kw_only=True)
class About:
    """What a message replies to: the thread of an approval or of a task."""

    kind: Literal["task", "approval"]
    id: int


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a person wrote, and when and where that was. `today` is the date in the person's time zone.

    `contexts` are words for where it was written ("finance"); `is_month_first` is the site's or the person's answer to
    what 03/04 means. `clicked` is the value of a button of an earlier reply; `text` does not count then.
    """

    text: str
    today: date
    now: datetime
    timezone: str = "UTC"
    locale: str = "en"
    contexts: Sequence[str] = ()
    open_tasks: Sequence[OpenTask] = ()
    is_month_first: bool | None = None
    fiscal_start_month: int = 1
    is_fiscal_known: bool = False
    clicked: str = ""
    about: About | None = None


@dataclass(frozen=True, kw_only=True)
class TemplateCard:
    """What matching and reading need of a published template that the person may run.

    One that `must_confirm`, `has_effects` outside or has a `cost` (as text: "about $0.90") is never started unconfirmed.
    `notes` is what its author wants to be known before a start, by language.
    """

    key: str
    name: str
    description: str = ""
    category: str = ""
    patterns: Sequence[str] = ()
    keywords: Sequence[str] = ()
    contexts: Sequence[str] = ()
    examples: Sequence[str] = ()
    parameter_schema: Mapping[str, Any] = field(default_factory=dict)
    must_confirm: bool = False
    has_effects: bool = False
    cost: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A template and how likely it is meant. `parts`: the baseline score's three, their sum, and the evidence beside it.

    From a confidence of `starts_from` on it may be started: higher where a wrong start costs more.
    """

    key: str
    name: str
    confidence: float
    parts: Mapping[str, float]
    starts_from: float = 0.8


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One answer that can be clicked. `value` is what to put at the question's path."""

    label: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something to ask before the start. `path` is the parameter (`period.start`), or `template`, or `task_id`."""

    path: str
    text: str
    choices: Sequence[Choice] = ()


@dataclass(frozen=True, kw_only=True)
class Ambiguity:
    """Something that was read one way and could be meant another; `text` says both, `reading` is what was taken.

    `must_confirm` is False where the echo of the dates is enough.
    """

    path: str
    kind: str
    words: str
    text: str
    reading: str
    choices: Sequence[Choice] = ()
    must_confirm: bool = True


@dataclass(frozen=True, kw_only=True)
class Command:
    """`task_ids`: several that were named; `is_all`: every open one. `comment`: what was said with a decision."""

    verb: Verb
    task_id: int | None = None
    task_ids: Sequence[int] = ()
    is_all: bool = False
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """How a message was understood. Start nothing unless `is_ready`.

    `sources` maps each parameter's path to the words it was read from. `missing` are required values that were not
    read, each with its question; `questions` are others that must be answered first (which template, which task).
    """

    intent: Intent
    template_key: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    confidence: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
    runner_ups: Sequence[Candidate] = ()
    missing: Sequence[Question] = ()
    questions: Sequence[Question] = ()
    ambiguities: Sequence[Ambiguity] = ()
    command: Command | None = None
    echo: str = ""

    @property
    def is_ready(self) -> bool:
        """Nothing is left to ask: a template may be started, or a command obeyed, after showing the echo."""
        unclear = any(ambiguity.must_confirm for ambiguity in self.ambiguities)
        return self.intent != "none" and not (self.missing or self.questions or unclear)
