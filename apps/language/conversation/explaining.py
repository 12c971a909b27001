"""Why a message was understood as it was: told from the interpretation that was kept with the request, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from apps.language import wording
from apps.language.contract import Candidate, Interpretation, TemplateCard
from apps.language.conversation import cards
from apps.language.conversation.contract import Card, Row
from apps.language.conversation.state import Request
from apps.language.conversation.talk import Talk
from apps.language.matching.relevance import KEYWORDS
from apps.language.wording import say

EVIDENCE = ("pattern", "keywords", "context", "nearest")
LEAST = 0.01
"""A smaller difference between two templates explains nothing."""


def say_why(talk: Talk) -> None:
    """What is open is explained; else what was started last. It stays as it is."""
    request = _meant(talk)
    template = talk.template(request.found.template_key) if request else None
    if request is not None and template is not None:
        rows = why(request, template)
        talk.say(card=Card(title=say("why.title", name=template.name), rows=rows))
    elif request is not None and request.found.runner_ups:
        talk.say(card=Card(title=say("why.which"), rows=which(request.found.runner_ups)))
    else:
        talk.say(say("why.none"))


def _meant(talk: Talk) -> Request | None:
    if talk.open is not None and talk.open.request is not None:
        return talk.open.request
    return talk.state.last.request if talk.state.last else None


def why(request: Request, template: TemplateCard) -> tuple[Row, ...]:
    """The template, where each value is from, who came second, and what was taken for granted."""
    found = request.found
    chosen = Row(label=say("row.template"), value=template.name, source=_how(request))
    rows = [chosen, *cards.values(found, template), *_second(request)]
    return (*rows, *_assumed(request))


def which(candidates: Sequence[Candidate]) -> tuple[Row, ...]:
    """Where nothing is chosen: how near each is."""
    return tuple(
        Row(label=each.name, value=percent(each.confidence), source=_joined(_for(each.parts))) for each in candidates
    )


def percent(share: float) -> str:
    return say("percent", number=wording.shown_number(round(share * 100)))


def _how(request: Request) -> str:
    sure, found = percent(request.found.confidence), request.found
    if request.how == "chosen":
        return say("from_choice")
    if request.how == "same":
        return say("from_last")
    if request.how == "model":
        return say("why.model", percent=sure)
    return _joined([sure, *_for(found.parts)])


def _for(parts: Mapping[str, float]) -> Iterator[str]:
    """What speaks for a template, of the parts that its confidence was made from."""
    for name in EVIDENCE:
        part = parts.get(name, 0.0)
        if part >= LEAST:
            share = part / KEYWORDS if name == "keywords" else part
            yield say(f"why.{name}", percent=percent(share))


def _second(request: Request) -> Iterator[Row]:
    """Who came next, and in what it was behind. Where somebody chose, the others that were offered."""
    found = request.found
    others = [each for each in found.runner_ups if each.key != found.template_key and each.confidence >= LEAST]
    if request.how == "chosen" and others:
        yield Row(
            label=say("row.next"), value=", ".join(f"{each.name} ({percent(each.confidence)})" for each in others)
        )
    elif request.how == "said" and others:
        value = f"{others[0].name}, {percent(others[0].confidence)}"
        yield Row(label=say("row.next"), value=value, source=_joined(_against(found, others[0])))
    elif request.how == "said":
        yield Row(label=say("row.next"), value=say("why.alone"))


def _against(found: Interpretation, other: Candidate) -> list[str]:
    behind = [name for name in EVIDENCE if found.parts.get(name, 0.0) - other.parts.get(name, 0.0) >= LEAST]
    near = percent(other.parts.get("nearest", 0.0))
    return [say(f"why.not.{name}", percent=near) for name in behind] or [say("why.not.together")]


def _assumed(request: Request) -> Iterator[Row]:
    if request.today:
        today = wording.day(date.fromisoformat(request.today))
        yield Row(label=say("row.today"), value=today, source=request.zone)
    for each in request.found.ambiguities:
        if not each.must_confirm:
            yield Row(label=say("row.assumed"), value=each.text)


def _joined(texts: Sequence[str] | Iterator[str]) -> str:
    return ", ".join(texts)
