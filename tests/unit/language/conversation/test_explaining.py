"""Why this one: told from what was kept with the request when it was understood."""

from dataclasses import replace

import pytest

from apps.language.contract import Candidate, Interpretation
from apps.language.conversation import AskModel, Order, State
from tests.unit.language.conversation.scene import CARDS, REPORT, RUNNING, Chat, world

INVOICES = replace(REPORT, key="invoices", name="Invoice list", patterns=[], keywords=["invoice", "report", "list"])


def told(chat: Chat) -> dict[str, str]:
    return {row.label: f"{row.value} | {row.source}" for row in chat.card.rows}


def beside(chat: Chat, key: str, confidence: float, **parts: float) -> None:
    """What is kept of the open request, with this template as the second."""
    opened = chat.state.open
    assert opened is not None
    assert opened.request is not None
    name = INVOICES.name if key == INVOICES.key else key.capitalize()
    second = Candidate(key=key, name=name, confidence=confidence, parts=parts)
    found = replace(opened.request.found, runner_ups=(second,))
    chat.state = replace(chat.state, open=replace(opened, request=replace(opened.request, found=found)))


def test_where_nothing_else_was_near_it_says_so() -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    chat.say("why this one?")
    assert told(chat)["Next best"] == "no other template of yours comes near | "


def test_why_names_template_confidence_words_runner_up_and_what_was_assumed() -> None:
    chat = Chat(world=world(cards=(*CARDS, INVOICES)))
    chat.say("invoice report for last year", timezone="Europe/Berlin")
    beside(chat, INVOICES.key, 0.41, keywords=0.15)
    chat.say("why this one?")
    assert chat.card.title == "Why “Invoice report”"
    rows = told(chat)
    assert rows["Template"].startswith("Invoice report | 9")
    assert "a phrase of it is in what you said, 100 % of its keywords" in rows["Template"]
    assert rows["Period"].endswith("| from “last year”")
    assert rows["Format"] == "pdf | default"
    assert rows["Next best"].startswith("Invoice list, 41 % | ")
    assert "no phrase of it is in what you said, fewer of its keywords" in rows["Next best"]
    assert rows["Today"] == "Sat 21 November 2026 | Europe/Berlin"


def test_what_is_open_stays_open_and_nothing_is_done() -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    before = chat.state.open
    assert chat.say("Why did you choose that?").acts == ()
    assert chat.state.open == before
    assert chat.say("yes").acts[0].template_key == "report"


def test_the_card_carries_the_same_for_pages_that_show_it_on_demand() -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    shown = chat.reply
    assert shown.why_title.startswith("Why this one? 9")
    chat.say("why this one")
    assert chat.card.rows == shown.why


def test_what_was_started_is_explained_from_what_was_kept_then() -> None:
    chat = Chat()
    chat.say("greet Bob twice")
    assert chat.reply.why_title.startswith("Why this one?")
    kept = chat.reply.why
    chat.wait(days=3)
    chat.say("how did you understand that?")
    assert chat.card.rows == kept
    assert told(chat)["Today"].startswith("Sat 21 November 2026")


def test_who_chose_is_told_that_they_did_and_what_else_was_offered() -> None:
    chat = Chat(world=world(cards=(replace(REPORT, patterns=[]), INVOICES)))
    chat.say("invoices")
    assert chat.reply.why_title == "Why these?"
    offered = chat.button("Invoice report").value
    chat.say("why these?")
    assert chat.card.title == "Nothing is chosen yet. The nearest are:"
    chat.press(offered)
    chat.say("why this one?")
    assert told(chat)["Template"] == "Invoice report | you chose it"
    assert told(chat)["Next best"].startswith("Invoice list (")


def test_a_follow_up_is_as_before() -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    chat.say("yes")
    chat.say("the same for March 2024")
    chat.say("why this one?")
    assert told(chat)["Template"] == "Invoice report | as before"
    assert "Next best" not in told(chat)


def test_what_a_model_read_says_so() -> None:
    chat = Chat(world=world(has_model=True))
    assert isinstance(chat.say("that thing with the money, last year").acts[0], AskModel)
    chat.state = State()
    reading = Interpretation(
        intent="start", template_key="report", confidence=0.85, parts={"model": 0.85}, sources={"period": "last year"},
        parameters={"period": {"start": "2025-01-01", "end": "2025-12-31"}},
    )  # fmt: skip
    chat.world = replace(chat.world, has_model=False, reading=reading)
    chat.say("that thing with the money, last year")
    chat.world = replace(chat.world, reading=None)
    chat.say("why this one?")
    assert told(chat)["Template"] == "Invoice report | 85 %, read by the language model"


def test_nothing_is_made_up_where_nothing_was_understood() -> None:
    chat = Chat()
    chat.say("why did you choose that?")
    assert chat.text.startswith("I have understood nothing yet")
    chat.say("invoice report for last year")
    chat.world = replace(chat.world, cards=())
    chat.say("why did you choose that?")
    assert chat.reply.card is None or chat.card.title == "Nothing is chosen yet. The nearest are:"


@pytest.mark.parametrize(
    ("locale", "words", "title"),
    [
        ("de", "Warum hast du das gewählt?", "Warum „"),
        ("ru", "почему именно это?", "Почему «"),
        ("es", "¿Por qué esta?", "Por qué «"),
        ("fr", "Pourquoi celui-ci ?", "Pourquoi « "),
    ],
)
def test_it_is_asked_and_answered_in_five_languages(locale: str, words: str, title: str) -> None:
    chat = Chat(locale=locale)
    chat.say("Invoice report 2024")
    chat.say(words)
    assert chat.card.title.startswith(title)


@pytest.mark.parametrize(
    "words", ["why is it not running?", "why isn't it running", "why not", "why is 7 waiting", "why is it slow"]
)
def test_why_a_task_does_not_run_stays_another_question(words: str) -> None:
    chat = Chat(world=world(tasks=(RUNNING,)))
    chat.say("invoice report for last year")
    (order,) = chat.say(words).acts
    assert isinstance(order, Order)
    assert (order.verb, order.task_ids) == ("why", (7,))


def test_a_candidate_that_is_behind_in_nothing_fits_less_as_a_whole() -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    assert chat.state.open is not None
    assert chat.state.open.request is not None
    beside(chat, "twin", 0.4, **chat.state.open.request.found.parts)
    chat.say("why this one?")
    assert told(chat)["Next best"] == "Twin, 40 % | taken together it fits less"


def test_that_something_was_not_understood_is_said_once() -> None:
    chat = Chat()
    chat.say("sing me a song about ducks")
    chat.say("quack quack quack")
    assert chat.text.count("I did not understand that.") == 1
