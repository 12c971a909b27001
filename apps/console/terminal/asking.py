"""From a sentence to something that can be done: what it means, and the questions that have to be answered first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from apps.catalog import effects
from apps.catalog.models import TaskTemplate
from apps.language.contract import Interpretation, Message, OpenTask, Question, TemplateCard
from apps.language.conversation import coming, leftovers, settling
from apps.language.conversation.settling import MAX_ASKS, open_questions
from apps.language.filling import fill
from apps.language.understanding import understand
from apps.tasks.making import submission
from apps.tasks.models import Task

MODEL_TOOLS = frozenset({"ai", "agent"})
"""Modules whose calls may ask the language model, and cost what it costs."""
MAX_OPEN = 20

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
    """Those that the user may start, and whose tools they may use; the language never hears of others."""
    templates = TaskTemplate.objects.runnable_by(user)
    return [card(each) for each in templates if each.published_id and not submission.lacking(each.published_id, user)]


def card(template: TaskTemplate) -> TemplateCard:
    """What the language needs of a template in service."""
    revision = template.published
    assert revision is not None  # runnable_by answers only templates that serve
    triggers, found = revision.triggers, effects.of(revision)
    return TemplateCard(
        key=template.key,
        name=template.name,
        description=template.description,
        category=template.category,
        parameter_schema=revision.parameter_schema,
        patterns=tuple(triggers.get("patterns", ())),
        keywords=tuple(triggers.get("keywords", ())),
        contexts=tuple(triggers.get("contexts", ())),
        examples=tuple(triggers.get("examples", ())),
        must_confirm=revision.parameter_schema.get("x-confirm") is True,
        has_effects=bool(found.names),
        cost=_cost([*revision.required_tools, *found.tools]),
        notes=_notes(revision.parameter_schema),
    )


def _notes(schema: Mapping[str, Any]) -> Mapping[str, str]:
    """What the template cannot do without a language model, by language, where none is set up."""
    said = schema.get("x-without-model")
    return said if isinstance(said, Mapping) and not settings.GEMINI_API_KEY else {}


def _cost(tools: Sequence[str]) -> str:
    """Empty without a model: rules cost nothing."""
    asks = any(name.split(".")[0] in MODEL_TOOLS or name in settings.AGENT_CLASSES for name in tools)
    return "asks the language model" if asks and settings.GEMINI_API_KEY else ""


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

    def left(self, found: Interpretation) -> str:
        """The words that may have been meant and became nothing; "" where there are none."""
        return leftovers.of(self.said, self._card(found.template_key), found)

    def ahead(self, found: Interpretation) -> str:
        """What to say of days that are still to come; "" where there are none."""
        return coming.of(found, self._card(found.template_key), self.said.today)

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
        choice = settling.chosen(question, text)
        if question.path == "template":
            return fill(self.said, self._card(choice.value)) if choice else None
        if question.path == "task_id":
            number = choice.value if choice else int(text) if text.isdecimal() and len(text) < 19 else None
            command = found.command
            return None if number is None or command is None else replace(
                found, command=replace(command, task_id=number), questions=()
            )  # fmt: skip
        return settling.answered(self.said, self._card(found.template_key), found, question, text)

    def _card(self, key: str | None) -> TemplateCard:
        return next(card for card in self.cards if card.key == key)

    def _checked(self, found: Interpretation) -> tuple[Interpretation, list[Question]]:
        return settling.checked(found, self._card(found.template_key)) if found.intent == "start" else (found, [])
