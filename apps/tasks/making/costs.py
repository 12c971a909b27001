"""What a task will use of the language model, told before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from apps.ai import prices
from apps.catalog.definition import Definition
from apps.catalog.estimate import Tokens, tokens
from apps.catalog.models import TemplateRevision
from apps.core.errors import InvalidInput
from apps.knowledge.translation import languages, memory, messages


@dataclass(frozen=True, kw_only=True)
class Cost:
    """`money` is None where nobody has said what the model costs; `has_model` is False where none is set up."""

    tokens: Tokens
    money: Decimal | None
    currency: str
    has_model: bool


def expected(revision: Definition | TemplateRevision, parameters: Mapping[str, Any]) -> Cost | None:
    """None where the template says nothing about it (`x-tokens` in its schema). Without a model nothing is used."""
    schema = revision.parameter_schema
    rule = schema.get("x-tokens") if isinstance(schema, dict) else None
    if not isinstance(rule, dict):
        return None
    known = 0
    if _names_texts(rule):
        parameters = _as_translated(rule, parameters)
        known = _known(rule, parameters) if settings.GEMINI_API_KEY else 0
    needed = tokens(schema, parameters, known=known)
    if needed is None:
        return None
    if not settings.GEMINI_API_KEY:
        unused = Tokens(read=0, write=0, count=needed.count)
        return Cost(tokens=unused, money=None, currency="", has_model=False)
    price = prices.current()
    return Cost(
        tokens=needed,
        money=price.of(needed.read, needed.write) if price else None,
        currency=price.currency if price else "",
        has_model=True,
    )


# Translations ---------------------------------------------------------------------------------------------------------


def _names_texts(rule: Mapping[str, Any]) -> bool:
    names = rule.get("memory")
    return isinstance(names, dict) and all(
        isinstance(name, str) for name in (rule.get("texts"), names.get("source"), names.get("languages"))
    )


def _as_translated(rule: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """With each text once and without its key, and without the language that the texts are in."""
    names, texts = rule["memory"], parameters.get(rule["texts"])
    taken = dict(parameters)
    if isinstance(texts, list):
        taken[rule["texts"]] = _texts([str(text) for text in texts])
    source, into = parameters.get(names["source"]), parameters.get(names["languages"])
    if isinstance(into, list):
        taken[names["languages"]] = [each for each in into if each != source]
    return taken


def _texts(lines: Sequence[str]) -> list[str]:
    try:
        return list(dict.fromkeys(each.text for each in messages.read(lines)))
    except InvalidInput:  # broken JSON: the start says where
        return list(lines)


def _known(rule: Mapping[str, Any], parameters: Mapping[str, Any]) -> int:
    """How many of the translations the memory has."""
    names, texts = rule["memory"], parameters.get(rule["texts"])
    into = parameters.get(names["languages"])
    if not isinstance(texts, list) or not isinstance(into, list):
        return 0
    try:
        return sum(_of_language(names, texts, parameters, str(each)) for each in into)
    except InvalidInput:  # half read, or too much: the start says what is wrong with it
        return 0


def _of_language(names: Mapping[str, Any], texts: Sequence[str], parameters: Mapping[str, Any], language: str) -> int:
    tags = names.get("tags", {})
    source = str(parameters.get(names["source"], ""))
    purpose = memory.Purpose(
        source=languages.tag(tags.get(source, source)),
        language=languages.tag(tags.get(language, language)),
        topic=_word(parameters, names.get("topic")),
        style=_word(parameters, names.get("style")),
    )
    return sum(entry is not None for entry in memory.look_up(texts, purpose))


def _word(parameters: Mapping[str, Any], name: Any) -> str:
    return str(parameters.get(name) or "") if isinstance(name, str) else ""


def facts(cost: Cost) -> dict[str, Any]:
    """For programs. `money` is a text with exact digits, or None."""
    return {
        "tokens": cost.tokens.total,
        "items": cost.tokens.count,
        "known": cost.tokens.known,
        "money": None if cost.money is None else f"{cost.money:.4f}",
        "currency": cost.currency,
        "has_model": cost.has_model,
    }
