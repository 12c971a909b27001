"""How well a message fits each template, by part.

The baseline is 0.4 for a pattern, 0.3 x the share of keywords, 0.3 for the context. It is shown, and it alone can
start a template above 0.7. Beside it stands evidence: how near the message is to the nearest example, and how much of
what it says the template's words cover. The constants were chosen on tests/unit/language/evaluation.py.
"""

import math
from collections.abc import Sequence

from apps.language.contract import Candidate, Message, TemplateCard
from apps.language.matching.index import Index, IndexedCard, index_for
from apps.language.matching.vectors import Vector, similarity

PATTERN, KEYWORDS, CONTEXT = 0.4, 0.3, 0.3
SURE_PATTERN = 0.9
DESCRIBED_WEIGHT = 0.5
NOT_AN_ORDER_CAP = 0.5
SAME_SENTENCE = 0.9
NEAREST_SHARE = 0.55
STEEPNESS, MIDDLE = 11.0, 0.62


def rank(message: Message, rest: str, cards: Sequence[TemplateCard]) -> list[Candidate]:
    """All templates, the best first. `rest` is the text without the words that were read as values."""
    if not cards:
        return []
    index = index_for(cards, message.locale)
    said = index.vocabulary.words(rest, index.known)
    vectors = index.weights.vectors(said)
    nobody = max((similarity(vectors, each) for each in index.background), default=0.0)
    hits = [_has_pattern(each, message.text) for each in index.cards]
    found = [
        _candidate(message, index, each, said, vectors, nobody, hit and sum(hits) == 1, hit)
        for each, hit in zip(index.cards, hits, strict=True)
    ]
    return sorted(found, key=lambda candidate: (-candidate.confidence, candidate.key))


def _candidate(
    message: Message,
    index: Index,
    each: IndexedCard,
    said: list[str],
    vectors: tuple[Vector, Vector],
    nobody: float,
    is_only_pattern: bool,
    has_pattern: bool,
) -> Candidate:
    parts = {
        "pattern": PATTERN * has_pattern,
        "keywords": KEYWORDS * _share(each.keywords, frozenset(said)),
        "context": CONTEXT * _in_context(each, message, said),
    }
    parts["baseline"] = sum(parts.values())
    parts["nearest"] = max((similarity(vectors, example) for example in each.examples), default=0.0)
    parts["covered"] = _covered(index, each, said)
    evidence = NEAREST_SHARE * parts["nearest"] + (1 - NEAREST_SHARE) * parts["covered"]
    if nobody > parts["nearest"]:
        evidence -= nobody - parts["nearest"]
    confidence = max(1 / (1 + math.exp(-STEEPNESS * (evidence - MIDDLE))), parts["baseline"])
    if is_only_pattern:
        confidence = max(confidence, SURE_PATTERN)
    if parts["nearest"] < SAME_SENTENCE and not _is_ordered(index, each, message.text, said):
        confidence = min(confidence, NOT_AN_ORDER_CAP)
    return Candidate(
        key=each.card.key,
        name=each.card.name,
        confidence=round(confidence, 3),
        parts={name: round(value, 3) for name, value in parts.items()},
    )


def _has_pattern(each: IndexedCard, text: str) -> bool:
    return any(pattern.search(text) is not None for pattern in each.patterns)


def _share(keywords: tuple[frozenset[str], ...], said: frozenset[str]) -> float:
    return sum(keyword <= said for keyword in keywords) / len(keywords) if keywords else 0.0


def _in_context(each: IndexedCard, message: Message, said: list[str]) -> bool:
    here = frozenset(said) | frozenset(word for text in message.contexts for word in text.casefold().split())
    return any(context and context <= here for context in each.contexts)


def _covered(index: Index, each: IndexedCard, said: list[str]) -> float:
    """The share of the message's meaning, by weight, that the template has words for."""
    total = sum(index.weights.of(word) for word in said)
    known = sum(index.weights.of(word) for word in said if word in each.known)
    described = sum(index.weights.of(word) for word in said if word in each.described)
    return (known + DESCRIBED_WEIGHT * described) / total if total else 0.0


def _is_ordered(index: Index, each: IndexedCard, text: str, said: list[str]) -> bool:
    undoes = index.vocabulary.undoing.intersection(said) - each.known
    return index.vocabulary.is_order(text) and not undoes
