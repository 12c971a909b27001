"""Times of day: "at 9", "9:30 am", "um halb zehn", "в 9 часов", "à 9h30", "a las 5 de la tarde".

One table for all languages, because the phrases do not resemble each other. A bare number is a time only behind a
word for "at" and before the end of a clause or a word that goes on about the date.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from functools import lru_cache

HOURS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
    "eins": 1, "ein": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9,
    "zehn": 10, "elf": 11, "zwölf": 12,
    "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10,
    "once": 11, "doce": 12,
    "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10,
    "onze": 11,
    "час": 1, "два": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "восемь": 8, "девять": 9,
    "десять": 10, "одиннадцать": 11, "двенадцать": 12,
}  # fmt: skip
_N = r"(?P<hour>\d{1,2}|" + "|".join(sorted(HOURS, key=len, reverse=True)) + r")(?!\w)"
_D = r"(?P<hour>\d{1,2})"
_M = r"(?P<minute>[0-5]\d)"
_ENDS = (
    r"(?=\s*(?:$|[.,;!?)]\s|[.,;!?)]$|(?:on|tomorrow|today|every|sharp|next|this|and|until|to|am|"
    r"morgen|heute|jeden|und|bis|scharf|mañana|hoy|cada|el|y|del|demain|le|chaque|et|завтра|сегодня|каждый|и)\b))"
)
_MORNING = r"(?P<am>a\.?m\b\.?|in the morning|morgens|vormittags|früh|утра|ночи|de la mañana|du matin|de la madrugada)"
_EVENING = (
    r"(?P<pm>p\.?m\b\.?|in the (?:afternoon|evening)|at night|nachmittags|abends|дня|вечера|de la (?:tarde|noche)|"
    r"du soir|de l['’]après-midi)"
)
_HALF_DAY = rf"(?:\s*(?:{_MORNING}|{_EVENING}))"
_AT = r"(?:at|by|around|um|gegen|ab|в|к|a las|a la|à)"

PATTERNS = (
    rf"(?:{_AT}\s+)?(?P<fixed>noon|midday|midnight|mittags|mitternachts?|полдень|полночь|midi|minuit)(?!\w)",
    r"(?:al?\s+)(?P<fixed>mediodía|medianoche)(?!\w)",
    rf"(?:{_AT}\s+)?half past {_N}(?P<add>){_HALF_DAY}?",
    rf"(?:{_AT}\s+)?quarter past {_N}(?P<quarter>){_HALF_DAY}?",
    rf"(?:{_AT}\s+)?quarter to {_N}(?P<less>){_HALF_DAY}?",
    rf"um\s+halb\s+{_N}(?P<lessen>)(?:\s+uhr)?{_HALF_DAY}?",
    rf"um\s+viertel\s+nach\s+{_N}(?P<quarter>){_HALF_DAY}?",
    rf"um\s+(?:viertel\s+vor|dreiviertel)\s+{_N}(?P<less>){_HALF_DAY}?",
    rf"a\s+las?\s+{_N}\s+y\s+media(?P<add>){_HALF_DAY}?",
    rf"a\s+las?\s+{_N}\s+y\s+cuarto(?P<quarter>){_HALF_DAY}?",
    rf"a\s+las?\s+{_N}\s+menos\s+cuarto(?P<less>){_HALF_DAY}?",
    rf"à\s+{_N}\s*heures?\s+et\s+demie?(?P<add>){_HALF_DAY}?",
    rf"à\s+{_N}\s*heures?\s+et\s+quart(?P<quarter>){_HALF_DAY}?",
    rf"à\s+{_N}\s*heures?\s+moins\s+le\s+quart(?P<less>){_HALF_DAY}?",
    rf"(?:{_AT}\s+)?{_D}[:.]{_M}(?:\s*(?:uhr|h|horas|часов)(?!\w)|{_HALF_DAY})",
    rf"(?:{_AT}\s+)?{_D}:{_M}(?::[0-5]\d)?(?![\d:]|\s*%)",
    rf"(?:at|um|a las|à)\s+{_D}\.{_M}(?![\d.]\d|\d|\s*(?:%|€|\$|£))",
    rf"(?:à\s+)?{_D}\s?h\s?{_M}(?!\w)",
    rf"(?:{_AT}\s+)?{_N}\s*uhr(?:\s+{_M}(?![\d.]))?(?!\w){_HALF_DAY}?",
    rf"(?:à|vers|dès)\s+{_N}\s*heures?(?:\s+{_M}(?!\w))?(?!\w){_HALF_DAY}?",
    rf"(?:à|vers|dès)\s+{_D}\s?h(?!\w){_HALF_DAY}?",
    rf"de\s+{_D}\s?h(?=\s+à\s+\d)",
    rf"von\s+{_D}(?=\s+bis\s+\d{{1,2}}(?::\d\d)?\s*uhr)",
    rf"с\s+{_D}(?=\s+до\s+\d{{1,2}}(?::\d\d)?\s+час)",
    rf"(?:в|к|до)\s+{_N}(?:\s+час(?:а|ов)?)(?:\s+{_M}\s+минут)?(?!\w){_HALF_DAY}?",
    rf"(?:в|к)\s+{_N}{_HALF_DAY}",
    rf"a\s+las?\s+{_N}(?:\s*(?:horas|h)(?!\w))?{_HALF_DAY}?",
    rf"(?:{_AT}\s+)?{_D}\s*(?:(?P<am>a\.?m\b\.?)|(?P<pm>p\.?m\b\.?))",
    rf"(?:at|by|around)\s+{_N}{_HALF_DAY}",
    rf"(?:{_AT}\s+)?{_N}\s+o['’]clock(?!\w){_HALF_DAY}?",
    rf"(?:at|um)\s+{_N}{_ENDS}",
)
MIDNIGHT = {"midnight", "mitternacht", "mitternachts", "полночь", "medianoche", "minuit"}
PAST = {"add": 30, "quarter": 15, "less": -15, "lessen": -30}
_COULD_BE = re.compile(
    r"\d\s?[:h]|\d[.]\d\d|\b(?:at|by|around|um|gegen|uhr|в|к|las?|à|vers|noon|midday|mid|clock|past|[ap]\.?m)\b"
    r"|mittag|mitternacht|полдень|полночь|medio|media|midi|minuit|\d\s?[ap]\.?m",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A time and where it stands. `is_sure` is False where "at 3" can be at night or in the afternoon."""

    time: time
    start: int
    end: int
    is_sure: bool = True


