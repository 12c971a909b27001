"""A report about days that are still to come is confirmed first, and its card says so."""

from dataclasses import replace

import pytest

from apps.language.conversation import Start
from tests.unit.language.conversation.scene import PERIOD, REPORT, Chat, world

FREE = replace(REPORT, must_confirm=False)


@pytest.mark.parametrize(("said", "note"), [
    ("invoice report from 1990 to 2090", "A part of the period lies in the future"),
    ("invoice report from 15 November 2026 to 15 December 2026", "A part of the period lies in the future"),
    ("invoice report for next year", "The period lies in the future"),
    ("invoice report for January 2027", "The period lies in the future"),
    ("Rechnungsbericht für nächstes Jahr", "Der Zeitraum liegt in der Zukunft"),
    ("отчёт по счетам за следующий год", "Этот период ещё впереди"),
    ("informe de facturas del próximo año", "El período está en el futuro"),
    ("rapport de factures de l'année prochaine", "La période est à venir"),
])  # fmt: skip
def test_days_to_come_are_told_and_confirmed(said: str, note: str) -> None:
    chat = Chat(world=world(cards=[FREE]))
    chat.say(said)
    assert chat.acts == () and chat.card.notes[0].startswith(note)
    chat.say("start")
    assert isinstance(chat.only(Start), Start)


@pytest.mark.parametrize("said", [
    "invoice report for this year", "invoice report for 2026", "invoice report for this month",
    "invoice report for this week", "invoice report for Q4 2026", "invoice report for last year",
    "invoice report since March 2026", "invoice report year to date",
])  # fmt: skip
def test_the_period_that_is_under_way_starts(said: str) -> None:
    chat = Chat(world=world(cards=[FREE]))
    chat.say(said)
    assert isinstance(chat.only(Start), Start)


def test_days_to_come_that_answer_a_question_are_told_too_and_a_correction_ends_it() -> None:
    chat = Chat(world=world(cards=[FREE]))
    chat.say("invoice report")
    chat.say("next year")
    assert "future" in chat.card.notes[0]
    chat.say("no, last year")
    assert not any("future" in note for note in chat.card.notes)


def test_template_that_speaks_of_days_to_come_is_meant_for_them() -> None:
    ahead = {
        **PERIOD,
        "properties": {name: {**day, "x-looks": "forward"} for name, day in PERIOD["properties"].items()},
    }
    schema = {**FREE.parameter_schema, "properties": {"period": ahead}}
    for card in (replace(FREE, examples=["invoice report for next month"]), replace(FREE, parameter_schema=schema)):
        chat = Chat(world=world(cards=[card]))
        chat.say("invoice report for next year")
        assert isinstance(chat.only(Start), Start)
