from decimal import Decimal
from typing import Any

import pytest

from apps.ai.contract import ModelRequest, ProviderError, Usage
from apps.ai.rules import NOTICE, UNWRITTEN, RulesProvider

ANALYSIS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "revenue": {
            "type": "object",
            "properties": {"total": {"type": "number"}, "average": {"type": "number"}},
            "required": ["total"],
        },
        "risks": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"client": {"type": "string"}, "risk": {"enum": ["low", "medium", "high"]}},
                "required": ["client", "risk"],
            },
        },
        "recommendations": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["summary", "revenue", "risks", "recommendations"],
    "additionalProperties": False,
}


def ask(data: Any, schema: dict[str, Any] | None = None) -> Any:
    return RulesProvider().complete(ModelRequest(prompt="Analyse.", data=data, schema=schema))


def test_answer_says_that_no_model_gave_it() -> None:
    completion = ask({"invoices": 50})
    assert (completion.is_model, completion.model, completion.usage) == (False, "rules", Usage())
    assert completion.text == f"{NOTICE} invoices: 50."


def test_answer_without_data_claims_nothing() -> None:
    assert ask(None).text == NOTICE


def test_schema_is_filled_from_values_of_the_same_names_only() -> None:
    data = {
        "revenue": {"total": Decimal("1234.50"), "top": ["Acme"]},
        "risks": [{"client": "Acme", "risk": "high"}],
        "unrelated": 7,
    }
    assert ask(data, ANALYSIS).data == {
        "summary": UNWRITTEN,
        "revenue": {"total": 1234.5, "top": ["Acme"]},
        "risks": [{"client": "Acme", "risk": "high"}],
        "recommendations": [],
    }


def test_amounts_stay_exact_where_text_is_allowed() -> None:
    schema = {"type": "object", "properties": {"total": {"type": ["string", "number"]}}, "required": ["total"]}
    assert ask({"total": Decimal("0.10")}, schema).data == {"total": "0.10"}


@pytest.mark.parametrize(
    ("inner", "path"),
    [
        ({"type": "number"}, "$.value"),
        ({"enum": ["low", "high"]}, "$.value"),
        ({"type": "boolean"}, "$.value"),
        ({"type": "array", "minItems": 1, "items": {"type": "string"}}, "$.value"),
        ({"type": "string", "format": "date", "maxLength": 10}, "$.value"),
        ({"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}, "$.value.x"),
    ],
)
@pytest.mark.parametrize("given", [{}, {"value": {"of": "another kind"}}])
def test_value_that_would_have_to_be_invented_is_an_error(
    inner: dict[str, Any], path: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(given, {"type": "object", "properties": {"value": inner}, "required": ["value"]})
    assert caught.value.reason == "no_model"
    assert path in caught.value.message
    assert caught.value.usage.calls == 0


def test_nullable_and_optional_values_stay_away() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": ["number", "null"]}, "b": {"type": "number"}},
        "required": ["a"],
    }
    assert ask({}, schema).data == {"a": None}


def test_same_question_gets_the_same_answer() -> None:
    data = {"summary": "Given.", "revenue": {"total": 1}, "risks": [], "recommendations": ["Call Acme"]}
    assert ask(data, ANALYSIS) == ask(data, ANALYSIS)
    assert ask(data, ANALYSIS).data == data
