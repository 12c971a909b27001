"""Lengths of time and amounts of memory, as people write and read them."""

import math
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from apps.core import regex
from apps.core.errors import InvalidInput

_SECONDS: Mapping[str, Decimal] = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), Decimal("0.001")),
    **dict.fromkeys(("s", "sec", "second", "seconds"), Decimal(1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), Decimal(60)),
    **dict.fromkeys(("h", "hour", "hours"), Decimal(3600)),
    **dict.fromkeys(("d", "day", "days"), Decimal(86_400)),
    **dict.fromkeys(("w", "week", "weeks"), Decimal(604_800)),
}
_MEGABYTES: Mapping[str, Decimal] = {
    **dict.fromkeys(("kb", "kib", "k"), 1 / Decimal(1024)),
    **dict.fromkeys(("", "mb", "mib", "m"), Decimal(1)),
    **dict.fromkeys(("gb", "gib", "g"), Decimal(1024)),
}
_LONGEST = timedelta(days=3650)
_MOST_MEGABYTES = 1024 * 1024
_PART = r"(?P<amount>\d{1,12}(?:\.\d{1,6})?)\s*(?P<unit>[a-z]*)\s*,?\s*"


def parse(text: str) -> timedelta:
    """'3 m 46 s', '90', '1.5 h', '2 days', '1m30s' or '250 ms'; a number alone is seconds.

    Raises InvalidInput, also beyond ten years.
    """
    parts = _parts(text)
    known = all(unit in _SECONDS or (unit == "" and len(parts) == 1) for _, unit in parts)
    if not parts or not known:
        raise InvalidInput(f"“{_short(text)}” is not a duration. Write it like 90 s, 3 m 46 s or 2 h.")
    seconds = sum((amount * _SECONDS[unit or "s"] for amount, unit in parts), Decimal(0))
    if seconds > Decimal(_LONGEST.total_seconds()):
        raise InvalidInput(f"“{_short(text)}” is longer than ten years. Give a shorter duration.")
    return timedelta(microseconds=int(seconds * 1_000_000))


def parse_memory(text: str) -> int:
    """Whole megabytes (of 1024 KB, rounded up) from '512MB', '1.5 GB', '900 kB' or '512'. Raises InvalidInput."""
    parts = _parts(text)
    if len(parts) != 1 or parts[0][1] not in _MEGABYTES:
        raise InvalidInput(f"“{_short(text)}” is not an amount of memory. Write it like 512MB or 2GB.")
    amount, unit = parts[0]
    megabytes = math.ceil(amount * _MEGABYTES[unit])
    if not 1 <= megabytes <= _MOST_MEGABYTES:
        raise InvalidInput(f"“{_short(text)}” is outside of 1MB to 1024GB. Give an amount between them.")
    return megabytes


def describe(duration: timedelta | float) -> str:
    """As the console says it: '0.4 s', '46 s', '3 m 46 s', '2 h 5 m', '3 d 4 h'. A float is seconds."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    if seconds < 0:
        return f"−{describe(-seconds)}"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _pair(whole, 60, "m", 1, "s")
    if whole < 86_400:
        return _pair(whole, 3600, "h", 60, "m")
    return _pair(whole, 86_400, "d", 3600, "h")


def describe_memory(megabytes: int) -> str:
    """'512 MB', '1.5 GB'."""
    return f"{megabytes} MB" if megabytes < 1024 else f"{megabytes / 1024:.1f}".removesuffix(".0") + " GB"


def _pair(seconds: int, large: int, large_unit: str, small: int, small_unit: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large} {large_unit}" + (f" {rest} {small_unit}" if rest else "")


def _parts(text: str) -> list[tuple[Decimal, str]]:
    """The (amount, unit) pairs that make up the whole text; empty if anything else is in it."""
    rest, parts = text.strip().lower(), []
    if len(rest) > 100:
        return []
    while rest:
        found = regex.search(f"^{_PART}", rest)
        if found is None:
            return []
        parts.append((Decimal(found.groups["amount"]), found.groups["unit"]))
        rest = rest[found.end :]
    return parts


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
