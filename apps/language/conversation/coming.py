"""Days that are still to come, in a request for a report about days that were: told on its card.

The month, quarter or year that is under way is what people ask for every day. A template whose parameters look forward,
or whose examples speak of days to come, is meant for them.
"""

import calendar
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from apps.language import dates, parameters
from apps.language.contract import Interpretation, TemplateCard
from apps.language.conversation.places import value_at
from apps.language.conversation.state import Request
from apps.language.parameters.fields import Pair, fields, pairs
from apps.language.wording import say

LONGEST_UNIT = 366
SUNDAY = 6


def told(request: Request, card: TemplateCard) -> str:
    """What to say of the first such period; "" where there is none."""
    return of(request.found, card, date.fromisoformat(request.today)) if request.today else ""


def of(found: Interpretation, card: TemplateCard, today: date) -> str:
    """The same of a reading."""
    if parameters.looks_forward(card.parameter_schema):
        return ""
    for couple in pairs(fields(card.parameter_schema)):
        days = _days(found.parameters, couple)
        if days and _is_ahead(*days, today) and not _speaks_of_coming(tuple(card.examples), today):
            return say("coming.whole" if days[0] > today else "coming.part")
    return ""


def _days(values: Mapping[str, Any], couple: Pair) -> tuple[date, date] | None:
    start, end = (str(value_at(values, place.path) or "")[:10] for place in (couple.start, couple.end))
    try:
        return date.fromisoformat(start), date.fromisoformat(end)
    except ValueError:
        return None


def _is_ahead(first: date, last: date, today: date) -> bool:
    return last > today and not (first <= today and _is_unit(first, last))


def _is_unit(first: date, last: date) -> bool:
    """A week, or whole months up to a year."""
    is_week = (first.weekday(), (last - first).days) == (0, SUNDAY)
    are_months = first.day == 1 and last.day == calendar.monthrange(last.year, last.month)[1]
    return is_week or (are_months and (last - first).days < LONGEST_UNIT)


@lru_cache(maxsize=512)
def _speaks_of_coming(examples: tuple[str, ...], today: date) -> bool:
    found = [each for text in examples for each in dates.find(text, dates.Context(today=today))]
    return any(each.period is not None and each.period.first > today for each in found if _has_start(each))


def _has_start(each: dates.Found) -> bool:
    return each.period is not None and each.period.start is not None
