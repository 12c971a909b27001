"""What is computed once for a set of templates, and kept while the set stays the same."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

from apps.core import regex
from apps.language.contract import TemplateCard
from apps.language.matching.vectors import Vector, Weights
from apps.language.matching.words import Vocabulary, vocabulary

KEPT_INDEXES = 16


@dataclass(frozen=True, kw_only=True)
class IndexedCard:
    card: TemplateCard
    patterns: tuple[regex.Pattern, ...]
    keywords: tuple[frozenset[str], ...]
    """Each keyword as the set of its words; it is there when all of them are."""
    contexts: tuple[frozenset[str], ...]
    examples: tuple[tuple[Vector, Vector], ...]
    known: frozenset[str]
    """Words of the name, keywords and examples, and of the values that its parameters may take."""
    described: frozenset[str]
    """Words of the description and category only."""


@dataclass(frozen=True, kw_only=True)
class Index:
    cards: tuple[IndexedCard, ...]
    weights: Weights
    background: tuple[tuple[Vector, Vector], ...]
    known: frozenset[str]
    vocabulary: Vocabulary


def build(cards: Sequence[TemplateCard], locale: str) -> Index:
    words = vocabulary(locale)
    background = [words.words(text) for text in words.background]
    documents = [words.words(text) for card in cards for text in _examples(card)]
    weights = Weights([*documents, *background])
    indexed = tuple(_index(card, words, weights) for card in cards)
    return Index(
        cards=indexed,
        weights=weights,
        background=tuple(weights.vectors(text) for text in background),
        known=frozenset().union(*(each.known for each in indexed), *background),
        vocabulary=words,
    )


def index_for(cards: Sequence[TemplateCard], locale: str) -> Index:
    """The index of these very cards: kept by a digest of everything in them, so a changed card is another set."""
    text = json.dumps([locale, *(asdict(card) for card in cards)], sort_keys=True, default=str)
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return _kept.get(digest) or _kept.put(digest, build(cards, locale))


class _Kept:
    """The indexes used last."""

    def __init__(self) -> None:
        self._indexes: OrderedDict[bytes, Index] = OrderedDict()
        self._lock = Lock()

    def get(self, digest: bytes) -> Index | None:
        with self._lock:
            if digest in self._indexes:
                self._indexes.move_to_end(digest)
            return self._indexes.get(digest)

    def put(self, digest: bytes, index: Index) -> Index:
        with self._lock:
            self._indexes[digest] = index
            while len(self._indexes) > KEPT_INDEXES:
                self._indexes.popitem(last=False)
            return index


_kept = _Kept()


def _examples(card: TemplateCard) -> list[str]:
    return [card.name, *card.examples] if card.examples else [card.name, *card.keywords, card.description]


def _index(card: TemplateCard, words: Vocabulary, weights: Weights) -> IndexedCard:
    texts = [card.name, *card.keywords, *card.examples, *_values(card.parameter_schema)]
    known = frozenset(word for text in texts for word in words.words(text))
    described = frozenset(words.words(f"{card.description} {card.category}")) - known
    return IndexedCard(
        card=card,
        patterns=tuple(_compiled(card.patterns)),
        keywords=tuple(frozenset(words.words(keyword)) for keyword in card.keywords),
        contexts=tuple(frozenset(words.words(context)) for context in card.contexts),
        examples=tuple(weights.vectors(words.words(text)) for text in _examples(card)),
        known=known,
        described=described,
    )


def _values(schema: Any) -> Iterator[str]:
    """Every choice and synonym in the schema."""
    if isinstance(schema, list):
        for item in schema:
            yield from _values(item)
    if isinstance(schema, Mapping):
        yield from (str(choice) for choice in schema.get("enum", []) if isinstance(choice, str))
        for synonyms in schema.get("x-synonyms", {}).values():
            yield from synonyms
        for child in schema.values():
            yield from _values(child)


def _compiled(patterns: Sequence[str]) -> list[regex.Pattern]:
    """A pattern that cannot be used matches nothing: publishing refuses it, and one bad card must not stop the site."""
    return [regex.compile(pattern, ignore_case=True) for pattern in patterns if regex.problem(pattern) is None]
