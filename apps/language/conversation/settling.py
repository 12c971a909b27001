"""From an interpretation with open questions to one with none: how an answer is read and put in its place.

Shared by `converse` and by edges that ask in a loop, such as the terminal.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from apps.core.errors import InvalidInput
from apps.core.schema import validate
from apps.language import pasted
from apps.language.contract import Ambiguity, Choice, Interpretation, Message, Question, TemplateCard
from apps.language.conversation import hearing
from apps.language.conversation.places import (
    covers,
    is_free_text,
    merged,
    put_at,
    schema_at,
    value_at,
    without,
)
from apps.language.filling import fill
from apps.language.parameters.fields import fields, pairs

MAX_ASKS = 12
"""Questions about one request before it is given up."""


def open_questions(found: Interpretation) -> list[Question]:
    """What must be answered before anything is done, the most telling first."""
    unclear = [each for each in found.ambiguities if each.must_confirm]
    missing = [
        _because(each, [doubt.text for doubt in unclear if covers(each.path, doubt.path)]) for each in found.missing
    ]
    asked = [question.path for question in found.missing]
    others = [each for each in unclear if not any(covers(path, each.path) for path in asked)]
    return [*found.questions, *missing, *(_confirmation(found, each) for each in others)]


def _because(question: Question, doubts: Sequence[str]) -> Question:
    """What was said in vain is told with the question: "31 February" is no date that exists."""
    return replace(question, text=" ".join([*doubts, question.text])) if doubts else question


def _confirmation(found: Interpretation, each: Ambiguity) -> Question:
    taken = value_at(found.parameters, each.path)
    first = [Choice(label=each.reading, value=taken)] if each.reading and taken is not None else []
    return Question(path=each.path, text=each.text, choices=(*first, *each.choices))


def chosen(question: Question, text: str) -> Choice | None:
    """By number or by label."""
    if text.isdecimal() and 1 <= int(text[:9]) <= len(question.choices):
        return question.choices[int(text) - 1]
    said = _bare(text)
    named = [choice for choice in question.choices if _bare(choice.label) == said]
    return named[0] if len(named) == 1 else None


def _bare(text: str) -> str:
    return re.sub(r"[\s“”\"'.,!?]+", " ", text).strip().casefold()


def checked(found: Interpretation, card: TemplateCard) -> tuple[Interpretation, list[Question]]:
    """With defaults filled in, or the questions about what the schema refuses."""
    try:
        parameters = validate(dict(found.parameters), dict(card.parameter_schema))
    except InvalidInput as error:
        titles = {path: schema_at(card.parameter_schema, path).get("title") or path for path in error.fields}
        return found, [Question(path=path, text=f"{titles[path]}: {said}") for path, said in error.fields.items()]
    return replace(found, parameters=parameters), []


def sound(found: Interpretation, card: TemplateCard) -> Interpretation:
    """Without the values that the schema refuses: of a reading that came from elsewhere."""
    parameters: Mapping[str, Any] = found.parameters
    for _, question in zip(range(MAX_ASKS), checked(found, card)[1], strict=False):
        parameters = without(parameters, question.path)
    return replace(found, parameters=parameters)


def answered(
    said: Message, card: TemplateCard, found: Interpretation, question: Question, text: str
) -> Interpretation | None:
    """The interpretation with what `text` answers to the question about a parameter; None when it is no answer."""
    schema = schema_at(card.parameter_schema, question.path)
    if several := _several(schema, question, text):
        return with_answer(found, question.path, put_at(question.path, several), text)
    if (choice := chosen(question, text)) is not None:
        return with_choice(found, card, question.path, choice)
    read = read_at(said, card, question.path, text)
    if read is None:
        return None
    return with_answer(found, question.path, read.parameters, text, read.ambiguities, read.questions)


def with_choice(found: Interpretation, card: TemplateCard, path: str, choice: Choice) -> Interpretation:
    is_list = schema_at(card.parameter_schema, path).get("type") == "array"
    value = [choice.value] if is_list and not isinstance(choice.value, list) else choice.value
    return with_answer(found, path, put_at(path, value), choice.label)


def _several(schema: Mapping[str, Any], question: Question, text: str) -> list[Any]:
    """A list takes several choices at once: "1, 3"."""
    numbers = re.fullmatch(r"\d{1,3}(?:\s*(?:,|;|\s|&|\+|\w{1,3})\s*\d{1,3})+", text)
    if schema.get("type") != "array" or not numbers:
        return []
    picked = [chosen(question, number) for number in re.findall(r"\d+", text)]
    values = [choice.value if isinstance(choice.value, list) else [choice.value] for choice in picked if choice]
    return list(dict.fromkeys(chain.from_iterable(values))) if all(picked) else []


def read_at(said: Message, card: TemplateCard, path: str, text: str) -> Interpretation | None:
    """The text as one for the parameter at `path` alone; None when it gives no value."""
    if (value := typed(schema_at(card.parameter_schema, path), text)) is not None:
        return Interpretation(intent="start", parameters=put_at(path, value), sources={path: text})
    properties = card.parameter_schema.get("properties", {})
    names = [name for name in _together(card.parameter_schema, path) if name in properties]
    if not names:
        return None
    only = {**card.parameter_schema, "properties": {name: properties[name] for name in names}, "required": names}
    read = fill(replace(said, text=text), replace(card, parameter_schema=only))
    return read if (read.parameters or read.questions) and not read.missing else None


def _together(schema: Mapping[str, Any], path: str) -> list[str]:
    """The parameter's name; of a period in two parameters, both."""
    for couple in pairs(fields(schema)):
        if not couple.path and path in (couple.start.path, couple.end.path):
            return [couple.start.path, couple.end.path] if path == couple.start.path else [path]
    return [path.partition(".")[0]]


def with_answer(
    found: Interpretation,
    path: str,
    values: Mapping[str, Any],
    words: str,
    ambiguities: Sequence[Ambiguity] = (),
    questions: Sequence[Question] = (),
) -> Interpretation:
    """The interpretation with an answer: nothing at that place is open any more but what the answer leaves open."""
    kept = {name: said for name, said in found.sources.items() if not covers(path, name)}
    return replace(
        found,
        parameters=merged(found.parameters, values),
        sources={**kept, path: words},
        missing=tuple(each for each in found.missing if not covers(path, each.path)),
        questions=(*(each for each in found.questions if not covers(path, each.path)), *questions),
        ambiguities=(*(each for each in found.ambiguities if not covers(path, each.path)), *ambiguities),
    )


def typed(schema: Mapping[str, Any], text: str) -> Any:
    """The answer taken literally, where its type allows that."""
    kind = schema.get("type")
    if pasted.takes(schema):
        return pasted.lines(text) or None
    if is_free_text(schema):
        return text or None
    if kind in ("integer", "number"):
        return _number(str(kind), text)
    if kind == "boolean":
        return hearing.truth(text)
    return None


def _number(kind: str, text: str) -> int | float | None:
    """A comma is a decimal one where it cannot group thousands."""
    if not re.fullmatch(r"[+-]?\d{1,15}(?:\.\d{1,10}|,(?!\d{3}$)\d{1,10})?", text):
        return None
    number = float(text.replace(",", "."))
    return (int(number) if number == int(number) else None) if kind == "integer" else number
