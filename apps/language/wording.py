"""Sentences for people: dates, questions, what was understood. English; another language is another module like it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from apps.language.dates import Note, Period


def day(moment: date) -> str:
    return f"{moment:%a} {moment.day} {moment:%B %Y}"


def period(found: Period) -> str:
    """First and last day, both included."""
    if found.start is None:
        return f"until {day(found.last)}"
    return day(found.start) if found.start == found.last else f"{day(found.start)} to {day(found.last)}"


NOTES = {
    "day_month_order": "“{words}” can be read day first or month first. I read {reading}{others}.",
    "year_assumed": "“{words}” names no year. I took {reading}{others}.",
    "calendar_or_rolling": "“{words}” can mean whole calendar units or the time up to today. I took {reading}{others}.",
    "vague": "“{words}” has no exact days. I took {reading}{others}.",
    "which_day": "“{words}” can be more than one day. I took {reading}{others}.",
    "fiscal": "Nobody has told me when the fiscal year begins. I read “{words}” as {reading}{others}.",
    "open_start": "“{words}” says no first day.",
    "backwards": "“{words}” ends before it begins. I turned it round: {reading}.",
    "not_a_date": "“{words}” is no date that exists.",
    "half_day": "“{words}” can be at night or in the afternoon. I took it as it is written.",
    "from_or_in": "“{words}” can be that day, or all days from then on. I took {reading}{others}.",
}


def note(found: Note, reading: Period | None) -> str:
    others = " or ".join(map(period, found.others))
    return NOTES[found.kind].format(
        words=found.words,
        reading=period(reading) if reading else "nothing",
        others=f"; it could also be {others}" if others else "",
    )


def ask_for(title: str, description: str, choices: Sequence[Any], kind: str) -> str:
    if choices:
        return f"{_first_up(title)}: {_either(choices)}?"
    if kind == "period":
        return "For which period? For example “last quarter” or “from March to May 2025”."
    if kind == "time":
        return f"At what time, for “{title}”? For example “tomorrow at 9:30”."
    if kind == "boolean":
        return f"{_first_up(title)}: yes or no?"
    hint = f" ({description})" if description else ""
    return f"What is “{title}”?{hint}"


def ask_which(title: str, choices: Sequence[Any]) -> str:
    return f"You named more than one {title}. Which one: {_either(choices)}?"


def ask_first_day(last: date) -> str:
    return f"Until {day(last)}: from which day on?"


def ask_template(names: Sequence[str]) -> str:
    if not names:
        return "There is nothing that you may start yet."
    if len(names) == 1:
        return f"Did you mean “{names[0]}”?"
    return f"Which did you mean: {_either([f'“{name}”' for name in names])}, or none of these?"


def offer(names: Sequence[str]) -> str:
    if not names:
        return "I did not understand that, and there is nothing that you may start yet."
    return f"I did not understand that. You can ask for: {', '.join(f'“{name}”' for name in names)}."


def ask_task(verb: str, count: int) -> str:
    if not count:
        return f"Which task shall I {verb}? You have none that is open; say its number, as in “{verb} task 12”."
    return f"You have {count} open tasks. Which one shall I {verb}?"


def ask_one_of(verb: str, numbers: Sequence[int]) -> str:
    return f"One task at a time, please. Which one: {_either(numbers)}? ({COMMANDS[verb].format(task='it')})"


def ask_status(count: int) -> str:
    return (
        "Which task do you mean? Say its number, as in “status of task 12”."
        if not count
        else (f"You have {count} open tasks. Which one do you mean?")
    )


def understood(name: str, found: Period | None, values: Mapping[str, Any]) -> str:
    """`Invoice report, Wed 1 January 2025 to Wed 31 December 2025; client filters: active.`"""
    parts = [name + (f", {period(found)}" if found else "")]
    parts += [f"{title}: {_shown(value)}" for title, value in values.items()]
    return "; ".join(parts) + "."


COMMANDS = {
    "status": "Show how {task} is going.",
    "list": "List your tasks.",
    "queue": "Show how the queues stand.",
    "cancel": "Cancel {task}.",
    "pause": "Pause {task}.",
    "resume": "Resume {task}.",
    "retry": "Try {task} again.",
}


def command(verb: str, task_id: int | None) -> str:
    return COMMANDS[verb].format(task=f"task {task_id}" if task_id is not None else "a task")


HELP = "You can start a task in your own words, and ask “how is task 12 going”, “pause task 12”, “list running tasks”."


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _either(choices: Sequence[Any]) -> str:
    texts = [str(choice) for choice in choices]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def too_long(limit: int) -> str:
    return f"That is too long for me: please say it in at most {limit} characters."
