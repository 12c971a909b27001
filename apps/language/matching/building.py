"""From cards to a fit: their sentences become rows, and rows are fitted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from apps.language.contract import TemplateCard
from apps.language.matching import embedding, fitting, plain, space, tongue
from apps.language.matching.calibration import PRIORS
from apps.language.matching.fitting import Fit, Rows
from apps.language.matching.lexical import block, part_features, word_features
from apps.language.matching.space import Seen, Space

Array = npt.NDArray[Any]
Blocks = Literal["both", "meaning", "words"]
"""Which similarities count: `both`; `meaning` for sentences in a language that the examples are not in; `words` where the
sentence encoder is left out."""
EXTRA_WEIGHT = 0.5
"""Of the name, the keywords and the description, against 1 for an example."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    text: str
    owner: int
    weight: float
    is_example: bool = False


def build(cards: Sequence[TemplateCard], blocks: Blocks) -> Fit:
    sentences = _sentences(cards)
    texts = [sentence.text for sentence in sentences]
    languages = [tongue.language_of(text) for text in texts]
    found = seen(texts, languages, blocks, encode=embedding.lasting_vectors)
    rows = Rows(
        classes=np.array([sentence.owner for sentence in sentences]),
        weights=np.array([sentence.weight for sentence in sentences], dtype=np.float32),
        is_example=np.array([sentence.is_example for sentence in sentences]),
        count=len(cards),
    )
    similarities = _space(found, blocks).similarities(found)
    kept = np.flatnonzero(~_is_claimed(similarities, rows))
    found, rows = [found[row] for row in kept], rows.only(kept)
    unrotated = _space(found, blocks)
    similarities = unrotated.similarities(found)
    turned = replace(unrotated, basis=space.rotation(similarities))
    return fitting.fit(turned, similarities, rows, PRIORS[blocks])


def seen(
    texts: Sequence[str],
    languages: Sequence[str],
    blocks: Blocks,
    rest: Sequence[str] | None = None,
    encode: Callable[[Sequence[str], Sequence[str]], Array] = embedding.vectors,
) -> list[Seen]:
    """Texts as the space takes them. `rest`: the same without the periods, where somebody has read them already."""
    bare = rest or [plain.without_dates(text, language) for text, language in zip(texts, languages, strict=True)]
    words = [plain.counted(text, language) for text, language in zip(bare, languages, strict=True)]
    vectors: Sequence[Array | None] = [None] * len(texts)
    if blocks != "words":
        vectors = list(encode([plain.spoken(text) for text in texts], languages))
    return [
        Seen(vector=vector, words=word_features(each), parts=part_features(each))
        for vector, each in zip(vectors, words, strict=True)
    ]


def ship_everyday() -> int:
    """Write the vectors of the everyday sentences, as they are and as they are compared. Returns the file's bytes."""
    texts = [text for language in tongue.LANGUAGES for text in tongue.everyday(language)]
    return embedding.ship([*texts, *map(plain.spoken, texts)])


def _sentences(cards: Sequence[TemplateCard]) -> list[Sentence]:
    found = []
    for owner, card in enumerate(cards):
        found += [Sentence(text=text, owner=owner, weight=1, is_example=True) for text in dict.fromkeys(card.examples)]
        extras = [card.name, " ".join(card.keywords), card.description]
        found += [Sentence(text=text, owner=owner, weight=EXTRA_WEIGHT) for text in extras if text.strip()]
    for language in tongue.LANGUAGES:
        found += [
            Sentence(text=text, owner=len(cards), weight=fitting.BACKGROUND_WEIGHT)
            for text in tongue.everyday(language)
        ]
    return found


def _space(found: Sequence[Seen], blocks: Blocks) -> Space:
    return Space(
        vectors=np.array([each.vector for each in found]) if blocks != "words" else None,
        words=block([each.words for each in found]) if blocks != "meaning" else None,
        parts=block([each.parts for each in found]) if blocks != "meaning" else None,
        basis=np.zeros((0, 0)),
    )


def _is_claimed(similarities: Array, rows: Rows) -> Array:
    """Everyday sentences that are so near to an example that they are somebody's after all."""
    if not rows.is_example.any():
        return np.zeros(len(rows.classes), dtype=bool)
    found: Array = rows.is_background & (similarities[:, rows.is_example].max(axis=1) >= fitting.TOO_NEAR)
    return found
