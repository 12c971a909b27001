"""What of a request found no place and may have been meant: a limit, a name, a number, a day. It is told before a start.

1. What became a value, or is asked about, is placed. 2. What stands behind an "only" or a "without" and is not placed
is left, but for the template's own name. 3. So is what stands behind an "in", a "for" or a "to", where it is a name, a
number, or a word that neither the template nor everyday talk knows. 4. And, wherever it stands, what is quoted, a
number, a name, a code and a day. All else ("quickly", "for me") starts as if it had not been said.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from apps.language import dates, pasted
from apps.language.contract import Interpretation, Message, TemplateCard
from apps.language.conversation import hearing
from apps.language.conversation.words import LANGUAGES, table
from apps.language.filling import context
from apps.language.matching import own, plain, tongue
from apps.language.matching.words import vocabulary
from apps.language.parameters import phrases, spelled
from apps.language.parameters.fields import fields

PLACED = "\0"
"""In place of each character that became a value: spans stay right."""
SHORTEST_STEM, LONGEST_ENDING = 4, 2
COUNTRY = 2
"""A code of so many letters is near to anything."""
_DEAR = frozenset({"dear", "liebe", "lieber", "уважаемый", "уважаемая", "querido", "querida", "cher", "chère"})
_PLACES = frozenset({"berlin", "tokyo", "tokio", "берлин", "токио", "berlín"})
"""Everyday sentences name them; in a request they say where."""
_HABITS = frozenset({"ok", "asap", "pls", "fyi"})
REACH = 4
"""How many words of its own a limit takes."""
_QUOTED = r"[\"“„«][^\"“”„«»]+[\"“”»]"
_WORD = r"(?:[dDlLnNsS]|[qQ]u)['’](?=\w)|\w+(?:[.,:/'’&@+-]+\w+)*"
_TOKEN = re.compile(rf"(?P<placed>\0+)|(?P<quoted>{_QUOTED})|(?P<word>{_WORD})|(?P<stop>[.;:!?,()]+(?=\s|$|\0))")
_CODE = re.compile(r"(?=.*\d)\w.*|[A-ZА-ЯЁ]{2,}\d*")


@dataclass(frozen=True, kw_only=True)
class Token:
    kind: str
    text: str
    start: int
    end: int
    is_first: bool = False
    """At the beginning of a sentence, where a capital says nothing."""

    @property
    def folded(self) -> str:
        return self.text.casefold().replace("’", "'")


def of(said: Message, card: TemplateCard, found: Interpretation, *, besides: Iterable[str] = ()) -> str:
    """The words as they were written, `…` between what stands apart; "" where nothing is left. `besides` are placed."""
    text, _ = pasted.parted(said.text, card.parameter_schema)
    reader = _Reader(text=_blanked(text, [*besides, *_placed(card, found)]), said=said, card=card, found=found)
    spans = _merged([*reader.days(), *reader.limits(), *reader.alone()])
    return " … ".join(text[start:end] for start, end in spans)


def _placed(card: TemplateCard, found: Interpretation) -> Iterator[str]:
    """What became a value, what is one by default anyway, and what is asked about."""
    for place in fields(card.parameter_schema):
        yield from ([str(place.schema["default"])] if isinstance(place.schema.get("default"), str) else [])
    for words in found.sources.values():
        yield from words.split(" … ")
    for doubt in found.ambiguities:
        yield doubt.words
    for question in (*found.missing, *found.questions):
        yield from (str(label) for choice in question.choices for label in (choice.label, choice.value))


def _blanked(text: str, placed: Iterable[str]) -> str:
    for words in sorted(filter(None, placed), key=len, reverse=True):
        text = re.sub(
            rf"(?<!\w){re.escape(words)}(?!\w)", lambda match: PLACED * len(match[0]), text, flags=re.IGNORECASE
        )
    return text


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Each word once: what lies within another, or overlaps it, belongs to that."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@dataclass(kw_only=True)
class _Reader:
    """One text with its placed words blanked."""

    text: str
    said: Message
    card: TemplateCard
    found: Interpretation

    def __post_init__(self) -> None:
        self.language = tongue.language_of(self.said.text, self.said.locale)
        self.phrases = phrases.phrases(self.said.text, self.said.locale)
        self.tokens = list(_tokens(self.text))
        self.keeping_out = frozenset((*self.phrases.without, *self.phrases.only))
        self.awaited = {mark for mark in self._markers() if mark not in self.keeping_out}
        self.numbers = {word for word, value in spelled.runs(self.text.lower(), self.phrases).items() if value > 1}

    def _markers(self) -> Iterator[str]:
        """Behind which a text was to stand, of the parameters that got none."""
        for place in fields(self.card.parameter_schema):
            if place.kind == "string" and not place.choices and place.path not in self.found.sources:
                for marker in place.markers:
                    yield from (marker.lower(), *self.phrases.markers.get(marker.lower(), ()))

    def days(self) -> Iterator[tuple[int, int]]:
        """Periods and times that no parameter took. Today is when a request is made anyway."""
        for each in dates.find(self.text, context(self.said)):
            is_today = each.period is not None and each.period.first == each.period.last == self.said.today
            if not (is_today and not each.times):
                yield each.start, each.end

    def limits(self) -> Iterator[tuple[int, int]]:
        for at, token in enumerate(self.tokens):
            if (size := self._limiting(at)) and (span := self._kept_out(at, at + size)):
                yield span
            elif token.folded in self.phrases.narrowing or token.folded in self.awaited:
                meant = self._object(at + 1)
                is_awaited = token.folded in self.awaited
                if any(self._is_telling(each) or (is_awaited and not self._names(each)) for each in meant):
                    yield token.start, meant[-1].end

    def alone(self) -> Iterator[tuple[int, int]]:
        for at, token in enumerate(self.tokens):
            is_word = token.kind == "word" and not self._is_addressed(at)
            is_all = len(self.tokens) == 1  # the message itself stands in quotation marks
            if (token.kind == "quoted" and not is_all) or (
                is_word and (self._is_number(token) or self._is_name(token))
            ):
                yield token.start, token.end

    def _is_addressed(self, at: int) -> bool:
        """ "Hi Bob, …" and "…, thanks Bob": who is spoken to is no part of the request."""
        if at == 0 or self.tokens[at - 1].folded not in _greetings():
            return False
        return at == 1 or self.tokens[at - 2].kind == "stop"

    def _names(self, token: Token) -> bool:
        return token.kind == "word" and own.names(self.card, token.text)

    def _limiting(self, at: int) -> int:
        """How many words from here on are an "only" or a "without"; 0 where they are none."""
        for size in (3, 2, 1):
            said = self.tokens[at : at + size]
            words = " ".join(each.folded for each in said)
            if len(said) == size and words in self.keeping_out:
                return size
        return 0

    def _kept_out(self, start: int, at: int) -> tuple[int, int] | None:
        """From the limit to the end of what it is about; "overdue only" has that before it."""
        while at < len(self.tokens) and self.tokens[at].folded in self.phrases.narrowing:
            at += 1  # "but not for Acme"
        behind = self.tokens[at : at + 1]
        if any(token.kind == "placed" for token in self._object(at, with_placed=True)[:1]):
            return None
        meant = self._object(at)
        if meant:
            is_all_of_it = own.are_its_name(self.card, [each.folded for each in meant])
            return None if is_all_of_it else (self.tokens[start].start, meant[-1].end)
        before = self.tokens[start - 1] if start else None
        ends_here = not behind or behind[0].kind == "stop"
        near = self.tokens[max(0, start - 2) : start]
        if not ends_here or before is None or before.kind != "word" or any(each.kind == "placed" for each in near):
            return None  # "inactive clients only"
        return (before.start, self.tokens[at - 1].end) if self._is_content(before) else None

    def _object(self, at: int, *, with_placed: bool = False) -> list[Token]:
        """The words that carry meaning from here to the next limit, stop or value."""
        meant: list[Token] = []
        for place in range(at, min(at + 2 * REACH, len(self.tokens))):
            token = self.tokens[place]
            if token.kind == "placed":
                return [*meant, token] if with_placed else meant
            if token.kind == "stop" or token.folded in self.phrases.narrowing or self._limiting(place):
                break
            if self._is_content(token):
                meant.append(token)
            if len(meant) == REACH:
                break
        return meant

    def _is_content(self, token: Token) -> bool:
        if token.kind == "quoted":
            return True
        return (
            token.folded not in hearing.fillers() and token.folded not in plain.GENERIC and token.folded not in _EMPTY
        )

    def _is_telling(self, token: Token) -> bool:
        return token.kind == "quoted" or self._is_number(token) or self._is_name(token) or self._is_unknown(token)

    def _is_number(self, token: Token) -> bool:
        return bool(re.search(r"\d", token.text)) or token.folded in self.numbers

    def _is_name(self, token: Token) -> bool:
        """A capital within a sentence, or a code. German writes all nouns so: there it has to be unknown, too."""
        if self.text.isupper():
            return False
        if _CODE.fullmatch(token.text):
            is_own = own.names if len(token.text) <= COUNTRY or self._is_number(token) else own.knows
            return token.folded not in _HABITS and not is_own(self.card, token.text)
        if token.is_first or not token.text[0].isupper() or not self._is_content(token):
            return False
        return self._is_unknown(token) if self.language == "de" else not own.names(self.card, token.text)

    def _is_unknown(self, token: Token) -> bool:
        """Neither everyday talk nor the template has it."""
        return not _is_everyday(token.folded) and not own.knows(self.card, token.text)


@lru_cache(maxsize=1024)
def _is_everyday(word: str) -> bool:
    """In this or another form."""
    known = plain.everyday_words() - _PLACES
    stem = word[: max(SHORTEST_STEM, len(word) - LONGEST_ENDING)]
    return word in known or (len(word) > SHORTEST_STEM and any(each.startswith(stem) for each in known))


def _tokens(text: str) -> Iterator[Token]:
    is_first = True
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        yield Token(kind=kind, text=match[0], start=match.start(), end=match.end(), is_first=is_first)
        is_first = kind == "stop" and match[0][0] in ".!?:"


_EMPTY = vocabulary("en").empty


@lru_cache
def _greetings() -> frozenset[str]:
    """Words behind which a name is whom one speaks to."""
    tables = [table(language) for language in LANGUAGES]
    said = (phrase for each in tables for phrase in (*each.hello, *each.thanks))
    return frozenset(phrase.split()[-1] for phrase in said) | _DEAR
