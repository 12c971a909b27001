"""Every example of docs/authors/mapping.md does what it says, and its tables are whole."""

import json
from typing import Any

import pytest

from apps.core import jsonpath, regex
from apps.core.jsonpath import bounds, writing
from apps.core.mapping import Envelope, MappingError, Mode, apply, errors, formats, read_rule, rules
from tests.unit.docs.pages import blocks, page, rows, section

MAPPING = page("docs/authors/mapping.md")
EXAMPLES = [example for example in map(json.loads, blocks(MAPPING, "json")) if "rules" in example]
READING = section(MAPPING, "## Paths that are read")


def mapped(example: dict[str, Any]) -> Any:
    read = [read_rule(each, number=number) for number, each in enumerate(example["rules"], 1)]
    return apply(example.get("before", {}), read, [Envelope(**each) for each in example["results"]])


@pytest.mark.parametrize(
    "example", [each for each in EXAMPLES if "after" in each], ids=lambda each: str(each["rules"][0])
)
def test_an_example_gives_the_document_that_is_shown(example):
    assert mapped(example) == example["after"]


@pytest.mark.parametrize(
    "example", [each for each in EXAMPLES if "error" in each], ids=lambda each: each["error"]["code"]
)
def test_an_example_ends_with_the_error_that_is_shown(example):
    with pytest.raises(MappingError) as caught:
        mapped(example)

    said, shown = caught.value.as_json(), example["error"]
    assert said["code"] == shown["code"]
    assert shown.get("at", said["details"].get("at")) == said["details"].get("at")
    if "suggestion" in shown:
        assert shown["suggestion"] in said["recovery"]["suggestions"]
    if "details" in shown:
        assert said == shown


def test_there_are_examples_of_both_kinds():
    assert sum("after" in each for each in EXAMPLES) >= 10
    assert sum("error" in each for each in EXAMPLES) >= 5
    assert all("after" in each or "error" in each for each in EXAMPLES)


@pytest.mark.parametrize(("path", "selected"), [tuple(row) for row in rows(READING)])
def test_a_path_selects_what_the_table_says(path, selected):
    document = json.loads(blocks(READING, "json")[0])

    assert jsonpath.values(path.strip("`"), document) == json.loads(selected.strip("`"))


def test_every_field_mode_type_and_code_is_described():
    fields = {row[0].strip("`") for row in rows(section(MAPPING, "## A rule"))}
    assert fields == rules.FIELDS
    assert [row[0].strip("`") for row in rows(section(MAPPING, "## Modes"))] == [mode.value for mode in Mode]
    assert [word for word in formats.SHORT if f"`{word}`" not in section(MAPPING, "## Formats")] == []
    described = [tuple(row) for row in rows(section(MAPPING, "## Errors"))]
    assert described == [(code, *said) for code, said in errors.CODES.items()]


def test_the_limits_are_those_in_force():
    limits, described = writing.LIMITS, section(MAPPING, "## Limits")
    for number in (
        bounds.MAX_LENGTH,
        bounds.MAX_STEPS,
        bounds.MAX_NESTING,
        bounds.MAX_LEVELS,
        bounds.BOUNDS.nodes,
        regex.MAX_TEXT,
        limits.items,
        limits.depth,
        limits.places,
        limits.values,
        limits.bounds.nodes,
    ):
        assert f"{number:,}" in described
    assert f"{limits.characters >> 20} million" in described
    assert (limits.bounds.seconds, bounds.BOUNDS.seconds) == (10, 2)
