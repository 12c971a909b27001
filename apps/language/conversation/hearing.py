"""Fixed words of a conversation, whichever language they are said in: yes, forget it, no I meant, the same for, and then."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Literal

from apps.language import wording
from apps.language.conversation.words import LANGUAGES, Words, table

Heard = Literal[
    "", "yes", "no", "start", "forget", "change", "none", "more", "hello", "thanks", "who", "both", "reason"
]
KINDS: tuple[Heard, ...] = (
    "yes",
    "no",
    "start",
    "forget",
    "change",
    "none",
    "more",
    "hello",
    "thanks",
    "who",
    "both",
    "reason",
)
MAX_WORDS = 8
"""Longer messages are no fixed words."""
MAX_PARTS = 5
MAX_JOINED = 400
"""In longer messages an "and" joins what is said, and each side would have to be read again."""
_EDGES = re.compile(r"^[\s,.:;!?–-]+|[\s,.:;!?–-]+$")


@dataclass(frozen=True, kw_only=True)
class Correction:
    """`old` is what was named to be replaced; `is_denied` where the message began with a no of some kind."""

    new: str
    old: str = ""
    is_denied: bool = False


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """A sentence with the words that say when it is to be repeated, and without them."""

    rule: str
    rest: str


def hear(text: str) -> set[Heard]:
    """All that the whole message can be: "go on" is a start where a card waits, and more where a list was cut."""
    said = _plain(text)
    if not said or len(said.split()) > MAX_WORDS:
        return set()
    return {kind for kind in KINDS if any(_is(said, kind, language) for language in LANGUAGES)}


def language(text: str, settled: str = "") -> str:
    """The language in which the whole message is a fixed word: the settled one, or the only one; "" for none."""
    said = _plain(text)
    if not said or len(said.split()) > MAX_WORDS:
        return ""
    known = [each for each in LANGUAGES if any(_is(said, kind, each) for kind in KINDS)]
    return settled if settled in known else known[0] if len(known) == 1 else ""


def truth(text: str) -> bool | None:
    heard = hear(text)
    if re.fullmatch(r"\s*(?:1|true)\s*", text, re.IGNORECASE):
        return True
    if re.fullmatch(r"\s*(?:0|false)\s*", text, re.IGNORECASE):
        return False
    return True if "yes" in heard else False if "no" in heard else None


LEADS: Mapping[Heard, tuple[Heard, ...]] = {
    "yes": ("yes",),
    "start": ("yes", "start"),
    "forget": ("no", "forget"),
    "change": ("no", "yes"),
}
"""What may stand before, in one language: "yes please do it", "no, forget it"."""


def _is(said: str, kind: Heard, language: str) -> bool:
    return said in _whole(language, kind) or (kind in LEADS and _is_led(said, kind, language))


def _is_led(said: str, kind: Heard, language: str) -> bool:
    """Whether the end of it is of that kind, and all before it only leads there."""
    polite, words = _whole(language, "please"), said.split()
    leads = polite.union(*(_whole(language, lead) for lead in LEADS[kind]))
    parted = [(" ".join(words[:end]), " ".join(words[end:])) for end in range(1, len(words))]
    return any(
        (before in leads and _is(behind, kind, language)) or (behind in polite and _is(before, kind, language))
        for before, behind in parted
    )


@lru_cache
def _whole(language: str, kind: str) -> frozenset[str]:
    return frozenset(_plain(phrase) for phrase in getattr(table(language), kind))


def _plain(text: str) -> str:
    return " ".join(
        re.sub(r"[\s,.:;!?¿¡…\U0001f300-\U0001faff]+", " ", text[:400].replace("’", "'")).split()
    ).casefold()


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Kept here: there are more of them than `re` keeps."""
    return re.compile(pattern, re.IGNORECASE)


def _tables() -> Iterator[Words]:
    """The spoken language's first."""
    for language in dict.fromkeys([wording.spoken(), *LANGUAGES]):
        yield table(language)


