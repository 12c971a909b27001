"""The tables of docs/users.md say what sentences are read as."""

import re
from datetime import UTC, date, datetime

import pytest

from apps.catalog import transfer
from apps.catalog.management.commands.load_templates import SHIPPED
from apps.language.contract import Interpretation, Message, OpenTask, TemplateCard
from apps.language.understanding import understand
from tests.unit.docs.pages import page, rows, section

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DAY = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}")
PERIODS, ASKED = section(page("docs/users.md"), "## Periods").split("These are asked back")
TASKS = [OpenTask(id=12, title="Invoice report")]


def card(key: str = "invoice_report_v2") -> TemplateCard:
    file = transfer.read(SHIPPED / key)
    triggers = file.definition.triggers
    return TemplateCard(
        key=file.key,
        name=file.metadata["name"],
        parameter_schema=file.definition.parameter_schema,
        **{name: tuple(triggers[name]) for name in ("patterns", "keywords", "contexts", "examples")},
    )


def read(sentence: str) -> Interpretation:
    return understand(Message(text=sentence, today=NOW.date(), now=NOW, open_tasks=TASKS), [card()])


def phrases(cell: str) -> list[str]:
    return [phrase.strip() for phrase in cell.split(",")]


def said_periods() -> list[tuple[str, str, str]]:
    """(phrase, first day, last day); “the same” is what the row above says."""
    found, days = [], ["", ""]
    for cell, reading in rows(PERIODS):
        days = DAY.findall(reading) or days
        found += [(phrase, days[0], days[-1]) for phrase in phrases(cell)]
    return found


def written(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def test_the_table_of_periods_was_found():
    assert len(said_periods()) > 15


@pytest.mark.parametrize(("phrase", "first", "last"), said_periods())
def test_a_period_is_read_as_the_table_says(phrase, first, last):
    found = read(f"Invoice report {'' if phrase.startswith(('since', 'in ')) else 'for '}{phrase}")

    period = found.parameters["period"]
    assert (written(period["start"]), written(period["end"])) == (first, last)
    assert found.is_ready


@pytest.mark.parametrize("phrase", [phrase for cell, _ in rows(ASKED) for phrase in phrases(cell)])
def test_what_can_be_meant_otherwise_is_asked_as_the_table_says(phrase):
    assert not read(f"Invoice report {'' if phrase.startswith('until') else 'for '}{phrase}").is_ready


COMMANDS = [phrase for cell, _ in rows(section(page("docs/users.md"), "## Commands")) for phrase in phrases(cell)]


@pytest.mark.parametrize("sentence", COMMANDS)
def test_every_command_in_the_table_is_one(sentence):
    assert read(sentence).intent in ("command", "help")


SHIPPED_ONES = [card(path.parent.name) for path in SHIPPED.glob("*/template.json")]
STARTS = [
    (phrase, name)
    for cell, name in rows(section(page("docs/users.md"), "## The workflows that ship"))
    if name in {each.name for each in SHIPPED_ONES}
    for phrase in phrases(cell)
]


def test_the_table_of_workflows_was_found():
    assert len(STARTS) == 6


@pytest.mark.parametrize(("phrase", "name"), STARTS)
def test_a_sentence_starts_the_workflow_that_the_table_says(phrase, name):
    found = understand(Message(text=phrase, today=NOW.date(), now=NOW), SHIPPED_ONES)
    assert found.template_key == next(each.key for each in SHIPPED_ONES if each.name == name)


@pytest.mark.parametrize("key", ["customer_dossier_v1", "client_analysis_v1", "customer_pipeline_v1"])
def test_the_parameters_of_a_workflow_are_described(key):
    one = card(key)
    shown = section(page("docs/users.md"), f"### {one.name}")
    assert [name for name, _ in rows(shown)] == list(one.parameter_schema["properties"])
