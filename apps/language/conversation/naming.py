"""Names that are looked up: what they stand for, and what is asked where several fit.

Who means several says so: where the place takes one, each becomes a task of its own; where it takes a list, all stand in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.language import wording
from apps.language.contract import Choice, Interpretation, Question, TemplateCard
from apps.language.conversation import cards, settling
from apps.language.conversation.contract import World
from apps.language.conversation.places import put_at, schema_at, value_at, without
from apps.language.wording import say

MOST_TOGETHER = 5
"""More than these are not meant together."""
BETWEEN = re.compile(r"\s*[,;&]\s*|\s+(?:and|und|и|y|e|et)\s+", re.IGNORECASE)


def looks_up(schema: Mapping[str, Any], world: World) -> bool:
    return world.lookup is not None and _kind(schema) is not None


def looked_up(card: TemplateCard, path: str, words: str, world: World) -> Sequence[Choice] | None:
    """What a name may stand for; None where the place looks nothing up."""
    kind = _kind(schema_at(card.parameter_schema, path))
    return None if world.lookup is None or kind is None else world.lookup(kind, words)


def _kind(schema: Mapping[str, Any]) -> str | None:
    """Of the place, or of the items of its list."""
    items = schema.get("items")
    kind = schema.get("x-lookup") or (items.get("x-lookup") if isinstance(items, Mapping) else None)
    return kind if isinstance(kind, str) else None


def spoken(card: TemplateCard, path: str, words: str, world: World) -> str | list[str] | None:
    """The words as the place holds them, before they are looked up; None where they name nothing. A list is cut apart."""
    is_list = takes_list(schema_at(card.parameter_schema, path))
    if looked_up(card, path, words, world):
        return [words] if is_list else words
    parts = [part for part in BETWEEN.split(words) if part] if is_list else []
    return parts if len(parts) > 1 and all(looked_up(card, path, part, world) for part in parts) else None


def takes_list(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "array"


def named(card: TemplateCard, found: Interpretation, world: World) -> Interpretation:
    """With the names that were read replaced by what they stand for, or asked where several do."""
    for path, _ in cards.slots(card.parameter_schema):
        words = value_at(found.parameters, path)
        if path not in found.sources:
            continue
        if isinstance(words, str) and found.sources[path] != cards.CHOSEN:
            found = _one(card, found, path, words, world)
        elif isinstance(words, list) and looks_up(schema_at(card.parameter_schema, path), world):
            found = _listed(card, found, path, words, world)
    return found


def _one(card: TemplateCard, found: Interpretation, path: str, words: str, world: World) -> Interpretation:
    choices = looked_up(card, path, words, world)
    if choices is None or any(choice.value == words for choice in choices):
        return found
    if len(choices) == 1:
        return settling.with_answer(found, path, put_at(path, choices[0].value), words)
    return _asked(found, path, which(path, words, choices) if choices else _unknown(path, words))


def _listed(card: TemplateCard, found: Interpretation, path: str, names: Sequence[Any], world: World) -> Interpretation:
    """One name after the other: what is asked of one leaves the others in their places."""
    settled: list[Any] = []
    for at, words in enumerate(names):
        choices = looked_up(card, path, str(words), world) or ()
        if any(choice.value == words for choice in choices):
            settled.append(words)
        elif len(choices) == 1:
            settled.append(choices[0].value)
        elif choices:
            return _asked(found, path, which_of_list(path, str(words), choices, settled, names[at + 1 :]))
        else:
            return _asked(found, path, _unknown(path, str(words), is_list=len(names) > 1))
    if settled == list(names):
        return found
    return settling.with_answer(found, path, put_at(path, list(dict.fromkeys(settled))), found.sources[path])


def _asked(found: Interpretation, path: str, question: Question) -> Interpretation:
    return replace(found, parameters=without(found.parameters, path), questions=(*found.questions, question))


def which(path: str, words: str, choices: Sequence[Choice]) -> Question:
    """Which of several is meant; a choice whose value is a list means a task for each."""
    together = _together([choice.value for choice in choices], "tasks")
    return Question(path=path, text=_text(words, choices), choices=(*choices, *together))


def which_of_list(
    path: str, words: str, choices: Sequence[Choice], before: Sequence[Any] = (), behind: Sequence[Any] = ()
) -> Question:
    """The same where the place takes a list: all choices are whole lists, with the other names in their places."""
    single = [Choice(label=each.label, value=[*before, each.value, *behind]) for each in choices]
    together = [
        Choice(label=each.label, value=[*before, *each.value, *behind])
        for each in _together([choice.value for choice in choices], "list")
    ]
    return Question(path=path, text=_text(words, choices), choices=(*single, *together))


def _together(values: Sequence[Any], kind: str) -> list[Choice]:
    if not 2 <= len(values) <= MOST_TOGETHER:
        return []
    label = say(f"both.{kind}") if len(values) == 2 else say(f"all.{kind}", count=len(values))
    return [Choice(label=label, value=list(values))]


def _text(words: str, choices: Sequence[Choice]) -> str:
    return say("lookup.several", words=words, choices=wording.either([choice.label for choice in choices]))


def _unknown(path: str, words: str, *, is_list: bool = False) -> Question:
    text = say("lookup.none", words=words)
    return Question(path=path, text=f"{text} {say('lookup.all_again')}" if is_list else text)


def all_of(question: Question) -> Choice | None:
    """The choice that takes all the others together, where there is one."""
    sizes = [len(choice.value) if isinstance(choice.value, list) else 1 for choice in question.choices]
    return question.choices[-1] if len(sizes) > 2 and sizes[-1] > max(sizes[:-1]) else None
