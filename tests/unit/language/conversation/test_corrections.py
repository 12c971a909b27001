""" "No, 2023": what the words fit is replaced; where two places fit it is asked; a part of a date moves only that part."""

from dataclasses import replace

import pytest

from apps.language.contract import TemplateCard
from apps.language.conversation import Start
from tests.unit.language.conversation.scene import PERIOD, REPORT, STATUSES, Chat, schema, world

# before | said | the period that the card then shows
PERIODS = """
invoice report for last year | no, 2023 | 2023-01-01 2023-12-31
invoice report for March 2025 | no, 2023 | 2023-03-01 2023-03-31
invoice report for Q1 2025 | no, I meant 2024 | 2024-01-01 2024-03-31
invoice report for February 2025 | 2024 | 2024-02-01 2024-02-29
invoice report for February 2024 | no, March | 2024-03-01 2024-03-31
invoice report for 2024 | rather April | 2024-04-01 2024-04-30
invoice report for last year | not last year, this year | 2026-01-01 2026-12-31
invoice report for March 2025 | make it last year | 2025-01-01 2025-12-31
invoice report for last year | sorry, last month | 2026-10-01 2026-10-31
Rechnungsbericht für 2024 | nein, März | 2024-03-01 2024-03-31
Rechnungsbericht für letztes Jahr | nein, 2023 | 2023-01-01 2023-12-31
Rechnungsbericht für letztes Jahr | nein, ich meinte letzten Monat | 2026-10-01 2026-10-31
отчёт по счетам за 2024 | нет, за прошлый год | 2025-01-01 2025-12-31
отчёт по счетам за март 2024 | нет, 2023 | 2023-03-01 2023-03-31
informe de facturas de 2024 | no, el año pasado | 2025-01-01 2025-12-31
informe de facturas de marzo de 2024 | no, 2023 | 2023-03-01 2023-03-31
rapport de factures de 2024 | non, en mars | 2024-03-01 2024-03-31
rapport de factures de 2024 | non, l'année dernière | 2025-01-01 2025-12-31
"""
FORMATS = """
invoice report for 2024 | no, as csv
invoice report for 2024 | as csv
invoice report for 2024 | csv instead
invoice report for 2024 as pdf | not pdf, csv
invoice report for 2024 as pdf | change pdf to csv
Rechnungsbericht für 2024 | nein, als CSV
Rechnungsbericht für 2024 | nicht pdf, sondern csv
отчёт по счетам за 2024 | нет, в csv
отчёт по счетам за 2024 | не pdf, а csv
informe de facturas de 2024 | no, en CSV
informe de facturas de 2024 | no pdf, sino csv
rapport de factures de 2024 | non, en CSV
rapport de factures de 2024 | pas pdf, mais csv
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


@pytest.mark.parametrize(("before", "said", "period"), rows(PERIODS))
def test_corrected_period_moves_at_its_grain(before: str, said: str, period: str) -> None:
    chat = Chat()
    chat.say(before)
    chat.say(said)
    assert chat.card.title == "Invoice report" and chat.acts == ()
    chat.say("yes")
    start, end = period.split()
    assert chat.only(Start).parameters["period"] == {"start": start, "end": end}


@pytest.mark.parametrize(("before", "said"), rows(FORMATS))
def test_corrected_choice_leaves_the_rest(before: str, said: str) -> None:
    chat = Chat()
    chat.say(before)
    chat.say(said)
    chat.say("yes")
    start = chat.only(Start)
    assert (start.parameters["format"], start.parameters["period"]["start"]) == ("csv", "2024-01-01")


def test_correction_in_the_middle_of_a_question_is_kept() -> None:
    chat = Chat()
    chat.say("invoice report as pdf")
    chat.say("no, as csv")
    assert "which period" in chat.text
    chat.say("last year")
    assert chat.rows["Format"] == "csv"


def test_several_values_are_corrected_at_once() -> None:
    chat = Chat()
    chat.say("invoice report for 2024")
    chat.say("no, March 2023, as csv, only overdue")
    assert chat.rows["Period"] == "Wed 1 March 2023 to Fri 31 March 2023"
    assert (chat.rows["Format"], chat.rows["Statuses"]) == ("csv", "overdue")


def test_name_is_replaced_by_the_one_that_was_meant() -> None:
    for said in ("not Acme, Beta", "no, Beta", "Beta, not Acme", "nicht Acme, sondern Beta", "не Acme, а Beta"):
        chat = Chat()
        chat.say("client dossier for Acme")
        chat.say(said)
        assert "Beta" in [row.value for row in chat.card.rows], said


def test_name_that_two_have_is_asked() -> None:
    chat = Chat()
    chat.say("client dossier for Acme")
    chat.say("no, Northwind")
    assert chat.labels == ["Northwind Trading, Oslo", "Northwind Energy, Graz", "Both, two tasks"]
    chat.say("1")
    assert chat.rows["Client"] == "Northwind Trading, Oslo"


PARCEL = TemplateCard(
    key="parcel", name="Parcel", patterns=[r"(?i)^send a parcel"], keywords=["parcel"], examples=["send a parcel"],
    must_confirm=True,
    parameter_schema=schema(
        [],
        width={"type": "integer", "title": "Width", "default": 10},
        height={"type": "integer", "title": "Height", "default": 20},
        pickup={"type": "string", "format": "date", "title": "Pick-up", "default": "2026-12-01"},
        arrival={"type": "string", "format": "date", "title": "Arrival", "default": "2026-12-05"},
    ),
)  # fmt: skip


@pytest.mark.parametrize(("said", "pick", "path", "value"), [
    ("no, 30", "Height", "height", 30),
    ("no, 30", "1", "width", 30),
    ("no, 12 December 2026", "Arrival", "arrival", "2026-12-12"),
])  # fmt: skip
def test_value_that_two_places_fit_is_asked_for_its_place(said: str, pick: str, path: str, value: object) -> None:
    chat = Chat(world=world(cards=[PARCEL]))
    chat.say("send a parcel")
    chat.say(said)
    assert chat.acts == ()
    assert len(chat.labels) == 2
    chat.say(pick)
    chat.say("yes")
    assert chat.only(Start).parameters[path] == value


def test_named_place_needs_no_question() -> None:
    chat = Chat(world=world(cards=[PARCEL]))
    chat.say("send a parcel")
    chat.say("no, height 30")
    assert (chat.rows["Height"], chat.rows["Width"]) == ("30", "10")


def test_change_asks_what_and_then_the_value() -> None:
    chat = Chat()
    chat.say("invoice report for 2024")
    chat.click("Change")
    assert chat.labels == ["Period", "Statuses", "Format"]
    chat.click("Format")
    assert chat.labels == ["pdf", "csv"]
    chat.click("csv")
    assert chat.rows["Format"] == "csv"


def test_correction_that_fits_nothing_asks_what_is_meant() -> None:
    chat = Chat()
    chat.say("invoice report for 2024")
    chat.say("no, with gherkins")
    assert "What is to be different" in chat.text and chat.acts == ()


def test_words_that_found_no_place_are_said() -> None:
    chat = Chat()
    chat.say("invoice report for 2024")
    chat.say("no, 2023 with gherkins")
    assert chat.card.notes[0] == "I could not place “gherkins”. It changes nothing."


def test_other_talk_is_no_correction() -> None:
    chat = Chat()
    chat.say("invoice report for 2024")
    for text in ("the weather in March was nice", "what about the 2023 elections", "hmm"):
        chat.say(text)
        assert chat.rows["Period"] == "Mon 1 January 2024 to Tue 31 December 2024"


def test_two_periods_in_one_template_are_told_apart() -> None:
    both = replace(REPORT, parameter_schema=schema(["period", "before"], period=PERIOD, before={**PERIOD, "title": "Before"},
                                                   statuses=STATUSES))  # fmt: skip
    chat = Chat(world=world(cards=[both]))
    chat.say("invoice report for 2024")
    chat.say("2023")
    chat.say("no, 2022")
    assert chat.labels == ["Period", "Before"]
    chat.say("Before")
    assert chat.rows["Before"] == "Sat 1 January 2022 to Sat 31 December 2022"
