"""The one entry of a conversation: what is said is an answer to what is open, or something new."""

import re
from dataclasses import replace

from apps.language import commands, pasted, wording
from apps.language.contract import Message, Question
from apps.language.conversation import (
    cards,
    explaining,
    fresh,
    hearing,
    helping,
    naming,
    orders,
    pressing,
    requests,
    settling,
)
from apps.language.conversation.contract import Reply, World
from apps.language.conversation.correcting import LITERAL, overlaid
from apps.language.conversation.hearing import Heard
from apps.language.conversation.places import is_free_text, schema_at, value_at
from apps.language.conversation.state import LASTS, Open, Request, State, Turn
from apps.language.conversation.talk import Talk
from apps.language.dates import language_of
from apps.language.matching import tongue
from apps.language.understanding import MAX_TEXT
from apps.language.wording import say


def converse(state: State, said: Message, world: World) -> Turn:
    """One message of one conversation."""
    language = _language(state, said)
    state = replace(state, born=state.born or said.now.isoformat(), language=language)
    talk = Talk(state=state, said=_spoken(said, language), world=world)
    with wording.speaking(language):
        _expire(talk)
        if said.clicked and not _is_gone(talk):
            pressing.click(talk, said.clicked)
        elif not said.clicked:
            _hear(talk)
        if talk.open is None:
            fresh.next_one(talk)
        return talk.turn()


def _language(state: State, said: Message) -> str:
    """That of the message where its words tell it; else that of the conversation, else the person's."""
    own = said.locale.replace("_", "-").split("-")[0].lower()
    settled = state.language or (own if own in wording.LANGUAGES else "en")
    if said.clicked or len(said.text) > MAX_TEXT:
        return settled
    said = replace(said, text=pasted.opening(said.text))
    letters = re.findall(r"[^\W\d_]", said.text)
    cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in letters)
    if letters and 2 * cyrillic > len(letters):
        return "ru"
    ordered = commands.recognise(replace(said, locale=settled, open_tasks=()))
    return hearing.language(said.text, settled) or (ordered.language if ordered else _told_by_words(said.text, settled))


def _told_by_words(text: str, settled: str) -> str:
    """Another language than before only where its words are not those of a third: "du" is French beside a day alone."""
    told = language_of(text, settled)
    return told if told == settled or tongue.language_of(text, told) == told else settled


def _spoken(said: Message, language: str) -> Message:
    """Read in the language that is spoken; the country of the locale is kept where it is of that language."""
    is_same = said.locale.replace("_", "-").split("-")[0].lower() == language
    return said if is_same else replace(said, locale=language)


def _expire(talk: Talk) -> None:
    opened = talk.open
    if opened is not None and talk.said.now >= opened.expires_at:
        talk.late = opened
        talk.close("expired")
        talk.change(waiting=(), queued=())


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
    if _is_gone(talk) and orders.recognise(talk) is None and not fresh.is_clear(talk):
        return
    if "reason" in heard:
        explaining.say_why(talk)
    elif talk.open is None or opened is None:
        fresh.take(talk, heard)
    elif not any(
        way(talk, opened, heard) for way in (_lines, _forget, _help, _doubled, _answer, _talk, _correct, _order, _new)
    ):
        _once_more(talk, opened)


def _is_gone(talk: Talk) -> bool:
    """Whether what is open is about a template that the person may not start any more: it is left, and said."""
    request = talk.open.request if talk.open else None
    key = request.found.template_key if request else None
    if key is None or talk.template(key) is not None:
        return False
    talk.close("dropped")
    talk.say(say("unavailable", name=key))
    return True


