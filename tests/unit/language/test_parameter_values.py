"""Values in five languages: numbers, money, percent, durations, truths, choices, lists, addresses, moments."""

from datetime import date, datetime
from typing import Any

import pytest

from apps.language import dates
from apps.language.dates import Context
from apps.language.parameters import Values, read

CONTEXT = Context(today=date(2026, 11, 21))
LIMIT = {"limit": {"type": "number", "x-names": ["Grenze", "предел", "límite", "limite"]}}
ROWS = {"rows": {"type": "integer", "x-names": ["Zeilen", "строк", "filas", "lignes"]}}
AMOUNT = {"amount": {"type": "number", "x-quantity": "money"}, "currency": {"enum": ["EUR", "USD", "RUB", "GBP"]}}
SHARE = {"discount": {"type": "number"}}
WAIT = {"wait": {"type": "string", "x-quantity": "duration"}}
SERVICES = {"includeServices": {"type": "boolean", "x-names": ["Leistungen", "услуги", "servicios", "prestations"]}}
FORMAT = {
    "format": {
        "enum": ["summary", "detailed"],
        "x-synonyms": {
            "summary": ["Zusammenfassung", "kurz", "сводка", "кратко", "resumen", "résumé"],
            "detailed": ["ausführlich", "подробный", "подробно", "detallado", "détaillé"],
        },
    }
}
CLIENTS = {
    "clients": {
        "type": "array",
        "items": {
            "type": "string",
            "enum": ["active", "inactive", "prospect"],
            "x-synonyms": {
                "active": ["aktive", "активные", "activos", "actifs"],
                "inactive": ["inaktive", "неактивные", "inactivos", "inactifs"],
                "prospect": ["interessenten", "потенциальные", "potenciales", "prospects"],
            },
        },
        "default": ["active"],
        "x-names": ["Kunden", "клиенты", "clientes", "clients"],
    }
}


def reading(text: str, properties: Any, locale: str = "en", **options: Any) -> Values:
    schema = {"type": "object", "properties": properties}
    return read(text, schema, dates.find(text, CONTEXT), locale, **options)


