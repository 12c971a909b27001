"""What the fits say of a message. Importing this loads the numeric library, so it is done where a message needs it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from apps.language.contract import TemplateCard
from apps.language.matching import building, deciding, embedding, keeping, plain, tongue
from apps.language.matching.building import Blocks

VERBATIM = 0.97
VAGUE_CAP = 0.6
AT_HOME, AT_HOME_EXAMPLES = 0.5, 3
"""The share of templates that need so many examples in a language before its words are compared too. With one or two, the
many words of the other languages' examples only made sentences look strange."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the fit says of each template: its share of the choice, the chance that it is meant, the nearest example."""

    share: Sequence[float]
    chance: Sequence[float]
    nearest: Sequence[float]


def of(said: str, rest: str, language: str, cards: Sequence[TemplateCard]) -> Evidence:
    """`rest` is what was said without the periods."""
    blocks = _blocks(cards, language)
    fit = keeping.fit_for(cards, blocks)
    known = _surface(cards)
    text, bare = (plain.corrected(each, known, _is_word) for each in (said, rest))
    similarities = fit.space.similarities(building.seen([text], [language], blocks, [bare]))
    probabilities, choice, chances = fit.read(similarities)
    share, first = probabilities[0, :-1], probabilities[0, choice[0]]
    nearest = [_nearest(similarities[0], fit.rows.classes == at) for at in range(len(cards))]
    chance = float(chances[0])
    if nearest[choice[0]] >= VERBATIM:
        chance = max(chance, deciding.SURE)
    elif not plain.is_telling(bare, language):
        chance = min(chance, VAGUE_CAP)
    return Evidence(
        share=[float(each) for each in share],
        chance=[chance * float(each / max(first, 1e-9)) for each in share],
        nearest=nearest,
    )


def held_out(cards: Sequence[TemplateCard]) -> dict[str, tuple[int, float]]:
    """(which template, how likely it is right) for the examples of the first card, each by a head that had not seen it."""
    blocks: Blocks = "both" if embedding.is_available() else "words"
    found = {int(row): (int(choice), float(chance)) for row, choice, chance in keeping.fit_for(cards, blocks).held_out}
    return {text: found[row] for row, text in enumerate(dict.fromkeys(cards[0].examples)) if row in found}


def _blocks(cards: Sequence[TemplateCard], language: str) -> Blocks:
    if not embedding.is_available():
        return "words"
    return "both" if language in at_home(cards) else "meaning"


def _nearest(similarities: building.Array, rows: building.Array) -> float:
    return float(np.max(similarities[rows], initial=0.0))


def _is_word(word: str) -> bool:
    return word in plain.everyday_words() or (embedding.is_available() and embedding.is_word(word))


def at_home(cards: Sequence[TemplateCard]) -> frozenset[str]:
    """The languages that at least half of the templates have examples in: three, or half of what they have."""
    return _at_home(tuple(tuple(card.examples or (card.name, card.description)) for card in cards))


@lru_cache(maxsize=64)
def _at_home(told: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    spoken = [Counter(tongue.language_of(text) for text in texts) for texts in told]
    homes = {
        language: sum(counts[language] >= min(AT_HOME_EXAMPLES, counts.total() / 2) for counts in spoken) / len(spoken)
        for language in tongue.LANGUAGES
    }
    return frozenset(language for language, share in homes.items() if share >= AT_HOME)


def _surface(cards: Sequence[TemplateCard]) -> frozenset[str]:
    return _surface_of(tuple(text for card in cards for text in (card.name, *card.keywords, *card.examples)))


@lru_cache(maxsize=64)
def _surface_of(texts: tuple[str, ...]) -> frozenset[str]:
    return plain.surface(texts)
