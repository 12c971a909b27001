from typing import Any

import pytest

from apps.core.schema import check_schema


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def said(candidate: Any) -> str:
    return "\n".join(str(problem) for problem in check_schema(candidate))


def test_a_schema_with_everything_in_the_subset_passes() -> None:
    assert (
        check_schema(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$defs": {
                    "period": {
                        "type": "object",
                        "title": "Period",
                        "required": ["start", "end"],
                        "properties": {
                            "start": {"type": "string", "format": "date"},
                            "end": {"type": "string", "format": "date", "x-not-before": "start"},
                        },
                    }
                },
                "type": "object",
                "title": "Invoice report",
                "properties": {
                    "period": {"$ref": "#/$defs/period", "description": "Which invoices."},
                    "clientFilters": {
                        "type": "array",
                        "items": {"type": "string", "enum": ["active", "inactive"]},
                        "default": ["active"],
                        "minItems": 1,
                        "maxItems": 5,
                        "uniqueItems": True,
                    },
                    "note": {
                        "type": ["string", "null"],
                        "minLength": 1,
                        "maxLength": 80,
                        "pattern": r"^\pL",
                        "x-rows": 3,
                    },
                    "limit": {"type": "integer", "minimum": 1, "maximum": 10, "multipleOf": 1, "default": 5},
                    "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "examples": [0.5]},
                    "dry": {"type": "boolean", "const": False, "$comment": "until later"},
                    "mail": {"type": "string", "format": "email"},
                    "at": {"type": "string", "format": "date-time"},
                },
                "required": ["period"],
                "additionalProperties": False,
            }
        )
        == []
    )


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (None, "A schema is an object"),
        ([], "A schema is an object"),
        (True, "A schema is an object"),
        ({}, "The top must be"),
        ({"type": "array", "items": {"type": "string"}}, "The top must be"),
        ({"type": "object"}, 'needs "properties"'),
        ({"type": "object", "properties": {}, "$schema": "http://json-schema.org/draft-07/schema#"}, "$schema: Only"),
        (schema(a={}), 'properties.a: Give a "type"'),
        (schema(a=True), "true and false are not supported"),
        (schema(a={"type": "strng"}), "“strng” is not a type. Did you mean “string”?"),
        (
            schema(a={"type": ["string", "integer"]}),
            "one of object, array, string, integer, number, boolean, or a list",
        ),
        (schema(a={"type": "null"}), 'Give a "type"'),
        (schema(a={"type": "string", "maxLenght": 3}), "Did you mean “maxLength”?"),
        (schema(a={"type": "integer", "minLength": 3}), "“minLength” is not supported"),
        (schema(a={"type": "string", "anyOf": [{"type": "string"}]}), "“anyOf” is not supported"),
        (schema(a={"type": "string", "format": "uri"}), "Use one of date, date-time, email"),
        (schema(a={"type": "string", "pattern": "("}), "no closing )"),
        (schema(a={"type": "string", "pattern": r"(a)\1"}), "references such as"),
        (schema(a={"type": "integer", "minimum": 5, "maximum": 4}), "minimum 5 is above maximum 4"),
        (schema(a={"type": "string", "minLength": -1}), "properties.a.minLength"),
        (schema(a={"type": "string", "enum": []}), "between 1 and 200 choices"),
        (schema(a={"type": "string", "enum": [str(n) for n in range(201)]}), "between 1 and 200 choices"),
        (schema(a={"type": "string", "enum": ["x", 1]}), "properties.a.enum: It does not satisfy"),
        (schema(a={"type": "integer", "default": "1"}), "properties.a.default: It does not satisfy"),
        (schema(a={"type": "integer", "maximum": 3, "default": 4}), "properties.a.default: It does not satisfy"),
        (schema(a={"type": "string", "format": "date", "default": "20240101"}), "properties.a.default"),
        (schema(a={"type": "string", "pattern": "^b", "default": "a"}), "properties.a.default"),
        (schema(a={"type": "array"}), 'A list needs "items"'),
        (schema(a={"type": "array", "items": {"type": "date"}}), "“date” is not a type"),
        (schema(a={"type": "object"}), 'needs "properties"'),
        (schema(**{"a b": {"type": "string"}}), "up to 64 letters"),
        (schema(**{"a.b": {"type": "string"}}), "up to 64 letters"),
        ({**schema(period={"type": "string"}), "required": ["perod"]}, "Did you mean “period”?"),
        ({**schema(), "additionalProperties": True}, "Only false is supported"),
        (schema(end={"type": "string", "format": "date", "x-not-before": "start"}), "Name another property"),
        (schema(end={"type": "string", "format": "date", "x-not-before": "end"}), "Name another property"),
        (schema(end={"type": "string", "format": "date", "x-not-before": 3}), "Name another property"),
        (
            schema(end={"type": "string", "format": "date", "x-not-before": "n"}, n={"type": "integer"}),
            "must both be dates",
        ),
        (schema(a={"type": "string", "title": "\0"}), "NUL character"),
        (schema(a={"type": "number", "minimum": float("nan")}), "finite number"),
        (schema(a={"type": "string", "enum": {"x"}}), "type set is not JSON"),
    ],
)
def test_a_wrong_schema_is_refused_with_path_and_advice(candidate: Any, words: str) -> None:
    assert words in said(candidate)


