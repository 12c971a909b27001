"""What is clicked, and what is said in place of a click."""

from apps.language.contract import Choice
from apps.language.conversation import helping, orders, requests
from apps.language.conversation.contract import Undo
from apps.language.conversation.state import LASTS, Open
from apps.language.conversation.talk import Talk
from apps.language.wording import say


def click(talk: Talk, value: str) -> None:
    card_id, _, name = value[:80].partition(".")
    opened = talk.open
    if value == "more":
        helping.more(talk)
    elif opened is not None and opened.id == card_id:
        _of_open(talk, opened, name)
    elif name == "undo":
        _undo(talk, card_id)
    else:
        fate = next((each.fate for each in talk.state.closed if each.id == card_id), "unknown")
        minutes = int(LASTS.total_seconds() // 60)
        talk.say(say("expired", minutes=minutes) if fate == "expired" else say(f"fate.{fate}"))


def _of_open(talk: Talk, opened: Open, name: str) -> None:
    choices = opened.question.choices if opened.question else ()
    if name.isdecimal() and 1 <= int(name[:4]) <= len(choices):
        pick(talk, opened, choices[int(name) - 1])
    elif name in ("start", "yes", "change", "drop", "keep", "forget", "none"):
        press(talk, opened, name)
    else:
        talk.say(say("fate.unknown"))


def press(talk: Talk, opened: Open, name: str) -> None:
    if name in ("start", "yes") and opened.kind == "card":
        requests.confirm(talk, opened)
    elif name == "yes" and opened.kind in ("order", "decision"):
        orders.confirm(talk, opened)
    elif name == "change" and opened.kind == "card" and opened.request is not None:
        requests.ask_change(talk, opened, opened.request)
    elif name == "none" and opened.kind == "template":
        requests.learn(talk, opened, None)
        talk.close("dropped")
        talk.say(say("other_words"))
    elif name in ("drop", "keep", "forget", "none"):
        if name == "forget":
            talk.change(waiting=(), queued=())
        drop(talk)
    else:
        talk.say(say("fate.unknown"))


def pick(talk: Talk, opened: Open, choice: Choice) -> None:
    picks = {
        "template": requests.pick_template,
        "slot": requests.pick_slot,
        "value": requests.pick,
        "task": orders.pick_task,
        "approval": orders.pick_approval,
    }
    if pick := picks.get(opened.kind):
        pick(talk, opened, choice)


def _undo(talk: Talk, card_id: str) -> None:
    """Once: what was started unconfirmed is taken back."""
    found = next((each for each in talk.state.closed if each.id == card_id and each.fate == "started"), None)
    if found is None:
        talk.say(say("fate.done"))
        return
    talk.remember(card_id, "dropped")
    talk.do(Undo(request_key=found.request_key))


def drop(talk: Talk) -> None:
    opened = talk.open
    is_order = opened is not None and opened.order is not None
    talk.close("dropped")
    talk.say(say("unchanged" if is_order else "dropped"))
