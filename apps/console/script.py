"""The script as a page shows it: coloured by its tokens, with what the journal knows of each line."""

import io
import keyword
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypedDict

from django.db.models import Count, F, Max, Q, Sum
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.catalog.models import TemplateRevision
from apps.console import words
from apps.core import durations
from apps.tasks.models import Step

LONG = 60
"""Lines from which on the code scrolls in a box of its own."""


@dataclass(frozen=True, kw_only=True)
class Line:
    number: int
    source: SafeString


class Mark(TypedDict):
    """What is drawn beside a line: `look` is its class, `note` the journal in few words."""

    look: str
    icon: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The journal of one line."""

    calls: int
    seconds: float
    retries: int
    failed: int

    @property
    def note(self) -> str:
        parts = [words.count(self.calls, "call")]
        if self.seconds >= 0.05:
            parts.append(durations.describe(self.seconds))
        if self.retries:
            parts.append(f"{self.retries} retried")
        if self.failed:
            parts.append(f"{self.failed} failed")
        return " · ".join(parts)


def tallies(task_id: int) -> dict[int, Tally]:
    """By line, in one query."""
    rows = (
        Step.objects.filter(task_id=task_id, line__isnull=False)
        .values("line")
        .annotate(
            calls=Count("index"),
            seconds=Sum("seconds"),
            retries=Sum("retries") + Count("index", filter=Q(try_number__gt=1)),
            failed=Count("index", filter=Q(outcome="failed")),
            latest=Max("seq"),
        )
        .order_by(F("line"))
    )
    return {
        row["line"]: Tally(calls=row["calls"], seconds=row["seconds"], retries=row["retries"], failed=row["failed"])
        for row in rows
        if row["line"] is not None
    }


def marks(by_line: dict[int, Tally], *, resumed: Iterable[int], now: int | None, failed: int | None) -> dict[int, Mark]:
    """The lines that have something to say."""
    result = {number: Mark(look="", icon="completed", note=tally.note) for number, tally in by_line.items()}
    for number in resumed:
        note = result[number]["note"] if number in result else ""
        result[number] = Mark(look="resumed", icon="resume", note=" · ".join(filter(None, (note, "resumed here"))))
    if now is not None:
        note = result[now]["note"] if now in result else ""
        result[now] = Mark(look="now", icon="running", note=note)
    if failed is not None:
        note = result[failed]["note"] if failed in result else ""
        result[failed] = Mark(look="bad", icon="failed", note=" · ".join(filter(None, (note, "failed here"))))
    return result


def lines(revision: TemplateRevision, source: str) -> tuple[Line, ...]:
    """Of the revision's script, or of another that a task of the revision runs."""
    return _lines(revision.pk, source)


@lru_cache(maxsize=128)
def _lines(revision_id: int, source: str) -> tuple[Line, ...]:
    """A revision never changes, so its colouring is made once in a process."""
    text = source.rstrip("\n").splitlines() or [""]
    spans = _spans(source)
    return tuple(
        Line(number=number, source=_coloured(line, spans.get(number, []))) for number, line in enumerate(text, start=1)
    )


def _coloured(line: str, spans: list[tuple[int, int, str]]) -> SafeString:
    parts: list[SafeString] = []
    place = 0
    for start, end, look in spans:
        parts.append(format_html("{}", line[place:start]))
        parts.append(format_html('<span class="{}">{}</span>', look, line[start:end]))
        place = end
    parts.append(format_html("{}", line[place:]))
    return format_html_join(mark_safe(""), "{}", ((part,) for part in parts))


def _spans(source: str) -> dict[int, list[tuple[int, int, str]]]:
    """(start, end, class) by line; nothing from the place on where the source is no Python."""
    spans: dict[int, list[tuple[int, int, str]]] = {}
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return spans
    for index, token in enumerate(tokens):
        look = _look(token, tokens[index + 1] if index + 1 < len(tokens) else None)
        if look:
            for number, start, end in _reach(token):
                spans.setdefault(number, []).append((start, end, look))
    return spans


def _look(token: tokenize.TokenInfo, following: Any) -> str:
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        return "tk"
    if token.type == tokenize.NAME and following is not None and following.string == "(":
        return "tf"
    return _LOOKS.get(token.type, "")


_LOOKS = {tokenize.STRING: "ts", tokenize.NUMBER: "tn", tokenize.COMMENT: "tc"}
for _name in ("FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END"):  # Python 3.12 takes f-strings apart
    if hasattr(tokenize, _name):
        _LOOKS[getattr(tokenize, _name)] = "ts"


def _reach(token: tokenize.TokenInfo) -> Iterator[tuple[int, int, int]]:
    """(line, start, end) for each line that the token covers."""
    (first, start), (last, end) = token.start, token.end
    for number, text in enumerate(token.string.split("\n"), start=first):
        column = start if number == first else 0
        yield number, column, end if number == last else column + len(text)
