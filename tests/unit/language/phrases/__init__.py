"""Business phrases about dates in five languages, and what they mean on Saturday 2026-11-21, at ten.

One line: `phrase | meaning`. A meaning is a year (2025), half (2025h1), quarter (2025q3), month (2025-03) or day;
`a..b` from one to the other, `-..b` without a beginning, `@09:30` a time of day, `a; b` several; `~` must be confirmed,
whatever was read. `none.txt` has `language | sentence` without any date.
The expectations were written before the code that reads them. `heldout/` is every third line: scored once, at the end.

`python -m tests.unit.language.phrases` prints the score; `--heldout` that of the lines apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from apps.language.dates import Context, Found, Period, find, periods
from apps.language.parameters.reading import MUST_CONFIRM

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 10, 0)
LANGUAGES = ("en", "de", "ru", "es", "fr")
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Outcome:
    language: str
    phrase: str
    wanted: str
    got: str
    is_exact: bool
    is_silently_wrong: bool


def outcomes(language: str, *, is_heldout: bool = False, locale: str = "") -> Iterator[Outcome]:
    folder = FOLDER / "heldout" if is_heldout else FOLDER
    context = Context(today=TODAY, now=NOW, locale=locale or language)
    for line in (folder / f"{language}.txt").read_text().splitlines():
        phrase, wanted = (cell.strip() for cell in line.split(" | "))
        yield judge(language, phrase, wanted, find(phrase, context))


def judge(language: str, phrase: str, wanted: str, found: list[Found]) -> Outcome:
    is_asked = any(note.kind in MUST_CONFIRM for each in found for note in each.notes)
    got = "; ".join(map(said, found)) + (" ~" if is_asked else "")
    is_exact = is_asked if wanted == "~" else got == "; ".join(map(meaning, wanted.split("; ")))
    return Outcome(language, phrase, wanted, got, is_exact, bool(found) and not is_exact and not is_asked)


def false_finds(*, is_heldout: bool = False) -> list[tuple[str, str, list[Found]]]:
    folder = FOLDER / "heldout" if is_heldout else FOLDER
    rows = [line.split(" | ") for line in (folder / "none.txt").read_text().splitlines()]
    read = [(language, text, find(text, Context(today=TODAY, now=NOW, locale=language))) for language, text in rows]
    return [row for row in read if row[2]]


def said(found: Found) -> str:
    if found.period is None:
        return "?"
    first = found.period.start or "-"
    return f"{first}..{found.period.last}" + "".join(f"@{time:%H:%M}" for time in found.times)


def meaning(wanted: str) -> str:
    days, *times = wanted.split("@")
    first, _, last = days.partition("..")
    start = "-" if first == "-" else str(_period(first).first)
    return f"{start}..{_period(last or first).last}" + "".join(f"@{time}" for time in times)


def _period(text: str) -> Period:
    year = int(text[:4])
    if text[4:5] in ("q", "h"):
        return (periods.quarter if text[4] == "q" else periods.half)(year, int(text[5:]))
    if len(text) == len("2025-03"):
        return periods.month(year, int(text[5:]))
    return periods.day(date.fromisoformat(text)) if len(text) > len("2025") else periods.year(year)


__all__ = ["LANGUAGES", "TODAY", "false_finds", "outcomes"]
