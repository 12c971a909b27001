"""Tf-idf vectors over words, pairs of words and parts of words, without a numeric library."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

Vector = Mapping[str, float]
WORD_SHARE = 0.6
"""How much words count against parts of words; parts forgive endings and slips."""


class Weights:
    """How telling each feature is, learnt from documents (lists of words)."""

    def __init__(self, documents: Iterable[Sequence[str]]) -> None:
        counts: Counter[str] = Counter()
        self.size = 0
        for document in documents:
            self.size += 1
            counts.update({*word_features(document), *part_features(document)})
        self._idf = {feature: self._weight(count) for feature, count in counts.items()}
        self._unseen = self._weight(0)

    def of(self, feature: str) -> float:
        """An unseen feature is as telling as can be: a message full of them is about something else."""
        return self._idf.get(feature, self._unseen)

    def vectors(self, words: Sequence[str]) -> tuple[Vector, Vector]:
        """(words and pairs, parts of words), each of length one."""
        return self._vector(word_features(words)), self._vector(part_features(words))

    def _weight(self, count: int) -> float:
        return math.log((1 + self.size) / (1 + count)) + 1

    def _vector(self, features: Iterable[str]) -> Vector:
        raw = {feature: (1 + math.log(count)) * self.of(feature) for feature, count in Counter(features).items()}
        length = math.sqrt(sum(value * value for value in raw.values()))
        return {feature: value / length for feature, value in raw.items()} if length else {}


def similarity(one: tuple[Vector, Vector], other: tuple[Vector, Vector]) -> float:
    """From 0 to 1."""
    return WORD_SHARE * _dot(one[0], other[0]) + (1 - WORD_SHARE) * _dot(one[1], other[1])


def word_features(words: Sequence[str]) -> list[str]:
    return [*words, *(f"{one} {two}" for one, two in pairwise(words))]


def part_features(words: Sequence[str]) -> list[str]:
    parts = []
    for word in words:
        framed = f"_{word}_"
        parts += [framed[at : at + size] for size in (3, 4) for at in range(max(1, len(framed) - size + 1))]
    return parts


def _dot(one: Vector, other: Vector) -> float:
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    return sum(value * large.get(feature, 0.0) for feature, value in small.items())
