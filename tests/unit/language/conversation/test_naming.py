"""A name that fits several clients: one of them, or all of them together."""

from dataclasses import replace

import pytest

from apps.language import wording
from apps.language.contract import Choice
from apps.language.conversation import Start, naming
from tests.unit.language.conversation.scene import CARDS, CLIENTS, DOSSIER, Chat, schema, world

OSLO, GRAZ = "Northwind Trading, Oslo", "Northwind Energy, Graz"
DOSSIERS = replace(
    DOSSIER,
    key="dossiers",
    name="Client dossiers",
    patterns=[r"(?i)dossiers"],
    parameter_schema=schema(
        ["clients"],
        clients={
            "type": "array",
            "title": "Clients",
            "items": {"type": "string", "x-lookup": "clients"},
            "minItems": 1,
        },
    ),
    cost="",
)
HARMLESS = replace(DOSSIER, cost="")


def asked(chat: Chat) -> Chat:
    chat.say("client dossier for Northwind")
    return chat


@pytest.mark.parametrize("words", ["both", "Both, two tasks", "both of them", "3"])
def test_both_are_two_tasks_where_the_place_takes_one(words: str) -> None:
    chat = asked(Chat())
    assert chat.labels == [OSLO, GRAZ, "Both, two tasks"]
    chat.say(words)
    assert chat.text.startswith("2 requests. One after the other:")
    assert chat.rows["Client"] == OSLO
    first = chat.click("Start").acts
    assert [each.parameters["client"] for each in first if isinstance(each, Start)] == [OSLO]
    assert chat.rows["Client"] == GRAZ
    second = chat.click("Start").acts
    assert [each.parameters["client"] for each in second if isinstance(each, Start)] == [GRAZ]
    assert first[0].request_key != second[0].request_key
    assert chat.state.open is None
    assert not chat.state.queued


@pytest.mark.parametrize(
    ("locale", "label", "words"),
    [
        ("de", "Beide, zwei Aufgaben", "beide"),
        ("ru", "Оба, две задачи", "оба"),
        ("es", "Ambos, dos tareas", "ambos"),
        ("fr", "Les deux, deux tâches", "les deux"),
    ],
)
def test_both_is_understood_and_offered_in_five_languages(locale: str, label: str, words: str) -> None:
    chat = asked(Chat(locale=locale, state=replace(Chat().state, language=locale)))
    chat.say(words)
    assert chat.rows["Client"] == OSLO
    assert len(chat.state.queued) == 1
    chat.say({"de": "vergiss es", "ru": "забудь", "es": "olvídalo", "fr": "laisse tomber"}[locale])
    assert not chat.state.queued
    with wording.speaking(locale):
        assert naming.which("client", "northwind", CLIENTS[:2]).choices[-1].label == label


def test_harmless_ones_start_both_at_once() -> None:
    chat = asked(Chat(world=world(cards=(HARMLESS,))))
    started = [each for each in chat.say("both").acts if isinstance(each, Start)]
    assert [each.parameters["client"] for each in started] == [OSLO, GRAZ]
    assert len({each.request_key for each in started}) == 2


def test_who_leaves_one_is_still_asked_about_the_other_and_forgets_both_at_once() -> None:
    chat = asked(Chat())
    chat.say("both")
    chat.click("Not this")
    assert chat.rows["Client"] == GRAZ
    chat = asked(Chat())
    chat.say("both")
    chat.say("forget it")
    assert chat.state.open is None
    assert not chat.state.queued


def test_another_request_in_between_leaves_what_was_queued() -> None:
    chat = asked(Chat())
    chat.say("both")
    chat.say("invoice report for 2024")
    assert not chat.state.queued


def test_one_of_two_is_one_task_as_before() -> None:
    chat = asked(Chat())
    chat.click(GRAZ)
    assert chat.rows["Client"] == GRAZ
    assert not chat.state.queued


def test_three_are_all_three_and_many_are_not_offered_together() -> None:
    def found(number: int) -> Chat:
        names = [Choice(label=f"Acme {n}", value=f"A{n}") for n in range(number)]
        return asked(Chat(world=world(cards=(HARMLESS,), lookup=lambda kind, words: names)))

    chat = found(3)
    assert chat.labels[-1] == "All 3, 3 tasks"
    assert len(chat.say("all three").acts) == 3
    assert found(6).labels == [f"Acme {n}" for n in range(6)]


def test_both_says_nothing_where_nothing_is_offered_together() -> None:
    chat = Chat()
    chat.say("client dossier")
    chat.say("both")
    assert chat.turn.acts == ()
    assert "find nothing named “both”" in chat.text


def test_a_list_takes_both_and_keeps_the_other_names() -> None:
    chat = Chat(world=world(cards=(*CARDS, DOSSIERS)))
    chat.say('make the dossiers for "Acme", "northwind" and "Beta"')
    assert chat.labels == [OSLO, GRAZ, "Both"]
    assert chat.say("both").acts[0].parameters == {"clients": ["Acme", OSLO, GRAZ, "Beta"]}


def test_a_list_takes_one_of_two_too() -> None:
    chat = Chat(world=world(cards=(*CARDS, DOSSIERS)))
    chat.say('make the dossiers for "Acme", "northwind"')
    assert chat.click(GRAZ).acts[0].parameters == {"clients": ["Acme", GRAZ]}


def test_a_list_that_is_asked_for_takes_names_with_and_between() -> None:
    chat = Chat(world=world(cards=(*CARDS, DOSSIERS)))
    chat.say("make the dossiers")
    assert chat.say("Acme and Beta").acts[0].parameters == {"clients": ["Acme", "Beta"]}


def test_an_unknown_name_in_a_list_is_asked_with_all_of_them() -> None:
    chat = Chat(world=world(cards=(*CARDS, DOSSIERS)))
    chat.say('make the dossiers for "Acme", "Nobody"')
    assert "I find nothing named “Nobody”. Name all of them once more." in chat.text
    assert chat.say("Acme, Beta").acts[0].parameters == {"clients": ["Acme", "Beta"]}
    assert [each.value for each in CLIENTS[2:]] == ["Acme", "Beta"]
