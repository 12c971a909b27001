"""What of a text tells templates apart: no politeness, no values, slips of the hand put right."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

from rapidfuzz.distance import OSA

from apps.language import dates
from apps.language.matching import tongue
from apps.language.matching.words import vocabulary

MAX_TEXT = 2000
# Words that name no subject: a message of nothing else may mean many templates.
_GENERIC = """
report analysis analyse overview summary statistic list data dataset comprehensive detailed complete full large task
bericht analyse übersicht zusammenfassung statistik liste daten ausführlicher vollständiger
отчёт отчет анализ обзор сводка статистика список данные подробный полный
informe análisis resumen estadística lista datos detallado completo
rapport aperçu résumé statistiques liste données détaillé complet un une der die das den ein eine einen el la
mach mache erstelle сделай создай haz crea genera fais crée génère
"""
GENERIC = frozenset(_GENERIC.split())
SLIP = 0.8
SHORTEST = 5
"""Shorter words have too many neighbours to be put right."""
SOME_DAY = date(2026, 1, 1)
_POLITE = re.compile(
    r"\b(?:please|pls|kindly|bitte|пожалуйста|por favor|s'il (?:te|vous) pla[iî]t|(?:could|can|would|will) you|"
    r"i would like(?: to)?|i'd like(?: to)?|i (?:want|need)(?: to)?|we need(?: to)?|give me|show me)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“„«][^\"“”„«»]*[\"“”»]")
_NUMBER = re.compile(r"\b\d[\d.,:/%]*\w*|\S+@\S+")
_WORD = re.compile(r"\w+(?:'\w+)?")


def normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:MAX_TEXT]).replace("’", "'").strip()


def spoken(text: str) -> str:
    """For the sentence vector: as it was said, without the polite beginning and end."""
    bare = " ".join(_POLITE.sub(" ", normal(text)).split()).strip(" ,.!?-")
    return bare or normal(text)


def counted(text: str, language: str) -> list[str]:
    """The words for the lexical block: without numbers, quotes and politeness, in one form each where a table says how."""
    bare = _NUMBER.sub(" ", _QUOTED.sub(" ", _POLITE.sub(" ", normal(text)))).casefold()
    if language == "en":
        return vocabulary("en").words(bare) or vocabulary("en").words(normal(text))
    return _WORD.findall(bare)


def is_telling(text: str, language: str) -> bool:
    """False for a single word, and for words that name no subject ("create a detailed report")."""
    words = counted(text, language)
    return len(words) > 1 and not GENERIC.issuperset(words)


@lru_cache(maxsize=4096)
def without_dates(text: str, language: str) -> str:
    """An example without its periods: they say nothing about the template."""
    for found in reversed(dates.find(text, dates.Context(today=SOME_DAY, locale=language))):
        text = f"{text[: found.start]} {text[found.end :]}"
    return text


def surface(texts: Sequence[str]) -> frozenset[str]:
    """The words of texts as they are written, those that slips are put right to."""
    found = (word for text in texts for word in _WORD.findall(normal(text).casefold()))
    return frozenset(word for word in found if len(word) >= SHORTEST and word.isalpha())


def corrected(text: str, known: frozenset[str], is_word: Callable[[str], bool]) -> str:
    """With every word that is none put right, where a known one is a slip or two away."""
    return _WORD.sub(lambda match: _right(match[0], known, is_word), normal(text))


def _right(word: str, known: frozenset[str], is_word: Callable[[str], bool]) -> str:
    plain = word.casefold()
    if len(plain) < SHORTEST or not plain.isalpha() or plain in known or is_word(plain):
        return word
    near = [each for each in known if abs(len(each) - len(plain)) <= 2 and each[0] == plain[0]]
    scored = max(((OSA.normalized_similarity(plain, each), each) for each in near), default=(0.0, word))
    return scored[1] if scored[0] >= SLIP else word


@lru_cache
def everyday_words() -> frozenset[str]:
    return surface([text for language in tongue.LANGUAGES for text in tongue.everyday(language)])
