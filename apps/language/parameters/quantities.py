"""Numbers as five languages write them, and what stands beside them: currencies, percent, units of time.

A reading that depends on taste gives its other reading too, so that it is asked: 1.234 is a grouped number in German and a
fraction in English, and a person who writes English may still mean the former.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.language.parameters.phrases import Phrases

DIGITS = r"-?\d{1,3}(?:[\u00a0\u202f']\d{3})+(?:[.,]\d+)?|-?\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?|-?\d+(?:[.,]\d+)?"
"""Groups are set apart by thin or hard spaces; a plain space counts where the language groups by it (see `digits`)."""
SYMBOLS = {"€": ("EUR",), "$": ("USD", "CAD", "AUD", "NZD"), "£": ("GBP",), "¥": ("JPY", "CNY"), "₽": ("RUB",)}
_CODES = "EUR USD GBP CHF JPY CNY RUB PLN CZK SEK NOK DKK CAD AUD NZD UAH KZT BRL MXN INR TRY"
CODES = frozenset(_CODES.split())
MORE = (
    r"over|above|exceeding|at least|more than|from|minimum|über|mehr als|ab|mindestens|свыше|более|больше|от|минимум|выше|"
    r"más de|al menos|mínimo|por encima de|plus de|au moins|au-dessus de"
)
LESS = (
    r"under|below|at most|less than|up to|maximum|unter|weniger als|bis zu|höchstens|maximal|до|менее|меньше|максимум|ниже|"
    r"menos de|hasta|como máximo|máximo|por debajo de|moins de|au plus|au maximum|en dessous de"
)
NOT = "no|not|nicht|kein|не|pas"
_COMPARED = (
    r"more than|less than|over|under|above|below|mehr als|weniger als|über|unter|более|больше|менее|меньше|выше|ниже|más de|"
    r"menos de|plus de|moins de"
)
BOUND = re.compile(rf"(?<!\w)(?:(?:{NOT})\s+(?:{_COMPARED})|al menos|menos de(?=\s*\d))(?!\w)")
"""Words of a bound that leave nothing out, although they hold a "not"."""
LOW, HIGH = (
    frozenset({"min", "minimum", "from", "least", "over"}),
    frozenset({"max", "maximum", "most", "under", "upto"}),
)
HALVES = {
    "half an hour": "PT30M", "an hour and a half": "PT1H30M", "eine halbe stunde": "PT30M", "halbe stunde": "PT30M",
    "anderthalb stunden": "PT1H30M", "полчаса": "PT30M", "полтора часа": "PT1H30M", "media hora": "PT30M",
    "una hora y media": "PT1H30M", "hora y media": "PT1H30M", "heure et demie": "PT1H30M",
    "demi-heure": "PT30M", "une heure et demie": "PT1H30M", "viertelstunde": "PT15M",
}  # fmt: skip
_CLOCKED = re.compile(r"(?<![\w.,:])(\d{1,3})\s?[hч]\s?([0-5]\d)(?:\s?(?:m|min|мин))?(?![\w:])\.?")
"""1 h 30, 1h 30m."""
OF = r"(?:\s(?:de|of)(?=\s)|\sd['’])?"
"""Between a large number and its currency: "millones de euros"."""
_NOT_BEHIND = r"(?<![\w.,-])"
THOUSAND = 1000
"""T€ and TEUR, in every language."""
MAX_DIGITS = 18
ORDER = ("Y", "M", "W", "D", "TH", "TM", "TS")


@dataclass(frozen=True, kw_only=True)
class Quantity:
    value: float
    span: tuple[int, int]
    other: float | None = None


def digits(phrases: Phrases, *, is_amount: bool = False) -> str:
    """Beside a currency a plain space groups in every language."""
    return (
        DIGITS if phrases.decimal == "." and not is_amount else DIGITS.replace(r"[\u00a0\u202f']", r"[ \u00a0\u202f']")
    )


def parsed(text: str, decimal: str) -> tuple[float, float | None] | None:
    """The number, and what else it could be: one separator before exactly three digits leaves that open."""
    plain = re.sub(r"[\s']", "", text)
    if len(plain) > MAX_DIGITS:
        return None
    marks = [char for char in plain if char in ".,"]
    if not marks:
        return float(plain), None
    grouped = float(re.sub(r"[.,]", "", plain))
    head, _, tail = plain.rpartition(marks[-1])
    fraction = float(f"{re.sub('[.,]', '', head)}.{tail}")
    if len(set(marks)) > 1:
        return fraction, None
    if len(marks) > 1:
        return (grouped, None) if len(tail) == 3 else None
    if len(tail) != 3 or head.lstrip("-") == "0":
        return fraction, None
    return (fraction, grouped) if marks[-1] == decimal else (grouped, None)


def money(text: str, phrases: Phrases, words: Iterable[str], spelled: Mapping[str, float]) -> list[Quantity]:
    """Amounts beside a currency. Only the number's span: the currency may be a value of its own."""
    names = [*present(text, phrases.currencies)]
    currency = "|".join([*map(re.escape, SYMBOLS), *(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names)])
    codes = "|".join(code.lower() for code in CODES)
    marks = rf"(?:{currency}|(?<!\w)(?:{codes})(?!\w))"
    number = numeral(phrases, is_amount=True)
    coded = number.replace(_NOT_BEHIND, rf"(?<=(?<!\w)(?:{codes}))", 1)
    thousands = rf"{_NOT_BEHIND}({digits(phrases, is_amount=True)})\s?([tk])(?=€|eur(?!\w))"
    found = _amounts(text, rf"{marks}\s?{number}|{number}{OF}\s?{marks}|{coded}|{thousands}", phrases, words)
    return found + _in_letters(text, rf"{OF}\s?{marks}", words, spelled)


