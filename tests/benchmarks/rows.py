"""A benchmark's lines: a figure, what it is held against in the same run, and the goal."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Row:
    """`ratio` is what `reference` says of it. A figure without a value says in `note` why there is none.

    `system`: rows of one section that name one are drawn as a matrix, a line each system and a column each name.
    `is_later`: nobody can measure it yet; `note` says what it waits for.
    """

    name: str
    database: str
    value: float | None = None
    unit: str = ""
    reference: str = ""
    ratio: float | None = None
    goal: str = ""
    is_met: bool | None = None
    note: str = ""
    system: str = ""
    is_later: bool = False
    is_error: bool = False

    @property
    def verdict(self) -> str:
        if self.is_error:
            return "ERROR"
        if self.is_later:
            return "not yet"
        return {True: "met", False: "MISSED", None: ""}[self.is_met]

    @property
    def figure(self) -> str:
        if self.value is None:
            return "–"
        return f"{number(self.value)} {self.unit}".strip()

    @property
    def beside(self) -> str:
        """The ratio and to what; or what there is to say instead."""
        parts = [f"{number(self.ratio)} × {self.reference}" if self.ratio is not None else self.reference, self.note]
        return "; ".join(part for part in parts if part)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict}

    def __str__(self) -> str:
        name = f"{self.system}: {self.name}" if self.system else self.name
        cells = f"{name:<58} {self.database:<13} {self.figure:>13}  {self.goal:<10} {self.verdict:<8} {self.beside}"
        return cells.rstrip()


def at_most(most: float, unit: str, value: float, **fields: Any) -> Row:
    """A figure that is the better the smaller it is, with its goal."""
    return Row(value=value, unit=unit, goal=f"≤ {number(most)} {unit}", is_met=value <= most, **fields)


def below(most: float, unit: str, value: float, **fields: Any) -> Row:
    """The same where the goal itself is a miss."""
    return Row(value=value, unit=unit, goal=f"< {number(most)} {unit}", is_met=value < most, **fields)


def above(least: float, unit: str, value: float, **fields: Any) -> Row:
    return Row(value=value, unit=unit, goal=f"> {number(least)} {unit}", is_met=value > least, **fields)


def failed(name: str, database: str, why: str) -> Row:
    """Of a long message, a traceback perhaps, the last line says most."""
    return Row(name=name, database=database, note=last_line(why), is_error=True)


def last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no message")


def later(name: str, database: str, waits_for: str, goal: str = "") -> Row:
    return Row(name=name, database=database, note=waits_for, goal=goal, is_later=True)


def number(value: float) -> str:
    """Three digits that count, thousands set apart."""
    if value == 0:
        return "0"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.001 else 5
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0–1) of the values lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
