"""Times of day: "at 9", "9:30 am", "um halb zehn", "в половине десятого", "à 9h30", "from 9 to 11 am".

One table for all languages, because the phrases do not resemble each other. A bare number is a time only behind a
word for "at" and before the end of a clause or a word that goes on about the date.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import time
from functools import lru_cache

from apps.language.dates import clock_words as words

NOON, DAY = 12 * 60, 24 * 60
LAST_SMALL_HOUR = 6
_BEFORE = r"(?<![\w.,:/$€£#-])"
_COULD_BE = re.compile(words.COULD_BE, re.IGNORECASE)
_RANGE = re.compile(_BEFORE + words.RANGE, re.IGNORECASE)
_ZONE = re.compile(
    r"\s?\(?(?:UTC|GMT|CEST|CET|EEST|EET|WEST|WET|BST|MSK|МСК|MEZ|MESZ|[ECMP][SD]T|IST|JST|AEST)(?:[+-]\d{1,2})?\b\)?"
)
"""In capitals only: "est" and "ist" are words."""
_NEEDS_FROM = frozenset({"and", "und", "и", "y", "et", "a", "/"})


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A time and where it stands. `is_sure` is False where "at 3" can be at night or in the afternoon.

    `is_weak`: a time only beside a day; alone the words may be anything.
    """

    time: time
    start: int
    end: int
    is_sure: bool = True
    is_weak: bool = False
    has_zone: bool = False
    """A time zone was said, which may not be the person's."""


def clocks(text: str) -> list[Clock]:
    """Every time of day the text names, in order; of overlapping ones the first pattern's."""
    if not _COULD_BE.search(text):
        return []
    found: list[Clock] = []
    for read in (*_ranges(text), *_single(text)):
        if all(read[-1].end <= other.start or read[0].start >= other.end for other in found):
            found.extend(read)
    return [_with_zone(text, clock) for clock in sorted(found, key=lambda clock: clock.start)]


def _with_zone(text: str, clock: Clock) -> Clock:
    zone = _ZONE.match(text, clock.end)
    return replace(clock, end=zone.end(), has_zone=True) if zone else clock


def _single(text: str) -> Iterator[tuple[Clock, ...]]:
    for pattern in _compiled():
        for match in pattern.finditer(text):
            if (clock := _read(match)) is not None:
                yield (clock,)


@lru_cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_BEFORE + pattern, re.IGNORECASE) for pattern in words.PATTERNS)


