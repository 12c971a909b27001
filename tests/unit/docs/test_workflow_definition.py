"""What docs/authors/workflow-definition.md shows is what the code does."""

import json
import re

import pytest

from apps.executors.workflow import nodes, parts, placeholders, reading, spreading
from apps.executors.workflow.checking import check
from apps.executors.workflow.codes import CODES
from apps.executors.workflow.conditions import holds, read
from apps.executors.workflow.planning import plan
from apps.tasks.approvals.questions import FREE, SHAPE
from tests.unit.docs.pages import blocks, page, rows, section

GUIDE = page("docs/authors/workflow-definition.md")
CONTEXT = json.loads(blocks(GUIDE, "json context")[0])
INPUTS = ["order", "customers", "orders", "risk"]
"""What the tasks that stand alone on the page take as given."""


def plain(cell: str) -> str:
    return cell.replace("\\|", "|").strip("`")


def fields(heading: str) -> set[str]:
    """The names in the first column of the tables below a heading."""
    return {name for row in rows(section(GUIDE, heading)) for name in re.findall(r"`([a-z_]+)`", row[0])}


@pytest.mark.parametrize("text", blocks(GUIDE, "json"))
def test_a_workflow_of_the_page_passes_its_check(text):
    assert check(json.loads(text)) == []


@pytest.mark.parametrize("text", blocks(GUIDE, "json task"))
def test_a_task_of_the_page_passes_its_check(text):
    assert check({"inputs": INPUTS, "tasks": [json.loads(text)]}) == []


def test_the_page_has_examples():
    assert len(blocks(GUIDE, "json")) >= 2
    assert len(blocks(GUIDE, "json task")) >= 8


def test_the_wrong_workflow_has_the_error_that_is_shown():
    [fault] = check(json.loads(blocks(GUIDE, "json wrong")[0]))
    assert fault.as_json() == json.loads(blocks(GUIDE, "json error")[0])


def test_the_plan_is_the_one_that_is_shown():
    assert plan(json.loads(blocks(GUIDE, "json plan")[0])).as_json() == json.loads(blocks(GUIDE, "json answer")[0])


FILLED = [row for row in rows(section(GUIDE, "## Placeholders")) if "{" in row[0]]


@pytest.mark.parametrize(("text", "gives"), FILLED)
def test_a_text_is_filled_as_the_table_says(text, gives):
    assert placeholders.fill(plain(text), CONTEXT) == gives


def test_the_tables_of_values_are_the_codes():
    named = {plain(name): meaning for name, meaning in rows(section(GUIDE, "## Placeholders")) if "{" not in name}
    assert named == {**placeholders.SYSTEM, **placeholders.EXPANDED}


JUDGED = [row for row in rows(section(GUIDE, "## Conditions")) if row[0].startswith("`{")]


@pytest.mark.parametrize(("condition", "answer"), JUDGED)
def test_a_condition_holds_as_the_table_says(condition, answer):
    found = read(json.loads(plain(condition))).condition
    assert holds(found, CONTEXT) is {"yes": True, "no": False}[answer]


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("## The workflow", reading.GRAPH_FIELDS - {"task_groups"}),
        ("## Groups", reading.GROUP_FIELDS),
        ("## Tasks", nodes.NODE_FIELDS),
        ("## Loops", parts.LOOP_FIELDS - {"delay_ms"}),
        ("## Expansion", spreading.EXPANSION_FIELDS),
        ("## Approvals", frozenset({*SHAPE["properties"], *FREE})),
    ],
)
def test_the_table_of_fields_is_the_codes(heading, known):
    assert fields(heading) == known


def test_the_other_fields_are_described():
    assert fields("## Dependencies") >= parts.DEPENDENCY_FIELDS - {"timeout_ms"}
    assert fields("## Judging results") >= parts.VALIDATION_FIELDS
    for name in [*parts.RETRY_FIELDS, "wait", "run"]:
        assert f".{name}`" in section(GUIDE, "## Failure, retries, time")
    for name in [*reading.TRIGGER_FIELDS, *reading.RETENTION_FIELDS]:
        assert f".{name}`" in section(GUIDE, "## Cleaning up")


def test_every_code_is_described_as_the_table_of_codes_has_it():
    shown = {
        code: section(GUIDE, f"### {code}").strip().splitlines()
        for code in re.findall(r"^### (\w+)$", GUIDE, flags=re.MULTILINE)
    }
    assert shown == {code: [f"{each.type}. {each.meaning} {each.advice}"] for code, each in CODES.items()}
