"""Numbers in letters: "half a million", "zweihundertfünfzig", "полтора миллиона", "deux cent cinquante", "dos docenas".

Words add up, a hundred multiplies what stands before it, and a thousand, a million or a dozen closes a group.
"""

import re
from collections.abc import Iterator, Mapping

from apps.language.parameters.phrases import Phrases

HALF = 0.5
LARGEST = 10**15
SHORTEST_GROUP = 3
"""Shorter scales ("k", "mn") stand behind digits only."""


def runs(text: str, phrases: Phrases) -> dict[str, int | float]:
    """Every number in letters of the (folded) text, as it is written there, with its value."""
    return dict(_runs(text, phrases))


def _runs(text: str, phrases: Phrases) -> Iterator[tuple[str, int | float]]:
    groups = {word: value for word, value in phrases.scales.items() if len(word) >= SHORTEST_GROUP and word in text}
    groups |= {word: value for word, value in phrases.dozens.items() if word in text}
    tables: tuple[Mapping[str, float], ...] = (phrases.numbers, phrases.hundreds, phrases.halves)
    known = [word for table in tables for word in table if word in text] + list(groups)
    if not known:
        return
    one = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    whole = rf"(?<![\w.,])(?:{one})(?:(?:\s+(?:and|und|y|et)\s+|[\s-]*)(?:{one}))*(?!\w)"
    for match in re.finditer(whole, text):
        is_scale = text[: match.start()].rstrip()[-1:].isdigit()  # of "3.5 million"
        value = None if is_scale else _value(re.findall(one, match.group()), phrases, groups)
        if value is not None:
            yield match.group(), int(value) if value == int(value) else value


def _value(pieces: list[str], phrases: Phrases, groups: Mapping[str, int]) -> float | None:
    total, current, last = 0.0, 0.0, 1
    for piece in pieces:
        if piece in phrases.halves:
            # "Two and a half" adds to what is open; "a million and a half" to the group that was closed.
            current, total = (current + HALF, total) if current or not total else (current, total + HALF * last)
        elif piece in phrases.numbers:
            number = phrases.numbers[piece]
            if current and current % (10 if number < 10 else 100):
                return None  # "two three" is no number
            current += number
        elif piece in phrases.hundreds:
            current = (current or 1) * phrases.hundreds[piece]
        else:
            last = groups[piece]
            total, current = total + (current or 1) * last, 0.0
    value = total + current
    return value if 1 <= value <= LARGEST else None
