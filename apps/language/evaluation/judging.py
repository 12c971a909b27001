"""One sentence put to the understanding, and what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from time import perf_counter
from typing import Any, Literal

from apps.language.contract import Interpretation, Message, TemplateCard
from apps.language.evaluation.rows import Row
from apps.language.matching.deciding import ALONE, ASK
from apps.language.understanding import understand

ANYTHING = "(?s).*"
Result = Literal["exact", "wrong", "asked", "missing", "extra"]
"""Of a parameter. `asked`: nothing or something else was read, and the person is asked about it."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`first` is the template that came out first, started or not; `taken` what was done with it."""

    row: Row
    taken: Literal["started", "asked", "none"]
    first: str | None
    confidence: float
    shown: Sequence[str]
    fields: Mapping[str, Result] | None
    """By path, `.` between names; None where no parameters are judged."""
    dates: frozenset[str]
    """The paths that hold days or moments."""
    seconds: float

    @property
    def is_first_right(self) -> bool:
        return self.first is not None and self.first == self.row.wanted

    @property
    def is_solved(self) -> bool:
        """Started right, or asked with the right one among those shown."""
        if self.taken == "started":
            return self.is_first_right
        return self.taken == "asked" and self.row.wanted in self.shown

    @property
    def is_wrong_start(self) -> bool:
        return self.taken == "started" and not self.is_first_right

    @property
    def starts_alone(self) -> bool:
        """What would be started if nothing could be asked."""
        return self.first is not None and self.confidence >= ALONE


def judge(row: Row, cards: Sequence[TemplateCard]) -> Verdict:
    said = Message(text=row.text, today=row.now.date(), now=row.now, timezone=row.timezone, locale=row.language)
    began = perf_counter()
    meant = understand(said, cards)
    seconds = perf_counter() - began
    shown = [candidate.key for candidate in meant.runner_ups]
    first = meant.template_key or next(iter(shown), None)
    fields, dates = _fields(row, said, meant, cards)
    return Verdict(
        row=row,
        taken="started" if meant.intent == "start" else "asked" if meant.confidence >= ASK else "none",
        first=first,
        confidence=meant.confidence,
        shown=shown[:3],
        fields=fields,
        dates=dates,
        seconds=seconds,
    )


def _fields(
    row: Row, said: Message, meant: Interpretation, cards: Sequence[TemplateCard]
) -> tuple[dict[str, Result] | None, frozenset[str]]:
    """Judged as if the right template had been chosen: a person who is asked chooses it."""
    if row.parameters is None or row.wanted is None:
        return None, frozenset()
    card = next(card for card in cards if card.key == row.wanted)
    if meant.template_key != row.wanted:
        meant = understand(said, [replace(card, patterns=(ANYTHING,), examples=(row.text,))])
    wanted, read = dict(leaves(row.parameters)), dict(leaves(meant.parameters))
    defaults = dict(_defaults(card.parameter_schema))
    doubted = [question.path for question in (*meant.missing, *meant.questions)]
    doubted += [doubt.path for doubt in meant.ambiguities if doubt.must_confirm]
    results = {path: _result(path, wanted, read, defaults, doubted) for path in dict.fromkeys([*wanted, *read])}
    dates = frozenset(path for path in results if _is_date(wanted.get(path, read.get(path))))
    return results, dates


def _result(
    path: str,
    wanted: Mapping[str, Any],
    read: Mapping[str, Any],
    defaults: Mapping[str, Any],
    doubted: Sequence[str],
) -> Result:
    nothing = defaults.get(path)
    if same(wanted.get(path, nothing), read.get(path, nothing)):
        return "exact"
    if any(path == each or path.startswith(f"{each}.") or each.startswith(f"{path}.") for each in doubted):
        return "asked"
    if path not in read:
        return "missing"
    return "wrong" if path in wanted else "extra"


def leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        if isinstance(each, Mapping) and each:
            yield from leaves(each, f"{above}{name}.")
        else:
            yield f"{above}{name}", each


def same(one: Any, other: Any) -> bool:
    """Lists of plain values are the same in any order; 3 and 3.0 are, and true and 1 are not."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _defaults(schema: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, place in (schema.get("properties") or {}).items():
        if isinstance(place, Mapping) and "default" in place:
            yield f"{above}{name}", place["default"]
        elif isinstance(place, Mapping):
            yield from _defaults(place, f"{above}{name}.")


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or len(value) < len("2026-11-21"):
        return False
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True
