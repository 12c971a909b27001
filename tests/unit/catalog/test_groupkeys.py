import pytest

from apps.catalog import groupkeys

SCHEMA = {"type": "object", "properties": {"client_id": {"type": "integer"}, "period": {"type": "object"}}}


def test_places_are_filled_from_the_parameters():
    given = {"client_id": 7, "period": {"year": 2024, "parts": ["b", "a"]}}
    assert groupkeys.value("{client_id}/{period.year}", given) == "7/2024"
    assert groupkeys.value("{period.parts}", given) == '["b", "a"]'
    assert groupkeys.value("{period.month}-{nobody}", given) == "-"
    assert groupkeys.value("", given) == ""


def test_a_long_value_stays_different_from_another_long_one():
    first, second = (groupkeys.value("{name}", {"name": "x" * 300 + end}) for end in "ab")
    assert len(first) == len(second) == groupkeys.LONGEST
    assert first != second


@pytest.mark.parametrize(
    ("expression", "said"),
    [("{client_id}", ""), ("", ""), ("client_id", "in braces"), ("{client_id", "in braces"), ("{clint}", "“clint”"),
     ("{client_id} }", "in braces"), ("x" * 201, "up to 200"), (7, "up to 200")],
)  # fmt: skip
def test_what_is_wrong_is_said(expression, said):
    message = groupkeys.problem(expression, SCHEMA)
    assert (said in message) if said else message == ""
