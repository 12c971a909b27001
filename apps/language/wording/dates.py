"""Days and periods for people: first and last day, both included."""

from datetime import date

from apps.language.dates import Note, Period
from apps.language.wording.speaking import say, table


def day(moment: date) -> str:
    """`Wed 1 January 2025`."""
    words = table()
    shape = words.first_day if moment.day == 1 else words.day
    weekday, month = words.weekdays[moment.weekday()], words.months[moment.month - 1]
    return shape.format(weekday=weekday, day=moment.day, month=month, year=moment.year)


def period(found: Period) -> str:
    """First and last day, both included."""
    if found.start is None:
        return say("until", last=day(found.last))
    return days(found.start, found.last)


def days(first: date, last: date) -> str:
    return day(first) if first == last else say("period", first=day(first), last=day(last))


def note(found: Note, reading: Period | None) -> str:
    others = f" {say('or')} ".join(map(period, found.others))
    name = f"note.{found.kind}"
    return say(
        name if name in table().sentences else "note.other",
        words=found.words,
        reading=period(reading) if reading else say("nothing"),
        others=say("others", others=others) if others else "",
    )
