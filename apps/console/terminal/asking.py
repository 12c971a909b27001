"""From a sentence to something that can be done: what it means, and the questions that have to be answered first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from apps.catalog.models import TaskTemplate
from apps.core.errors import InvalidInput
from apps.core.schema import validate
from apps.language.contract import (
    Ambiguity,
    Choice,
    Interpretation,
    Message,
    OpenTask,
    Question,
    TemplateCard,
)
from apps.language.understanding import understand
from apps.tasks.models import Task

MAX_OPEN = 20
MAX_ASKS = 12
"""Questions about one sentence before it is given up."""
ANYTHING = "(?s).*"
YES, NO = ("y", "yes", "true", "1"), ("n", "no", "false", "0")

Answer = Callable[[Question, str], str | None]
"""Puts a question (and what was wrong with the answer before) to the person; None: no more answers will come."""


class Unanswered(Exception):
    """Something has to be known that nobody can be asked for."""

    def __init__(self, found: Interpretation, questions: Sequence[Question]) -> None:
        super().__init__("; ".join(question.text for question in questions))
        self.found = found
        self.questions = questions


def message(text: str, user: User, now: datetime) -> Message:
    local = timezone.localtime(now)
    mine = Task.objects.filter(requester=user).open().wholes().values_list("pk", "title")[:MAX_OPEN]
    return Message(
        text=text,
        today=local.date(),
        now=local,
        timezone=timezone.get_current_timezone_name(),
        open_tasks=[OpenTask(id=pk, title=title) for pk, title in mine],
    )


def cards(user: User) -> list[TemplateCard]:
    """Those that the user may start; the language never hears of others."""
    return [_card(template) for template in TaskTemplate.objects.runnable_by(user)]


def _card(template: TaskTemplate) -> TemplateCard:
    revision = template.published
    assert revision is not None  # runnable_by answers only templates that serve
    triggers = {
        name: tuple(revision.triggers.get(name, ())) for name in ("patterns", "keywords", "contexts", "examples")
    }
    return TemplateCard(
        key=template.key,
        name=template.name,
        description=template.description,
        category=template.category,
        parameter_schema=revision.parameter_schema,
        **triggers,
    )


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """Understands one sentence, asking `answer` for what is open; without it nothing can be asked."""

    said: Message
    cards: Sequence[TemplateCard]
    answer: Answer | None = None

    def settle(self) -> Interpretation:
        """An interpretation with nothing left to ask, its parameters complete and valid. Raises Unanswered."""
        found = understand(self.said, self.cards)
        for _ in range(MAX_ASKS):
            questions = open_questions(found)
            if not questions:
                found, questions = self._checked(found)
            if not questions:
                return found
            found = self._asked(found, questions)
        raise Unanswered(found, open_questions(found))

    def _asked(self, found: Interpretation, questions: Sequence[Question]) -> Interpretation:
        question, wrong = questions[0], ""
        for _ in range(3):
            text = self.answer(question, wrong) if self.answer else None
            if text is None:
                break
            if (replied := self._replied(found, question, text.strip())) is not None:
                return replied
            wrong = "I did not understand that."
        raise Unanswered(found, questions)

    def _replied(self, found: Interpretation, question: Question, text: str) -> Interpretation | None:
        choice = _chosen(question, text)
        if question.path == "template":
            return self._of(choice.value) if choice else None
        if question.path == "task_id":
            number = choice.value if choice else int(text) if text.isdecimal() and len(text) < 19 else None
            command = found.command
            return None if number is None or command is None else replace(
                found, command=replace(command, task_id=number), questions=()
            )  # fmt: skip
        if choice is not None:
            return _with(found, question.path, _at(question.path, choice.value), choice.label)
        read = self._read(self._card(found), question.path, text)
        return None if read is None else _with(found, question.path, read.parameters, text, read.ambiguities)

    def _of(self, key: str) -> Interpretation:
        """The sentence as one for this template: a person's choice counts as a pattern that matches."""
        card = next(card for card in self.cards if card.key == key)
        return understand(self.said, [replace(card, patterns=(ANYTHING,))])

    def _card(self, found: Interpretation) -> TemplateCard:
        return next(card for card in self.cards if card.key == found.template_key)

    def _read(self, card: TemplateCard, path: str, text: str) -> Interpretation | None:
        """The answer as one for the parameter at `path` alone; None when it gives no value."""
        schema = _schema_at(card.parameter_schema, path)
        if (value := _typed(schema, text)) is not None:
            return Interpretation(intent="start", parameters=_at(path, value))
        name = path.partition(".")[0]
        only = {"type": "object", "properties": {name: card.parameter_schema["properties"][name]}, "required": [name]}
        read = understand(
            replace(self.said, text=text, open_tasks=()), [replace(card, patterns=(ANYTHING,), parameter_schema=only)]
        )
        return read if read.intent == "start" and read.parameters and not read.missing else None

    def _checked(self, found: Interpretation) -> tuple[Interpretation, list[Question]]:
        """With defaults filled in, or the questions about what the schema refuses."""
        if found.intent != "start":
            return found, []
        try:
            parameters = validate(found.parameters, self._card(found).parameter_schema)
        except InvalidInput as error:
            return found, [Question(path=path, text=f"{path}: {said}") for path, said in error.fields.items()]
        return replace(found, parameters=parameters), []