def percent(text: str, phrases: Phrases, words: Iterable[str], spelled: Mapping[str, float]) -> list[Quantity]:
    marks = "|".join(re.escape(word) + ("" if word == "%" else r"\b") for word in phrases.percent)
    found = _amounts(text, rf"{numeral(phrases)}\s?(?:{marks})", phrases, words)
    return found + _in_letters(text, rf"\s?(?:{marks})", words, spelled)


def _in_letters(text: str, behind: str, words: Iterable[str], spelled: Mapping[str, float]) -> list[Quantity]:
    """Numbers in letters before a currency or a word for percent."""
    if not spelled:
        return []
    pattern = rf"(?<!\w)({any_of(spelled)}){behind}"
    return [
        Quantity(value=spelled[match.group(1)], span=match.span(1))
        for match in re.finditer(pattern, text)
        if _fits(text[: match.start()], words)
    ]


def any_of(words: Iterable[str]) -> str:
    """A pattern of words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)"


def numeral(phrases: Phrases, *, is_amount: bool = False) -> str:
    """Digits and what multiplies them. No names: a pattern may hold it twice."""
    number = digits(phrases, is_amount=is_amount)
    return rf"{_NOT_BEHIND}({number})(?:\s?({any_of(phrases.scales)})(?!\w)\.?)?(?![\w]|[.,]\d)"


def scaled(digit_text: str, scale: str | None, phrases: Phrases) -> tuple[float, float | None] | None:
    found = parsed(digit_text, phrases.decimal)
    if found is None:
        return None
    factor = phrases.scales.get(scale, THOUSAND) if scale else 1
    value, other = found
    return value * factor, other * factor if other is not None and not scale else None


def _amounts(text: str, pattern: str, phrases: Phrases, words: Iterable[str]) -> list[Quantity]:
    found = []
    for match in re.finditer(pattern, text):
        at = next(index for index in range(1, len(match.groups()) + 1, 2) if match.group(index))
        read = scaled(match.group(at), match.group(at + 1), phrases)
        start = match.start(at)
        if read is None or not _fits(text[: match.start()], words):
            continue
        end = match.end(at + 1) if match.group(at + 1) else match.end(at)
        found.append(Quantity(value=read[0], other=read[1], span=(start, end)))
    return found


def _fits(before: str, words: Iterable[str]) -> bool:
    """ "Over 500 EUR" is for a minimum, and no amount; of "100 to 500 EUR" no end is known to be meant."""
    named = set(words)
    if re.search(r"\d\s*(?:-|–|to|and|bis|und|до|и|y|a|et|à)\s*$", before):
        return False
    is_more, is_less = _bounds(before)
    if named & LOW:
        return is_more or not is_less
    return (is_less or not is_more) if named & HIGH else not (is_more or is_less)


def _bounds(before: str) -> tuple[bool, bool]:
    """More than, less than; "not more than" is a bound on the other side."""
    marks = [re.search(rf"(?P<no>(?<!\w)(?:{NOT})\s+)?(?<!\w)(?:{bound})\s*$", before) for bound in (MORE, LESS)]
    more, less = marks
    if (more and more["no"]) or (less and less["no"]):
        return bool(less), bool(more)
    return bool(more), bool(less)


def durations(text: str, phrases: Phrases, spelled: Mapping[str, float]) -> list[tuple[str, tuple[int, int]]]:
    """Each as ISO 8601 with its span: "an hour and 30 minutes" is PT1H30M."""
    found = [
        (iso, match.span())
        for words, iso in HALVES.items()
        if words in text
        for match in re.finditer(re.escape(words), text)
    ]
    units = any_of(present(text, phrases.units))
    letters = any_of([*spelled, "a", "an"])
    piece = rf"(?:({digits(phrases)})|({letters}))[\s-]?({units})(?!\w)\.?"
    one = rf"(?<![\w.,]){piece}"
    for match in re.finditer(rf"{one}(?:\s*(?:,|and|und|и|y|et)?\s*{piece})*", text):
        iso = _sum(re.findall(one, match.group()), phrases, spelled)
        if iso:
            found.append((iso, match.span()))
    found += [
        (_iso({"TH": int(match[1]), "TM": int(match[2])}) or "", match.span()) for match in _CLOCKED.finditer(text)
    ]
    found.sort(key=lambda each: each[1][0] - each[1][1])
    kept: list[tuple[str, tuple[int, int]]] = []
    for iso, (start, end) in found:
        if all(end <= low or start >= high for _, (low, high) in kept):
            kept.append((iso, (start, end)))
    return sorted(kept, key=lambda each: each[1])


def _sum(pieces: list[tuple[str, str, str]], phrases: Phrases, spelled: Mapping[str, float]) -> str | None:
    parts: dict[str, float] = {}
    for number, word, unit in pieces:
        read = parsed(number, phrases.decimal) if number else (float(spelled.get(word, 1)), None)
        letter, count = ("D", 14) if phrases.units[unit] == "DD" else (phrases.units[unit], 1)
        if read is None or read[1] is not None or read[0] < 0 or letter in parts:
            return None
        parts[letter] = read[0] * count
    return _iso(parts)


def _iso(parts: dict[str, float]) -> str | None:
    if parts.get("TH", 0) % 1 and "TM" not in parts:
        hours = parts["TH"]
        parts = {**parts, "TH": hours // 1, "TM": round(hours % 1 * 60)}
    if any(value % 1 for value in parts.values()) or ("W" in parts and len(parts) > 1):
        return None
    days = "".join(f"{parts[unit]:.0f}{unit}" for unit in ORDER[:4] if parts.get(unit))
    times = "".join(f"{parts[unit]:.0f}{unit[1]}" for unit in ORDER[4:] if parts.get(unit))
    return f"P{days}" + (f"T{times}" if times else "") if days or times else None


def present(text: str, words: Iterable[str]) -> list[str]:
    """Those of many words that stand in the text, so that patterns stay short."""
    return [word for word in words if word in text]
