"""What a person said and no parameter took is told on a card before the start: limits, names, numbers, days."""

from dataclasses import replace

import pytest

from apps.language.conversation import DraftSchedule, Start
from tests.unit.language.conversation.scene import DOSSIER, GREETING, REPORT, Chat, world

FREE = replace(
    REPORT, must_confirm=False, description="Reads the invoices of a period.",
    keywords=["invoice", "report", "overdue", "revenue"],
    parameter_schema={
        **REPORT.parameter_schema,
        "properties": {
            name: place for name, place in REPORT.parameter_schema["properties"].items() if name != "statuses"
        },
    },
)  # fmt: skip
WORLD = world(cards=[FREE, GREETING, DOSSIER])

LOST = """
invoice report for last month only overdue | only overdue
invoice report for last month, overdue only | overdue only
invoice report for 2024 in Germny | in Germny
invoice report for 2024 in germny | in germny
invoice report for 2024, country DE, at most 10 | DE … at most 10
invoice report for 2024 but not for Acme | but not for Acme
invoice report for 2024 without charts | without charts
invoice report for 2024 for "Blue Cheese" | for "Blue Cheese"
invoice report for 2024 above 500 euros | above 500 euros
invoice report for 2024 of client V-1001 | of client V-1001
invoice report for 2024 as XLSX | XLSX
say hello to bob | to bob
say hello to the whole team | to the whole team
greet everybody | greet everybody
invoice report for 2024 as pdf for customers only | customers only
say hello to Bob tomorrow | tomorrow
say hello to Bob at 9 | at 9
Rechnungsbericht für 2024 in Deutschland | in Deutschland
Rechnungsbericht für 2024 in Berlin | in Berlin
invoice report for 2024 in berlin | in berlin
Rechnungsbericht vom 1.3. bis 15.4.2025 ohne Dienstleistungen | ohne Dienstleistungen
Rechnungsbericht für letztes Jahr nur überfällige | nur überfällige
отчёт по счетам за 2024 для Германии | для Германии
отчёт по счетам за прошлый год только просроченные | только просроченные
informe de facturas de 2024 para Alemania | para Alemania
informe de facturas del año pasado solo vencidas | solo vencidas
rapport de factures de 2024 pour l'Allemagne | pour l'Allemagne
rapport de factures de 2024 sauf Acme | sauf Acme
"""
STARTED = """
please could you quickly run the invoice report for last year for me, thanks
I only need the invoice report for last year
just the invoice report for 2024 as csv
Could you make us a nice detailed invoice report of our revenue for 2024?
INVOICE REPORT FOR 2024
“invoice report for last year”
say hello to Bob twice, please
greet Bob
invoice report for 2024 as csv file only
Hi Chantilly, invoice report for last year, thanks Bob
Hallo Chantilly, Rechnungsbericht für letztes Jahr, danke Jürgen
Erstelle mir bitte schnell den Rechnungsbericht über alle Rechnungen für letztes Jahr
nur den Rechnungsbericht für 2024
сделай пожалуйста отчёт по счетам за прошлый год
por favor, hazme el informe de facturas de 2024 en csv
s'il vous plaît, fais-moi le rapport de factures de 2024
"""


@pytest.mark.parametrize(
    ("said", "left"), [[cell.strip() for cell in line.split("|")] for line in LOST.strip().splitlines()]
)
def test_what_found_no_place_is_told_and_nothing_is_started(said: str, left: str) -> None:
    chat = Chat(world=WORLD)
    chat.say(said)
    assert chat.acts == ()
    (note,) = chat.card.notes
    assert left in note
    chat.say("start")
    assert [type(act) for act in chat.acts] == [Start]


@pytest.mark.parametrize("said", STARTED.strip().splitlines())
def test_politeness_and_the_templates_own_words_start_as_ever(said: str) -> None:
    chat = Chat(world=WORLD)
    chat.say(said)
    assert [type(act) for act in chat.acts] == [Start], chat.text


def test_card_of_a_template_that_is_always_confirmed_tells_it_too() -> None:
    chat = Chat()
    chat.say("invoice report for 2024 in Germany")
    assert "in Germany" in chat.card.notes[0]


def test_it_is_told_after_what_was_missing_has_been_asked() -> None:
    chat = Chat(world=WORLD)
    chat.say("invoice report in Germany")
    chat.say("last year")
    assert "Germany" in chat.card.notes[0] and chat.acts == ()


def test_draft_of_a_schedule_tells_it() -> None:
    chat = Chat(world=WORLD)
    chat.say("every Monday at 9 say hello to bob")
    assert "to bob" in chat.card.notes[0]
    chat.say("yes")
    assert isinstance(chat.only(DraftSchedule), DraftSchedule)


def test_correction_that_gives_it_a_place_takes_the_note_away() -> None:
    chat = Chat(world=WORLD)
    chat.say("say hello to bob")
    chat.say("no, Bob")
    assert (chat.rows["Name"], chat.card.notes) == ("Bob", ())
