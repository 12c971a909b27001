"""A sentence whose words are consumed one by one, what was read from it, and patterns of names in it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from apps.language.parameters import spelled
from apps.language.parameters.fields import Field
from apps.language.parameters.phrases import Phrases

LONG_NAME = 5
"""From so many letters on, the ending of a name may differ."""
_GAP = r"[\s_-]+"


@dataclass(frozen=True, kw_only=True)
class Value:
    """`others`: a choice between several values that were all named."""

    value: Any
    spans: tuple[tuple[int, int], ...]
    others: tuple[Any, ...] = ()


@dataclass
class Sentence:
    """The text, folded, and what of it is consumed."""

    text: str
    phrases: Phrases
    consumed: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # One character for one: spans stay right (casefold may lengthen).
        self.folded = "".join(low if len(low := char.lower()) == 1 else char for char in self.text).replace("’", "'")

    @cached_property
    def spelled(self) -> dict[str, int | float]:
        """Numbers in letters that stand in the text, and their values."""
        return spelled.runs(self.folded, self.phrases)

    def is_free(self, start: int, end: int) -> bool:
        return all(end <= low or start >= high for low, high in self.consumed)

    def consume(self, spans: Iterable[tuple[int, int]]) -> None:
        self.consumed.extend(spans)

    def matches(self, pattern: str) -> list[re.Match[str]]:
        return [match for match in re.finditer(pattern, self.folded) if self.is_free(*match.span())]

    def words_of(self, spans: Iterable[tuple[int, int]]) -> str:
        return " … ".join(self.text[start:end] for start, end in sorted(spans))


def phrase_pattern(phrase: str) -> str:
    words = [re.escape(word) for word in re.split(r"[\s_-]+", phrase.lower()) if word]
    return rf"(?<!\w){_GAP.join(words)}(?!\w)" if words else r"(?!)"


def markers(place: Field, sentence: Sentence) -> list[str]:
    """The place's own marker words, and what the sentence's language says in place of the English ones."""
    others = [word for marker in place.markers for word in sentence.phrases.markers.get(marker.lower(), ())]
    return [*place.markers, *others]


def noun_pattern(noun: str, sentence: Sentence) -> str:
    stem = re.escape(noun.removesuffix(sentence.phrases.no_plural))
    return rf"{stem}(?:{sentence.phrases.no_plural})?\b"


def nouns(place: Field, sentence: Sentence) -> list[str]:
    """Patterns of what the parameter is about."""
    return [noun_pattern(noun, sentence) for noun in place.nouns] + [name_pattern(name) for name in place.names]


def name_pattern(name: str) -> str:
    """A name in any language; the ending of a longer one may differ, as cases and plurals do."""
    stem = name[:-1] if len(name) >= LONG_NAME else name
    return r"\s+".join(map(re.escape, stem.split())) + (r"\w{0,3}(?!\w)" if stem != name else r"(?!\w)")
