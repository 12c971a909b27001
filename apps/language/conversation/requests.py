"""A request on its way: asked what is missing, shown as a card, started."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.language import wording
from apps.language.contract import Choice, Interpretation, Question, TemplateCard
from apps.language.conversation import cards, coming, explaining, hearing, leftovers, naming, settling
from apps.language.conversation.contract import DraftSchedule, Learn, Start
from apps.language.conversation.correcting import given
from apps.language.conversation.places import covers, put_at, schema_at
from apps.language.conversation.state import Began, Open, Request
from apps.language.conversation.talk import Talk
from apps.language.filling import fill
from apps.language.wording import say

CLEAR = 0.8
"""From here on a message is a request of its own, also in the middle of another, and a harmless one starts unconfirmed."""
MAX_LEFT = 200


def advance(talk: Talk, request: Request, *, asked: int = 0, lead: Sequence[str] = ()) -> None:
    """The next step: a question, the card, or the start. `lead` is said before it."""
    card = talk.template(request.found.template_key)
    if card is None:
        talk.close("dropped")
        talk.say(say("unavailable", name=request.found.template_key or ""))
        return
    found = naming.named(card, request.found, talk.world)
    questions = settling.open_questions(found)
    if not questions:
        found, questions = settling.checked(found, card)
    request = _dated(talk, _told(talk, replace(request, found=found), card))
    if questions:
        _ask(talk, request, card, _first(questions, card), asked, lead)
    elif must_confirm(request, card):
        show(talk, request, card, lead=lead, asked=asked)
    else:
        start(talk, request, card, was_confirmed=False)


def _told(talk: Talk, request: Request, card: TemplateCard) -> Request:
    """With what of its sentence found no place, the first time: it is told on a card, and nothing starts unseen."""
    if request.today or request.how == "same":
        return request
    said = replace(talk.said, text=request.sentence)
    left = leftovers.of(said, card, request.found, besides=(request.rule,))
    if not left:
        return request
    return replace(request, is_doubtful=True, notes=(*request.notes, cards.note("unplaced", left[:MAX_LEFT])))


def _dated(talk: Talk, request: Request) -> Request:
    """With the day on which its words were read, the first time."""
    return request if request.today else replace(request, today=talk.said.today.isoformat(), zone=talk.said.timezone)


def _first(questions: Sequence[Question], card: TemplateCard) -> Question:
    """The first in the schema's order."""
    order = [path for path, _ in cards.slots(card.parameter_schema)]
    places = [next((n for n, path in enumerate(order) if covers(path, each.path)), len(order)) for each in questions]
    return questions[places.index(min(places))]


def must_confirm(request: Request, card: TemplateCard) -> bool:
    """By the template, or because it is not sure enough that this was meant."""
    by_template = card.must_confirm or card.has_effects or bool(card.cost)
    is_doubtful = request.is_doubtful or bool(coming.told(request, card)) or request.found.confidence < CLEAR
    return by_template or bool(request.rule) or is_doubtful


def _ask(talk: Talk, request: Request, card: TemplateCard, question: Question, asked: int, lead: Sequence[str]) -> None:
    if asked >= settling.MAX_ASKS:
        talk.close("dropped")
        talk.say(say("too_many", count=asked))
        return
    opened = talk.wait("value", request=request, question=question, asked=asked + 1)
    first = [cards.echo(request.found, card)] if asked == 0 else []
    talk.ask(opened, *lead, *first, question.text)


def show(talk: Talk, request: Request, card: TemplateCard, *, lead: Sequence[str] = (), asked: int = 0) -> None:
    """The card with its buttons; it waits for a yes."""
    show_again(talk, talk.wait("card", request=request, asked=asked), card, lead=lead)


def show_again(talk: Talk, opened: Open, card: TemplateCard, *, lead: Sequence[str] = ()) -> None:
    request = opened.request
    if request is None:
        return
    go = talk.button(opened, "start", say("button.draft") if request.rule else "", "primary")
    buttons = (go, talk.button(opened, "change"), talk.button(opened, "drop"))
    shown = cards.card(request, card, talk.world)
    if lead:
        talk.say(*lead)
    talk.ask(opened, card=shown, buttons=buttons, why=explaining.why(request, card), why_title=_why(request))


