"""Working days: Monday to Friday."""

from datetime import date, timedelta

SATURDAY = 5


def working(day: date) -> date:
    """The day itself, or the Monday after the weekend on which it falls."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= SATURDAY else day
