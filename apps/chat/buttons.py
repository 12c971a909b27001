"""Buttons of posts about a task or an approval. Their values say all: `do:pause:12`, `decide:7:approve`.

They are values like any other that came from outside: what they name is looked up with the person's own rights.

Where a platform shows no buttons, people answer with the number that stands before one. It is of the post with buttons
that was said last; where a question of the conversation waits for a value, the number is that value.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from apps.chat import asking, facts, places
from apps.chat.content import Button, Content
from apps.chat.models import Account, Dialog, Post, PostKind
from apps.chat.wording import LANGUAGES, say
from apps.language.conversation import Act, Decide, Order, State
from apps.language.conversation.state import LASTS
from apps.language.parameters.phrases import table
from apps.tasks.models import Task

SURE = "cancel!"
_DO = re.compile(rf"{facts.PRESSED}(pause|resume|cancel|cancel!|retry):(\d{{1,18}})")
_DECIDE = re.compile(rf"{asking.PRESSED}(\d{{1,18}}):(.{{1,50}})", re.DOTALL)
_NUMBER = re.compile(r"\(?#?(\d{1,2})[.):]?")
UNDO = ".undo"
LARGEST_WORD = 9
COUNTED = "eins"
"""How German says one where nothing is counted: no word for a number in a sentence."""
MOST_LOOKED_AT = 20
"""Posts of a dialog, the last first, among which the last buttons are looked for."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a number means: the value of a button, one of two that is to be chosen first, or a number (`text`) for the
    conversation, whose own question it answers."""

    value: str = ""
    either: Sequence[Button] = ()
    text: str = ""


def acts(value: str) -> list[Act]:
    """What the button means; nothing for those of a conversation."""
    if found := _DO.fullmatch(value):
        verb: Any = found[1]
        return [Order(verb=verb, task_ids=[int(found[2])])]
    if found := _DECIDE.fullmatch(value):
        return [Decide(approval_id=int(found[1]), choice=found[2])]
    return []


def questions(wanted: Sequence[Act], user: Any, locale: str) -> list[Content]:
    """What has to be confirmed before: a task is not stopped by one press."""
    asked = []
    for act in wanted:
        if isinstance(act, Order) and act.verb == "cancel":
            task = Task.objects.visible_to(user).filter(pk__in=act.task_ids).first()
            if task is not None:
                asked.append(_sure(task, locale))
    return asked


def number(text: str) -> int | None:
    """The number that a message is, and nothing else: 1, "1.", "(1)", "eins"."""
    said = text.strip()
    if found := _NUMBER.fullmatch(said):
        return int(found[1])
    word = said.rstrip(".!").casefold()
    values = [table(language).numbers.get(word, 0) for language in LANGUAGES]
    return next((int(each) for each in values if each in range(1, LARGEST_WORD + 1)), 1 if word == COUNTED else None)


def chosen(text: str, dialog: Dialog, account: Account, state: State, now: datetime) -> Chosen:
    """What a number that was typed chooses; nothing where it chooses nothing, or is a value that was asked for."""
    place = number(text)
    opened = state.open if state.open is not None and now < state.open.expires_at else None
    if place is None or (opened is not None and opened.kind == "value"):
        return Chosen()
    said = _with_buttons(dialog, account)
    button = _at(said[0].buttons, place) if said else None
    if opened is not None and (button is None or said[0].card == opened.id):
        return Chosen(text=str(place))
    if button is None:
        return Chosen()
    if said[0].card or said[0].is_choice:
        return Chosen(value=button.value)
    if _is_after(dialog, account, said[0]):
        return Chosen(either=said[0].named())
    rival = next((_at(each.buttons, place) for each in said[1:] if _is_live(each, state, now)), None)
    return Chosen(either=[rival, said[0].named()[place - 1]]) if rival else Chosen(value=button.value)


@dataclass(frozen=True, kw_only=True)
class _Said:
    """A post with buttons. `card`: the conversation's card whose they are; `is_choice`: they are of two such posts."""

    post_id: int
    title: str
    buttons: Sequence[Button]
    sent_at: datetime

    def named(self) -> list[Button]:
        return [
            replace(each, label=f"{each.label} · {self.title}" if self.title else each.label) for each in self.buttons
        ]

    @property
    def card(self) -> str:
        cards = {each.value.partition(".")[0] for each in self.buttons if not acts(each.value)}
        return cards.pop() if len(cards) == 1 and not self.is_choice else ""

    @property
    def is_choice(self) -> bool:
        return len({bool(acts(each.value)) for each in self.buttons}) > 1


def _with_buttons(dialog: Dialog, account: Account) -> list[_Said]:
    """What this account can have seen there, the last first: its own posts, and those about tasks and approvals of the
    channel, which not every platform can post into the thread."""
    there = places.of_channel(dialog).values("pk")
    posts = Post.objects.filter(dialog__in=there, kind=PostKind.MESSAGE, sent_at__isnull=False).order_by("-pk")
    found = []
    for post in posts[:MOST_LOOKED_AT]:
        content = Content.from_json(post.content)
        is_own = post.account_id == account.pk and post.dialog_id == dialog.pk
        if content.buttons and post.sent_at and (is_own or _is_for_all(post, content)):
            said = _Said(post_id=post.pk, title=content.title, buttons=content.buttons, sent_at=post.sent_at)
            found.append(said)
    return found


def _is_for_all(post: Post, content: Content) -> bool:
    """Of a question or a task; an answer to somebody is theirs alone, and so are its numbers."""
    is_answer = post.key.startswith("in:") and ":task:" not in post.key
    return not is_answer and all(acts(each.value) for each in content.buttons)


def _is_after(dialog: Dialog, account: Account, said: _Said) -> bool:
    """Whether somebody else has got numbers there since: they may have been read in place of these."""
    others = Post.objects.filter(dialog=dialog, pk__gt=said.post_id, sent_at__isnull=False, key__startswith="in:")
    theirs = others.exclude(account=account).order_by("-pk")[:MOST_LOOKED_AT]
    return any(post.content.get("buttons") for post in theirs)


def _at(buttons: Sequence[Button], place: int) -> Button | None:
    return buttons[place - 1] if 1 <= place <= len(buttons) else None


def _is_live(said: _Said, state: State, now: datetime) -> bool:
    """Whether it is of a card that waits, or that was started a moment ago and can be taken back."""
    started = {each.id for each in state.closed if each.fate == "started"}
    is_open = state.open is not None and now < state.open.expires_at and said.card == state.open.id
    takes_back = any(each.value.endswith(UNDO) for each in said.buttons)
    return is_open or (takes_back and said.card in started and said.sent_at > now - LASTS)


def _sure(task: Task, locale: str) -> Content:
    stop = Button(label=say("stop_it", locale, task=task.pk), value=f"{facts.PRESSED}{SURE}:{task.pk}", style="danger")
    return Content(text=say("sure", locale, task=task.pk, title=task.title), buttons=[stop])
