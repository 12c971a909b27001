"""How well a message fits each template, by part.

The baseline is 0.4 for a pattern, 0.3 x the share of keywords, 0.3 for the context. It is shown, and it alone can
start a template above 0.7. Beside it stands evidence: how near the message is to the nearest example, and how much of
what it says the template's words cover. The constants were chosen on tests/unit/language/evaluation.py.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.language.contract import Candidate, Message, TemplateCard
from apps.language.matching.index import Index, IndexedCard, index_for
from apps.language.matching.vectors import Vector, similarity

PATTERN, KEYWORDS, CONTEXT = 0.4, 0.3, 0.3
SURE_PATTERN = 0.9
DESCRIBED_WEIGHT = 0.5
NOT_AN_ORDER_CAP = 0.5
SAME_SENTENCE = 0.9
NEAREST_SHARE = 0.55
REQUEST_BONUS = 0.05
ONE_WORD_CAP = 0.6
STEEPNESS, MIDDLE = 9.0, 0.53


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a message says, ready to be compared."""

    text: str
    words: list[str]
    vectors: tuple[Vector, Vector]
    contexts: frozenset[str]
    nobody: float
    """How near it is to talk that no template is meant for."""
    is_order: bool
    is_request: bool


def rank(message: Message, rest: str, cards: Sequence[TemplateCard]) -> list[Candidate]:
    """All templates, the best first. `rest` is the text without the words that were read as values."""
    if not cards:
        return []
    index = index_for(cards, message.locale)
    said = _said(message, rest, index)
    hits = [any(pattern.search(said.text) for pattern in each.patterns) for each in index.cards]
    found = []
    for each, hit in zip(index.cards, hits, strict=True):
        parts = _parts(said, each, hit, index)
        confidence = _confidence(parts, said, each, index, is_sure=hit and sum(hits) == 1)
        rounded = {name: round(value, 3) for name, value in parts.items()}
        found.append(Candidate(key=each.card.key, name=each.card.name, confidence=round(confidence, 3), parts=rounded))
    return sorted(found, key=lambda candidate: (-candidate.confidence, candidate.key))


def _said(message: Message, rest: str, index: Index) -> Said:
    words = index.vocabulary.words(rest, index.known)
    vectors = index.weights.vectors(words)
    here = frozenset(word for text in message.contexts for word in index.vocabulary.words(text))
    return Said(
        text=message.text,
        words=words,
        vectors=vectors,
        contexts=here | frozenset(words),
        nobody=max((similarity(vectors, each) for each in index.background), default=0.0),
        is_order=index.vocabulary.is_order(message.text),
        is_request=index.vocabulary.is_request(message.text),
    )


def _parts(said: Said, each: IndexedCard, has_pattern: bool, index: Index) -> dict[str, float]:
    is_in_context = any(context and context <= said.contexts for context in each.contexts)
    parts = {
        "pattern": PATTERN * has_pattern,
        "keywords": KEYWORDS * _share(each.keywords, frozenset(said.words)),
        "context": CONTEXT * is_in_context,
    }
    parts["baseline"] = sum(parts.values())
    parts["nearest"] = max((similarity(said.vectors, example) for example in each.examples), default=0.0)
    parts["covered"] = _covered(index, each, said.words)
    return parts


def _confidence(parts: Mapping[str, float], said: Said, each: IndexedCard, index: Index, *, is_sure: bool) -> float:
    evidence = NEAREST_SHARE * parts["nearest"] + (1 - NEAREST_SHARE) * parts["covered"]
    evidence += REQUEST_BONUS * said.is_request - max(0.0, said.nobody - parts["nearest"])
    confidence = 1 / (1 + math.exp(-STEEPNESS * (evidence - MIDDLE)))
    if len(said.words) < 2 and parts["nearest"] < SAME_SENTENCE:
        confidence = min(confidence, ONE_WORD_CAP)  # "Report" alone may be meant, and may be mentioned
    confidence = max(confidence, parts["baseline"])
    if is_sure:
        confidence = max(confidence, SURE_PATTERN)
    undoes = index.vocabulary.undoing.intersection(said.words) - each.known
    if parts["nearest"] < SAME_SENTENCE and (undoes or not said.is_order):
        confidence = min(confidence, NOT_AN_ORDER_CAP)
    return confidence


def _share(keywords: tuple[frozenset[str], ...], said: frozenset[str]) -> float:
    return sum(keyword <= said for keyword in keywords) / len(keywords) if keywords else 0.0


def _covered(index: Index, each: IndexedCard, said: list[str]) -> float:
    """The share of the message's meaning, by weight, that the template has words for."""
    total = sum(index.weights.of(word) for word in said)
    known = sum(index.weights.of(word) for word in said if word in each.known)
    described = sum(index.weights.of(word) for word in said if word in each.described)
    return (known + DESCRIBED_WEIGHT * described) / total if total else 0.0
