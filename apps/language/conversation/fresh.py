"""A message that answers nothing: a command, a request, several, one to be repeated, or one that goes on from the last."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from apps.language import pasted, wording
from apps.language.contract import Interpretation, Message
from apps.language.conversation import cards, hearing, helping, orders, requests, settling
from apps.language.conversation.contract import AskModel
from apps.language.conversation.correcting import Overlay, overlaid
from apps.language.conversation.hearing import Heard
from apps.language.conversation.requests import CLEAR
from apps.language.conversation.state import LASTS, Request
from apps.language.conversation.talk import Talk
from apps.language.filling import fill
from apps.language.understanding import understand
from apps.language.wording import say

NEAR = 0.6
"""From here on each side of an "and" is a request of its own: of 564 single requests in five languages none is cut."""
DOUBLED = timedelta(seconds=60)
"""The same sentence within this time is more likely a slip of the hand than a wish for a second task."""


def take(talk: Talk, heard: set[Heard]) -> None:
    """The first that fits; what fits nothing is answered with what can be asked for."""
    if has_lines(talk):
        _request(talk)
        return
    ways = (_small_talk, _order, _after_the_last, _several, _repeated, _again)
    if not any(way(talk, heard) for way in ways):
        _request(talk)


def take_over(talk: Talk) -> bool:
    """A clear request, or several, in the middle of something else: it takes its place, and says so."""
    opened = talk.open
    parted = [] if has_lines(talk) else _parts(talk)
    if opened is None or not (parted or _is_clear(_understood(talk)) or _is_to_repeat(talk)):
        return False
    card = talk.template(opened.request.found.template_key) if opened.request else None
    talk.close("replaced")
    talk.change(waiting=(), queued=())
    if card is not None:
        talk.say(say("replaced", name=card.name))
    take(talk, set())
    return True


def next_one(talk: Talk) -> None:
    """The next request of a message that held several, once nothing is open any more."""
    while talk.state.queued and talk.open is None:
        request, *later = talk.state.queued
        talk.change(queued=tuple(later))
        requests.advance(talk, request)
    while talk.state.waiting and talk.open is None:
        text, *others = talk.state.waiting
        talk.change(waiting=tuple(others))
        talk.said = replace(talk.said, text=text, clicked="")
        talk.is_parted = True
        talk.say(say("next"))
        if not (_order(talk, set()) or _again(talk, set())):
            _request(talk)


def _small_talk(talk: Talk, heard: set[Heard]) -> bool:
    if "more" in heard and talk.state.more is not None:
        helping.more(talk)
    elif said := politely(heard):
        talk.say(said if "thanks" in heard else f"{said} {say('help')}")
    elif heard & {"yes", "no", "start", "none", "change", "more"} or _is_bare_forget(talk, heard) or _is_number(talk):
        if talk.late is not None:
            talk.say(_expired())
        elif orders.recognise(talk) is not None:
            return False  # "go on" resumes a task
        else:
            talk.say(say("no_more") if heard == {"more"} else _of_the_last(talk) or say("nothing_open"))
    else:
        return False
    return True


def _of_the_last(talk: Talk) -> str:
    """What can be said to a task that has just been started, while it is under way; "" without one."""
    last = talk.state.last
    task = next((each for each in talk.world.tasks if last and each.id == last.task_id), None)
    if last is None or task is None or talk.said.now - last.at > LASTS:
        return ""
    return say("under_way", task=wording.first_up(say("task.titled", number=task.id, title=task.title)))


def politely(heard: set[Heard]) -> str:
    """The answer to a greeting, to thanks, and to who it is that answers; "" to all else."""
    kinds: tuple[tuple[Heard, str], ...] = (("hello", "hello"), ("thanks", "welcome"), ("who", "who"))
    return next((say(sentence) for kind, sentence in kinds if kind in heard), "")


def _is_bare_forget(talk: Talk, heard: set[Heard]) -> bool:
    """ "Stop it" is for a task where none of our questions is open, "forget it" for nothing."""
    return "forget" in heard and (talk.late is not None or orders.recognise(talk) is None)


def _is_number(talk: Talk) -> bool:
    return talk.text.isdecimal() and talk.late is not None


def _expired() -> str:
    return say("expired", minutes=int(LASTS.total_seconds() // 60))


def _order(talk: Talk, heard: set[Heard]) -> bool:
    found = orders.recognise(talk)
    return found is not None and orders.obey(talk, found)


# From the last request ------------------------------------------------------------------------------------------------


def _after_the_last(talk: Talk, heard: set[Heard]) -> bool:
    """ "No, 2023" after a start: a new request with that changed, beside the one that runs."""
    last, said = talk.state.last, hearing.correction(talk.text)
    if last is None or not said.is_denied or talk.said.now - last.at > LASTS:
        return False
    return _going_on(talk, said.new, old=said.old, notes=(cards.note("beside"),), free=True)


def _again(talk: Talk, heard: set[Heard]) -> bool:
    """ "The same for March": the last request with that changed. It is always confirmed."""
    rest = hearing.same(talk.text)
    if rest is not None:
        clear = _understood(talk)
        last_key = talk.state.last.request.found.template_key if talk.state.last else None
        if _is_clear(clear) and clear.template_key != last_key:
            return False
        if talk.state.last is None:
            if not _is_clear(clear):
                talk.say(say("no_last"))
            return not _is_clear(clear)
        return _going_on(talk, rest, is_said=True)
    if talk.state.last is None or _is_clear(_understood(talk)):
        return False
    words = hearing.also(talk.text)
    return _going_on(talk, words or talk.text, free=words is not None)


def _going_on(
    talk: Talk, words: str, *, old: str = "", notes: tuple[str, ...] = (), free: bool = False, is_said: bool = False
) -> bool:
    """`is_said`: the person said that it is the same; what has no place is noted then, else it is no follow-up."""
    last = talk.state.last
    card = talk.template(last.request.found.template_key) if last else None
    if last is None or card is None:
        return False
    base = _as_last(last.request.found)
    over = Overlay(found=base)
    if words:
        over = overlaid(talk.said, card, base, words, talk.world, old=old, free=free or is_said)
    if not is_said and not over.which and (over.found is None or over.left):
        return False
    left = (cards.note("unplaced", over.left),) if over.left else ()
    request = Request(found=over.found or base, sentence=talk.text, is_doubtful=True, notes=(*notes, *left), how="same")
    if over.which:
        requests.ask_slot(talk, request, over.which, over.words)
    else:
        requests.advance(talk, request)
    return True


def _as_last(found: Interpretation) -> Interpretation:
    return replace(found, sources=dict.fromkeys(found.sources, cards.LAST), confidence=1.0, ambiguities=(), echo="")


# Requests -----------------------------------------------------------------------------------------------------------


def _several(talk: Talk, heard: set[Heard]) -> bool:
    parted = _parts(talk)
    if not parted:
        return False
    talk.say(say("several", count=len(parted)))
    first, *others = parted
    talk.change(waiting=tuple(others))
    talk.said = replace(talk.said, text=first)
    talk.is_parted = True
    if not (_order(talk, set()) or _again(talk, set())):
        _request(talk)
    next_one(talk)
    return True


def _parts(talk: Talk) -> list[str]:
    """The message's requests, where there are several and each is clear by itself."""
    parts = hearing.parts(talk.text)
    if len(parts) > 1:
        return parts if all(_stands(talk, part, number) for number, part in enumerate(parts)) else []
    return next((ways for ways in hearing.joined(talk.text) if _are_apart(talk, ways)), [])


