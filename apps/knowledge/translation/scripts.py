"""In which letters a language is written."""

import unicodedata
from functools import lru_cache

from apps.knowledge.translation import languages

_LETTERS: dict[str, frozenset[str]] = {
    "Latn": frozenset({"LATIN"}),
    "Cyrl": frozenset({"CYRILLIC"}),
    "Arab": frozenset({"ARABIC"}),
    "Deva": frozenset({"DEVANAGARI"}),
    "Hans": frozenset({"CJK"}),
    "Hant": frozenset({"CJK"}),
    "Jpan": frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    "Kore": frozenset({"HANGUL", "CJK"}),
    "Grek": frozenset({"GREEK"}),
    "Hebr": frozenset({"HEBREW"}),
    "Thai": frozenset({"THAI"}),
    "Geor": frozenset({"GEORGIAN"}),
    "Armn": frozenset({"ARMENIAN"}),
    "Beng": frozenset({"BENGALI"}),
    "Taml": frozenset({"TAMIL"}),
    "Telu": frozenset({"TELUGU"}),
}
"""First words of the Unicode names of a script's letters, by its code (ISO 15924)."""
_WRITTEN = {
    "Latn": "af ca cs da de en es et eu fi fr ga gl hr hu id is it lt lv mt nb nl nn no pl pt ro sk sl sq sv sw tr vi",
    "Cyrl": "be bg ky mk ru tg uk",
    "Arab": "ar fa ur",
    "Deva": "hi mr ne",
    "Hans": "zh",
    "Jpan": "ja",
    "Kore": "ko",
    "Grek": "el",
    "Hebr": "he",
    "Thai": "th",
    "Geor": "ka",
    "Armn": "hy",
    "Beng": "bn",
    "Taml": "ta",
    "Telu": "te",
}
_SCRIPT = {language: script for script, spoken in _WRITTEN.items() for language in spoken.split()}
_DENSE = frozenset({"Hans", "Hant", "Jpan", "Kore", "Thai"})
"""Say in one character what others say in several."""


def code(language: str) -> str:
    """The script of a language; "" when it is not known, or when the language is written in several."""
    named = (part for part in language.split("-")[1:] if part in _LETTERS)
    return next(named, _SCRIPT.get(languages.base(language), ""))


def letters(language: str) -> frozenset[str] | None:
    return _LETTERS.get(code(language))


def is_dense(language: str) -> bool:
    return code(language) in _DENSE


@lru_cache(maxsize=4096)
def of_letter(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]