def correction(text: str) -> Correction:
    """What a message is without its "no, I meant"; of the tables the one that takes most."""
    plain = text.strip().replace("’", "'")
    heads = [_compiled(words.denial).match(plain) for words in _tables()]
    taken = max(match.end() if match else 0 for match in heads)
    rest, is_denied = plain[taken:], taken > 0
    for text, words in product((plain, rest), _tables()):
        for pattern in words.instead:
            if match := _compiled(pattern).fullmatch(text):
                return Correction(new=_trimmed(match["new"]), old=_trimmed(match["old"]), is_denied=True)
    return Correction(new=_trimmed(rest), is_denied=is_denied)


def _trimmed(text: str) -> str:
    return _EDGES.sub("", text)


def same(text: str) -> str | None:
    """What follows "the same"; None where the message does not begin so."""
    plain = text.strip().replace("’", "'")
    for words in _tables():
        if match := _compiled(words.same).match(plain):
            return _trimmed(plain[match.end() :])
    return None


def also(text: str) -> str | None:
    """What follows an "and", "only" or "as"; None where the message does not begin so."""
    plain = text.strip().replace("’", "'")
    for words in _tables():
        if _compiled(words.also).match(plain):
            return plain
    return None


def parts(text: str) -> list[str]:
    """The message cut at "and then", semicolons and lines; of "then" only one language's."""
    pieces = [piece for line in re.split(r"[;\n\r]+", text) for piece in _split(line) if _trimmed(piece)]
    return [_trimmed(piece) for piece in pieces] if 1 < len(pieces) <= MAX_PARTS else [text]


def _split(line: str) -> list[str]:
    for words in _tables():
        pieces = _compiled(words.then).split(line)
        if len([piece for piece in pieces if _trimmed(piece)]) > 1:
            return pieces
    return [line]


def joined(text: str) -> list[list[str]]:
    """Ways to cut the message at a plain "and": at all of them, and at one alone."""
    for words in _tables() if len(text) <= MAX_JOINED else ():
        cuts = [cut for cut in _compiled(words.both_of).finditer(text) if not _is_quoted(text, cut.start())]
        if cuts and len(cuts) < MAX_PARTS:
            ways = [cuts, *([cut] for cut in cuts if len(cuts) > 1)]
            return [_cut(text, way) for way in ways]
    return []


def _is_quoted(text: str, place: int) -> bool:
    quotes = re.finditer(r'"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»', text)
    return any(quote.start() < place < quote.end() for quote in quotes)


def _cut(text: str, cuts: Sequence[re.Match[str]]) -> list[str]:
    begins, ends = [0, *(cut.end() for cut in cuts)], [*(cut.start() for cut in cuts), len(text)]
    return [_trimmed(text[begin:end]) for begin, end in zip(begins, ends, strict=True)]


def repeated(text: str) -> Repeated | None:
    """Where the words stand at the beginning or at the end; in the middle only with a time."""
    for words in _tables():
        for match in _compiled(words.rule).finditer(text):
            before, behind = _trimmed(text[: match.start()]), _trimmed(text[match.end() :])
            if not (before and behind) or _is_address(before) or re.search(r"\d", match.group()):
                rest = _trimmed(re.sub(rf"^(?:{_ADDRESS})\b", "", f"{before} {behind}".strip(), flags=re.IGNORECASE))
                return Repeated(rule=_trimmed(match.group()), rest=rest)
    return None


_ADDRESS = r"(?:please|pls|bitte|hi|hey|hallo|hola|bonjour|пожалуйста|por favor|s'il (?:te|vous) pla[iî]t)"


def _is_address(text: str) -> bool:
    return re.fullmatch(rf"{_ADDRESS}[\s,!]*", text, re.IGNORECASE) is not None


def unplaced(text: str, taken: list[str]) -> str:
    """The words that neither became a value nor are fillers."""
    for words in sorted((piece for each in taken for piece in each.split(" … ")), key=len, reverse=True):
        text = re.sub(re.escape(words), " ", text, count=1, flags=re.IGNORECASE) if words else text
    left = [word for word in re.findall(r"[\w’'&.+-]*\w", text) if word.casefold() not in fillers()]
    return " ".join(left)


@lru_cache
def fillers() -> frozenset[str]:
    return frozenset().union(*(table(language).fillers for language in LANGUAGES))