def _are_apart(talk: Talk, parts: Sequence[str]) -> bool:
    """Whether each is a request or a command, and no two are about the same: that would be one with two values.

    One that is only near is asked about when its turn comes: taken together, one of the two would be lost.
    """
    about = []
    for part in parts:
        alone = replace(talk, said=replace(talk.said, text=part))
        order = orders.recognise(alone)
        best = None if order else _nearest(_read(alone, alone.said))
        if order is None and best is None:
            return False
        about.append(order.verb if order else best)
    return len(set(about)) == len(about)


def _nearest(found: Interpretation) -> str | None:
    """The template that is meant, or most likely so."""
    if found.confidence < NEAR:
        return None
    return found.template_key or next((each.key for each in found.runner_ups), None)


def _stands(talk: Talk, part: str, number: int) -> bool:
    alone = replace(talk, said=replace(talk.said, text=part))
    is_follow_up = number > 0 and hearing.same(part) is not None
    return is_follow_up or orders.recognise(alone) is not None or _is_clear(_read(alone, alone.said))


def _is_to_repeat(talk: Talk) -> bool:
    found = hearing.repeated(talk.text)
    return found is not None and _is_clear(_read(talk, replace(talk.said, text=found.rest)))


def _repeated(talk: Talk, heard: set[Heard]) -> bool:
    """ "Every Monday at 9 …": the rule is kept apart from the request, and both as a draft."""
    found = hearing.repeated(talk.text)
    if found is None:
        return False
    if wrong := _no_such_time(found.rule):
        talk.say(say("no_such_time", words=wrong))
        return True
    if not found.rest:
        talk.say(say("what_to_repeat", rule=found.rule))
        return True
    understood = _read(talk, replace(talk.said, text=found.rest))
    request = Request(found=understood, sentence=talk.text, rule=found.rule)
    if understood.intent == "start":
        requests.advance(talk, request)
    else:
        requests.ask_which(talk, understood, request)
    return True


