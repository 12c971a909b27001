"""Dana talks with Chantilly about invoices, greetings and dossiers; what is kept goes through JSON every time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.language.contract import About, Choice, Message, TemplateCard
from apps.language.conversation import (
    Act,
    Button,
    Card,
    KnownApproval,
    KnownTask,
    Reply,
    State,
    Turn,
    World,
    converse,
)

PERIOD = {
    "type": "object",
    "title": "Period",
    "properties": {
        "start": {"type": "string", "format": "date"},
        "end": {"type": "string", "format": "date", "x-not-before": "start"},
    },
    "required": ["start", "end"],
    "additionalProperties": False,
}


def schema(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


FORMATS = {
    "type": "string",
    "title": "Format",
    "enum": ["pdf", "csv"],
    "default": "pdf",
}
STATUSES = {
    "type": "array",
    "title": "Statuses",
    "items": {"type": "string", "enum": ["paid", "open", "overdue"]},
    "default": ["open"],
    "x-synonyms": {"overdue": ["überfällig", "überfällige", "просроченные", "vencidas", "en retard"]},
}
REPORT = TemplateCard(
    key="report",
    name="Invoice report",
    category="finance",
    patterns=[
        r"(?i)invoice report",
        r"(?i)rechnungsbericht",
        r"(?i)отч[её]т по счетам",
        r"(?i)informe de facturas",
        r"(?i)rapport de factures",
    ],
    keywords=["invoice", "report"],
    examples=["invoice report for last year", "show the invoice report of March"],
    parameter_schema=schema(["period"], period=PERIOD, statuses=STATUSES, format=FORMATS),
    must_confirm=True,
)
GREETING = TemplateCard(
    key="greeting",
    name="Greeting",
    category="general",
    patterns=[r"(?i)^(?:say hello|greet)\b"],
    keywords=["greet", "hello"],
    examples=["say hello to Alice", "greet Bob twice"],
    parameter_schema=schema(
        [],
        name={"type": "string", "title": "Name", "default": "world", "x-after": ["to", "greet"]},
        times={"type": "integer", "title": "Times", "minimum": 1, "maximum": 99, "default": 1},
        volume={"type": "integer", "title": "Volume", "minimum": 0, "maximum": 99, "default": 5},
    ),
)
CLIENTS = [
    Choice(label=name, value=name) for name in ("Northwind Trading, Oslo", "Northwind Energy, Graz", "Acme", "Beta")
]
DOSSIER = TemplateCard(
    key="dossier",
    name="Client dossier",
    category="clients",
    patterns=[r"(?i)client dossier"],
    keywords=["dossier", "client"],
    examples=["client dossier for Acme"],
    parameter_schema=schema(
        ["client"],
        client={"type": "string", "title": "Client", "x-lookup": "clients", "x-after": ["for", "of"]},
        pages={"type": "integer", "title": "Pages", "minimum": 1, "maximum": 50, "default": 10},
    ),
    cost="about $0.90",
)
CARDS = (REPORT, GREETING, DOSSIER)
RUNNING = KnownTask(id=7, title="Invoice report 2025", status="running")
PAUSED = KnownTask(id=9, title="Client dossier Acme", status="paused")
FAILED = KnownTask(id=3, title="Greeting", status="failed", is_open=False)
LETTERS = KnownApproval(id=51, task_id=7, title="Send 13 letters")
REFUND = KnownApproval(id=52, task_id=9, title="Refund for Acme")


def lookup(kind: str, words: str) -> Sequence[Choice]:
    assert kind == "clients"
    return [choice for choice in CLIENTS if words.casefold() in choice.label.casefold()]


def world(**changes: Any) -> World:
    return replace(World(name="dana", cards=CARDS, lookup=lookup), **changes)


@dataclass
class Chat:
    """`say` and `click` answer the turn; what was said and done is kept for looking at."""

    world: World = field(default_factory=world)
    locale: str = "en"
    state: State = field(default_factory=State)
    now: datetime = datetime(2026, 11, 21, 9, tzinfo=UTC)
    turn: Turn = field(default_factory=lambda: Turn(state=State()))
    started: list[Any] = field(default_factory=list)

    def say(self, text: str, **message: Any) -> Turn:
        return self._take(text=text, **message)

    def click(self, label: str) -> Turn:
        return self._take(text="", clicked=self.button(label).value)

    def press(self, value: str) -> Turn:
        return self._take(text="", clicked=value)

    def reply_to(self, about: About, text: str) -> Turn:
        return self._take(text=text, about=about)

    def wait(self, **time: float) -> "Chat":
        self.now += timedelta(**time)
        return self

    def _take(self, **message: Any) -> Turn:
        self.now += timedelta(seconds=2)
        said = Message(today=self.now.date(), now=self.now, locale=self.locale, **message)
        self.turn = converse(self.state, said, self.world)
        kept = json.loads(json.dumps(self.turn.state.to_json()))
        self.state = State.from_json(kept)
        assert self.state.to_json() == kept
        return self.turn

    # What came of it

    @property
    def reply(self) -> Reply:
        return self.turn.replies[-1]

    @property
    def text(self) -> str:
        return "\n".join(text for reply in self.turn.replies for text in reply.text)

    @property
    def card(self) -> Card:
        card = self.reply.card
        assert card is not None, self.text
        return card

    @property
    def rows(self) -> dict[str, str]:
        return {row.label: row.value for row in self.card.rows}

    @property
    def acts(self) -> Sequence[Act]:
        return self.turn.acts

    def button(self, label: str) -> Button:
        return next(button for reply in self.turn.replies for button in reply.buttons if button.label == label)

    @property
    def labels(self) -> list[str]:
        return [button.label for button in self.reply.buttons]

    def only(self, kind: type) -> Any:
        (act,) = self.acts
        assert isinstance(act, kind), act
        return act
