"""Reads the fields of one JSON object, and notes each one that is missing, unknown or wrong."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

from apps.core import durations
from apps.core.errors import InvalidInput
from apps.executors.workflow.codes import CODES
from apps.executors.workflow.faults import Fault, listed, nearest, short
from apps.executors.workflow.paths import is_name

MAX_FAULTS = 500
_MILLISECONDS = "_ms"
Word = TypeVar("Word", bound=str)


class Notes:
    """The faults found so far; stops listening beyond MAX_FAULTS."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    @property
    def is_full(self) -> bool:
        return len(self.faults) >= MAX_FAULTS

    def add(self, fault: Fault) -> None:
        if not self.is_full:
            self.faults.append(fault)


class Fields:
    """One object of the JSON at `place`. A field that is missing or wrong reads as its default.

    `known` are the fields it may have, `about` goes into the details of every fault: {"task": …, "group": …}.
    """

    __slots__ = ("about", "given", "notes", "place")

    def __init__(
        self, given: Any, place: str, notes: Notes, known: Collection[str], about: Mapping[str, str] | None = None
    ) -> None:
        self.place, self.notes, self.about = place, notes, about or {}
        self.given: Mapping[str, Any] = given if isinstance(given, dict) else {}
        if not isinstance(given, dict):
            self.note("", "Give an object with the fields it needs.", suggestion=f"Fields are {listed(known)}.")
        for name in self.given:
            if name not in known and not name.startswith("x-"):
                message = f"There is no field “{short(name)}” here.{nearest(name, known)}"
                self.note(short(name), message, code="CFG_002")

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def at(self, name: str | int) -> str:
        return f"{self.place}.{name}" if self.place and name != "" else self.place or str(name)

    def note(self, name: str, message: str, *, code: str = "CFG_001", suggestion: str = "", **details: Any) -> None:
        """A fault about the field (or what lies below it: `dependencies.2`)."""
        field = name.partition(".")[0]
        if code == "CFG_001" and not details and field:
            details = {"invalid_fields": {field: message}}
        self.notes.add(
            Fault(
                code=code,
                message=message,
                place=self.at(name),
                details={**self.about, **({"field": field} if field else {}), **details},
                suggestions=(suggestion or CODES[code].advice,),
            )
        )

    def missing(self, name: str, what: str) -> None:
        self.note(name, f"“{name}” is missing. {what}", missing_fields=[name])

    def value(self, name: str, default: Any = None) -> Any:
        return self.given.get(name, default)

    def text(self, name: str, most: int, default: str = "") -> str:
        value = self.given.get(name, default)
        if not isinstance(value, str):
            self.note(name, "Give text.")
        elif len(value) > most:
            self.note(name, f"It has {len(value):,} characters; {most:,} are the most.", code="CFG_008")
        else:
            return value
        return default

    def needed_text(self, name: str, most: int, what: str) -> str:
        if self.given.get(name) in (None, ""):
            self.missing(name, what)
            return ""
        return self.text(name, most)

    def truth(self, name: str, default: bool) -> bool:
        value = self.given.get(name, default)
        if not isinstance(value, bool):
            self.note(name, "Say true or false.")
            return default
        return value

    def whole(self, name: str, least: int, most: int, default: int | None = None) -> int | None:
        value = self.given.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.note(name, f"Give a whole number from {least:,} to {most:,}.")
            return default
        return value

    def number(self, name: str, least: float, most: float, default: float | None = None) -> float | None:
        value = self.given.get(name)
        if value is None:
            return default
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            self.note(name, f"Give a number from {least:,g} to {most:,g}.")
            return default
        return float(value)

    def word(self, name: str, words: tuple[Word, ...], default: Word) -> Word:
        value = self.given.get(name, default)
        for word in words:
            if word == value:
                return word
        self.note(name, f"“{short(value)}” is none of {', '.join(words)}.{nearest(str(value), words)}")
        return default

    def names(self, name: str, most: int, *, are_keys: bool = False) -> tuple[str, ...]:
        """A list of texts, each once; `are_keys`: that can be keys of the context."""
        value = self.given.get(name, ())
        if value == () or not self._is_list(name, value, most):
            return ()
        kept = dict.fromkeys(each for each in value if isinstance(each, str) and 0 < len(each) <= 200)
        if len(kept) < len(value):
            self.note(name, "Give a list of names, each a text of up to 200 characters, and each once.")
        for each in [each for each in kept if are_keys and not is_name(each)]:
            del kept[each]
            self.note(name, f"“{short(each)}” is no key: letters, digits, _ and -, beginning with a letter.")
        return tuple(kept)

    def items(self, name: str, most: int) -> Iterator[tuple[str, Any]]:
        """(place, item) of a list; nothing when it is no list."""
        value = self.given.get(name, ())
        if value != () and self._is_list(name, value, most):
            start = self.at(name)
            yield from ((f"{start}.{number}", item) for number, item in enumerate(value))

    def mapping(self, name: str, most: int) -> Mapping[str, Any]:
        value = self.given.get(name, {})
        if not isinstance(value, dict):
            self.note(name, "Give an object.")
        elif len(value) > most:
            self.note(name, f"It has {len(value):,} entries; {most:,} are the most.", code="CFG_008")
        else:
            return value
        return {}

    def duration(self, name: str, default: timedelta | None = None) -> timedelta | None:
        """Seconds, a text such as "90 s" or "2 h", or whole milliseconds under the name with `_ms` at its end."""
        if (exact := name + _MILLISECONDS) in self.given:
            milliseconds = self.whole(exact, 0, 31_536_000_000)
            return default if milliseconds is None else timedelta(milliseconds=milliseconds)
        value = self.given.get(name)
        if value is None:
            return default
        found = length(value)
        if found is None:
            self.note(name, f"“{short(value)}” is not a duration. Give seconds, or a text such as 90 s, 3 m 46 s, 2 h.")
        return default if found is None else found

    def _is_list(self, name: str, value: Any, most: int) -> bool:
        if not isinstance(value, list):
            self.note(name, "Give a list.")
        elif len(value) > most:
            self.note(name, f"It has {len(value):,} entries; {most:,} are the most.", code="CFG_008")
        else:
            return True
        return False


def length(value: Any) -> timedelta | None:
    """A duration from seconds or a text; None when it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value) if 0 <= value <= 315_360_000 else None
    return _length_of(value) if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def _length_of(text: str) -> timedelta | None:
    """Workflows say the same few lengths in thousands of tasks."""
    try:
        return durations.parse(text)
    except InvalidInput:
        return None
