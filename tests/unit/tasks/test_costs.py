"""What a start will use of the language model: from the schema's own figures, the texts, and what the memory knows."""

from decimal import Decimal
from typing import Any

import pytest

from apps.catalog.definition import Definition
from apps.catalog.estimate import Tokens, tokens
from apps.knowledge.translation import memory
from apps.tasks.making import costs

pytestmark = pytest.mark.django_db

NAMES = {
    "source": "source", "languages": "languages", "topic": "topic", "style": "tone",
    "tags": {"German": "de", "French": "fr"},
}  # fmt: skip
SCHEMA = {
    "type": "object",
    "properties": {},
    "x-counts": "translations",
    "x-tokens": {"read": 50, "write": 20, "texts": "messages", "memory": NAMES},
}
TEXT = "x" * 300
PARAMETERS = {
    "messages": [TEXT, "y" * 300], "languages": ["German", "French"], "source": "en", "tone": "neutral", "topic": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _model(settings: Any) -> None:
    settings.GEMINI_API_KEY, settings.MODEL_PRICE = "key", "0.50/2.00 USD"


def expected(**parameters: Any) -> costs.Cost:
    found = costs.expected(Definition(parameter_schema=SCHEMA), {**PARAMETERS, **parameters})
    assert found is not None
    return found


def test_each_item_costs_its_own_tokens_and_those_of_its_text_both_ways() -> None:
    found = expected()
    assert found.tokens == Tokens(read=4 * 150, write=4 * 120, count=4)
    assert (found.money, found.currency) == (Decimal("0.00126"), "USD")


def test_what_the_memory_knows_costs_nothing() -> None:
    memory.remember([(TEXT, "z")], memory.Purpose(source="en", language="de", style="neutral"), origin="model")
    found = expected()
    assert (found.tokens.known, found.tokens.count, found.tokens.read) == (1, 4, 450)
    assert expected(tone="formal").tokens.known == 0
    assert expected(messages=[f"key.a = {TEXT}", "key.b = other"]).tokens.known == 1


def test_same_texts_and_the_language_of_the_texts_are_not_counted() -> None:
    assert expected(messages=[TEXT, TEXT], languages=["German", "en"]).tokens.count == 1


def test_without_a_model_nothing_is_used_and_without_a_price_no_money_is_told(settings: Any) -> None:
    settings.MODEL_PRICE = ""
    assert (expected().money, expected().tokens.total) == (None, 1080)
    settings.GEMINI_API_KEY = ""
    assert (expected().has_model, expected().tokens.total, expected().tokens.count) == (False, 0, 4)


def test_each_question_to_the_model_costs_too_and_is_about_one_language() -> None:
    rule = {"read": 1, "write": 1, "question": 500, "batch": 25}
    schema = {"x-counts": "translations", "x-tokens": rule}

    def read(texts: int, languages: int, known: int = 0) -> int:
        found = tokens(schema, {"messages": ["Hi"] * texts, "languages": ["de"] * languages}, known=known)
        assert found is not None
        return found.read - (found.count - found.known)

    assert [read(2, 3), read(100, 2), read(2, 3, known=5), read(2, 3, known=6)] == [1500, 4000, 500, 0]


def test_before_anything_is_given_the_usual_number_is_told() -> None:
    found = costs.expected(Definition(parameter_schema=SCHEMA), {})
    assert found is not None and found.tokens == Tokens(read=400 * 65, write=400 * 35, count=400)


@pytest.mark.parametrize("schema", [{}, [], {"x-tokens": 3}, None])
def test_templates_that_say_nothing_cost_nothing_that_is_known(schema: Any) -> None:
    assert tokens(schema, {}) is None
    assert costs.expected(Definition(parameter_schema=schema), {}) is None


@pytest.mark.parametrize("rule", [{"memory": NAMES}, {"texts": "messages", "memory": {}}, {"memory": 3}])
def test_rule_that_does_not_say_what_the_memory_is_asked_for_does_without_it(rule: dict[str, Any]) -> None:
    schema = {**SCHEMA, "x-tokens": {"read": 50, "write": 20, **rule}}
    found = costs.expected(Definition(parameter_schema=schema), PARAMETERS)
    assert found is not None and (found.tokens.count, found.tokens.known) == (4, 0)


def test_broken_json_is_counted_by_its_lines() -> None:
    assert expected(messages=['{"a": "Hello",', "}"]).tokens.count == 4


@pytest.mark.parametrize("wrong", [{"messages": "Hello"}, {"languages": None}, {"languages": ["??"]}, {"topic": 7}])
def test_what_is_half_read_still_has_an_estimate(wrong: dict[str, Any]) -> None:
    assert expected(**wrong).tokens.total > 0
