"""Evaluation files: lines of JSON, liberal in the names of fields, strict about what is in them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.core.errors import InvalidInput
from apps.language.contract import TemplateCard

TEXT = ("text", "message", "sentence", "utterance", "query")
LANGUAGE = ("language", "lang", "locale")
MOMENT = ("today", "now", "date")
WANTED = (
    "template",
    "expected_template",
    "expected_template_key",
    "template_key",
    "expected_key",
    "expected",
    "key",
    "intent",
)
PARAMETERS = ("parameters", "expected_parameters", "params", "values")
SCHEMA = ("parameter_schema", "schema", "parameters")
NOBODYS = ("", "none", "null", "-", "oos", "out_of_scope")
TRIGGERS = ("examples", "keywords", "patterns", "contexts")
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y")
"""Ways to write a day that can be meant in one way only."""
OF_LISTS = "\nA JSON list becomes lines by: jq -c '.[]' LIST.json > LINES.jsonl"
MAX_LINE, MAX_ROWS, SHOWN = 100_000, 100_000, 10


@dataclass(frozen=True, kw_only=True)
class Row:
    """A sentence and what a person would expect. `parameters` is None where they are not judged."""

    line: int
    text: str
    language: str
    now: datetime
    timezone: str = "UTC"
    wanted: str | None
    parameters: Mapping[str, Any] | None

    @property
    def is_in_scope(self) -> bool:
        return self.wanted is not None


class BadLine(InvalidInput):
    """One line cannot be used; the message says why and what to do."""

    code = "bad_line"


def read_rows(lines: Iterable[str], keys: Iterable[str], now: datetime) -> list[Row]:
    """Raises InvalidInput, which lists the first bad lines."""
    known = frozenset(keys)
    return _read(lines, lambda number, data: _row(number, data, known, now), "sentences")


def read_cards(lines: Iterable[str]) -> list[TemplateCard]:
    """Raises InvalidInput, which lists the first bad lines."""
    cards = _read(lines, _card, "templates")
    twice = sorted({card.key for card in cards if sum(other.key == card.key for other in cards) > 1})
    if twice:
        raise InvalidInput(f"Two templates have the key {', '.join(twice)}. Give each template a key of its own.")
    return cards


def _read(lines: Iterable[str], make: Any, what: str) -> list[Any]:
    found: list[Any] = []
    wrong: list[str] = []
    hint = ""
    for number, line in enumerate(lines, start=1):
        if number > MAX_ROWS:
            raise InvalidInput(f"There are more than {MAX_ROWS:,} lines. Split the file.")
        if not line.strip() or line.startswith("#"):
            continue
        try:
            found.append(make(number, _object(line)))
        except BadLine as error:
            hint = hint or (OF_LISTS if line.lstrip().startswith("[") else "")
            wrong.append(f"line {number}: {error.message}")
    if wrong:
        more = f"\n… and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise InvalidInput(f"The {what} cannot be read.\n" + "\n".join(wrong[:SHOWN]) + more + hint)
    if not found:
        raise InvalidInput(f"There are no {what} in the file. Write one JSON object a line.")
    return found


def _object(line: str) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise BadLine(f"it has more than {MAX_LINE:,} characters. Shorten it.")
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"this is no JSON ({error}). Write one object a line, such as {{…}}.") from None
    if not isinstance(data, dict):
        raise BadLine("this is no JSON object. Write one object a line, such as {…}.")
    return data


def _row(number: int, data: Mapping[str, Any], known: frozenset[str], now: datetime) -> Row:
    nested = data["expected"] if isinstance(data.get("expected"), dict) else {}
    data = {**{name: value for name, value in data.items() if name != "expected" or not nested}, **nested}
    text = _of(data, TEXT)
    if not isinstance(text, str):
        raise BadLine("there is no text. Put the sentence into “text”.")
    parameters = _of(data, PARAMETERS)
    if parameters is not None and not isinstance(parameters, dict):
        raise BadLine("“parameters” is no object. Write {} where none are expected, or leave it out.")
    language = _of(data, LANGUAGE) or "en"
    if not isinstance(language, str):
        raise BadLine("“language” is no text. Write a code such as “en” or “de”.")
    zone = data.get("timezone", "UTC")
    return Row(
        line=number,
        text=text,
        language=language,
        now=_moment(_of(data, MOMENT), zone, now),
        timezone=zone,
        wanted=_wanted(data, known),
        parameters=parameters,
    )


def _of(data: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((data[name] for name in names if data.get(name) is not None), None)


def _wanted(data: Mapping[str, Any], known: frozenset[str]) -> str | None:
    if not any(name in data for name in WANTED):
        raise BadLine("no template is expected. Put its key into “template”, or null where none is meant.")
    wanted = _of(data, WANTED)
    if wanted is None or (isinstance(wanted, str) and wanted not in known and wanted.casefold() in NOBODYS):
        return None
    if not isinstance(wanted, str) or wanted not in known:
        some = ", ".join(sorted(known)[:SHOWN])
        raise BadLine(f"there is no template {wanted!r}. Write null or one of the keys: {some}.")
    return wanted


def _moment(value: Any, zone: Any, now: datetime) -> datetime:
    """The moment of a date is noon: only the day counts."""
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise BadLine(f"there is no time zone {zone!r}. Write a name such as “Europe/Berlin”.") from None
    if value is None or value == "":
        return now.astimezone(place)
    try:
        for form in DAYS:
            with suppress(ValueError):
                return datetime.combine(datetime.strptime(value, form).date(), time(12), tzinfo=place)
        moment = datetime.fromisoformat(value)
        return moment.astimezone(place) if moment.tzinfo else moment.replace(tzinfo=place or UTC)
    except (TypeError, ValueError, OverflowError):
        raise BadLine(
            f"{value!r} is no day. Write “today” as 2026-11-21, or with a time as 2026-11-21T09:30."
        ) from None


def _card(number: int, data: Mapping[str, Any]) -> TemplateCard:
    key = data.get("key")
    if not isinstance(key, str) or not key:
        raise BadLine("there is no key. Put the template's key into “key”.")
    schema = _of(data, SCHEMA) or {}
    if not isinstance(schema, dict):
        raise BadLine("“parameter_schema” is no object. Write a JSON Schema, or leave it out.")
    inner = data.get("triggers") or {}
    triggers = {name: _texts(name, _of(data, (name,)) or inner.get(name) or []) for name in TRIGGERS}
    texts = {name: data.get(name) or "" for name in ("description", "category")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise BadLine("“description” and “category” are texts.")
    return TemplateCard(
        key=key,
        name=str(data.get("name") or key.replace("_", " ")),
        parameter_schema=schema,
        must_confirm=bool(data.get("must_confirm")),
        has_effects=bool(data.get("has_effects")),
        description=texts["description"],
        category=texts["category"],
        examples=triggers["examples"],
        keywords=triggers["keywords"],
        patterns=triggers["patterns"],
        contexts=triggers["contexts"],
    )


def _texts(name: str, found: Any) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise BadLine(f'“{name}” is no list of texts. Write it as ["…", "…"].')
    return tuple(found)
