"""What docs/chat/talking.md says about conversations is what happens."""

import re

import pytest

from apps.language import commands
from apps.language.conversation import Start
from tests.unit.docs.pages import page, rows, section
from tests.unit.language.conversation.scene import Chat
from tests.unit.language.evaluation import message

PAGE = page("docs/chat/talking.md")
VERBS = [
    "help",
    "list",
    "schedules",
    "queue",
    "status",
    "why",
    "pause",
    "resume",
    "cancel",
    "retry",
    "subscribe",
    "unsubscribe",
    "approve",
    "reject",
]
LANGUAGES = ("en", "de", "ru", "es", "fr")


def table(heading: str) -> list[list[str]]:
    return [list(row) for row in rows(section(PAGE, heading))]


def started(chat: Chat) -> str:
    chat.say("yes")
    period = chat.only(Start).parameters["period"]
    return f"{period['start']} to {period['end']}"


@pytest.mark.parametrize("row", table("## From a sentence to a start"))
def test_every_answer_does_what_the_page_says(row: list[str]) -> None:
    said, then = row
    for words in said.removesuffix(", or the button").split(", "):
        chat = Chat()
        if then != "the card":
            chat.say("invoice report for last year")
        chat.say(words)
        opened = chat.state.open
        shown = {"it starts": len(chat.acts) == 1, "the card": opened is not None and opened.kind == "card",
                 "you choose what is to be different": opened is not None and opened.kind == "slot"}  # fmt: skip
        assert shown.get(then, opened is None and not chat.acts), words


@pytest.mark.parametrize("row", table("## Corrections"))
def test_corrections_are_understood(row: list[str]) -> None:
    chat = Chat()
    chat.say(row[0])
    chat.say(row[1])
    assert started(chat) == row[2]


@pytest.mark.parametrize("row", table("## The same again"))
def test_follow_ups_are_understood(row: list[str]) -> None:
    chat = Chat()
    chat.say("invoice report for February 2025")
    chat.say("yes")
    chat.say(row[0])
    assert started(chat) == row[1]


@pytest.mark.parametrize("row", table("## Several at once, and again and again"))
def test_several_and_repeated_requests_are_told_apart(row: list[str]) -> None:
    chat = Chat()
    chat.say(row[0])
    assert chat.card.title == "Invoice report"
    assert (
        bool(chat.state.waiting),
        bool(chat.card.rows[0].label in ("When", "Wann", "Когда", "Cuándo", "Quand")),
    ) == (
        row[1] == "one card after the other",
        row[1] == "a draft",
    )


@pytest.mark.parametrize(("verb", "row"), list(zip(VERBS, table("## Commands"), strict=True)))
def test_commands_are_understood_in_every_language(verb: str, row: list[str]) -> None:
    for language, said in zip(LANGUAGES, row, strict=True):
        found = commands.recognise(message(said))
        numbers = tuple(int(number) for number in re.findall(r"\d+", said))
        assert found is not None and (found.verb, found.language, found.ids) == (verb, language, numbers), said