def _lines(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """Lines that were asked for, or stand below a request of their own: what they say is data."""
    if fresh.has_lines(talk) and fresh.is_clear(talk):
        return fresh.take_over(talk)
    request, question = opened.request, opened.question
    card = talk.template(request.found.template_key) if request else None
    if opened.kind != "value" or card is None or question is None:
        return False
    are_asked = pasted.takes(schema_at(card.parameter_schema, question.path))
    if not are_asked or ("\n" not in talk.text and (heard or _is_for_others(talk))):
        return False
    return requests.answer(talk, opened, talk.text)


def _forget(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    if "forget" not in heard:
        return False
    talk.change(waiting=(), queued=())
    pressing.drop(talk)
    return True


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


def _talk(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """A greeting is answered, and what is open stays so."""
    said = fresh.politely(heard)
    if said:
        _put_again(talk, opened, said)
    return bool(said)


def _answer(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    if opened.kind == "value":
        return _answer_value(talk, opened, heard) or _start_as_it_was(talk, opened, heard)
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
    if "both" in heard and (together := naming.all_of(question)):
        requests.pick(talk, opened, together)
        return True
    if (is_free_text(schema) or pasted.takes(schema)) and _is_for_others(talk):
        return False
    if naming.looks_up(schema, talk.world):
        return requests.answer_name(talk, opened, talk.text)
    if "yes" in heard and _is_taken(question, request):
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


def _start_as_it_was(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """A "start" where a value was only to be changed: it stays as it is."""
    is_whole = opened.request is not None and not settling.open_questions(opened.request.found)
    if "start" not in heard or not is_whole:
        return False
    requests.confirm(talk, opened)
    return True


def _is_longer(talk: Talk, opened: Open) -> bool:
    """Whether the message says more than the value that was asked for."""
    request, question = opened.request, opened.question
    card = talk.template(request.found.template_key) if request else None
    if card is None or question is None:
        return True
    read = settling.read_at(talk.said, card, question.path, talk.text)
    return read is None or bool(hearing.unplaced(talk.text, list(read.sources.values())))


def _is_taken(question: Question, request: Request) -> bool:
    """Whether the first choice is how it was read: a yes then means that."""
    taken = value_at(request.found.parameters, question.path)
    return bool(question.choices) and taken is not None and taken == question.choices[0].value


def _title(schema: object, path: str) -> str:
    return str(schema.get("title") or path) if isinstance(schema, dict) else path


def _is_for_others(talk: Talk) -> bool:
    many = len(talk.text.split()) > 1
    return many and (orders.recognise(talk) is not None or fresh.is_clear(talk))


def _answer_choice(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """Yes, no, change, a number or a label: for a card, a command, and what is asked about templates and places."""
    is_single = opened.question is not None and len(opened.question.choices) == 1
    if opened.question is not None and (choice := settling.chosen(opened.question, talk.text)):
        pressing.pick(talk, opened, choice)
    elif name := talk.pressed(opened, talk.text):
        pressing.press(talk, opened, name)
    elif heard & {"yes", "start"} and opened.kind in ("card", "order", "decision"):
        pressing.press(talk, opened, "yes")
    elif "yes" in heard and is_single and opened.question is not None:
        pressing.pick(talk, opened, opened.question.choices[0])
    elif heard & {"no", "none"}:
        pressing.press(talk, opened, "none" if opened.kind == "template" else "drop")
    elif "change" in heard and opened.kind == "card":
        pressing.press(talk, opened, "change")
    elif heard & {"yes", "start"} and opened.kind == "slot" and not opened.words:
        requests.confirm(talk, opened)  # nothing is to be different after all
    else:
        return False
    return True


def _correct(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """ "No, 2023" and "as CSV": what the words fit is changed, and the card shown again."""
    request = opened.request
    card = talk.template(request.found.template_key) if request else None
    if request is None or card is None or opened.kind not in ("card", "value", "slot"):
        return False
    order = orders.recognise(talk)
    if order is not None and order.verb == "why":
        return False  # "why is it not running" replaces nothing by "running"
    said = hearing.correction(talk.text)
    rest = hearing.same(talk.text)
    words = said.new if rest is None else rest
    is_sure = said.is_denied or rest is not None
    if not words:
        return False
    if not is_sure and (fresh.is_clear(talk) or (opened.kind == "value" and LITERAL.fullmatch(words))):
        return False  # a bare number answers what is asked or nothing
    over = overlaid(talk.said, card, request.found, words, talk.world, old=said.old, free=is_sure)
    if over.which:
        requests.ask_slot(talk, replace(request, is_doubtful=True), over.which, over.words, asked=opened.asked)
        return True
    if over.found is None and said.is_denied:
        requests.ask_change(talk, opened, request)
        return True
    if over.found is None or (over.left and not is_sure):
        return False
    notes = (cards.note("unplaced", over.left),) if over.left else ()
    changed = replace(request, found=over.found, is_doubtful=True, notes=notes)
    is_asked_on = opened.kind == "value" and bool(settling.open_questions(over.found))
    lead = [cards.echo(over.found, card)] if is_asked_on else []
    requests.advance(talk, changed, asked=max(opened.asked, 1), lead=lead)
    return True


def _order(talk: Talk, opened: Open, heard: set[Heard]) -> bool:
    """A command in between; what is open stays so, unless the command asks something itself."""
    found = orders.recognise(talk)
    if found is None or not orders.obey(talk, found):
        return False
    card = talk.template(opened.request.found.template_key) if opened.request else None
    if card is not None and talk.open is not None and talk.open.id != opened.id:
        talk.replies.insert(0, Reply(text=(say("replaced", name=card.name),)))
        talk.remember(opened.id, "replaced")
    return True


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
    request, question = opened.request, opened.question
    card = talk.template(request.found.template_key) if request else None
    if (
        card is not None
        and question is not None
        and naming.looks_up(schema_at(card.parameter_schema, question.path), talk.world)
    ):
        return say("lookup.none", words=talk.text[:80])
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
        buttons = [talk.button(opened, "none")] if opened.kind == "template" else []
        buttons += [talk.button(opened, "forget")] if is_last else []
    question = opened.question.text if opened.question else ""
    said = [each for each in (*lead, question) if each and (each == question or not question.startswith(each))]
    talk.ask(opened, *said, buttons=buttons)
