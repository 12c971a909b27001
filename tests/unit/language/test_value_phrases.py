"""The sentences of `value_phrases/` are a floor that may only rise; and of several durations the right one is taken, or asked."""

from typing import Any

from apps.language.dates import Context, find
from apps.language.parameters import Values, read
from tests.unit.language.value_phrases import NOW, TODAY, judged

KNOWN_MISSES = {"show me everything that is still opne, I mean unpayed"}
"""A swap in four letters and another spelling: too little is left of either."""
RETRY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "timeout": {"type": "string", "x-quantity": "duration"},
        "pause": {"type": "string", "x-quantity": "duration", "x-names": ["pausa", "пауза", "warte"]},
    },
}


def reading(text: str, schema: dict[str, Any] = RETRY) -> Values:
    return read(text, schema, find(text, Context(today=TODAY, now=NOW)), "en")


def test_sentences_with_values_are_read_in_five_languages() -> None:
    outcomes = list(judged())
    assert [each for each in outcomes if not each.is_right and each.sentence not in KNOWN_MISSES] == []
    assert len(outcomes) >= 99


def test_durations_go_to_the_parameters_that_are_named_beside_them() -> None:
    values = reading("with a timeout of two minutes and a pause of 10 seconds")
    assert values.parameters == {"timeout": "PT2M", "pause": "PT10S"}
    assert not values.questions
    assert reading("30 seconds timeout, 5 seconds pause").parameters == {"timeout": "PT30S", "pause": "PT5S"}


def test_durations_that_no_name_tells_apart_are_asked_with_all_as_choices() -> None:
    only = {"type": "object", "properties": {"pause": RETRY["properties"]["pause"]}}
    values = reading("give it 20 minutes, or rather an hour and a half", only)
    assert values.parameters == {}
    (question,) = values.questions
    assert [choice.value for choice in question.choices] == ["PT20M", "PT1H30M"]


def test_an_address_is_never_read_as_a_date() -> None:
    (text, schema) = (
        "mail q3.2025@acme.example about it",
        {"type": "object", "properties": {"to": {"type": "string", "format": "email"}}},
    )
    assert reading(text, schema).parameters == {"to": "q3.2025@acme.example"}
    assert find("see https://acme.example/2025-03-01/q3", Context(today=TODAY, now=NOW)) == []