def _no_such_time(rule: str) -> str:
    """The first time of day in the rule that no clock shows."""
    clocks = re.finditer(r"(?<!\d)(\d{1,2})(?:[:h]|(?=\s?(?:uhr|heures?|час)))(\d{2})?(?!\d)", rule, re.IGNORECASE)
    return next((each.group() for each in clocks if int(each[1]) > 24 or int(each[2] or 0) > 59), "")


def _request(talk: Talk) -> None:
    found = _understood(talk)
    request = Request(found=found, sentence=talk.text, is_doubtful=talk.is_parted)
    if found.intent == "start":
        _begin(talk, request)
    elif talk.late is not None:
        talk.say(_expired())
    elif talk.world.has_model:
        talk.do(AskModel(text=talk.text))
    else:
        requests.ask_which(talk, found, request)


def _begin(talk: Talk, request: Request) -> None:
    """A reading that came from a model, and a sentence that was just obeyed, are confirmed."""
    last = talk.state.last
    if talk.world.reading is not None and request.found == _reading(talk):
        request = replace(request, is_doubtful=True, how="model")
    if last and last.request.sentence == request.sentence and talk.said.now - last.at < DOUBLED:
        request = replace(request, is_doubtful=True, notes=(cards.note("doubled"),))
    requests.advance(talk, request)


def _understood(talk: Talk) -> Interpretation:
    return _reading(talk) or _read(talk, talk.said)


def _read(talk: Talk, said: Message) -> Interpretation:
    """By the rules alone. Tasks are left out: commands were looked for before.

    Where a template is asked about only because its mistakes are dear, its card asks the same and says more.
    """
    if said.text not in talk.understood:
        talk.understood[said.text] = _by_rules(talk, said)
    return talk.understood[said.text]


def _by_rules(talk: Talk, said: Message) -> Interpretation:
    found = understand(replace(said, open_tasks=()), talk.world.cards)
    best = next(iter(found.runner_ups), None) if found.intent == "none" else None
    card = talk.template(best.key) if best is not None and best.confidence >= CLEAR else None
    return found if card is None else fill(said, card, best=best, others=found.runner_ups[1:])


def _reading(talk: Talk) -> Interpretation | None:
    """What the model read, as far as the template's schema accepts it; the rules where they are sure."""
    reading = talk.world.reading
    card = talk.template(reading.template_key) if reading else None
    if reading is None or card is None or talk.is_parted:
        return None
    return settling.sound(replace(reading, intent="start", command=None), card)


def has_lines(talk: Talk) -> bool:
    """Whether the message is a request with lines below it, in which nothing is to be looked for."""
    card = talk.template(_understood(talk).template_key) if "\n" in talk.text or ":" in talk.text else None
    return card is not None and bool(pasted.parted(talk.text, card.parameter_schema)[1])


def is_clear(talk: Talk) -> bool:
    """Whether the message is a request of its own beyond doubt."""
    return _is_clear(_understood(talk))


def _is_clear(found: Interpretation) -> bool:
    return found.intent == "start" and found.confidence >= CLEAR
