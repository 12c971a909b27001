"""What a message says as a request for one template that is known already: the matching is left out."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from apps.language import dates, parameters, pasted, wording
from apps.language.contract import Candidate, Interpretation, Message, TemplateCard
from apps.language.dates import Found


def fill(
    message: Message,
    card: TemplateCard,
    *,
    best: Candidate | None = None,
    others: Sequence[Candidate] = (),
    found: Sequence[Found] | None = None,
) -> Interpretation:
    """The template's parameters as the message gives them. `found`: the message's periods, where they are known."""
    text, lines = pasted.parted(message.text, card.parameter_schema)
    if found is None:
        found = dates.find(text, context(message))
    forward: Sequence[Found] = ()
    if parameters.looks_forward(card.parameter_schema):
        forward = dates.find(text, replace(context(message), prefers_past=False))
    values = parameters.read(
        text,
        card.parameter_schema,
        [each for each in found if each.end <= len(text)],
        message.locale,
        forward=forward,
        zone=message.timezone,
        lines=lines,
    )
    return Interpretation(
        intent="start",
        template_key=card.key,
        parameters=values.parameters,
        sources=values.sources,
        confidence=best.confidence if best else 1.0,
        parts=best.parts if best else {},
        runner_ups=others,
        missing=values.missing,
        questions=values.questions,
        ambiguities=values.ambiguities,
        echo=wording.understood(card.name, values.period, values.titles),
    )


def context(message: Message) -> dates.Context:
    """What reading its dates depends on."""
    return dates.Context(
        today=message.today,
        locale=message.locale,
        is_month_first=message.is_month_first,
        fiscal_start_month=message.fiscal_start_month,
        is_fiscal_known=message.is_fiscal_known,
        now=message.now.astimezone(ZoneInfo(message.timezone)) if message.now.tzinfo else message.now,
    )
