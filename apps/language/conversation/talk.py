"""One turn while it is made: what was said, what is answered, and what stays open."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from apps.language import wording
from apps.language.commands import Recognised
from apps.language.contract import Command, Interpretation, Message, Question, TemplateCard
from apps.language.conversation.contract import Act, Button, Card, Reply, Row, Style, World
from apps.language.conversation.state import (
    LASTS,
    MAX_BYTES,
    REMEMBERED,
    Closed,
    Fate,
    Open,
    OpenKind,
    Request,
    State,
    Turn,
)

MAX_BUTTONS = 8
BUTTONS: Mapping[OpenKind, tuple[str, ...]] = {
    "card": ("start", "change", "drop"),
    "order": ("yes", "keep"),
    "decision": ("yes", "keep"),
    "template": ("none",),
}
"""In the order in which they are shown, behind the question's choices."""


@dataclass
class Talk:
    """`late` is what was open and ended by time; `parted`: the message holds several requests."""

    state: State
    said: Message
    world: World
    replies: list[Reply] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    late: Open | None = None
    is_parted: bool = False
    understood: dict[str, Interpretation] = field(default_factory=dict)
    """What texts of this turn mean by the rules: it is looked at from several sides."""
    ordered: dict[str, Recognised | None] = field(default_factory=dict)
    """The same of what they order."""

    @property
    def text(self) -> str:
        return self.said.text.strip()

    @property
    def open(self) -> Open | None:
        return self.state.open

    def change(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def say(
        self,
        *text: str,
        card: Card | None = None,
        buttons: Sequence[Button] = (),
        card_id: str = "",
        why: Sequence[Row] = (),
        why_title: str = "",
        begins: str = "",
    ) -> None:
        reply = Reply(
            text=text, card=card, buttons=tuple(buttons), card_id=card_id, why=tuple(why), why_title=why_title,
            begins=begins,
        )  # fmt: skip
        self.replies.append(reply)

    def do(self, act: Act) -> None:
        self.acts.append(act)

    def template(self, key: str | None) -> TemplateCard | None:
        return next((card for card in self.world.cards if card.key == key), None)

    def key(self, *parts: object) -> str:
        """The same from the same state, whenever it is asked; of two cards never the same."""
        made = json.dumps([self.world.name, self.state.born, self.state.count, *parts], sort_keys=True, default=str)
        return hashlib.sha256(made.encode()).hexdigest()

    def wait(
        self,
        kind: OpenKind,
        *,
        request: Request | None = None,
        question: Question | None = None,
        order: Command | None = None,
        approval_id: int | None = None,
        words: str = "",
        asked: int = 0,
    ) -> Open:
        """Something new is open, in place of what was."""
        self.change(count=self.state.count + 1)
        opened = Open(
            kind=kind,
            id=self.key()[:12],
            expires_at=self.said.now + LASTS,
            request=request,
            question=question,
            order=order,
            approval_id=approval_id,
            words=words,
            asked=asked,
        )
        if self.open is not None:
            self.close("done")
        self.change(open=opened)
        return opened

    def close(self, fate: Fate, request_key: str = "") -> None:
        if self.open is not None:
            self.remember(self.open.id, fate, request_key)
            self.change(open=None)

    def remember(self, card_id: str, fate: Fate, request_key: str = "") -> None:
        others = [each for each in self.state.closed if each.id != card_id]
        closed = (*others, Closed(id=card_id, fate=fate, request_key=request_key))
        self.change(closed=closed[-REMEMBERED:])

    def ask(
        self,
        opened: Open,
        *text: str,
        card: Card | None = None,
        buttons: Sequence[Button] = (),
        why: Sequence[Row] = (),
        why_title: str = "",
    ) -> None:
        """Put what is open to the person: the question's choices, then the buttons."""
        choices = opened.question.choices[:MAX_BUTTONS] if opened.question else ()
        numbered = [Button(label=each.label[:80], value=f"{opened.id}.{n}") for n, each in enumerate(choices, 1)]
        both = (*numbered, *buttons)
        self.say(*text, card=card, buttons=both, card_id=opened.id, why=why, why_title=why_title)

    def button(self, opened: Open, name: str, label: str = "", style: Style = "") -> Button:
        text = label or wording.say(f"button.{name}")
        return Button(label=text, value=f"{opened.id}.{name}", style=style)

    def pressed(self, opened: Open, text: str) -> str:
        """Which of the buttons that are not choices the person typed, by number or label; "" for none."""
        names, first = (
            BUTTONS.get(opened.kind, ()),
            len(opened.question.choices[:MAX_BUTTONS]) if opened.question else 0,
        )
        said = text.strip(" .!…").casefold()
        if said.isdecimal() and first < int(said[:4]) <= first + len(names):
            return names[int(said) - first - 1]
        return next((name for name in names if name != "yes" and said == wording.say(f"button.{name}").casefold()), "")

    def turn(self) -> Turn:
        """What is too big to be kept is dropped, and said."""
        if len(json.dumps(self.state.to_json())) > MAX_BYTES:
            kept = State(born=self.state.born, count=self.state.count, language=self.state.language)
            if not self.acts:
                self.replies = [Reply(text=(wording.say("too_big"),))]
            self.state = kept
        return Turn(state=self.state, replies=tuple(self.replies), acts=tuple(self.acts))
