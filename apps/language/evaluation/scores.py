"""What verdicts add up to."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.language.evaluation.judging import Verdict

BINS = 10


@dataclass(frozen=True, kw_only=True)
class Share:
    """So many of so many; nothing of nothing has no share."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        return self.count / self.of if self.of else None

    def as_json(self) -> dict[str, Any]:
        return {"count": self.count, "of": self.of, "share": None if self.value is None else round(self.value, 4)}


def _share(verdicts: Iterable[Verdict], is_so: Callable[[Verdict], bool]) -> Share:
    found = [is_so(verdict) for verdict in verdicts]
    return Share(count=sum(found), of=len(found))


# Each is a share of all rows, of those in scope (a template is expected), or of those out of scope (none is).
SHARES: Mapping[str, tuple[str, str, Callable[[Verdict], bool]]] = {
    "right_first": ("in", "the right template comes first", lambda one: one.is_first_right),
    "started_right": ("in", "started right", lambda one: one.taken == "started" and one.is_first_right),
    "asked": ("in", "asked which one is meant", lambda one: one.taken == "asked"),
    "solved": ("in", "solved: started right, or the right one among three offered", lambda one: one.is_solved),
    "wrong_starts": ("all", "something wrong started", lambda one: one.is_wrong_start),
    "out_of_scope_recall": ("out", "out of scope: nothing started", lambda one: one.taken != "started"),
    "out_of_scope_none": ("out", "out of scope: nothing asked either", lambda one: one.taken == "none"),
    "alone_right": ("in", "without questions: right", lambda one: one.starts_alone and one.is_first_right),
    "alone_refused": ("out", "without questions: out of scope refused", lambda one: not one.starts_alone),
    "alone_wrong_starts": (
        "all",
        "without questions: something wrong started",
        lambda one: one.starts_alone and not one.is_first_right,
    ),
}


def shares(verdicts: Sequence[Verdict]) -> dict[str, Share]:
    groups = {
        "all": verdicts,
        "in": [verdict for verdict in verdicts if verdict.row.is_in_scope],
        "out": [verdict for verdict in verdicts if not verdict.row.is_in_scope],
    }
    return {name: _share(groups[group], is_so) for name, (group, _, is_so) in SHARES.items()} | _parameters(verdicts)


PARAMETERS = {
    "parameters_exact": "sentences with all parameters exact",
    "fields_exact": "parameters exact",
    "dates_exact": "days exact",
    "dates_silently_wrong": "days read wrong, and nobody asked",
}


def _parameters(verdicts: Sequence[Verdict]) -> dict[str, Share]:
    judged = [verdict for verdict in verdicts if verdict.fields is not None]
    fields = [result for verdict in judged for result in (verdict.fields or {}).values()]
    dates = [result for verdict in judged for path, result in (verdict.fields or {}).items() if path in verdict.dates]
    return {
        "parameters_exact": Share(
            count=sum(set((verdict.fields or {}).values()) <= {"exact"} for verdict in judged), of=len(judged)
        ),
        "fields_exact": Share(count=fields.count("exact"), of=len(fields)),
        "dates_exact": Share(count=dates.count("exact"), of=len(dates)),
        "dates_silently_wrong": Share(count=dates.count("wrong") + dates.count("extra"), of=len(dates)),
    }


def by_language(verdicts: Sequence[Verdict]) -> dict[str, dict[str, Share]]:
    """The regions of a language together: de-AT and de_CH count as de."""
    spoken = [verdict.row.language.replace("_", "-").split("-")[0].lower() for verdict in verdicts]
    return {
        each: shares([verdict for verdict, language in zip(verdicts, spoken, strict=True) if language == each])
        for each in sorted(set(spoken))
    }


def confusion(verdicts: Sequence[Verdict]) -> Counter[tuple[str | None, str | None]]:
    """(expected, what came out): started or asked first; None for nothing."""
    return Counter((verdict.row.wanted, None if verdict.taken == "none" else verdict.first) for verdict in verdicts)


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Sentences whose confidence lies from `low` to `high`: what was promised, what came true."""

    low: float
    high: float
    count: int
    promised: float
    right: float


def calibration(verdicts: Sequence[Verdict]) -> list[Bin]:
    found = []
    for at in range(BINS):
        mine = [one for one in verdicts if min(int(one.confidence * BINS), BINS - 1) == at]
        if mine:
            promised = sum(one.confidence for one in mine) / len(mine)
            right = sum(one.is_first_right for one in mine) / len(mine)
            found.append(Bin(low=at / BINS, high=(at + 1) / BINS, count=len(mine), promised=promised, right=right))
    return found


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected: how far promises are from what came true, on average over the sentences."""
    total = sum(each.count for each in bins)
    return sum(abs(each.promised - each.right) * each.count for each in bins) / total if total else 0.0
