"""Questions, and what was understood."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.language.dates import Period
from apps.language.wording.dates import day, period
from apps.language.wording.speaking import counted, say, shown_number, table

CENT = Decimal("0.01")
MAX_VALUE = 200
"""Characters of a value that a card shows."""


def ask_for(title: str, description: str, choices: Sequence[Any], kind: str) -> str:
    if choices:
        return say("ask.choice", title=first_up(title), choices=either(choices))
    if kind in ("period", "time", "boolean", "lines"):
        return say(f"ask.{kind}", title=first_up(title) if kind in ("boolean", "lines") else title)
    return say("ask.value", title=title, hint=f" ({description})" if description else "")


def ask_which(title: str, choices: Sequence[Any]) -> str:
    return say("ask.which", title=title, choices=either(choices))


def ask_first_day(last: date) -> str:
    return say("ask.first_day", last=day(last))


def ask_template(names: Sequence[str]) -> str:
    if not names:
        return say("ask.template.none")
    if len(names) == 1:
        return say("ask.template.one", name=names[0])
    return say("ask.template", names=_quoted(names))


def offer(names: Sequence[str]) -> str:
    return say("offer", names=_quoted(names)) if names else say("offer.none")


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(say("quoted", text=name) for name in names)


def ask_task(verb: str, count: int) -> str:
    if count:
        return say("ask.task", count=count)
    example = say(f"example.{verb}")
    return say("ask.task.none_ended", example=example) if verb == "retry" else say("ask.task.none", example=example)


def ask_one_of(numbers: Sequence[int]) -> str:
    return say("ask.one_task", numbers=either(numbers))


def understood(name: str, found: Period | None, values: Mapping[str, Any]) -> str:
    """`Invoice report, Wed 1 January 2025 to Wed 31 December 2025; client filters: active.`"""
    parts = [name + (f", {period(found)}" if found else "")]
    parts += [f"{title}: {shown(value)}" for title, value in values.items()]
    return "; ".join(parts) + "."


def command(verb: str, task_id: int | None) -> str:
    return say(f"verb.{verb}", task=task(task_id))


def task(task_id: int | None) -> str:
    return say("a_task") if task_id is None else say("task", number=task_id)


def tasks(ids: Sequence[int]) -> str:
    return task(ids[0]) if len(ids) == 1 else counted(len(ids), "task")


def too_long(limit: int) -> str:
    return say("too_long", limit=limit)


def duration(seconds: float) -> str:
    """`46 s`, `7 m`, `2 h 5 m`: an estimate, so no more than two units."""
    units, whole = table().units, max(1, round(seconds))
    if whole < 60:
        return f"{whole} {units['s']}"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} {units['m']}"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} {units['h']}" + (f" {rest} {units['m']}" if rest else "")
    return f"{hours // 24} {units['d']}" + (f" {hours % 24} {units['h']}" if hours % 24 else "")


def shown(value: Any) -> str:
    """A parameter's value; dates with their weekday."""
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, (list, tuple)):
        return _cut(", ".join(map(shown, value)))
    if isinstance(value, Mapping):
        return _cut(", ".join(f"{name}: {shown(each)}" for name, each in value.items()))
    return shown_number(value) if isinstance(value, (int, float)) else _cut(str(value))


def lines(texts: Sequence[str]) -> str:
    """How many there are, and the first."""
    first = say("quoted", text=_cut(str(texts[0]))) + (", …" if len(texts) > 1 else "")
    return say("lines.first", lines=counted(len(texts), "line"), first=first)


def cost(tokens: int, money: Decimal | None, currency: str, known: int, count: int) -> str:
    """What is used of the language model: `about 12,000 tokens, about USD 0.02`."""
    text = say("cost.tokens", tokens=shown_number(_rough(tokens)))
    if money is not None and tokens:
        text += ", " + say(
            "cost.money" if money >= CENT else "cost.cent", money=f"{currency} {shown_number(_money(money))}"
        )
    return text + (f"; {say('cost.known', known=shown_number(known), count=shown_number(count))}" if known else "")


def _rough(number: int) -> int:
    """Two digits of an estimate are enough."""
    digits = len(str(number)) - 2
    return round(number, -digits) if digits > 0 else number


def _money(money: Decimal) -> float:
    return float(max(money, CENT).quantize(CENT))


def shown_moment(text: str) -> str:
    """A date or a moment as JSON has it, for people; what is neither stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _cut(text)
    return day(moment) if len(text) == 10 else f"{day(moment)} {moment:%H:%M}"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"


def either(choices: Sequence[Any]) -> str:
    texts = [str(choice) for choice in choices]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {say('or')} {texts[-1]}"


def first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
