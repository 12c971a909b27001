"""{name} in texts and parameters: filled, defaulted, escaped, or refused with all that is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.executors.workflow import placeholders
from apps.executors.workflow.faults import WorkflowError
from apps.executors.workflow.placeholders import fill, fill_value, parse

CONTEXT = {
    "customer": {"name": "Ada", "tags": ["vip", "eu"], "is_new": True, "debt": None},
    "item": {"id": 7},
    "index": 0,
    "task_id": 4711,
    "none": None,
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Dear {customer.name}", "Dear Ada"),
        ("{ customer.name }", "Ada"),
        ("{item.id}/{index} of {task_id}", "7/0 of 4711"),
        ("{customer.tags.1}", "eu"),
        ("{customer.tags}", '["vip", "eu"]'),
        ("{customer.is_new}", "true"),
        ("{nobody|somebody}", "somebody"),
        ("{nobody|}", ""),
        ("{none|nothing}", "nothing"),
        ("{none}", "null"),
        ("{customer.name|nobody}", "Ada"),
        ("{{customer}}", "{customer}"),
        ("{{{index}}}", "{0}"),
        ("no placeholder", "no placeholder"),
        ("", ""),
    ],
)
def test_a_text_is_filled(text, filled):
    assert fill(text, CONTEXT) == filled


def test_all_that_is_missing_is_named_with_what_there_is():
    with pytest.raises(WorkflowError) as refused:
        fill("{customer.age} {nobody} {customer.name}", CONTEXT, place="tasks.0.message_template")

    [fault] = refused.value.faults
    assert fault.code == "CTX_001"
    assert fault.details["missing_fields"] == ["customer.age", "nobody"]
    assert "“{customer.age}”" in fault.message
    assert "task_id" in fault.message
    assert fault.place == "tasks.0.message_template"


def test_the_nearest_name_is_proposed():
    with pytest.raises(WorkflowError, match="Did you mean “customer”"):
        fill("{custmer}", CONTEXT)


@pytest.mark.parametrize("text", ["{", "}", "{a", "a}", "{}", "{a b}", "{a..b}", "{a.__class__!r}", "{0}", "{a:>10}"])
def test_what_is_no_placeholder_is_refused(text):
    assert parse(text).wrong
    with pytest.raises(WorkflowError) as refused:
        fill(text, CONTEXT)
    assert refused.value.code == "CTX_002"


def test_a_path_reaches_values_only_and_no_attributes():
    with pytest.raises(WorkflowError, match=r"customer\.keys"):
        fill("{customer.keys}", CONTEXT)


def test_a_parameter_that_is_one_placeholder_is_the_value_itself():
    filled = fill_value(
        {
            "tags": "{customer.tags}",
            "deep": [{"n": "{index}"}],
            "text": "No. {index}",
            "most": "{most|5}",
            "who": "{who|me}",
        },
        CONTEXT,
    )

    assert filled == {"tags": ["vip", "eu"], "deep": [{"n": 0}], "text": "No. 0", "most": 5, "who": "me"}


@pytest.mark.parametrize(("default", "value"), [("5", 5), ("[1]", [1]), ("NaN", "NaN"), ("a b", "a b"), ("", "")])
def test_the_default_of_a_value_is_json_if_it_is_any(default, value):
    assert fill_value(f"{{nobody|{default}}}", CONTEXT) == value


def test_what_is_missing_anywhere_in_a_value_is_named_at_once():
    with pytest.raises(WorkflowError) as refused:
        fill_value({"a": "{one}", "b": ["{two}"]}, CONTEXT)
    assert sorted(refused.value.faults[0].details["missing_fields"]) == ["one", "two"]


def test_a_filled_text_has_a_bound(monkeypatch):
    monkeypatch.setattr(placeholders, "MAX_FILLED", 10)
    with pytest.raises(WorkflowError) as refused:
        fill("{big}{big}", {"big": "123456"})
    assert refused.value.code == "CTX_004"


@given(st.text(alphabet="{}ab|.0 ", max_size=40))
def test_no_text_breaks_the_reader_and_a_text_without_braces_stays_as_it_is(text):
    parsed = parse(text)
    if "{" not in text and "}" not in text:
        assert "".join(parsed.parts) == text


@given(st.text(max_size=60))
def test_what_is_escaped_comes_out_as_it_went_in(text):
    assert fill(text.replace("{", "{{").replace("}", "}}"), {}) == text
