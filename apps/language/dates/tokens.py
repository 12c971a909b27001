"""From text to tokens: explicit dates first, then the longest phrase of the lexicon, then single shapes."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time
from typing import Any

from apps.language.dates import periods
from apps.language.dates.clocks import Clock, clocks
from apps.language.dates.lexicon import Lexicon
from apps.language.dates.names import is_name
from apps.language.dates.token import Note, Token

_HOURS = r"\s?(?:h|hrs?|hours?|stunden?|std|час\w*|heures?|horas?)(?!\w)"
_PREPOSITIONS = "on for from to since until am vom zum bis seit für le du au pour el del al para с по до за"
_BEHIND = "(?:" + "|".join(rf"(?<=(?<!\w){word}\s)" for word in _PREPOSITIONS.split()) + ")"
"""Two small numbers are a day and a month only behind these."""
_BEHIND_DAY = (
    "(?:" + "|".join(rf"(?<=(?<!\w){word}\s)" for word in ("от", "после", "nach", "ab", "after", "before")) + ")"
)
"""A small number and two digits of a month are a day only behind these."""
_WEEKS = ("kw", "cw", "wk", "week", "woche", "semana", "semaine", "неделя", "неделю")
_NO_WEEK = "".join(rf"(?<!(?<!\w){word}\s)" for word in _WEEKS)
"""KW 12/2027 is a week, and no December."""
_VERSION = r"(?:version|versión|версия|release|rev|v)\W{1,2}\d+(?:\.\d+)+"
_WORD = re.compile(
    rf"(?P<fraction>(?<![\w/])[13]/[24]{_HOURS}|(?<![\w.,])\d{{1,2}}[.,]\d{_HOURS})"
    rf"|(?P<version>(?<!\w){_VERSION})"
    r"|(?P<address>[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?://\S+|\bwww\.\S+)|"
    r"(?P<iso>(?<![\w-])\d{4}-\d{1,2}-\d{1,2}(?:[Tt]\d\d:\d\d(?:[:.\d]*)(?:[Zz]|[+-]\d\d:?\d\d)?)?(?![\w-]))"
    r"|(?P<ymd>(?<![\w/.])\d{4}(?P<ymdmark>[/.])\d{1,2}(?P=ymdmark)\d{1,2}(?![\w/]))"
    r"|(?P<dmy>(?<![\w/.])\d{1,2}(?P<dmymark>[/.])\d{1,2}(?P=dmymark)(?:\d{4}|\d{2})(?![\w/])|(?<![\w/.-])\d{1,2}-\d{1,2}-(?:\d{4}|\d{2})(?![\w/-]))"
    r"|(?P<days>(?<![\w.])\d{1,2}\.\s?[-–—/]\s?\d{1,2}\.\d{1,2}(?:\.(?:\d{4}|\d{2})|\.)?(?![\w.]))"
    r"|(?P<phone>(?<![\w.,-])\d+(?:-\d+){2,}(?![\w-]))"
    r"|(?P<ym>(?<![\w/.-])\d{4}[-/](?:0[1-9]|1[0-2])(?![\w/-]))"
    rf"|(?P<surelyday>{_BEHIND_DAY}\d{{1,2}}\.(?:0[1-9]|1[0-2])(?![\w./]|[.,]\d|\s?(?:%|€|\$|£|₽|eur|руб|тыс|млн)))"
    rf"|(?P<my>{_NO_WEEK}(?<![\w/.-])(?:0?[1-9]|1[0-2])[/.]\d{{4}}(?![\w/]))"
    r"|(?P<season>(?<![\w/.-])(?:fy ?)?(?:19|20)\d\d[/-]\d{2}(?![\w/-]))"
    r"|(?P<short>(?<!\w)['’]\d{2}(?!\w))"
    r"|(?P<money>[$€£¥#]\s?\d[\d.,]*\w*|\d[\d.,]*\s?(?:%|€|\$|£))"
    r"|(?P<daymonth>(?<![\w./])(?:\d{1,2}\.\d{1,2}\.(?![\w.])|\d{1,2}\.\d{1,2}(?=\s?[-–—]\s?\d{1,2}\.\d{1,2}\.\d)"
    r"|\d{1,2}/\d{1,2}(?=\s?(?:[-–—]|\w{1,5})\s?\d{1,2}/\d{1,2}/\d)"
    r"))"
    rf"|(?P<shortday>{_BEHIND}\d{{1,2}}[./]\d{{1,2}}(?![\w./]|[.,]\d|\s?(?:%|€|\$|£|eur|chf|mio|tsd)))"
    r"|(?P<slashed>(?<![\w./])(?:(?:1[3-9]|2\d|3[01])/(?:0?[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])/(?:1[3-9]|2\d|3[01]))(?![\w/]))"
    r"|(?P<number>(?<![\w.,])\d+(?:[.,:]\d+)+(?!\w))"
    r"|(?P<nth>(?<![\w.,])\d{1,2}-(?:е|го|й|му|м|ом|ый|ой|ая|я|ую|ю)(?!\w))"
    r"|(?P<joined>(?<![\w])\d{1,2}\.(?=\s?[-–—]\s?\d{1,2}\.\d|\s?[-–—]?\s?(?:\d{1,2}\.?\s?)?[^\W\d]))"
    r"|(?P<word>\w+(?:['’]\w+)*)"
    r"|(?P<dash>[-–—]+)"
    r"|(?P<and>[&/+])"
    r"|(?P<comma>[,(])"
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
    kinds = [kind for kind, is_noted in (("half_day", not clock.is_sure), ("which_zone", clock.has_zone)) if is_noted]
    notes = tuple(Note(kind=kind, words=text[clock.start : clock.end]) for kind in kinds)
    value = "weak" if clock.is_weak else None
    return Token(code="@", value=value, start=clock.start, end=clock.end, notes=notes, times=(clock.time,))


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
        elif kind == "fraction":
            yield Token(code="#", value=1, **place)
            yield Token(code="%", value=_minutes(piece), **place)
        elif kind == "season":
            first, last = re.findall(r"\d+", piece)
            follows = (int(first) + 1) % 100 == int(last) and "-" not in piece
            yield Token(code="K" if follows else "x", value=int(first) + 1, **place)
        elif kind == "short":
            yield Token(code="Y", value=century(int(piece[1:])), **place)
        elif kind in ("joined", "nth"):
            yield Token(code="t", value=int(re.split(r"\D", piece)[0]), **place)
        elif kind == "days":
            yield from _days_of_month(piece, place)
        elif kind in ("daymonth", "shortday", "surelyday", "slashed"):
            yield from _day_and_month(piece, place, is_month_first, kind != "slashed")
        elif kind in ("dash", "comma", "and"):
            yield Token(code={"dash": "J", "comma": "c", "and": "C"}[kind], value=piece, **place)
        elif kind == "word":
            yield from _elided(text, match, words)
        else:
            yield Token(code="x", value=piece, **place)


def _minutes(piece: str) -> int:
    """1/2 hour; 2,5 hours."""
    one, two = map(int, re.findall(r"\d+", piece))
    return 60 * one // two if "/" in piece else 60 * one + 6 * two


def _day_and_month(
    piece: str, place: dict[str, Any], is_month_first: bool, is_surely_date: bool = True
) -> Iterator[Token]:
    """15.01. without a year: the same tokens as "15. January". 7/24 may be anything, and is asked."""
    day, month = map(int, re.findall(r"\d+", piece))
    if "/" in piece and (day <= 12 if is_month_first else month > 12):
        day, month = month, day
    if "/" in piece and month > 12:
        day, month = month, day
    if 1 <= month <= 12 and piece != "24/7":
        is_open = "/" in piece and day <= 12 and day != month
        kind = "day_month_order" if is_open else "" if is_surely_date else "vague"
        notes = (Note(kind=kind, words=piece),) if kind else ()
        yield Token(code="t", value=day, notes=notes, **place)
        yield Token(code="M", value=month, **place)
    else:
        yield Token(code="x", **place)


def _days_of_month(piece: str, place: dict[str, Any]) -> Iterator[Token]:
    """14. - 15.10.2025, also 14./15.10."""
    first, last, month, *years = map(int, re.findall(r"\d+", piece))
    if not 1 <= month <= 12:
        yield Token(code="x", **place)
        return
    yield Token(code="t", value=first, **place)
    yield Token(code="J", **place)
    yield Token(code="t", value=last, **place)
    yield Token(code="M", value=month, **place)
    yield from (Token(code="Y", value=century(year) if year < 100 else year, **place) for year in years)


def _elided(text: str, match: re.Match[str], words: Lexicon) -> Iterator[Token]:
    """French l'année is two words; aujourd'hui is one."""
    piece, start, is_capital = match.group(), match.start(), _is_capital(text, match)
    head, apostrophe, tail = piece.replace("’", "'").partition("'")
    if apostrophe and head.casefold() in words.elisions:
        yield Token(code="", value=head, start=start, end=start + len(head), is_capital=is_capital)
        start += len(head) + 1
        piece = tail
    yield from _glued(piece, start, words, is_capital)


_GLUED = re.compile(
    r"(\d{1,2})(?:(?:st|nd|rd|th)?)([^\W\d]{3,})|([^\W\d]{3,})(\d{1,2})|(\d{1,3})(h|hrs?|min|mins|ч|мин|std)"
)


def _glued(piece: str, start: int, words: Lexicon, is_capital: bool) -> Iterator[Token]:
    """14april and Feb13 are two words, and so is 24hrs."""
    match = _GLUED.fullmatch(piece.casefold())
    parts = [part for part in match.groups() if part] if match else []
    named = next((part for part in parts if not part.isdigit()), "")
    if any(code in "Mn%" for code, _ in words.words.get(named, ())):
        middle = start + (len(parts[0]) if parts[0].isdigit() or parts[0] == named else 0)
        tail = len(piece) - (middle - start) - len(parts[1])
        yield Token(code="", value=parts[0], start=start, end=middle, is_capital=is_capital)
        yield Token(code="", value=parts[1], start=middle + tail, end=start + len(piece))
    else:
        yield Token(code="", value=piece, start=start, end=start + len(piece), is_capital=is_capital)


def _is_capital(text: str, match: re.Match[str]) -> bool:
    """A capital that the beginning of a sentence does not explain, in a text that is not all capitals."""
    before = text[: match.start()].rstrip()
    is_first = not before or before[-1] in ".!?:;\"'(“"
    return match.group()[0].isupper() and not is_first and not text.isupper()


def century(year: int) -> int:
    """Two digits: the seventies are over."""
    return year + (2000 if year < PIVOT else 1900)


def _explicit(piece: str, kind: str, place: dict[str, Any], is_month_first: bool) -> Token:
    one, two, three, *clock = map(int, re.findall(r"\d+", piece)[:5])
    if clock:
        return _moment_token(piece, place, date_parts=(one, two, three), clock=clock)
    if kind in ("iso", "ymd"):
        return _day_token(piece, place, [(one, two, three)])
    year = century(three) if three < 100 else three
    day_first, month_first = (year, two, one), (year, one, two)
    if "." in piece:
        return _day_token(piece, place, [day_first])
    order = [month_first, day_first] if is_month_first else [day_first, month_first]
    return _day_token(piece, place, order if one != two else order[:1])


def _moment_token(piece: str, place: dict[str, Any], *, date_parts: tuple[int, int, int], clock: list[int]) -> Token:
    """2026-03-04T08:30Z. A zone is not reckoned with, but asked about."""
    token = _day_token(piece, place, [date_parts])
    if token.code != "P" or clock[0] >= 24 or clock[1] >= 60:
        return token
    has_zone = re.search(r"[zZ]$|\d[+-]\d\d:?\d\d$", piece)
    notes = (Note(kind="which_zone", words=piece),) if has_zone else ()
    return replace(token, times=(time(clock[0], clock[1]),), notes=token.notes + notes)


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
PIVOT = 50
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
    if is_name(text, raw, index, words):
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
    if is_dot and previous.code == "j" and previous.end - previous.start < ABBREVIATION:
        return True  # no. 2025
    word = text[previous.start : previous.end].casefold()
    is_short = previous.is_spelled and len(word) < ABBREVIATION and word not in FULL
    is_abbreviated = (is_short and previous.code in "MnWvqhYK") or _is_year_word(text, previous, words)
    return is_dot and is_abbreviated and (bool(rest) or previous.code in "Mn")


def _is_year_word(text: str, previous: Token, words: Lexicon) -> bool:
    last = text[previous.start : previous.end].split()[-1:]
    return previous.is_spelled and bool(last) and last[0].casefold() in words.after_year


def _known(text: str, group: list[Token], words: Lexicon) -> list[Token] | None:
    if any(token.code not in ("", "J") for token in group) or group[0].code or group[-1].code:
        return None
    first, last = group[0], group[-1]
    phrase = " ".join(re.split(r"\s+", text[first.start : last.end].casefold().replace("’", "'")))
    known = words.words.get(phrase) or words.words.get(phrase.removesuffix("'s"))
    if known is None:
        return None
    if phrase in words.also_numbers and _stands_alone(text, first):
        known = (("#", words.also_numbers[phrase]),)
    tokens = []
    for code, value in known:
        is_titled = code == "n" and text[first.start].isupper() and phrase not in words.doubtful_first
        is_own = words.weak_is_strong_when_capital and phrase not in words.weak_guests
        if code in "nv" and (first.is_capital or is_titled) and is_own:
            code = {"n": "M", "v": "W"}[code]
        is_spelled = code in "qh" or not any(map(str.isdigit, phrase))
        tokens.append(Token(code=code, value=value, start=first.start, end=last.end, is_spelled=is_spelled))
    return tokens


def _stands_alone(text: str, word: Token) -> bool:
    """No number on either side, and no dot of an abbreviation."""
    return not re.match(r"\.|[\s-]*\d", text[word.end :]) and not re.search(r"\d\s*$", text[: word.start])


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
        return Token(code="t", value=int(next(filter(None, ordinal.groups()))), **place)
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
