"""Periods whose year is not said yet: "March", "Q1", "5 to 12 May"."""

from dataclasses import dataclass
from datetime import date

from apps.language.dates import periods
from apps.language.dates.periods import Period


@dataclass(frozen=True, kw_only=True)
class Partial:
    """grain d with month, day and last_day; m with month; q, h, w with number. `reach` adds later units of the grain."""

    grain: str
    number: int
    day: int = 0
    last_day: int = 0

    def at(self, year: int) -> Period | None:
        """None where that year has no such days."""
        if self.grain == "m":
            return periods.month(year, self.number)
        if self.grain == "q":
            return periods.quarter(year, self.number)
        if self.grain == "h":
            return periods.half(year, self.number)
        if self.grain == "w":
            return periods.week(self.number, year)
        try:
            return periods.days(date(year, self.number, self.day), date(year, self.number, self.last_day or self.day))
        except ValueError:
            return None

    def near(self, today: date, *, past: bool) -> list[Period]:
        """Readings, the preferred one first: the latest that has begun (or the next that has not ended), then others."""
        years = range(today.year - 8, today.year + 9)  # 29 February comes every four or eight years
        there = [period for period in map(self.at, years) if period is not None]
        begun = [period for period in there if period.first <= today]
        coming = [period for period in there if period.end > today and period not in begun[-1:]]
        if past:
            return [*begun[::-1][:2], *coming[:1]] if begun else []
        running = [period for period in begun[-1:] if period.end > today]
        return [*running, *coming[:1], *begun[::-1][:1]]
