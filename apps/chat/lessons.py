"""What was misunderstood, kept with its sender's consent: judged by an administrator, and then a sentence of the evaluation.

Who takes the consent back, is unlinked or removed takes these messages along.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.chat.models import Account, Lesson
from apps.core.errors import InvalidInput, NotPermitted
from apps.core.masking import mask
from apps.core.schema import validate
from apps.language.contract import Message
from apps.language.conversation import Learn
from apps.language.evaluation.published import card_of
from apps.language.filling import fill

LONGEST = 1_000


def keep(acts: Sequence[Learn], account: Account, language: str, said_on: date, zone: str, now: datetime) -> None:
    """What was meant, of people who agree to it now: while a model was asked they may have taken that back.

    In a transaction.
    """
    if Account.objects.select_for_update().filter(pk=account.pk, may_keep=True).exists():
        Lesson.objects.bulk_create(
            Lesson(
                text=mask(act.text, LONGEST), template_key=act.template_key or "", offered=list(act.offered),
                account=account, language=language, said_on=said_on, timezone=zone, created_at=now,
            )
            for act in acts
        )  # fmt: skip


def forget(account: Account) -> int:
    """All that was kept of it. Returns how many messages went."""
    return Lesson.objects.filter(account=account).delete()[0]


def judge(lesson: Lesson, by: Any, key: str, parameters: Mapping[str, Any] | None, now: datetime) -> None:
    """Say what it means: a template with its parameters (None: not judged), or no template at all.

    Raises NotPermitted, and InvalidInput for a template that is not in service or parameters that are not its own.
    """
    if not by.has_perm("chat.change_lesson"):
        raise NotPermitted("You may not say what kept messages mean (chat.change_lesson).")
    check(key, parameters)
    Lesson.objects.filter(pk=lesson.pk).update(
        right_key=key, parameters=None if parameters is None else dict(parameters), judged_at=now, judged_by=by,
        is_used=True,
    )  # fmt: skip


def check(key: str, parameters: Mapping[str, Any] | None) -> None:
    """Raises InvalidInput for what `judge` would not take."""
    if not key:
        if parameters:
            raise InvalidInput("Where no template is meant there are no parameters. Leave them empty.")
        return
    revision = _serving(key)
    if revision is None:
        raise InvalidInput(f"There is no template “{key[:64]}” in service. Choose another, or none.")
    if parameters is not None:
        validate(dict(parameters), {**revision.parameter_schema, "required": []})


def suggested(lesson: Lesson) -> Mapping[str, Any] | None:
    """What is read of the message today for the template that its sender chose."""
    template = TaskTemplate.objects.in_service().select_related("published").filter(key=lesson.template_key).first()
    if template is None or template.published is None:
        return None
    now = datetime.combine(lesson.said_on or lesson.created_at.date(), time(12), tzinfo=UTC)
    said = Message(text=lesson.text, today=now.date(), now=now, timezone=lesson.timezone or "UTC",
                   locale=lesson.language or "en")  # fmt: skip
    return fill(said, card_of(template, template.published)).parameters


def _serving(key: str) -> TemplateRevision | None:
    template = TaskTemplate.objects.in_service().select_related("published").filter(key=key).first()
    return template.published if template else None


def rows() -> Iterator[dict[str, Any]]:
    """The judged ones as lines of an evaluation, the oldest first: what was said and what it means, and of whom nothing."""
    for lesson in Lesson.objects.exclude(judged_at=None).order_by("pk"):
        yield row(lesson)


def row(lesson: Lesson) -> dict[str, Any]:
    data: dict[str, Any] = {"text": lesson.text, "template": lesson.right_key or None}
    if lesson.language:
        data["language"] = lesson.language
    if lesson.said_on:
        data |= {"today": lesson.said_on.isoformat(), "timezone": lesson.timezone or "UTC"}
    return data if lesson.parameters is None else {**data, "parameters": lesson.parameters}