def _why(request: Request) -> str:
    is_measured = request.how in ("said", "model")
    return say("why.sure", percent=explaining.percent(request.found.confidence)) if is_measured else say("why")


def confirm(talk: Talk, opened: Open) -> None:
    """The person said yes to the card: it is looked at once more, for the world may have changed."""
    request = opened.request
    card = talk.template(request.found.template_key) if request else None
    if request is None or card is None:
        talk.close("dropped")
        talk.say(say("unavailable", name=request.found.template_key if request else ""))
        return
    found, questions = settling.checked(request.found, card)
    if questions or settling.open_questions(found):
        advance(talk, request, asked=opened.asked)
        return
    start(talk, replace(request, found=found), card, was_confirmed=True)


def start(talk: Talk, request: Request, card: TemplateCard, *, was_confirmed: bool) -> None:
    """The act itself. Its key is of this card and these values: whoever repeats it makes nothing twice."""
    if not was_confirmed or talk.open is None:
        talk.wait("card", request=request)
    opened = talk.open
    found = request.found
    key = talk.key(opened.id if opened else "", found.template_key, dict(found.parameters), request.rule)[:32]
    sources = {path: words for path, words in found.sources.items() if not words.startswith("\x00")}
    if request.rule:
        talk.do(
            DraftSchedule(
                rule=request.rule, template_key=card.key, parameters=found.parameters, sources=sources,
                sentence=request.sentence, request_key=key,
            )
        )  # fmt: skip
        talk.close("drafted", key)
    else:
        talk.do(
            Start(
                template_key=card.key, parameters=found.parameters, sources=sources, confidence=found.confidence,
                sentence=request.sentence, request_key=key, was_confirmed=was_confirmed,
            )
        )  # fmt: skip
        _say_started(talk, request, card, key, was_confirmed=was_confirmed)
        talk.close("started", key)
    kept = replace(request, rule="", notes=(), is_doubtful=False)
    talk.change(last=Began(request=kept, request_key=key, at=talk.said.now))


def _say_started(talk: Talk, request: Request, card: TemplateCard, key: str, *, was_confirmed: bool) -> None:
    opened = talk.open
    text = say("started", echo=cards.echo(request.found, card))
    if was_confirmed or opened is None:
        talk.say(text, begins=key)
    else:
        notes = [each.text for each in request.found.ambiguities]
        talk.say(
            text, *notes, buttons=(talk.button(opened, "undo"),), card_id=opened.id,
            why=explaining.why(request, card), why_title=_why(request), begins=key,
        )  # fmt: skip


def answer(talk: Talk, opened: Open, text: str) -> bool:
    """Read as the answer to what was asked; False where it is none."""
    request, question = opened.request, opened.question
    card = talk.template(request.found.template_key) if request else None
    if request is None or question is None or card is None:
        return False
    found = settling.answered(talk.said, card, request.found, question, text)
    if found is None:
        return False
    advance(talk, replace(request, found=found), asked=opened.asked)
    return True


def answer_name(talk: Talk, opened: Open, text: str) -> bool:
    """A name that is looked up: as it is said, or without the "no, for" before it."""
    request, question = opened.request, opened.question
    card = talk.template(request.found.template_key) if request else None
    if request is None or question is None or card is None:
        return False
    if choice := settling.chosen(question, text):
        pick(talk, opened, choice)
        return True
    for words in dict.fromkeys([text, hearing.correction(text).new, hearing.unplaced(text, [])]):
        if words and (name := naming.spoken(card, question.path, words, talk.world)):
            found = settling.with_answer(request.found, question.path, put_at(question.path, name), words)
            advance(talk, replace(request, found=found), asked=opened.asked)
            return True
    return False


