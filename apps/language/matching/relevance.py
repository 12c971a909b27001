"""How likely each template is meant, and why.

The baseline is 0.4 for a pattern, 0.3 x the share of keywords, 0.3 for the context. It is shown, and above 0.7 it starts
a template. So does a pattern that only one template has. Otherwise a fit over the templates' sentences says which one is
nearest and how likely that is right (fitting.py); what sounds like an order and is none is held back (orders.py).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from apps.core import regex
from apps.language.contract import Candidate, Message, TemplateCard
from apps.language.matching import deciding, orders, plain, tongue
from apps.language.matching.words import vocabulary

PATTERN, KEYWORDS, CONTEXT = 0.4, 0.3, 0.3
STARTS_ALONE = 0.7
"""A baseline above it starts a template; one up to `WORTH_ASKING` is shown and decides nothing."""
WORTH_ASKING = 0.6
SAME_SENTENCE = 0.9
NO_ORDER_CAP = 0.25  # is asked about: who asks how to make a report may want one
OTHER_DEED_CAP = 0.1


def rank(message: Message, rest: str, cards: Sequence[TemplateCard]) -> list[Candidate]:
    """All templates, the best first. `rest` is the text without the words that were read as values."""
    if not cards:
        return []
    language = tongue.language_of(message.text, message.locale)
    hits = [any(pattern.search(message.text) for pattern in patterns(card)) for card in cards]
    baselines = [_baseline(message, rest, card, hit) for card, hit in zip(cards, hits, strict=True)]
    sure = hits.index(True) if sum(hits) == 1 else None
    share, chances, nearest = _evidence(message, rest, language, cards) if sure is None else _none(cards)
    found = []
    for at, card in enumerate(cards):
        parts = baselines[at] | {"nearest": nearest[at], "share": share[at]}
        chance = _chance(parts, chances[at], is_sure=at == sure)
        if nearest[at] < SAME_SENTENCE:
            chance = min(chance, _most(message.text, language, card))
        found.append(_candidate(card, chance, parts))
    return sorted(found, key=lambda each: (-each.confidence, -each.parts["baseline"], each.key))


def _candidate(card: TemplateCard, chance: float, parts: Mapping[str, float]) -> Candidate:
    return Candidate(
        key=card.key,
        name=card.name,
        confidence=round(chance, 3),
        parts={name: round(float(value), 3) for name, value in parts.items()},
        starts_from=deciding.starts_from(is_costly=card.has_effects or bool(card.cost)),
    )


def _chance(parts: Mapping[str, float], chance: float, *, is_sure: bool) -> float:
    if is_sure or parts["baseline"] > STARTS_ALONE:
        return max(chance, deciding.SURE, parts["baseline"])
    return max(chance, parts["baseline"]) if parts["baseline"] >= WORTH_ASKING else chance


Evidence = tuple[Sequence[float], Sequence[float], Sequence[float]]
"""By template: its share of the choice, the chance that it is meant, the similarity of its nearest sentence."""


def _evidence(message: Message, rest: str, language: str, cards: Sequence[TemplateCard]) -> Evidence:
    from apps.language.matching import evidence  # numeric: a message that a pattern settles needs none of it

    found = evidence.of(message.text, rest, language, cards)
    return found.share, found.chance, found.nearest


def _none(cards: Sequence[TemplateCard]) -> Evidence:
    nothing = [0.0] * len(cards)
    return nothing, nothing, nothing


def _most(text: str, language: str, card: TemplateCard) -> float:
    """Little for no order, less for a deed of which the template knows nothing; but not where its examples are like that."""
    deed = orders.deed(plain.spoken(text), language)
    if deed and deed.isdisjoint(_told(card)):
        return OTHER_DEED_CAP
    kind = orders.kind(text, language)
    return NO_ORDER_CAP if kind and kind not in _kinds(tuple(card.examples)) else 1.0


@lru_cache(maxsize=512)
def _told_by(texts: tuple[str, ...]) -> frozenset[str]:
    words = vocabulary("en")
    return frozenset(form for text in texts for word in text.casefold().split() for form in (word, words.form(word)))


def _told(card: TemplateCard) -> frozenset[str]:
    return _told_by((card.name, card.description, *card.keywords, *card.examples))


@lru_cache(maxsize=1024)
def _kinds(examples: tuple[str, ...]) -> frozenset[orders.Kind]:
    return orders.kinds(tuple((text, tongue.language_of(text)) for text in examples))


def _baseline(message: Message, rest: str, card: TemplateCard, has_pattern: bool) -> dict[str, float]:
    words = vocabulary(message.locale)
    said = frozenset(words.words(rest))
    here = said.union(*(words.words(text) for text in message.contexts))
    keywords = _forms(tuple(card.keywords), message.locale)
    contexts = _forms(tuple(card.contexts), message.locale)
    parts = {
        "pattern": PATTERN * has_pattern,
        "keywords": KEYWORDS * sum(keyword <= said for keyword in keywords) / max(len(keywords), 1),
        "context": CONTEXT * any(context and context <= here for context in contexts),
    }
    return parts | {"baseline": sum(parts.values())}


@lru_cache(maxsize=1024)
def _forms(texts: tuple[str, ...], locale: str) -> tuple[frozenset[str], ...]:
    words = vocabulary(locale)
    return tuple(frozenset(words.words(text)) for text in texts)


def patterns(card: TemplateCard) -> tuple[regex.Pattern, ...]:
    return _compiled(tuple(card.patterns))


@lru_cache(maxsize=1024)
def _compiled(texts: tuple[str, ...]) -> tuple[regex.Pattern, ...]:
    """A pattern that cannot be used matches nothing: publishing refuses it, and one bad card must not stop the site."""
    return tuple(regex.compile(text, ignore_case=True) for text in texts if regex.problem(text) is None)