def open_questions(found: Interpretation) -> list[Question]:
    """What must be answered before anything is done, the most telling first."""
    unclear = [_confirmation(found, each) for each in found.ambiguities if each.must_confirm]
    return [*found.questions, *found.missing, *unclear]


def _confirmation(found: Interpretation, each: Ambiguity) -> Question:
    taken = _value_at(found.parameters, each.path)
    first = [Choice(label=each.reading, value=taken)] if each.reading and taken is not None else []
    return Question(path=each.path, text=each.text, choices=(*first, *each.choices))


def _chosen(question: Question, text: str) -> Choice | None:
    """By number or by label."""
    if text.isdecimal() and 1 <= int(text[:9]) <= len(question.choices):
        return question.choices[int(text) - 1]
    named = [choice for choice in question.choices if choice.label.casefold() == text.casefold()]
    return named[0] if len(named) == 1 else None


def _with(
    found: Interpretation,
    path: str,
    values: Mapping[str, Any],
    words: str,
    ambiguities: Sequence[Ambiguity] = (),
) -> Interpretation:
    """The interpretation with an answer: nothing at that place is open any more but what the answer leaves open."""
    return replace(
        found,
        parameters=_merged(found.parameters, values),
        sources={**{name: said for name, said in found.sources.items() if not _covers(path, name)}, path: words},
        missing=[each for each in found.missing if not _covers(path, each.path)],
        questions=[each for each in found.questions if not _covers(path, each.path)],
        ambiguities=[*(each for each in found.ambiguities if not _covers(path, each.path)), *ambiguities],
    )


def _covers(path: str, other: str) -> bool:
    return path == other or other.startswith(f"{path}.") or path.startswith(f"{other}.")


def _at(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    placed: dict[str, Any] = value
    return placed


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        name: _merged(old[name], new[name]) for name in old.keys() & new.keys() if _are_objects(old[name], new[name])
    }
    return {**old, **new, **both}


def _are_objects(one: Any, other: Any) -> bool:
    return isinstance(one, Mapping) and isinstance(other, Mapping)


def _value_at(parameters: Mapping[str, Any], path: str) -> Any:
    value: Any = parameters
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _schema_at(schema: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    for name in path.split("."):
        schema = schema.get("properties", {}).get(name, {})
    return schema


def _typed(schema: Mapping[str, Any], text: str) -> Any:
    """The answer taken literally, where its type allows that."""
    kind = schema.get("type")
    if kind == "string" and "enum" not in schema and "format" not in schema:
        return text or None
    if kind in ("integer", "number"):
        return _number(kind, text)
    if kind == "boolean":
        return True if text.lower() in YES else False if text.lower() in NO else None
    return None


def _number(kind: str, text: str) -> int | float | None:
    try:
        return int(text) if kind == "integer" else float(text)
    except ValueError:
        return None
