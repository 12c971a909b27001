"""Sentences for people in five languages: dates, questions, cards, what came of it.

`with speaking("de"):` says in which; English otherwise. Values are set in as they are: plain text, never markup.
"""

from apps.language.wording.asking import (
    ask_first_day,
    ask_for,
    ask_one_of,
    ask_task,
    ask_template,
    ask_which,
    command,
    cost,
    duration,
    either,
    first_up,
    lines,
    offer,
    shown,
    shown_moment,
    task,
    tasks,
    too_long,
    understood,
)
from apps.language.wording.dates import day, days, note, period
from apps.language.wording.speaking import LANGUAGES, counted, say, shown_number, speaking, spoken

__all__ = [
    "LANGUAGES",
    "ask_first_day",
    "ask_for",
    "ask_one_of",
    "ask_task",
    "ask_template",
    "ask_which",
    "command",
    "cost",
    "counted",
    "day",
    "days",
    "duration",
    "either",
    "first_up",
    "lines",
    "note",
    "offer",
    "period",
    "say",
    "shown",
    "shown_moment",
    "shown_number",
    "speaking",
    "spoken",
    "task",
    "tasks",
    "too_long",
    "understood",
]