def clocks(text: str) -> list[Clock]:
    """Every time of day the text names, in order; of overlapping ones the first pattern's."""
    if not _COULD_BE.search(text):
        return []
    found: list[Clock] = []
    for match in _matches(text):
        if all(match.end() <= other.start or match.start() >= other.end for other in found):
            clock = _read(match)
            if clock:
                found.append(clock)
    return sorted(found, key=lambda clock: clock.start)


def _matches(text: str) -> Iterator[re.Match[str]]:
    for pattern in _compiled():
        yield from pattern.finditer(text)


@lru_cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"(?<![\w.,:/$€£#-]){pattern}", re.IGNORECASE) for pattern in PATTERNS)


def _read(match: re.Match[str]) -> Clock | None:
    named = match.groupdict()
    start, end = match.span()
    if fixed := named.get("fixed"):
        return Clock(time=time(0 if fixed.casefold() in MIDNIGHT else 12), start=start, end=end)
    hour_words = named["hour"].casefold()
    hour = HOURS[hour_words] if hour_words in HOURS else int(hour_words)
    minutes = hour * 60 + int(named.get("minute") or 0)
    minutes += next((shift for name, shift in PAST.items() if named.get(name) is not None), 0)
    is_said = bool(named.get("am") or named.get("pm"))
    if is_said:
        if not 1 <= hour <= 12:
            return None
        is_noon = hour == 12
        minutes += 0 if not named.get("pm") else 0 if is_noon else 720
        minutes -= 720 if named.get("am") and is_noon else 0
    if hour > 24 or not 0 <= minutes <= 1440:
        return None
    is_written = len(hour_words) == 2 and hour_words.isdigit()
    is_sure = is_said or hour > 6 or hour == 0 or is_written or ":" in match.group()
    return Clock(time=time(minutes // 60 % 24, minutes % 60), is_sure=is_sure, start=start, end=end)
