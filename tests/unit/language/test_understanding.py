import json
from dataclasses import replace
from pathlib import Path

import pytest

from apps.language.contract import OpenTask, TemplateCard
from apps.language.understanding import understand
from tests.unit.language.evaluation import CARDS, message

TEMPLATES = Path(__file__).parents[3] / "fixtures" / "templates"

# The phrases of the first design: what each must do where templates of these kinds exist.
PHRASES = """
generate comprehensive report | ask
create detailed analysis | ask
bulk process invoices | invoice_report_v2
analyze all clients | client_analysis_v1
generate invoice report | invoice_report_v2
create client analysis | client_analysis_v1
bulk translate messages | bulk_translation_v1
process large dataset | ask
check task status | status
task progress | status
cancel task | cancel
pause task | pause
resume task | resume
list running tasks | list
task queue status | queue
revenue analysis report | invoice_report_v2
overdue accounts analysis | invoice_report_v2
client portfolio review | client_analysis_v1
service utilization report | invoice_report_v2
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


@pytest.mark.parametrize(("text", "wanted"), rows(PHRASES))
def test_phrase_of_the_first_design_starts_commands_or_asks(text: str, wanted: str) -> None:
    meant = understand(message(text), CARDS)
    if meant.intent == "start":
        assert meant.template_key == wanted
    elif meant.intent == "command":
        assert meant.command and meant.command.verb == wanted
    else:
        assert (wanted, bool(meant.questions)) == ("ask", True)


def shipped(key: str = "invoice_report_v2") -> TemplateCard:
    data = json.loads((TEMPLATES / key / "template.json").read_text())
    return TemplateCard(
        key=data["key"],
        name=data["name"],
        description=data["description"],
        category=data["category"],
        parameter_schema=data["parameter_schema"],
        **data["triggers"],
    )


def test_sample_request_is_understood_with_the_shipped_template() -> None:
    meant = understand(message("Generate the invoice report for last year"), [shipped()])
    assert (meant.intent, meant.template_key, meant.is_ready) == ("start", "invoice_report_v2", True)
    assert meant.parameters == {"period": {"start": "2025-01-01", "end": "2025-12-31"}}
    assert meant.sources == {"period.start": "last year", "period.end": "last year"}
    assert meant.echo == "Invoice report, Wed 1 January 2025 to Wed 31 December 2025."
    assert meant.parts["baseline"] == pytest.approx(
        meant.parts["pattern"] + meant.parts["keywords"] + meant.parts["context"]
    )


@pytest.mark.parametrize("text", [phrase for phrase, _ in rows(PHRASES)])
def test_phrase_is_answered_with_the_shipped_template_alone(text: str) -> None:
    meant = understand(message(text), [shipped()])
    assert meant.intent in ("start", "command") or meant.questions


def test_executive_summary_is_one_format_with_the_shipped_template() -> None:
    meant = understand(message("Invoices for Q3 2024 as executive summary"), [shipped()])
    assert (meant.is_ready, meant.parameters["outputFormat"]) == (True, "executive")


def test_included_clients_are_echoed_beside_the_default() -> None:
    text = "Prepare the billing overview of last month including inactive clients"
    meant = understand(message(text), [shipped()])
    assert (meant.is_ready, "Clients: active, inactive." in meant.echo) == (True, True)


GREETINGS = {
    "Say hello": {},
    "Say hello to Alice": {"name": "Alice"},
    "Say hi to Bob three times": {"name": "Bob", "times": 3},
    'Greet "the team"': {"name": "the team"},
    "Greet Alice twice": {"name": "Alice", "times": 2},
    "Send hello to the world": {},
    "Run the hello template": {},
}


@pytest.mark.parametrize("text", shipped("hello").examples)
def test_shipped_examples_of_the_greeting_lose_no_value(text: str) -> None:
    meant = understand(message(text), [shipped("hello"), shipped()])
    assert (meant.template_key, meant.is_ready, meant.parameters) == ("hello", True, GREETINGS[text])


@pytest.mark.parametrize("day", ["31 February 2025", "30 Feb", "31 April", "2025-02-30", "Feb 29 2025"])
def test_impossible_day_is_asked_and_never_widened(day: str) -> None:
    meant = understand(message(f"invoice report for {day}"), [shipped()])
    assert (meant.intent, meant.is_ready, meant.parameters) == ("start", False, {})
    assert f"“{day}” is no date that exists." in [doubt.text for doubt in meant.ambiguities]


def test_missing_period_is_asked() -> None:
    meant = understand(message("generate invoice report"), CARDS)
    assert (meant.intent, meant.is_ready, [question.path for question in meant.missing]) == ("start", False, ["period"])


def test_doubtful_dates_are_not_ready() -> None:
    assert not understand(message("invoice report for 03/04/2024"), CARDS).is_ready
    assert understand(message("invoice report for 13/04/2024"), CARDS).is_ready


def test_only_given_templates_are_considered() -> None:
    others = [card for card in CARDS if card.key != "invoice_report_v2"]
    assert understand(message("generate the invoice report for last year"), others).template_key is None
    assert understand(message("generate the invoice report for last year"), []).questions[0].choices == ()


def test_near_miss_offers_what_is_near() -> None:
    meant = understand(message("put our locations on paper"), CARDS)
    assert meant.intent == "none"
    assert {choice.value for choice in meant.questions[0].choices} <= {card.key for card in CARDS}


def test_command_wins_over_a_template() -> None:
    meant = understand(message("stop the invoice report", open_tasks=[OpenTask(id=3, title="Invoice report")]), CARDS)
    assert meant.command and (meant.command.verb, meant.command.task_id) == ("cancel", 3)


def test_message_that_is_too_long_is_refused_and_not_cut() -> None:
    meant = understand(message("generate the invoice report for last year" + " " * 5000), CARDS)
    assert (meant.intent, "4000" in meant.echo) == ("none", True)


def test_same_message_means_the_same() -> None:
    wanted = message("invoice report of Q1 2025 for inactive clients")
    assert understand(wanted, CARDS) == understand(wanted, CARDS)


def test_reminder_is_read_in_the_language_of_its_words_and_the_time_zone_of_its_writer() -> None:
    moment = {"type": "string", "format": "date-time", "x-looks": "forward"}
    card = TemplateCard(
        key="reminder",
        name="Erinnerung",
        examples=["erinnere mich an die Rechnungen"],
        patterns=["(?i)erinnere mich"],
        parameter_schema={"type": "object", "properties": {"at": moment}, "required": ["at"]},
    )
    text = "Erinnere mich am 5. März um 9 Uhr an die Rechnungen"
    meant = understand(replace(message(text), timezone="Europe/Berlin"), [card])
    assert (meant.intent, meant.parameters) == ("start", {"at": "2027-03-05T09:00:00+01:00"})
