"""Two requests with a plain "and" between them, and one request that says a thing twice."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from apps.language.conversation import Order, Start
from apps.language.evaluation.rows import read_cards
from tests.unit.language.conversation.scene import PERIOD, REPORT, RUNNING, Chat, schema, world

ANALYSIS = replace(
    REPORT,
    key="analysis",
    name="Client analysis",
    patterns=[
        r"(?i)client analysis",
        r"(?i)kundenanalyse",
        r"(?i)анализ клиентов",
        r"(?i)análisis de clientes",
        r"(?i)analyse des clients",
    ],
    keywords=["client", "analysis"],
    examples=["client analysis for last year"],
    parameter_schema=schema(["period"], period=PERIOD),
)
BOTH = [
    "invoice report for Q3 2025 and client analysis for Q3 2025",
    "Rechnungsbericht für Q3 2025 und Kundenanalyse für Q3 2025",
    "отчёт по счетам за 3 квартал 2025 и анализ клиентов за 3 квартал 2025",
    "informe de facturas del tercer trimestre de 2025 y análisis de clientes del tercer trimestre de 2025",
    "rapport de factures pour le T3 2025 et analyse des clients pour le T3 2025",
]
SUMMER = {"start": "2025-07-01", "end": "2025-09-30"}


def chat() -> Chat:
    return Chat(world=world(cards=(*world().cards, ANALYSIS), tasks=[RUNNING]))


@pytest.mark.parametrize("text", BOTH)
def test_requests_with_an_and_between_them_are_two(text: str) -> None:
    said = chat()
    said.say(text)
    for key in ("report", "analysis"):
        said.say("yes")
        act = said.only(Start)
        assert (act.template_key, act.parameters["period"]) == (key, SUMMER)
    assert said.state.open is None


def test_command_and_request_are_two() -> None:
    said = chat()
    said.say("pause task 7 and client analysis for 2025")
    assert said.only(Order).verb == "pause" and said.card.title == "Client analysis"


@pytest.mark.parametrize(
    "text",
    [
        "say hello to Alice and Bob",
        "invoice report for May and June 2025",
        "invoice report for last year and for this one",
        'greet "Alice and client analysis for 2025"',
        "cancel task 7 and 9",
    ],
)
def test_what_an_and_joins_otherwise_stays_one(text: str) -> None:
    said = chat()
    said.say(text)
    assert "requests. One after the other" not in said.text


@pytest.mark.parametrize("text", ["invoice report for Q3 2025, Q3 2025", "Rechnungsbericht für Q3 2025 für Q3 2025"])
def test_days_named_twice_are_one_period_and_nothing_is_asked(text: str) -> None:
    said = chat()
    said.say(text)
    assert said.rows["Period"] == "Tue 1 July 2025 to Tue 30 September 2025" or "1. Juli 2025" in said.rows["Period"]
    assert not said.card.notes


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("invoice report for 2023, 2025", "You named more than one period. Which one: "),
        ("Rechnungsbericht für 2023, für 2025", "Sie haben mehr als einen Zeitraum genannt. Welcher ist gemeint: "),
        ("отчёт по счетам за 2023, за 2025", "Названо несколько периодов. Какой имеется в виду: "),
        ("informe de facturas de 2023, de 2025", "Ha nombrado más de un período. ¿Cuál: "),
        ("rapport de factures de 2023, de 2025", "Vous avez nommé plus d’une période. Laquelle : "),
    ],
)
def test_two_periods_are_asked_about_in_words_of_the_language(text: str, asked: str) -> None:
    said = chat()
    said.say(text)
    assert asked in said.text and len(said.labels) == 2


def test_requests_that_are_only_near_are_two_as_well() -> None:
    folder = Path(__file__).parents[4] / "fixtures" / "templates"
    keys = ("invoice_report_v2", "client_analysis_v1", "hello", "slow_count")
    shipped = [json.dumps(json.loads((folder / key / "template.json").read_text(encoding="utf-8"))) for key in keys]
    said = Chat(world=world(cards=read_cards(shipped)))
    said.say("Rechnungsbericht für Q3 2025 und Kundenanalyse für Q3 2025")
    assert tuple(said.state.waiting) == ("Kundenanalyse für Q3 2025",)
    assert said.state.open and said.state.open.request and "Rechnungsbericht" in said.state.open.request.sentence


def test_long_message_is_not_read_again_for_every_and() -> None:
    said = chat()
    said.say(f"invoice report for last year {'x' * 400} and client analysis for last year")
    assert "requests. One after the other" not in said.text
