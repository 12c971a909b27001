"""The one entry of a conversation: what is said is an answer to what is open, or something new."""

import re
from dataclasses import replace

from apps.language import commands, wording
from apps.language.contract import Choice, Message
from apps.language.conversation import fresh, hearing, helping, orders, requests, settling
from apps.language.conversation.contract import Undo, World
from apps.language.conversation.correcting import overlaid
from apps.language.conversation.hearing import Heard
from apps.language.conversation.places import is_free_text, schema_at
from apps.language.conversation.state import LASTS, Open, State, Turn
from apps.language.conversation.talk import Talk
from apps.language.dates import language_of
from apps.language.understanding import MAX_TEXT
from apps.language.wording import say


def converse(state: State, said: Message, world: World) -> Turn:
    """One message of one conversation."""
    language = _language(state, said)
    state = replace(state, born=state.born or said.now.isoformat(), language=language)
    talk = Talk(state=state, said=_spoken(said, language), world=world)
    with wording.speaking(language):
        _expire(talk)
        if said.clicked:
            _click(talk, said.clicked)
        else:
            _hear(talk)
        return talk.turn()


def _language(state: State, said: Message) -> str:
    """That of the message where its words tell it; else that of the conversation, else the person's."""
    own = said.locale.replace("_", "-").split("-")[0].lower()
    settled = state.language or (own if own in wording.LANGUAGES else "en")
    if said.clicked or len(said.text) > MAX_TEXT:
        return settled
    letters = re.findall(r"[^\W\d_]", said.text)
    cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in letters)
    if letters and 2 * cyrillic > len(letters):
        return "ru"
    ordered = commands.recognise(replace(said, locale=settled, open_tasks=()))
    return hearing.language(said.text) or (ordered.language if ordered else language_of(said.text, settled))


def _spoken(said: Message, language: str) -> Message:
    """Read in the language that is spoken; the country of the locale is kept where it is of that language."""
    is_same = said.locale.replace("_", "-").split("-")[0].lower() == language
    return said if is_same else replace(said, locale=language)


def _expire(talk: Talk) -> None:
    opened = talk.open
    if opened is not None and talk.said.now >= opened.expires_at:
        talk.late = opened
        talk.close("expired")
        talk.change(waiting=())


# Words ----------------------------------------------------------------------------------------------------------------


def _hear(talk: Talk) -> None:
    if len(talk.said.text) > MAX_TEXT:
        talk.say(wording.too_long(MAX_TEXT))
        return
    if not re.search(r"\w|\?", talk.text):
        talk.say(say("blank"))
        return
    heard = hearing.hear(talk.text)
    opened = talk.open
    if opened is None:
        fresh.take(talk, heard)
    elif not any(way(talk, opened, heard) for way in (_forget, _help, _doubled, _answer, _correct, _order, _new)):
        _once_more(talk, opened)
    if talk.open is None:
        fresh.next_one(talk)