def test_every_problem_is_reported_at_once() -> None:
    problems = check_schema(schema(a={"type": "string", "pattern": "("}, b={"type": "array"}, c={}))
    assert [problem.path for problem in problems] == ["properties.a.pattern", "properties.b", "properties.c"]


@pytest.mark.parametrize(
    "reference",
    [
        "http://127.0.0.1:9/x",
        "file:///etc/passwd",
        "#/properties/a",
        "#",
        "#/$defs/missing",
        "#/$defs/x/../y",
        "other.json",
    ],
)
def test_only_references_to_own_definitions_are_taken(reference: str) -> None:
    candidate = schema(a={"$ref": reference})
    candidate["$defs"] = {"x": {"type": "string"}}
    assert "must point into this schema's own $defs: #/$defs/x" in said(candidate)


def test_a_reference_takes_only_words_for_people_beside_it() -> None:
    candidate = schema(a={"$ref": "#/$defs/x", "minLength": 3})
    candidate["$defs"] = {"x": {"type": "string"}}
    assert "“minLength” is not supported" in said(candidate)


@pytest.mark.parametrize(
    "definitions",
    [
        {"x": {"$ref": "#/$defs/x"}},
        {"x": {"$ref": "#/$defs/y"}, "y": {"$ref": "#/$defs/x"}},
        {"x": {"type": "array", "items": {"$ref": "#/$defs/x"}}},
        {"x": {"type": "object", "properties": {"inner": {"$ref": "#/$defs/x"}}}},
    ],
)
def test_references_in_a_circle_are_refused(definitions: dict[str, Any]) -> None:
    candidate = {**schema(a={"$ref": "#/$defs/x"}), "$defs": definitions}
    assert "contains itself" in said(candidate)


def test_references_that_multiply_are_refused() -> None:
    """json-schema-spec#315: a few definitions that each use the next several times stand for very many parts."""
    definitions: dict[str, Any] = {"d6": {"type": "string"}}
    for n in range(6):
        uses = {name: {"$ref": f"#/$defs/d{n + 1}"} for name in ("left", "middle", "right")}
        definitions[f"d{n}"] = {"type": "object", "properties": uses}
    assert "it has 1,094 parts; 500 are the most" in said({**schema(a={"$ref": "#/$defs/d0"}), "$defs": definitions})


def test_a_deep_schema_is_refused_without_exhausting_the_stack() -> None:
    nested: dict[str, Any] = {"type": "string"}
    for _ in range(100_000):
        nested = {"type": "array", "items": nested}
    assert "levels deep" in said(schema(a=nested))
    while "items" in nested:  # taken apart here: Python's own deallocation of it would recurse
        nested = nested.pop("items")


def test_a_schema_deeper_than_forms_go_is_refused() -> None:
    nested: dict[str, Any] = {"type": "string"}
    for _ in range(9):
        nested = {"type": "array", "items": nested}
    assert "more than 8 levels deep" in said(schema(a=nested))


def test_a_wide_schema_is_refused() -> None:
    assert "500 are the most" in said(schema(**{f"p{n}": {"type": "string"} for n in range(600)}))
    assert "5,000 values" in said(schema(**{f"p{n}": {"type": "string"} for n in range(6000)}))
    assert "65,536 characters" in said(schema(a={"type": "string", "title": "x" * 70_000}))
    many = {f"d{n}": {"type": "string"} for n in range(101)}
    assert "100 definitions" in said({**schema(), "$defs": many})