@pytest.mark.parametrize(
    ("properties", "text", "parameters"),
    [
        (LIMIT, "with a limit of 1,250.5", {"limit": 1250.5}),
        (LIMIT, "limit 20k", {"limit": 20000}),
        (LIMIT, "limit twenty-five", {"limit": 25}),
        (LIMIT, "limit 2.5 million", {"limit": 2.5e6}),
        (LIMIT, "mit der Grenze 1.250,5", {"limit": 1250.5}),
        (LIMIT, "bitte mit Grenze: 3 Mio", {"limit": 3e6}),
        (LIMIT, "пожалуйста, предел 1 250,5", {"limit": 1250.5}),
        (LIMIT, "нам нужен предел 20 тыс", {"limit": 20000}),
        (LIMIT, "con el límite de 1.250,5", {"limit": 1250.5}),
        (LIMIT, "avec la limite de 1 250,5", {"limit": 1250.5}),
        (LIMIT, "limit 20%", {}),
        (ROWS, "the first 50 rows", {"rows": 50}),
        (ROWS, "two hundred rows", {"rows": 200}),
        (ROWS, "a dozen rows", {"rows": 12}),
        (ROWS, "bitte fünfundzwanzig Zeilen", {"rows": 25}),
        (ROWS, "двадцать пять строк, пожалуйста", {"rows": 25}),
        (ROWS, "treinta y dos filas, por favor", {"rows": 32}),
        (ROWS, "soixante-douze lignes", {"rows": 72}),
        (AMOUNT, "pay €1,250.50", {"amount": 1250.5, "currency": "EUR"}),
        (AMOUNT, "pay 1250 USD", {"amount": 1250.0, "currency": "USD"}),
        (AMOUNT, "pay $3k now", {"amount": 3000.0, "currency": "USD"}),
        (AMOUNT, "bitte 1.234,56 € zahlen", {"amount": 1234.56, "currency": "EUR"}),
        (AMOUNT, "zahle uns 500 Euro und nicht mehr", {"amount": 500.0, "currency": "EUR"}),
        (AMOUNT, "счёт на 1 234,56 руб.", {"amount": 1234.56, "currency": "RUB"}),
        (AMOUNT, "счёт на 5 тыс рублей", {"amount": 5000.0, "currency": "RUB"}),
        (AMOUNT, "la factura de 1.234,56 euros", {"amount": 1234.56, "currency": "EUR"}),
        (AMOUNT, "une facture de 1 234,56 €", {"amount": 1234.56, "currency": "EUR"}),
        (AMOUNT, "invoices of 2024", {}),
        (AMOUNT, "3 invoices", {}),
        (SHARE, "with 15% off", {"discount": 15.0}),
        (SHARE, "with 7.5 percent", {"discount": 7.5}),
        (SHARE, "mit 7,5 Prozent für die Kunden", {"discount": 7.5}),
        (SHARE, "скидка 10 процентов", {"discount": 10.0}),
        (SHARE, "con un 10 por ciento", {"discount": 10.0}),
        (SHARE, "avec 10 pour cent", {"discount": 10.0}),
        (WAIT, "wait 90 minutes", {"wait": "PT90M"}),
        (WAIT, "wait for 2 hours and 30 minutes", {"wait": "PT2H30M"}),
        (WAIT, "wait half an hour", {"wait": "PT30M"}),
        (WAIT, "wait an hour", {"wait": "PT1H"}),
        (WAIT, "wait 1.5 hours", {"wait": "PT1H30M"}),
        (WAIT, "warte bitte drei Tage", {"wait": "P3D"}),
        (WAIT, "подожди два часа", {"wait": "PT2H"}),
        (WAIT, "подожди полчаса", {"wait": "PT30M"}),
        (WAIT, "espera dos semanas", {"wait": "P2W"}),
        (WAIT, "attends deux heures et 15 minutes", {"wait": "PT2H15M"}),
        (WAIT, "wait for me", {}),
        (SERVICES, "without services", {"includeServices": False}),
        (SERVICES, "bitte ohne Leistungen", {"includeServices": False}),
        (SERVICES, "mit allen Leistungen", {"includeServices": True}),
        (SERVICES, "отчёт без услуг", {"includeServices": False}),
        (SERVICES, "включая услуги", {"includeServices": True}),
        (SERVICES, "sin servicios", {"includeServices": False}),
        (SERVICES, "con los servicios", {"includeServices": True}),
        (SERVICES, "sans les prestations", {"includeServices": False}),
        (SERVICES, "avec prestations", {"includeServices": True}),
        (SERVICES, "unsere Leistungen", {}),
        (FORMAT, "als Zusammenfassung", {"format": "summary"}),
        (FORMAT, "ausfürlich bitte", {"format": "detailed"}),
        (FORMAT, "кратко, пожалуйста", {"format": "summary"}),
        (FORMAT, "un resumen", {"format": "summary"}),
        (FORMAT, "un rapport détaillé", {"format": "detailed"}),
        (CLIENTS, "für inaktive Kunden", {"clients": ["inactive"]}),
        (CLIENTS, "nur aktive und inaktive Kunden", {"clients": ["active", "inactive"]}),
        (CLIENTS, "bitte alle Kunden", {"clients": ["active", "inactive", "prospect"]}),
        (CLIENTS, "bitte alle Kunden ohne inaktive", {"clients": ["active", "prospect"]}),
        (CLIENTS, "активные и неактивные клиенты", {"clients": ["active", "inactive"]}),
        (CLIENTS, "все клиенты", {"clients": ["active", "inactive", "prospect"]}),
        (CLIENTS, "clientes activos e inactivos", {"clients": ["active", "inactive"]}),
        (CLIENTS, "todos los clientes", {"clients": ["active", "inactive", "prospect"]}),
        (CLIENTS, "les clients actifs et inactifs", {"clients": ["active", "inactive"]}),
        (CLIENTS, "tous les clients sauf inactifs", {"clients": ["active", "prospect"]}),
        (CLIENTS, "einschließlich inaktive Kunden", {"clients": ["active", "inactive"]}),
        ({"to": {"type": "string", "format": "email"}}, "отправь на a.b@example.org, пожалуйста", {"to": "a.b@example.org"}),
    ],
)  # fmt: skip
def test_value_is_read_in_every_language(properties: Any, text: str, parameters: Any) -> None:
    assert reading(text, properties).parameters == parameters


