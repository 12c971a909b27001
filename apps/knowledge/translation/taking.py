"""Taking a file of terms into the base: first what would become of each line, then all of it or nothing."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.core import clock
from apps.core.errors import InvalidInput
from apps.knowledge.models import Term
from apps.knowledge.translation.termfile import Line

BATCH = 200
WRITTEN = (
    *("forms", "translation", "is_kept", "case", "note", "is_active"),
    *("loaded_digest", "is_shipped", "changed_by", "updated_at"),
)
Key = tuple[str, str, str, str]
"""Source language, term, topic, target language."""


class State(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    KEPT = "kept"  # written, edited or loaded here: left as it is
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What becomes of one term in one language; or of a whole line, when it is refused."""

    line: int
    term: str
    language: str
    state: State
    before: str = ""
    after: str = ""
    reason: str = ""
    row: Term | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Plan:
    changes: list[Change]

    def count(self, state: str) -> int:
        return sum(change.state == state for change in self.changes)

    @property
    def counts(self) -> dict[str, int]:
        counted = {state.value: self.count(state) for state in State}
        return {state: number for state, number in counted.items() if number}

    @property
    def is_empty(self) -> bool:
        return not (self.count(State.NEW) or self.count(State.CHANGED))

    def digest(self) -> str:
        """Stands for all that it does: what was looked at is what is done."""
        said = [(c.line, c.term, c.language, c.state, c.before, c.after, c.reason) for c in self.changes]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


class Keep(StrEnum):
    """Which terms a file leaves as they are."""

    NONE = "none"
    EDITED = "edited"  # written or edited here
    OURS = "ours"  # also those that another file than the shipped one brought


def plan(lines: Sequence[Line], *, keep: Keep = Keep.NONE) -> Plan:
    """What taking in the lines would do."""
    known = _known(lines)
    seen: dict[Key, int] = {}
    return Plan(changes=[change for line in lines for change in _of_line(line, known, seen, keep)])


def apply(
    planned: Plan, *, by: Any = None, is_loaded: bool = False, is_shipped: bool = False
) -> tuple[list[Term], list[Term]]:
    """Write it; the new terms and the changed ones. `is_loaded`: later edits here are known from what was loaded.

    InvalidInput, and nothing is written, when somebody wrote one of the new terms meanwhile.
    """
    now = clock.now()
    rows: dict[str, list[Term]] = {State.NEW: [], State.CHANGED: []}
    for change in planned.changes:
        if change.row is None or change.state not in rows:
            continue
        change.row.changed_by, change.row.updated_at = by, now
        if is_loaded:
            change.row.loaded_digest, change.row.is_shipped = change.row.digest(), is_shipped
        rows[change.state].append(change.row)
    try:
        with transaction.atomic():
            new = Term.objects.bulk_create(rows[State.NEW], batch_size=BATCH)
            Term.objects.bulk_update(rows[State.CHANGED], WRITTEN, batch_size=BATCH)
    except IntegrityError:
        raise InvalidInput("Somebody wrote one of these terms meanwhile. Try the file again.") from None
    return new, rows[State.CHANGED]


def _known(lines: Sequence[Line]) -> dict[Key, Term]:
    sources = {line.source for line in lines}
    wanted = {(line.source, line.term, line.topic) for line in lines}
    return {
        key: row
        for row in Term.objects.filter(source_language__in=sources).iterator()
        if (key := _key(row))[:3] in wanted
    }


def _key(row: Term) -> Key:
    return row.source_language, row.term, row.topic, row.target_language


def _of_line(line: Line, known: dict[Key, Term], seen: dict[Key, int], keep: Keep) -> Iterator[Change]:
    if line.problem:
        yield Change(line=line.number, term=line.term, language="", state=State.REFUSED, reason=line.problem)
    for language, translation in line.translations.items():
        key = (line.source, line.term, line.topic, language)
        if key in seen:
            reason = f"Line {seen[key]} says it already, for the same languages and topic."
            yield Change(line=line.number, term=line.term, language=language, state=State.REFUSED, reason=reason)
            continue
        seen[key] = line.number
        yield _change(line, language, translation, known.get(key), keep)


def _change(line: Line, language: str, translation: str | None, row: Term | None, keep: Keep) -> Change:
    before = _shown(row) if row else ""
    state, original = (State.CHANGED, row.digest()) if row else (State.NEW, "")
    is_kept = row is not None and _is_kept(row, keep)
    written = row or Term(source_language=line.source, term=line.term, topic=line.topic, target_language=language)
    for name, value in line.values.items():
        setattr(written, name, value)
    written.translation, written.is_kept = translation or "", translation is None
    if problem := _problem(written):
        return Change(line=line.number, term=line.term, language=language, state=State.REFUSED, reason=problem)
    if row and written.digest() == original:
        state = State.UNCHANGED
    elif is_kept:
        state = State.KEPT
    return Change(
        line=line.number,
        term=line.term,
        language=language,
        state=state,
        before=before,
        after=_shown(written),
        row=written,
    )


def _is_kept(row: Term, keep: Keep) -> bool:
    is_written_here = row.is_edited or not row.loaded_digest
    return (keep is not Keep.NONE and is_written_here) or (keep is Keep.OURS and not row.is_shipped)


def _problem(row: Term) -> str:
    try:
        row.clean_fields(exclude=["changed_by"])
    except ValidationError as error:
        return " ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
    return ""


def _shown(row: Term) -> str:
    """A term in one language, as people compare it."""
    said = [row.term if row.is_kept else row.translation]
    said += ["never translated"] if row.is_kept else []
    said += [f"forms: {row.forms}"] if row.forms else []
    said += ["as written"] if row.case == Term.Case.EXACT else []
    said += [row.note] if row.note else []
    said += [] if row.is_active else ["not in use"]
    return " · ".join(said)
