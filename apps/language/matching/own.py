"""Which words belong to a template: those that its author wrote, and what means nearly the same in any language."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from apps.language.contract import TemplateCard
from apps.language.matching import plain
from apps.language.matching.words import vocabulary
from apps.language.parameters.fields import fields

NEAR, SAME = 0.5, 0.7
"""Of two words' directions: other languages' words for those of the shipped templates lie above .6, names below .4."""
LONG = 3
MOST, SHORT = 200, 3
"""So many words, and beside them texts of a few words as a whole: "Rechnungsbericht" is "invoice report"."""


def names(card: TemplateCard, word: str) -> bool:
    """Whether it is written in the template, a parameter's title and choices among it."""
    called = tuple(text for each in fields(card.parameter_schema) for text in (each.title, *map(str, each.choices)))
    written = _written((*_told(card), *called))
    return any(part in written for part in (word.casefold(), *_parts(word.casefold())))


def _parts(word: str) -> list[str]:
    """Of "KML-файл"; of "V-1001" none."""
    return [part for part in word.split("-") if "-" in word and len(part) >= LONG and part.isalpha()]


def knows(card: TemplateCard, word: str) -> bool:
    """The same, or near in meaning to one of its sentences' words. Near a title is rather a value: "Germany", a country."""
    return names(card, word) or are_of([word.casefold()], _told(card))[0]


def are_its_name(card: TemplateCard, words: Sequence[str]) -> bool:
    """Whether the words are those of the template's name, in any language."""
    return all(are_of(words, (card.name,), near=SAME))


def are_of(words: Sequence[str], texts: tuple[str, ...], *, near: float = NEAR) -> list[bool]:
    """For each word whether it is one of the texts' words, in another form perhaps, or means nearly the same."""
    from apps.language.matching import embedding  # numeric: most messages need none of it

    forms = _written(texts)
    same = [vocabulary("en").form(word) in forms or word in forms for word in words]
    if all(same) or not embedding.is_available():
        return same
    likenesses = _directions(tuple(words)) @ _directions(_words(texts)).T
    return [is_same or bool(row.max(initial=0) >= near) for is_same, row in zip(same, likenesses, strict=True)]


def _told(card: TemplateCard) -> tuple[str, ...]:
    sentences = [_without_names(text) for text in (*card.examples, card.description)]
    return (card.name, *card.keywords, card.category, *sentences)


def _without_names(text: str) -> str:
    """ "Greet Alice": the names in examples are values."""
    first, *others = text.split() or [""]
    return " ".join([first, *(word for word in others if not word[:1].isupper())])


@lru_cache(maxsize=512)
def _words(texts: tuple[str, ...]) -> tuple[str, ...]:
    whole = [text.casefold() for text in texts if 1 < len(text.split()) <= SHORT]
    return tuple(dict.fromkeys([*whole, *(word for text in texts for word in plain.counted(text, "en"))]))[:MOST]


@lru_cache(maxsize=512)
def _written(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_words(texts)) | {word for text in texts for word in text.casefold().split()}


@lru_cache(maxsize=512)
def _directions(words: tuple[str, ...]) -> Any:
    from apps.language.matching import embedding

    return embedding.directions(words)
