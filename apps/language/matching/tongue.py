"""Which language a sentence is in: by parts of words, counted in the everyday sentences of `background/`."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("en", "de", "ru", "es", "fr")
FOLDER = Path(__file__).parent / "background"
MIN_LEAD = 1.0
"""In nats: a shorter lead is no knowledge, and the sentence counts as one in the locale's language."""
SMOOTHING = 0.5
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache
def everyday(language: str) -> tuple[str, ...]:
    """Sentences of offices that no template is meant for. The first 70 say the same in every language."""
    return tuple((FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines())


@lru_cache(maxsize=4096)
def language_of(text: str, locale: str = "en") -> str:
    own = locale.replace("_", "-").split("-")[0].lower()
    own = own if own in LANGUAGES else "en"
    pieces = _pieces(text)
    scores = {language: _likelihood(pieces, language) for language in LANGUAGES}
    best = max(LANGUAGES, key=lambda language: (scores[language], language == own))
    return best if scores[best] - scores[own] >= MIN_LEAD else own


def _likelihood(pieces: Mapping[str, int], language: str) -> float:
    known, unknown = _logs(language)
    return sum(count * known.get(piece, unknown) for piece, count in pieces.items())


@lru_cache
def _logs(language: str) -> tuple[Mapping[str, float], float]:
    """The logarithm of each piece's frequency, and that of a piece that never was."""
    counts = _counts()[language]
    total = counts.total() + SMOOTHING * _kinds()
    return {piece: math.log((count + SMOOTHING) / total) for piece, count in counts.items()}, math.log(
        SMOOTHING / total
    )


def _pieces(text: str) -> Counter[str]:
    """Pairs and triples of letters with the words' ends, and short words whole."""
    found: Counter[str] = Counter()
    for word in _WORD.findall(text[:1000].casefold()):
        framed = f" {word} "
        found.update(framed[at : at + size] for size in (2, 3) for at in range(len(framed) - size + 1))
        if len(word) <= 4:
            found[framed] += 1
    return found


@lru_cache
def _counts() -> Mapping[str, Counter[str]]:
    return {language: _pieces_of_all(everyday(language)) for language in LANGUAGES}


def _pieces_of_all(texts: Sequence[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for text in texts:
        total += _pieces(text)
    return total


@lru_cache
def _kinds() -> int:
    return len({piece for counts in _counts().values() for piece in counts})