@pytest.mark.parametrize(
    ("text", "choices"),
    [("pay 1.234 EUR", [1.234, 1234.0]), ("bitte 1,234 Euro für uns", [1.234, 1234.0]), ("5 EUR or 7 EUR", [5.0, 7.0])],
)
def test_amount_that_can_be_two_is_asked(text: str, choices: list[float]) -> None:
    values = reading(text, {"amount": AMOUNT["amount"]})
    assert values.parameters == {}
    assert [choice.value for choice in values.questions[0].choices] == choices


@pytest.mark.parametrize("text", ["between 100 and 500 EUR", "100-500 EUR", "over 500 EUR", "mehr als 500 Euro"])
def test_end_of_a_span_is_no_amount(text: str) -> None:
    assert reading(text, {"amount": AMOUNT["amount"]}).parameters == {}


def test_least_and_most_take_what_is_said_of_them() -> None:
    bounds = {name: {"type": "number", "x-quantity": "money"} for name in ("minAmount", "maxAmount")}
    assert reading("over 500 EUR", bounds).parameters == {"minAmount": 500.0}
    assert reading("under 500 EUR", bounds).parameters == {"maxAmount": 500.0}


MOMENT = {"at": {"type": "string", "format": "date-time"}}


@pytest.mark.parametrize(
    "text",
    ["tomorrow at 9:30", "morgen um 9:30 Uhr", "завтра в 9:30", "mañana a las 9:30", "demain à 9h30"],
)
def test_moment_is_read_in_the_zone_of_the_person(text: str) -> None:
    assert reading(text, MOMENT, zone="Europe/Berlin").parameters == {"at": "2026-11-22T09:30:00+01:00"}


def test_moment_without_a_time_is_asked_and_never_midnight() -> None:
    values = reading("tomorrow evening", MOMENT)
    assert values.parameters == {}
    assert [question.path for question in values.missing] == ["at"]


def test_moment_that_can_be_night_or_afternoon_must_be_confirmed() -> None:
    values = reading("tomorrow at 3", MOMENT)
    assert [doubt.kind for doubt in values.ambiguities if doubt.must_confirm] == ["half_day"]


def test_moment_and_period_of_one_sentence_go_to_their_places() -> None:
    day = {"type": "string", "format": "date"}
    values = reading("invoices of last month, send tomorrow at 9", {"start": day, "end": day, **MOMENT})
    assert values.parameters == {"start": "2026-10-01", "end": "2026-10-31", "at": "2026-11-22T09:00:00+00:00"}


def test_two_moments_take_both_times() -> None:
    values = reading(
        "from 1 December 2026 9:00 until 2 December 2026 17:30", {"start": MOMENT["at"], "end": MOMENT["at"]}
    )
    assert values.parameters == {"start": "2026-12-01T09:00:00+00:00", "end": "2026-12-02T17:30:00+00:00"}


def test_place_that_looks_forward_takes_the_day_to_come() -> None:
    text = "on 5 March"
    schema = {"type": "object", "properties": {"due": {"type": "string", "format": "date", "x-looks": "forward"}}}
    forward = dates.find(text, Context(today=CONTEXT.today, prefers_past=False))
    assert read(text, schema, dates.find(text, CONTEXT), forward=forward).parameters == {"due": "2027-03-05"}
    assert read(text, schema, dates.find(text, CONTEXT)).parameters == {"due": "2026-03-05"}


@pytest.mark.parametrize("text", ["settle it by 5 May 2026", "settle it until 5 May 2026", "settle it on 5 May 2026"])
def test_a_bound_fills_a_date_of_its_own_with_its_last_day(text: str) -> None:
    assert reading(text, {"due": {"type": "string", "format": "date"}}).parameters == {"due": "2026-05-05"}


def test_a_time_without_a_day_fills_a_moment_and_never_a_period() -> None:
    text = "run it in two hours"
    found = dates.find(text, Context(today=date(2026, 11, 21), now=datetime(2026, 11, 21, 10)))
    moment = read(text, {"type": "object", "properties": MOMENT}, found, "en")
    assert moment.parameters == {"at": "2026-11-21T12:00:00+00:00"}
    period = {"type": "object", "properties": {name: {"type": "string", "format": "date"} for name in ("start", "end")}}
    assert read(text, period, found, "en").parameters == {}
