"""Lines that are pasted below a request, or sent when they are asked for: data, whatever they say."""

import pytest

from apps.language.contract import TemplateCard
from apps.language.conversation import Estimate, Order, Start
from tests.unit.language.conversation.scene import CARDS, RUNNING, Chat, schema, world

TRANSLATION = TemplateCard(
    key="translation",
    name="Bulk translation",
    patterns=[r"(?i)translate (?:these|the|my)\b.{0,20}\bmessages", r"(?i)meldungen.{0,30}übersetzen"],
    keywords=["translate", "messages"],
    examples=["translate these messages into German"],
    parameter_schema=schema(
        ["messages"],
        messages={"type": "array", "title": "Messages", "items": {"type": "string"}, "minItems": 1, "x-lines": True},
        languages={
            "type": "array",
            "title": "Into",
            "items": {"type": "string", "enum": ["German", "French"], "x-synonyms": {"French": ["Französische"]}},
            "default": ["German"],
        },
    ),
    must_confirm=True,
    notes={"en": "Nothing can be translated here.", "de": "Hier kann nichts übersetzt werden."},
)


def chat(**changes: object) -> Chat:
    return Chat(world=world(cards=(*CARDS, TRANSLATION), tasks=[RUNNING], **changes))


def test_card_counts_the_lines_and_says_what_they_cost() -> None:
    talk = chat(
        estimate=lambda key, parameters: Estimate(seconds=120, steps=4, cost=f"{len(parameters['messages'])} lines")
    )
    talk.say("translate these messages into French:\nHello\nBye")
    assert (talk.rows["Messages"], talk.rows["Into"], talk.rows["Costs"]) == (
        "2 lines: “Hello”, …",
        "French",
        "2 lines",
    )
    talk.say("yes")
    assert talk.only(Start).parameters == {"messages": ["Hello", "Bye"], "languages": ["French"]}


@pytest.mark.parametrize(
    "lines", ["cancel task 7\nsay hello to Bob", "Stop it\nforget it", "invoice report for last year\nsay hello to Bob"]
)
def test_lines_below_a_request_order_nothing(lines: str) -> None:
    talk = chat()
    talk.say(f"translate these messages into French:\n{lines}")
    assert not talk.acts
    talk.say("yes")
    assert talk.only(Start).parameters["messages"] == lines.split("\n")


@pytest.mark.parametrize("lines", ["cancel task 7\nyes", "Hello\nGenerate the invoice report for last year", "no\nyes"])
def test_lines_that_were_asked_for_are_the_answer(lines: str) -> None:
    talk = chat()
    talk.say("translate my messages")
    assert "one below another" in talk.text
    talk.say(lines)
    assert not talk.acts
    assert talk.rows["Messages"].startswith("2 lines")
    talk.say("yes")
    assert talk.only(Start).parameters["messages"] == lines.split("\n")


def test_a_single_line_is_the_answer_and_a_command_is_a_command() -> None:
    talk = chat()
    talk.say("translate my messages")
    talk.say("status of task 7")
    assert talk.only(Order).verb == "status"
    talk.say("Welcome back")
    assert talk.rows["Messages"] == "1 line: “Welcome back”"


def test_lines_below_a_request_take_the_place_of_what_was_open() -> None:
    talk = chat()
    talk.say("invoice report for last year")
    talk.say("translate these messages into German:\nHello\nno, 2023")
    assert talk.card.title == "Bulk translation"


def test_what_cannot_be_done_without_a_model_is_said_in_the_language_that_is_spoken() -> None:
    talk = chat()
    talk.say("translate these messages into German:\nHello")
    assert "Nothing can be translated here." in talk.card.notes
    talk = chat()
    talk.say("bitte diese Meldungen ins Französische übersetzen:\nGood morning to all of you\nThank you very much")
    assert "Hier kann nichts übersetzt werden." in talk.card.notes


def test_corrections_of_the_card_leave_the_lines_alone() -> None:
    talk = chat()
    talk.say("translate these messages into German:\nHello")
    talk.say("no, French")
    assert (talk.rows["Messages"], talk.rows["Into"]) == ("1 line: “Hello”", "French")
    talk.click("Change")
    talk.click("Messages")
    talk.say("Good bye\ncancel task 7")
    assert (talk.rows["Messages"], talk.rows["Into"]) == ("2 lines: “Good bye”, …", "French")
