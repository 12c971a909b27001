"""The numbers of a text, compared without regard to how a language writes them."""

import re
import unicodedata
from collections import Counter

RUN = re.compile(r"\d+")
GROUPED = re.compile(r"\d+(?:[.,'’\u00a0\u202f\u2009 ]\d+)*")
LONG = 3
"""Digits from which a number is neither spelled out nor told in another way: an amount, a year."""


def differing(text: str, other: str) -> list[str]:
    """Numbers of the text that the other lacks; [] when they are the same in either reading.

    By runs of digits, 12/31/2024 is 31.12.2024; with their separators left out, 1234.5 is 1 234,5.
    """
    runs = _runs(text) - _runs(other)
    if not runs or _whole(text) == _whole(other):
        return []
    return list(runs.elements())


def added(text: str, other: str) -> list[str]:
    return differing(other, text)


def _runs(text: str) -> Counter[str]:
    return Counter(_digits(found) for found in RUN.findall(text))


def _whole(text: str) -> Counter[str]:
    return Counter(_digits("".join(RUN.findall(found))) for found in GROUPED.findall(text))


def _digits(text: str) -> str:
    """In Western digits, without zeros in front: 05 is 5."""
    western = "".join(str(unicodedata.digit(digit)) for digit in text)
    return western.lstrip("0") or "0"
