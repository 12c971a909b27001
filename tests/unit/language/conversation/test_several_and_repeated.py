"""Several requests in one message, and requests that are to be repeated."""

import pytest

from apps.language.conversation import DraftSchedule, Order, Start
from tests.unit.language.conversation.scene import RUNNING, Chat, world

SEVERAL = [
    "invoice report for last year and then client dossier for Acme",
    "invoice report for last year; client dossier for Acme",
    "invoice report for last year\nclient dossier for Acme",
    "invoice report for last year, after that client dossier for Acme",
    "Rechnungsbericht für letztes Jahr und dann client dossier for Acme",
    "отчёт по счетам за прошлый год, а затем client dossier for Acme",
    "informe de facturas del año pasado y luego client dossier for Acme",
    "rapport de factures de l'année dernière et puis client dossier for Acme",
]


@pytest.mark.parametrize("text", SEVERAL)
def test_each_request_of_a_message_has_its_own_card(text: str) -> None:
    chat = Chat()
    chat.say(text)
    assert chat.card.title == "Invoice report" and chat.acts == ()
    chat.say("yes")
    assert chat.only(Start).template_key == "report"
    assert chat.card.title == "Client dossier"
    chat.say("yes")
    assert chat.only(Start).template_key == "dossier"
    assert chat.state.open is None and not chat.state.waiting


def test_harmless_ones_are_confirmed_too_when_there_are_several() -> None:
    chat = Chat()
    chat.say("say hello to Alice; say hello to Bob")
    assert chat.acts == ()
    chat.say("yes")
    assert chat.only(Start).parameters["name"] == "Alice"
    chat.say("yes")
    assert chat.only(Start).parameters["name"] == "Bob"


def test_second_one_may_follow_on_from_the_first() -> None:
    chat = Chat()
    chat.say("invoice report for March 2025 and then the same for April")
    chat.say("yes")
    assert chat.rows["Period"] == "Tue 1 April 2025 to Wed 30 April 2025"


def test_not_this_goes_on_with_the_next_and_forget_it_leaves_all() -> None:
    chat = Chat()
    chat.say("invoice report for last year; client dossier for Acme")
    chat.say("not this")
    assert chat.card.title == "Client dossier"
    chat = Chat()
    chat.say("invoice report for last year; client dossier for Acme")
    chat.say("forget it")
    assert chat.state.open is None and not chat.state.waiting


def test_commands_are_parts_as_well() -> None:
    chat = Chat(world=world(tasks=[RUNNING]))
    chat.say("pause task 7 and then invoice report for last year")
    assert chat.only(Order).verb == "pause" and chat.card.title == "Invoice report"


@pytest.mark.parametrize(
    "text",
    ["invoice report for last year and then some", "invoice report; hmm", "if not now, then when", "a;b;c;d;e;f;g"],
)
def test_what_does_not_stand_alone_is_no_second_request(text: str) -> None:
    chat = Chat()
    chat.say(text)
    assert "requests. One after the other" not in chat.text


RULES = """
every Monday at 9 invoice report for last week | every Monday at 9
invoice report for last week every Monday at 9 | every Monday at 9
every day at 8:30 invoice report for yesterday | every day at 8:30
on the first of every month: invoice report for last month | on the first of every month
invoice report for last month on the 1st of every month at 7 | on the 1st of every month at 7
on weekdays at 6pm invoice report for today | on weekdays at 6pm
daily at 9 invoice report for yesterday | daily at 9
every other week invoice report for last week | every other week
jeden Montag um 9 Uhr Rechnungsbericht für letzte Woche | jeden Montag um 9 Uhr
Rechnungsbericht für letzten Monat am 1. jeden Monats | am 1. jeden Monats
montags um 8 Uhr Rechnungsbericht für letzte Woche | montags um 8 Uhr
каждый понедельник в 9 отчёт по счетам за прошлую неделю | каждый понедельник в 9
отчёт по счетам за прошлый месяц каждую пятницу в 18:00 | каждую пятницу в 18:00
cada lunes a las 9 informe de facturas de la semana pasada | cada lunes a las 9
todos los días a las 8:30 informe de facturas de ayer | todos los días a las 8:30
tous les lundis à 9h rapport de factures de la semaine dernière | tous les lundis à 9h
rapport de factures du mois dernier chaque mois | chaque mois
"""


@pytest.mark.parametrize("row", RULES.strip().splitlines())
def test_rule_is_kept_apart_from_the_request_as_a_draft(row: str) -> None:
    text, rule = (cell.strip() for cell in row.split("|"))
    chat = Chat()
    chat.say(text)
    assert chat.acts == () and chat.card.title == "Invoice report", chat.text
    assert chat.card.rows[0].value == rule
    chat.say("yes")
    draft = chat.only(DraftSchedule)
    assert (draft.rule, draft.template_key, draft.sentence) == (rule, "report", text)
    assert set(draft.parameters["period"]) == {"start", "end"}


def test_harmless_template_is_drafted_only_after_a_yes() -> None:
    chat = Chat()
    chat.say("every Monday at 9 say hello to Alice")
    assert chat.acts == () and "kept as a draft" in " ".join(chat.card.notes)
    chat.click("Keep the draft")
    assert chat.only(DraftSchedule).parameters["name"] == "Alice"


def test_rule_alone_asks_what_is_to_be_repeated() -> None:
    chat = Chat()
    chat.say("every Monday at 9")
    assert chat.acts == () and "What is to be done every Monday at 9?" in chat.text


@pytest.mark.parametrize(
    "text",
    ["invoice report for every month of 2025", "invoice report for each quarter of 2025", "invoice report of 2025"],
)
def test_periods_are_no_rules(text: str) -> None:
    chat = Chat()
    chat.say(text)
    chat.say("yes")
    assert not any(isinstance(act, DraftSchedule) for act in chat.acts)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("every day at 25:00 invoice report for last week", "“25:00” is no time of day"),
        ("jeden Tag um 25 Uhr Rechnungsbericht für letzte Woche", "„25“ ist keine Uhrzeit"),
        ("tous les jours à 9h75 rapport de factures de la semaine dernière", "« 9h75 » n’est pas une heure"),
    ],
)
def test_a_time_that_no_clock_shows_makes_no_draft(text: str, said: str) -> None:
    chat = Chat()
    chat.say(text)
    assert said in chat.text and chat.state.open is None and not chat.acts