def pick(talk: Talk, opened: Open, choice: Choice) -> None:
    """A choice of the question about a parameter was clicked, or said by number."""
    request, question = opened.request, opened.question
    card = talk.template(request.found.template_key) if request else None
    if request is None or question is None or card is None:
        return
    is_list = naming.takes_list(schema_at(card.parameter_schema, question.path))
    if isinstance(choice.value, list) and not is_list:
        first, *others = [each for each in question.choices if each is not choice]
        queued = [_picked(request, card, question.path, each) for each in others]
        talk.change(queued=(*queued, *talk.state.queued))
        talk.say(say("several", count=len(choice.value)))
        choice = first
    advance(talk, _picked(request, card, question.path, choice), asked=opened.asked)


def _picked(request: Request, card: TemplateCard, path: str, choice: Choice) -> Request:
    found = settling.with_choice(request.found, card, path, choice)
    return replace(request, found=replace(found, sources={**found.sources, path: cards.CHOSEN}))


def learn(talk: Talk, opened: Open, key: str | None) -> None:
    if opened.request is not None and opened.question is not None:
        offered = tuple(str(choice.value) for choice in opened.question.choices)
        talk.do(Learn(text=opened.request.sentence, template_key=key, offered=offered))


def ask_which(talk: Talk, found: Interpretation, request: Request, lead: Sequence[str] = ()) -> None:
    """Which template is meant, or what can be asked for at all."""
    question = found.questions[0] if found.questions else Question(path="template", text=wording.offer([]))
    if not question.choices:
        talk.say(*lead, question.text)
        return
    opened = talk.wait("template", request=_dated(talk, request), question=question)
    rows = explaining.which(found.runner_ups)
    talk.ask(opened, *lead, question.text, buttons=(talk.button(opened, "none"),), why=rows, why_title=say("why.near"))


def pick_template(talk: Talk, opened: Open, choice: Choice) -> None:
    """The sentence as one for this template: the person has said so."""
    request, card = opened.request, talk.template(str(choice.value))
    if request is None or card is None:
        talk.close("dropped")
        talk.say(say("unavailable", name=choice.label))
        return
    learn(talk, opened, card.key)
    repeated = hearing.repeated(request.sentence) if request.rule else None
    text = repeated.rest if repeated else request.sentence
    offered = request.found.runner_ups
    found = replace(fill(replace(talk.said, text=text), card), runner_ups=offered)
    advance(talk, replace(request, found=found, how="chosen", today=""))


def ask_change(talk: Talk, opened: Open, request: Request) -> None:
    """What of the card is to be different."""
    card = talk.template(request.found.template_key)
    ask_slot(talk, request, cards.slots(card.parameter_schema) if card else (), "", asked=opened.asked)


def ask_slot(talk: Talk, request: Request, which: Sequence[tuple[str, str]], words: str, *, asked: int = 0) -> None:
    """Which of the request's values `words` are for; without words, which is to be changed."""
    titles = [wording.first_up(title) for _, title in which]
    text = say("ask.slot", words=words, titles=wording.either(titles)) if words else say("ask.change")
    choices = tuple(Choice(label=title, value=path) for title, (path, _) in zip(titles, which, strict=True))
    question = Question(path="", text=text, choices=choices)
    opened = talk.wait("slot", request=request, question=question, words=words, asked=asked)
    talk.ask(opened, text)


def pick_slot(talk: Talk, opened: Open, choice: Choice) -> None:
    request, path = opened.request, str(choice.value)
    card = talk.template(request.found.template_key) if request else None
    if request is None or card is None:
        return
    request = replace(request, is_doubtful=True)
    if opened.words:
        changed = given(talk.said, card, request.found, path, opened.words, talk.world)
        if changed is not None:
            advance(talk, replace(request, found=changed), asked=max(opened.asked, 1))
            return
    schema = schema_at(card.parameter_schema, path)
    options = _options(schema)
    text = say("ask.new_value", title=choice.label)
    question = Question(path=path, text=text, choices=options)
    asking = talk.wait("value", request=request, question=question, asked=opened.asked + 1)
    talk.ask(asking, text)


def _options(schema: Mapping[str, Any]) -> tuple[Choice, ...]:
    values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    if schema.get("type") == "boolean":
        return (Choice(label=say("yes"), value=True), Choice(label=say("no"), value=False))
    return tuple(Choice(label=str(value), value=value) for value in values)
