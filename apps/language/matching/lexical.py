"""How alike texts are by their words and parts of words: tf-idf, kept by feature so that a message costs little."""

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows of unit length over one kind of feature, as lists of (row, weight) by feature."""

    columns: Mapping[str, int]
    idf: Array
    starts: Array
    rows: Array
    values: Array
    size: int

    def similarities(self, features: Mapping[str, int]) -> Array:
        """With every row, from 0 to 1. What no row has counts against all: such a message is about something else."""
        found = [(self.columns[name], count) for name, count in features.items() if name in self.columns]
        unseen = math.log(1 + self.size) + 1
        strange = sum((_damped(count) * unseen) ** 2 for name, count in features.items() if name not in self.columns)
        weights = [(column, _damped(count) * self.idf[column]) for column, count in found]
        length = math.sqrt(strange + sum(weight * weight for _, weight in weights))
        result = np.zeros(self.size, dtype=np.float32)
        for column, weight in weights:
            span = slice(self.starts[column], self.starts[column + 1])
            result[self.rows[span]] += self.values[span] * (weight / length)
        return result


def block(texts: Sequence[Mapping[str, int]]) -> Block:
    names = sorted({name for text in texts for name in text})
    columns = {name: at for at, name in enumerate(names)}
    counts: Counter[str] = Counter(name for text in texts for name in text)
    idf = np.array([math.log((1 + len(texts)) / (1 + counts[name])) + 1 for name in names], dtype=np.float32)
    at, rows, values = array("i"), array("i"), array("f")
    for row, text in enumerate(texts):
        raw = {columns[name]: _damped(count) * float(idf[columns[name]]) for name, count in text.items()}
        length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
        at.extend(raw)
        rows.extend([row] * len(raw))
        values.extend(value / length for value in raw.values())
    order = np.argsort(at, kind="stable")
    starts = np.searchsorted(np.array(at)[order], np.arange(len(names) + 1))
    return Block(
        columns=columns,
        idf=idf,
        starts=starts.astype(np.int32),
        rows=np.array(rows)[order],
        values=np.array(values)[order],
        size=len(texts),
    )


def _damped(count: int) -> float:
    return 1 + math.log(count)


def word_features(words: Sequence[str]) -> Counter[str]:
    return Counter([*words, *(f"{one} {two}" for one, two in pairwise(words))])


def part_features(words: Sequence[str]) -> Counter[str]:
    parts: Counter[str] = Counter()
    for word in words:
        framed = f" {word} "
        parts.update(framed[at : at + size] for size in (3, 4) for at in range(max(1, len(framed) - size + 1)))
    return parts
