import json
from typing import Any

import pytest

from apps.core.mapping import BadFormat, read_format


def complaints(described: Any, value: Any) -> dict[str, str]:
    return {each.path: each.message for each in read_format(described).complaints(value)}


@pytest.mark.parametrize(
    ("described", "good", "bad"),
    [
        ("string", "", 1),
        ("integer", 3, 3.5),
        ("number", 3.5, True),
        ("boolean", False, 0),
        ("date", "2026-11-21", "21.11.2026"),
        ("email", "a@example.org", "a"),
        ("object", {"any": [1]}, []),
        ("array", [1, "x"], {}),
        (["string"], ["a"], [1]),
        ([], [1, "x"], {}),
        ({"title": "string", "score?": "number"}, {"title": "t"}, {"score": 1}),
        ({"title": "string"}, {"title": "t"}, {"title": "t", "more": 1}),
        ({"parts": [{"id": "integer"}]}, {"parts": [{"id": 1}]}, {"parts": [{"id": "1"}]}),
        ({"type": "string", "nullable": True}, None, 1),
        ({"type": "string", "pattern": "^C-[0-9]+$"}, "C-1", "c-1"),
        ({"type": "array", "items": "integer", "minItems": 1}, [1], []),
        ({"type": "object", "properties": {"a": "string", "b": "any"}, "required": ["a"]}, {"a": "x"}, {"b": 1}),
        ({"type": "object", "properties": {"type": "string"}}, {"type": "x"}, {"type": 1}),
        ({"type": "string", "text": "string"}, {"type": "a", "text": "b"}, "a"),  # an object: text is no word of ours
        ({"type": "string", "enum": ["a"], "nullable": True}, None, "b"),
        ({"x": {"type": "object", "nullable": True}}, {"x": None}, {"x": []}),
    ],
)
def test_a_format_accepts_and_refuses(described, good, bad):
    assert complaints(described, good) == {}
    assert complaints(described, bad) != {}


def test_any_takes_anything():
    for value in (None, 1, "x", [1], {"a": {}}, True):
        assert complaints("any", value) == {}
        assert complaints({"a": "any"}, {"a": value}) == {}


def test_complaints_are_worded_as_for_parameters_and_name_the_place():
    described = {"parts": [{"score": "number", "title": "string"}]}

    assert complaints(described, {"parts": [{"score": "high", "titel": "x"}]}) == {
        "parts.0.score": "Give a number, not text.",
        "parts.0.title": "This is needed.",
        "parts.0.titel": "There is no property “titel”. Did you mean “title”?",
    }


@pytest.mark.parametrize(
    ("described", "path", "said"),
    [
        ("strin", "", "Did you mean “string”?"),
        (7, "", "Give a type"),
        (["string", "number"], "", "Give a type"),
        ({"a": {"b": "numbr"}}, "a.b", "“numbr” is no type"),
        ({"type": "string", "patern": "x"}, "", "“patern” is no word of the full form. Did you mean “pattern”?"),
        ({"type": "string", "pattern": "("}, "pattern", "no closing )"),
        ({"type": "number", "pattern": "x"}, "pattern", "not supported here"),
        (
            {"type": "object", "properties": {"a": "string"}, "required": ["b"]},
            "required",
            "required but not described",
        ),
        ({"type": "string", "nullable": "yes"}, "nullable", "true or false"),
        ({"type": "object", "properties": 7}, "properties", "7"),
        ({"two words": "string"}, "properties.two words", "Names have up to 64"),
        ({"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": "string"}}}}}}}}, "", "8 levels"),
        (object(), "", "not JSON"),
    ],
)
def test_a_format_that_cannot_be_used_is_refused_with_the_place(described, path, said):
    with pytest.raises(BadFormat) as caught:
        read_format(described)
    assert said in caught.value.fields[path]


def test_the_schema_is_json():
    assert json.loads(json.dumps(read_format({"a?": ["string"]}).schema)) == {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "string"}}},
        "required": [],
    }
