"""Where texts are: similarities with the rows that a fit has, and the same as coordinates of few dimensions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from apps.language.matching.lexical import Block

Array = npt.NDArray[Any]
MEANING, WORDS = 0.7, 0.3
"""How much the sentence vectors and the words count where both are used."""
SMALLEST = 1e-3
"""Of the first singular value: dimensions below it are dropped."""
MOST_DIMENSIONS = 400


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A text as the space takes it: its sentence vector (or None), and its features."""

    vector: Array | None
    words: Mapping[str, int]
    parts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Space:
    vectors: Array | None
    words: Block | None
    parts: Block | None
    basis: Array

    def similarities(self, seen: Sequence[Seen]) -> Array:
        """(texts, rows)"""
        found = []
        for each in seen:
            shares = []
            if self.vectors is not None and each.vector is not None:
                shares.append((MEANING, self.vectors @ each.vector))
            if self.words is not None and self.parts is not None:
                lexical = self.words.similarities(each.words) + self.parts.similarities(each.parts)
                shares.append((WORDS, lexical / 2))
            total = sum(share for share, _ in shares) or 1.0
            found.append(sum((share / total * value for share, value in shares)))
        return np.array(found, dtype=np.float32)

    def points(self, similarities: Array) -> Array:
        """Coordinates in the span of the rows."""
        found: Array = similarities @ self.basis
        return found


def rotation(similarities: Array) -> Array:
    """What turns similarities with the rows into coordinates: the eigenvectors of their matrix, scaled."""
    values, vectors = np.linalg.eigh(similarities.astype(np.float64))
    order = np.argsort(values)[::-1][:MOST_DIMENSIONS]
    kept = order[values[order] > SMALLEST**2 * values[order[0]]]
    basis: Array = (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    return basis