def _read(match: re.Match[str]) -> Clock | None:
    named = {name: found.casefold() for name, found in match.groupdict().items() if found is not None}
    start, end = match.span()
    hour = _hour(named)
    minutes = hour * 60 + _minute(named) + _shift(named)
    if "fixed" not in named:
        moved = _on_half(hour, minutes, named)
        if moved is None:
            return None
        minutes = moved
    if hour > 24 or not -DAY // 2 < minutes <= DAY:
        return None
    is_sure = "fixed" in named or _is_sure(hour, named, match.group())
    minutes %= DAY
    at = time(minutes // 60, minutes % 60)
    return Clock(time=at, is_sure=is_sure, is_weak="weak" in named, start=start, end=end)


def _hour(named: dict[str, str]) -> int:
    if "fixed" in named:
        return 24 if named["fixed"] in words.MIDNIGHT else 12
    return words.ALL_HOURS[named["hour"]] if named["hour"] in words.ALL_HOURS else int(named["hour"])


def _minute(named: dict[str, str]) -> int:
    said = named.get("minute")
    return 0 if not said else words.MINUTES[said] if said in words.MINUTES else int(said)


def _shift(named: dict[str, str]) -> int:
    """Minutes that are said beside the hour, or that bring the next hour near."""
    if "halfpast" in named:
        return 30
    if "halfway" in named:
        return -30
    if "threequarter" in named:
        return -15
    if "amount" not in named:
        return 0
    said = re.sub(r"\s*минут$|^a\s+", "", named["amount"])
    amount = words.MINUTES[said] if said in words.MINUTES else int(said)
    if "pastof" in named:
        return amount - 60
    return -amount if "to" in named or "minus" in named else amount


def _on_half(hour: int, minutes: int, named: dict[str, str]) -> int | None:
    """The minute of the day, once morning, evening or night was said. None where they contradict the hour."""
    if "am" in named:
        return None if hour > 12 else minutes - NOON if hour == 12 else minutes
    if "pm" in named:
        if hour > 12 and named["pm"].startswith("p"):
            return None
        return minutes if hour >= 12 else minutes + NOON
    if "night" in named and hour <= 12:
        return minutes - NOON if hour == 12 else minutes + NOON if hour >= LAST_SMALL_HOUR else minutes
    return minutes


def _is_sure(hour: int, named: dict[str, str], text: str) -> bool:
    is_said = any(half in named for half in ("am", "pm", "night"))
    is_written = len(named["hour"]) == 2 and named["hour"].isdigit()
    return is_said or hour > LAST_SMALL_HOUR or hour == 0 or is_written or ":" in text


# Ranges --------------------------------------------------------------------------------------------------------------


def _ranges(text: str) -> Iterator[tuple[Clock, ...]]:
    for match in _RANGE.finditer(text):
        named = match.groupdict()
        ends = _minutes_of(named) if _is_range(named) and not _is_count(named, text[match.end() :]) else None
        if ends is None:
            continue
        middle = match.start("between")
        is_weak = not _is_plain(named)
        yield (
            Clock(time=ends[0], start=match.start(), end=len(text[:middle].rstrip()), is_weak=is_weak),
            Clock(time=ends[1], start=match.start("h2"), end=match.end(), is_weak=is_weak),
        )


def _is_range(named: dict[str, str | None]) -> bool:
    """Two numbers are times only where a colon, an "h" or a word for hours or half-days says so."""
    is_from = named["from"] is not None
    between = (named["between"] or "").casefold()
    if between in _NEEDS_FROM and not is_from and not _is_plain(named):
        return False
    if between in ("à", "a") and not is_from and not (named["dot1"] or named["mark1"]):
        return False  # "le 16 à 6h" is a day and a time
    return (
        _is_plain(named)
        or bool(named["mark1"] or named["mark2"])
        or (is_from and named["dot1"] == named["dot2"] == ".")
    )


_GOES_ON = re.compile(r"\s*(?:[\d%]|(?!(?:on|am|le|el|tomorrow|today|heute|morgen)\b)[^\W\d])", re.IGNORECASE)


def _is_count(named: dict[str, str | None], rest: str) -> bool:
    """The 2 of "9:00 until 2 December" is no hour."""
    is_bare = not any(named[f"{mark}2"] for mark in ("dot", "mark", "letter", "am", "pm"))
    return is_bare and _GOES_ON.match(rest) is not None


def _is_plain(named: dict[str, str | None]) -> bool:
    has_colon = named["dot1"] in (":", "h", "H") or named["dot2"] in (":", "h", "H")
    return (
        has_colon or any(named[f"{half}{end}"] for half in ("letter", "am", "pm") for end in (1, 2)) or _says_uhr(named)
    )


def _says_uhr(named: dict[str, str | None]) -> bool:
    return any((named[f"mark{end}"] or "").casefold() == "uhr" for end in (1, 2))


def _minutes_of(named: dict[str, str | None]) -> tuple[time, time] | None:
    first, last = (int(named[f"h{end}"] or 0) * 60 + int(named[f"m{end}"] or 0) for end in (1, 2))
    halves = (_half(named, 1), _half(named, 2))
    if halves[0]:
        first = _on_clock(first, halves[0])
    if halves[1]:
        last = _on_clock(last, halves[1])
    if halves[1] and not halves[0]:
        first = shifted if (shifted := _on_clock(first, halves[1])) <= last else first
    elif not halves[1] and last < NOON and first < last + NOON and (halves[0] == "p" or last <= first <= NOON):
        last += NOON
    last = last or DAY  # until 12 am
    if not 0 <= first < DAY or last > DAY:
        return None
    last %= DAY
    return time(first // 60, first % 60), time(last // 60, last % 60)


def _half(named: dict[str, str | None], end: int) -> str:
    letter = (named[f"letter{end}"] or "").casefold()[:1]
    return letter or ("a" if named[f"am{end}"] else "p" if named[f"pm{end}"] else "")


def _on_clock(minutes: int, half: str) -> int:
    is_noon_hour = NOON <= minutes < NOON + 60
    if half == "a":
        return minutes - NOON if is_noon_hour else minutes
    return minutes if minutes >= NOON else minutes + NOON