def _forget(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    if "forget" not in heard:
        return False
    talk.change(waiting=())
    _drop(talk)
    return True


def _drop(talk: Talk) -> None:
    opened = talk.open
    is_order = opened is not None and opened.order is not None
    talk.close("dropped")
    talk.say(say("unchanged" if is_order else "dropped"))


def _help(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    found = orders.recognise(talk)
    if found is None or found.verb != "help":
        return False
    helping.show(talk, 0)
    return True


def _doubled(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """The sentence that is being asked about, once more: nothing changes."""
    if opened.request is None or opened.request.sentence != talk.text:
        return False
    _put_again(talk, opened)
    return True


def _answer(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    if opened.kind == "value":
        return _answer_value(talk, opened, heard)
    if opened.kind == "task":
        return orders.answer_task(talk, opened, talk.text)
    if opened.kind == "approval":
        return orders.answer_approval(talk, opened, talk.text)
    return _answer_choice(talk, opened, heard)


def _answer_value(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """For the asked parameter first. Free text would take anything: what is clearly meant otherwise is left to others."""
    question, request = opened.question, opened.request
    card = talk.template(request.found.template_key) if request else None
    if question is None or request is None or card is None:
        return requests.answer(talk, opened, talk.text)
    schema = schema_at(card.parameter_schema, question.path)
    if is_free_text(schema) and _is_for_others(talk):
        return False
    if "yes" in heard and question.choices and schema.get("type") != "boolean":
        requests.pick(talk, opened, question.choices[0])
        return True
    if "none" in heard and question.choices:
        talk.ask(opened, say("ask.new_value", title=wording.first_up(_title(schema, question.path))))
        return True
    if question.choices and settling.chosen(question, talk.text):
        return requests.answer(talk, opened, talk.text)
    if _is_longer(talk, opened) and fresh.is_clear(talk):
        return False
    said = hearing.correction(talk.text)
    return requests.answer(talk, opened, talk.text) or (
        said.is_denied and bool(said.new) and not said.old and requests.answer(talk, opened, said.new)
    )


def _is_longer(talk: Talk, opened: Open) -> bool:
    """Whether the message says more than the value that was asked for."""
    request, question = opened.request, opened.question
    card = talk.template(request.found.template_key) if request else None
    if card is None or question is None:
        return True
    read = settling.read_at(talk.said, card, question.path, talk.text)
    return read is None or bool(hearing.unplaced(talk.text, list(read.sources.values())))


def _title(schema: object, path: str) -> str:
    return str(schema.get("title") or path) if isinstance(schema, dict) else path


def _is_for_others(talk: Talk) -> bool:
    many = len(talk.text.split()) > 1
    return many and (orders.recognise(talk) is not None or fresh.is_clear(talk))


def _answer_choice(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """Yes, no, change, a number or a label: for a card, a command, and what is asked about templates and places."""
    is_single = opened.question is not None and len(opened.question.choices) == 1
    if opened.question is not None and (choice := settling.chosen(opened.question, talk.text)):
        _pick(talk, opened, choice)
    elif name := talk.pressed(opened, talk.text):
        _press(talk, opened, name)
    elif heard & {"yes", "start"} and opened.kind in ("card", "order", "decision"):
        _press(talk, opened, "yes")
    elif "yes" in heard and is_single and opened.question is not None:
        _pick(talk, opened, opened.question.choices[0])
    elif heard & {"no", "none"}:
        _press(talk, opened, "none" if opened.kind == "template" else "drop")
    elif "change" in heard and opened.kind == "card":
        _press(talk, opened, "change")
    else:
        return False
    return True


def _correct(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """ "No, 2023" and "as CSV": what the words fit is changed, and the card shown again."""
    request = opened.request
    card = talk.template(request.found.template_key) if request else None
    if request is None or card is None or opened.kind not in ("card", "value"):
        return False
    said = hearing.correction(talk.text)
    rest = hearing.same(talk.text)
    words = said.new if rest is None else rest
    is_sure = said.is_denied or rest is not None
    if not words:
        return False
    if not is_sure and fresh.is_clear(talk):
        return False
    over = overlaid(talk.said, card, request.found, words, talk.world, old=said.old, free=is_sure)
    if over.which:
        requests.ask_slot(talk, replace(request, is_doubtful=True), over.which, over.words, asked=opened.asked)
        return True
    if over.found is None and said.is_denied:
        requests.ask_change(talk, opened, request)
        return True
    if over.found is None or (over.left and not is_sure):
        return False
    notes = (say("unplaced", words=over.left),) if over.left else ()
    changed = replace(request, found=over.found, is_doubtful=True, notes=notes)
    requests.advance(talk, changed, asked=max(opened.asked, 1))
    return True


def _order(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """A command in between; what is open stays so, unless the command asks something itself."""
    found = orders.recognise(talk)
    return found is not None and orders.obey(talk, found)


def _new(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    return fresh.take_over(talk)


def _once_more(talk: Talk, opened: Open) -> None:
    """Not understood: the question again; from the second time on with a way out."""
    again = replace(opened, tries=opened.tries + 1, expires_at=talk.said.now + LASTS)
    talk.change(open=again)
    if again.tries == 1:
        _put_again(talk, again, _why_not(talk, opened))
    else:
        _put_again(talk, again, say("ask.or_forget"), is_last=True)


def _why_not(talk: Talk, opened: Open) -> str:
    """Of "only overdue ones" what has no place in the template; of other talk that it was not understood."""
    left = hearing.unplaced(talk.text, []) if opened.kind == "card" and hearing.also(talk.text) else ""
    return say("unplaced", words=left[:200]) if left else say("ask.again")


def _put_again(talk: Talk, opened: Open, *lead: str, is_last: bool = False) -> None:
    request = opened.request
    card = talk.template(request.found.template_key) if request else None
    if opened.kind == "card" and card is not None:
        requests.show_again(talk, opened, card, lead=lead)
        return
    if opened.kind in ("order", "decision"):
        buttons = [talk.button(opened, "yes", say("yes")), talk.button(opened, "keep")]
    else:
        buttons = [talk.button(opened, "forget")] if is_last else []
    talk.ask(opened, *lead, *([opened.question.text] if opened.question else []), buttons=buttons)


# Buttons --------------------------------------------------------------------------------------------------------------


def _click(talk: Talk, value: str) -> None:
    card_id, _, name = value[:80].partition(".")
    opened = talk.open
    if value == "more":
        helping.more(talk)
    elif opened is not None and opened.id == card_id:
        _press_or_pick(talk, opened, name)
    elif name == "undo":
        _undo(talk, card_id)
    else:
        fate = next((each.fate for each in talk.state.closed if each.id == card_id), "unknown")
        minutes = int(LASTS.total_seconds() // 60)
        talk.say(say("expired", minutes=minutes) if fate == "expired" else say(f"fate.{fate}"))
    if talk.open is None:
        fresh.next_one(talk)


def _press_or_pick(talk: Talk, opened: Open, name: str) -> None:
    choices = opened.question.choices if opened.question else ()
    if name.isdecimal() and 1 <= int(name[:4]) <= len(choices):
        _pick(talk, opened, choices[int(name) - 1])
    elif name in ("start", "yes", "change", "drop", "keep", "forget", "none"):
        _press(talk, opened, name)
    else:
        talk.say(say("fate.unknown"))


def _press(talk: Talk, opened: Open, name: str) -> None:
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
            talk.change(waiting=())
        _drop(talk)
    else:
        talk.say(say("fate.unknown"))


def _pick(talk: Talk, opened: Open, choice: Choice) -> None:
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
