"""From text to tokens: explicit dates first, then the longest phrase of the lexicon, then single shapes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from apps.language.dates import periods
from apps.language.dates.clocks import Clock, clocks
from apps.language.dates.lexicon import Lexicon
from apps.language.dates.periods import Period


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that could be meant otherwise: the reading that was taken is the found period's own.

    kind: day_month_order | year_assumed | calendar_or_rolling | vague | which_day | fiscal | open_start | backwards |
    not_a_date | from_or_in | half_day. `others` are the other readings, the likeliest first.
    """

    kind: str
    words: str
    others: tuple[Period, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Token:
    code: str
    value: Any = None
    start: int
    end: int
    is_capital: bool = False
    is_spelled: bool = False
    """A number in letters."""
    notes: tuple[Note, ...] = field(default=())
    times: tuple[time, ...] = ()


_WORD = re.compile(
    r"(?P<iso>(?<![\w-])\d{4}-\d{1,2}-\d{1,2}(?:[Tt]\d\d:\d\d(?:[:.\d]*)(?:[Zz]|[+-]\d\d:?\d\d)?)?(?![\w-]))"
    r"|(?P<ymd>(?<![\w/.])\d{4}([/.])\d{1,2}\3\d{1,2}(?![\w/]))"
    r"|(?P<dmy>(?<![\w/.])\d{1,2}([/.])\d{1,2}\5(?:\d{4}|\d{2})(?![\w/])|(?<![\w/.-])\d{1,2}-\d{1,2}-\d{4}(?![\w/-]))"
    r"|(?P<phone>(?<![\w.,-])\d+(?:-\d+){2,}(?![\w-]))"
    r"|(?P<ym>(?<![\w/.-])\d{4}[-/](?:0[1-9]|1[0-2])(?![\w/-]))"
    r"|(?P<my>(?<![\w/.-])(?:0?[1-9]|1[0-2])[/.]\d{4}(?![\w/]))"
    r"|(?P<season>(?<![\w/.-])(?:fy ?)?(?:19|20)\d\d/\d{2}(?![\w/-]))"
    r"|(?P<short>(?<!\w)['’]\d{2}(?!\w))"
    r"|(?P<money>[$€£¥#]\s?\d[\d.,]*\w*|\d[\d.,]*\s?(?:%|€|\$|£))"
    r"|(?P<daymonth>(?<![\w./])(?:\d{1,2}\.\d{1,2}\.(?![\w.])|\d{1,2}\.\d{1,2}(?=\s?[-–—]\s?\d{1,2}\.\d{1,2}\.\d)"
    r"|\d{1,2}/\d{1,2}(?=\s?(?:[-–—]|\w{1,5})\s?\d{1,2}/\d{1,2}/\d)))"
    r"|(?P<number>(?<![\w.,])\d+(?:[.,:]\d+)+(?!\w))"
    r"|(?P<nth>(?<![\w.,])\d{1,2}-(?:е|го|й|му|м|ом|ый|ой|ая|я|ую)(?!\w))"
    r"|(?P<joined>(?<![\w])\d{1,2}\.(?=\s?[-–—]\s?\d{1,2}\.\d|\s?[-–—]?\s?(?:\d{1,2}\.?\s?)?[^\W\d]))"
    r"|(?P<word>\w+(?:['’]\w+)*)"
    r"|(?P<dash>[-–—]+)"
    r"|(?P<and>[&/])"
    r"|(?P<comma>,)"
    r"|(?P<mark>[^\w\s])",
    re.IGNORECASE,
)


def tokenise(text: str, words: Lexicon, *, is_month_first: bool) -> list[Token]:
    raw = list(_split(text, words, is_month_first))
    return list(_phrases(text, raw, words))


def _split(text: str, words: Lexicon, is_month_first: bool) -> Iterator[Token]:
    """Times of day are one token each; all between them is split into words, numbers and marks."""
    position = 0
    for clock in clocks(text):
        yield from _pieces(text, (position, clock.start), words, is_month_first)
        yield _clock_token(text, clock)
        position = clock.end
    yield from _pieces(text, (position, len(text)), words, is_month_first)


def _clock_token(text: str, clock: Clock) -> Token:
    notes = () if clock.is_sure else (Note(kind="half_day", words=text[clock.start : clock.end]),)
    return Token(code="@", start=clock.start, end=clock.end, notes=notes, times=(clock.time,))


def _pieces(text: str, span: tuple[int, int], words: Lexicon, is_month_first: bool) -> Iterator[Token]:
    for match in _WORD.finditer(text, *span):
        kind = next(name for name, found in match.groupdict().items() if found is not None)
        piece = match.group()
        place: dict[str, Any] = {"start": match.start(), "end": match.end()}
        if kind in ("iso", "ymd", "dmy"):
            yield _explicit(piece, kind, place, is_month_first)
        elif kind in ("ym", "my"):
            numbers = sorted(map(int, re.split(r"\D", piece)))
            yield Token(code="P", value=periods.month(numbers[1], numbers[0]), **place)
        elif kind == "season":
            first, last = re.findall(r"\d+", piece)
            follows = (int(first) + 1) % 100 == int(last)
            yield Token(code="K" if follows else "x", value=int(first) + 1, **place)
        elif kind == "short":
            yield Token(code="Y", value=2000 + int(piece[1:]), **place)
        elif kind in ("joined", "nth"):
            yield Token(code="t", value=int(re.split(r"\D", piece)[0]), **place)
        elif kind == "daymonth":
            yield from _day_and_month(piece, place, is_month_first)
        elif kind in ("dash", "comma", "and"):
            yield Token(code={"dash": "J", "comma": "c", "and": "C"}[kind], **place)
        elif kind == "word":
            yield from _elided(text, match, words)
        else:
            yield Token(code="x", value=piece, **place)


def _day_and_month(piece: str, place: dict[str, Any], is_month_first: bool) -> Iterator[Token]:
    """15.01. without a year: the same tokens as "15. January"."""
    day, month = map(int, re.findall(r"\d+", piece))
    if "/" in piece and (day <= 12 if is_month_first else month > 12):
        day, month = month, day
    if 1 <= month <= 12:
        yield Token(code="t", value=day, **place)
        yield Token(code="M", value=month, **place)
    else:
        yield Token(code="x", **place)


def _elided(text: str, match: re.Match[str], words: Lexicon) -> Iterator[Token]:
    """French l'année is two words; aujourd'hui is one."""
    piece, start, is_capital = match.group(), match.start(), _is_capital(text, match)
    head, apostrophe, tail = piece.replace("’", "'").partition("'")
    if apostrophe and head.casefold() in words.elisions:
        yield Token(code="", value=head, start=start, end=start + len(head), is_capital=is_capital)
        start += len(head) + 1
        piece = tail
    yield Token(code="", value=piece, start=start, end=match.end(), is_capital=is_capital)


def _is_capital(text: str, match: re.Match[str]) -> bool:
    """A capital that the beginning of a sentence does not explain, in a text that is not all capitals."""
    before = text[: match.start()].rstrip()
    is_first = not before or before[-1] in ".!?:;\"'(“"
    return match.group()[0].isupper() and not is_first and not text.isupper()


def _explicit(piece: str, kind: str, place: dict[str, Any], is_month_first: bool) -> Token:
    one, two, three = map(int, re.findall(r"\d+", piece)[:3])
    if kind in ("iso", "ymd"):
        return _day_token(piece, place, [(one, two, three)])
    year = three + 2000 if three < 100 else three
    day_first, month_first = (year, two, one), (year, one, two)
    if "." in piece:
        return _day_token(piece, place, [day_first])
    order = [month_first, day_first] if is_month_first else [day_first, month_first]
    return _day_token(piece, place, order if one != two else order[:1])


def _day_token(piece: str, place: dict[str, Any], readings: list[tuple[int, int, int]]) -> Token:
    valid = [periods.day(date(*reading)) for reading in readings if _exists(*reading)]
    if not valid:
        return Token(code="x", notes=(Note(kind="not_a_date", words=piece),), **place)
    notes = (Note(kind="day_month_order", words=piece, others=tuple(valid[1:])),) if len(valid) > 1 else ()
    return Token(code="P", value=valid[0], notes=notes, **place)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return periods.FIRST_YEAR <= year <= periods.LAST_YEAR


ABBREVIATION = 5
_FULL = (
    "may mai mars juin june july juni juli märz mayo май мая мае март июнь июня июль июля year week jahr año mes an ans mois "
    "день дня год days day jour tag half"
)
FULL = frozenset(_FULL.split())
"""Short, and no abbreviation: a dot behind them ends the sentence."""


def _phrases(text: str, raw: list[Token], words: Lexicon) -> Iterator[Token]:
    index, previous = 0, Token(code="x", start=0, end=0)
    while index < len(raw):
        token = raw[index]
        if _adds_nothing(text, previous, token, raw[index + 1 : index + 2], words):
            previous = Token(code=previous.code, start=previous.start, end=token.end, is_spelled=True)
            index += 1
            continue
        size, tokens = _longest(text, raw, index, words)
        yield from tokens
        index += size
        previous = tokens[-1]


def _longest(text: str, raw: list[Token], index: int, words: Lexicon) -> tuple[int, list[Token]]:
    if _is_person(text, raw, index, words):
        return 1, [Token(code="x", start=raw[index].start, end=raw[index].end)]
    if not raw[index].code:
        reach = words.reach.get(_first_piece(raw[index].value), 0)
        for size in range(min(reach, len(raw) - index), 0, -1):
            tokens = _known(text, raw[index : index + size], words)
            if tokens is not None:
                return size, tokens
    return 1, [_single(raw[index], words)]


def _first_piece(word: str) -> str:
    return re.split("['’]", word.casefold(), maxsplit=1)[0]


def _adds_nothing(text: str, previous: Token, token: Token, rest: list[Token], words: Lexicon) -> bool:
    """The dot of "Sept. 2025" and of "2024 г.", and the "года" of "2024 года"."""
    if token.code == "" and previous.code in ("Y", "P", "K", "Q"):
        return token.value.casefold() in words.after_year
    is_dot = token.code == "x" and token.value == "." and token.start == previous.end
    word = text[previous.start : previous.end].casefold()
    is_short = previous.is_spelled and len(word) < ABBREVIATION and word not in FULL
    is_abbreviated = (is_short and previous.code in "MnWvqhYK") or _is_year_word(text, previous, words)
    return is_dot and is_abbreviated and bool(rest)


def _is_year_word(text: str, previous: Token, words: Lexicon) -> bool:
    last = text[previous.start : previous.end].split()[-1:]
    return previous.is_spelled and bool(last) and last[0].casefold() in words.after_year


def _is_person(text: str, raw: list[Token], index: int, words: Lexicon) -> bool:
    """April Jones: a month that is a given name, before another word with a capital that is no date."""
    before = text[: raw[index].start].rstrip(" .").rpartition(" ")[2].casefold()
    if before in words.titles:
        return True
    pair = raw[index : index + 2]
    if len(pair) < 2 or any(token.code for token in pair):
        return False
    first, second = (token.value for token in pair)
    return (
        first.casefold() in words.given_names
        and first[0].isupper()
        and second[0].isupper()
        and not second.isupper()
        and second.casefold() not in words.words
        and second.casefold() not in words.common
    )


def _known(text: str, group: list[Token], words: Lexicon) -> list[Token] | None:
    if any(token.code not in ("", "J") for token in group) or group[0].code or group[-1].code:
        return None
    first, last = group[0], group[-1]
    phrase = " ".join(re.split(r"\s+", text[first.start : last.end].casefold().replace("’", "'")))
    known = words.words.get(phrase) or words.words.get(phrase.removesuffix("'s"))
    if known is None:
        return None
    tokens = []
    for code, value in known:
        is_titled = code == "n" and text[first.start].isupper() and phrase not in words.doubtful_first
        if code in "nv" and (first.is_capital or is_titled) and words.weak_is_strong_when_capital:
            code = {"n": "M", "v": "W"}[code]
        tokens.append(Token(code=code, value=value, start=first.start, end=last.end, is_spelled=True))
    return tokens


def _single(token: Token, words: Lexicon) -> Token:
    """A word that is in no phrase: a filler, a number, a shape such as Q3, or any other word."""
    if token.code:
        return token
    place: dict[str, Any] = {"start": token.start, "end": token.end}
    piece = token.value.casefold()
    stem = piece.removesuffix("'s").removesuffix("’s")
    if stem in words.fillers:
        return Token(code=" ", **place)
    if ordinal := words.ordinal_shape.fullmatch(stem):
        return Token(code="t", value=int(ordinal.group(1)), **place)
    for shape, code in words.shapes:
        if found := shape.fullmatch(stem):
            return _shaped(code, found.group(1), place)
    if stem.isascii() and stem.isdigit() and len(stem) <= 4:
        number = int(stem)
        is_year = len(stem) == 4 and 1900 <= number <= 2099
        return Token(code="Y" if is_year else "#", value=number, **place)
    if words.foreign_shape.fullmatch(stem):
        return Token(code="j", **place)
    code = "j" if stem in words.labels else "s" if stem in words.counted else "x"
    return Token(code=code, **place)


def _shaped(code: str, digits: str, place: dict[str, Any]) -> Token:
    number = int(digits)
    if code == "K":
        return Token(code="K", value=number + 2000 if number < 100 else number, **place)
    return Token(code=code, value=number, **place)
