"""What this person can ask for, by category, and the rest of lists that were cut."""

from itertools import groupby

from apps.language import wording
from apps.language.contract import TemplateCard
from apps.language.conversation.contract import Button, Order
from apps.language.conversation.state import More
from apps.language.conversation.talk import Talk
from apps.language.wording import say

SHOWN = 8
"""Templates at once."""
LISTED = 10
"""Tasks of a list at once, as edges show them."""


def show(talk: Talk, offset: int) -> None:
    cards = sorted(talk.world.cards, key=lambda card: (not card.category, card.category.casefold(), card.name))
    page, left = cards[offset : offset + SHOWN], len(cards) - offset - SHOWN
    lines = [] if offset else [say("help.begin") if cards else say("ask.template.none")]
    for category, members in groupby(page, key=lambda card: card.category):
        lines.append(wording.first_up(category) or say("help.category.none"))
        lines += [f"• {_line(card)}" for card in members]
    if left > 0:
        lines.append(say("help.more", count=left))
    else:
        lines.append(say("help.commands"))
    talk.change(more=More(kind="help", offset=offset + SHOWN) if left > 0 else None)
    buttons = [Button(label=say("button.more"), value="more")] if left > 0 else []
    talk.say(*lines, buttons=buttons)


def _line(card: TemplateCard) -> str:
    example = next(iter(card.examples), "")
    return say("help.template", name=card.name, example=example) if example else card.name


def more(talk: Talk) -> None:
    rest = talk.state.more
    if rest is None:
        talk.say(say("no_more"))
    elif rest.kind == "help":
        show(talk, rest.offset)
    else:
        talk.change(more=More(kind="list", offset=rest.offset + LISTED))
        talk.do(Order(verb="list", offset=rest.offset + LISTED))
