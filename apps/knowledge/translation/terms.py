"""Which terms of the base stand in texts: one pass over the words of each text, whatever the number of terms.

Words are compared without regard to case, accents' encoding, kinds of hyphens, apostrophes and spaces; a term "as
written" must stand in its own case. In scripts without spaces (Chinese, Japanese, Thai, …) each character is a word. A
term is found in its own form and in those that it lists, in no others: nothing is guessed about inflection. Placeholders,
markup, addresses and code hide no terms.
"""

import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from apps.knowledge.models import Term
from apps.knowledge.translation import languages, marks

_COMBINING = "".join(chr(code) for code in range(0x300, 0x3100) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_SPACELESS = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(
    rf"[{_SPACELESS}][{_COMBINING}]*|[^\W{_SPACELESS}](?:[^\W{_SPACELESS}]|[{_COMBINING}\u00ad\u200b])*|[^\w\s]"
)
_ALIKE = str.maketrans({"’": "'", "ʼ": "'", "‐": "-", "‑": "-", "\u00ad": "", "\u200b": ""})


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    said: str
    """As written, but for what is alike."""
    folded: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One row of the base, as finding needs it."""

    term: str
    forms: tuple[str, ...]
    source: str
    target: str
    translation: str
    note: str
    topic: str
    is_kept: bool
    is_exact: bool

    @property
    def answer(self) -> str:
        return self.term if self.is_kept else self.translation


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """`text` is the place of the text in the list, `start` and `end` those of `found` in it."""

    text: int
    language: str
    start: int
    end: int
    found: str
    entry: Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class _Span:
    start: int
    end: int
    entries: list[Entry]


class _Node:
    """A place in the tree of words; `entries` end here, each with the form that ended."""

    __slots__ = ("entries", "following")

    def __init__(self) -> None:
        self.following: dict[str, _Node] = {}
        self.entries: list[tuple[Entry, tuple[str, ...]]] = []


class Glossary:
    """The terms that apply from one language into others, for one topic, read from the database once."""

    def __init__(self, source: str, targets: Sequence[str], topic: str = "") -> None:
        self.targets = {target: languages.general(target) for target in targets}
        self.root = _Node()
        ends: dict[str, tuple[_Node, tuple[str, ...]]] = {}  # a form stands there for each of its languages
        for entry in _entries(source, targets, topic):
            for form in entry.forms:
                node, said = ends.get(form) or ends.setdefault(form, self._end(form))
                if said:
                    node.entries.append((entry, said))

    def _end(self, form: str) -> tuple[_Node, tuple[str, ...]]:
        """The place in the tree where the form ends, and its words; none when it has none."""
        node, found = self.root, words(form)
        for word in found:
            node = node.following.setdefault(word.folded, _Node())
        return node, tuple(word.said for word in found)

    def hits(self, texts: Sequence[str]) -> list[Hit]:
        """In the order of texts, of words in them, and of the targets."""
        return [hit for place, text in enumerate(texts) for hit in self._in(place, text)]

    def _in(self, place: int, text: str) -> list[Hit]:
        spans = list(self._spans(text))
        found = [
            Hit(
                text=place,
                language=target,
                start=span.start,
                end=span.end,
                found=text[span.start : span.end],
                entry=entry,
            )
            for target, accepted in self.targets.items()
            for span, entry in _longest(spans, accepted)
        ]
        return sorted(found, key=lambda hit: hit.start) if len(self.targets) > 1 else found

    def _spans(self, text: str) -> Iterator[_Span]:
        for start, end in marks.find(text).words:
            stretch = words(text[start:end])
            for first in range(len(stretch)):
                yield from self._from(stretch, first, start)

    def _from(self, stretch: list[Word], first: int, offset: int) -> Iterator[_Span]:
        node = self.root
        for last in range(first, len(stretch)):
            following = node.following.get(stretch[last].folded)
            if following is None:
                return
            node = following
            if not node.entries:
                continue
            said = tuple(word.said for word in stretch[first : last + 1])
            entries = [entry for entry, form in node.entries if not entry.is_exact or form == said]
            if entries:
                yield _Span(start=offset + stretch[first].start, end=offset + stretch[last].end, entries=entries)


def digest(hits: Iterable[Hit]) -> str:
    """Stands for what the base says about the terms of one text in one language; "" when it says nothing."""
    said = sorted({(hit.entry.term, hit.entry.translation, hit.entry.is_kept) for hit in hits})
    return hashlib.sha256(json.dumps(said).encode()).hexdigest() if said else ""


def by_text(hits: Iterable[Hit]) -> dict[int, list[Hit]]:
    grouped: dict[int, list[Hit]] = defaultdict(list)
    for hit in hits:
        grouped[hit.text].append(hit)
    return grouped


def words(text: str) -> list[Word]:
    return [_word(found) for found in _WORD.finditer(text)]


def _word(found: re.Match[str]) -> Word:
    said = found[0] if found[0].isascii() else unicodedata.normalize("NFC", found[0].translate(_ALIKE))
    return Word(said=said, folded=said.casefold(), start=found.start(), end=found.end())


def _entries(source: str, targets: Sequence[str], topic: str) -> Iterator[Entry]:
    """The nearest first: of the topic, then of the language itself, then in the order of the base."""
    sources = [*languages.general(source), ""]
    rows = Term.objects.applying(source, targets, topic).order_by("id")
    found = [_entry(row) for row in rows.values_list(*_COLUMNS)]
    return iter(sorted(found, key=lambda entry: (entry.topic == "", sources.index(entry.source))))


_COLUMNS = (
    "term",
    "forms",
    "source_language",
    "target_language",
    "translation",
    "note",
    "topic",
    "is_kept",
    "case",
)


def _entry(row: tuple[str, str, str, str, str, str, str, bool, str]) -> Entry:
    term, forms, source, target, translation, note, topic, is_kept, case = row
    others = (form.strip() for form in forms.split(",")) if forms else ()
    return Entry(
        term=term,
        forms=(term, *filter(None, others)),
        source=source,
        target=target,
        translation=translation,
        note=note,
        topic=topic,
        is_kept=is_kept,
        is_exact=case == Term.Case.EXACT,
    )


def _longest(spans: list[_Span], accepted: list[str]) -> list[tuple[_Span, Entry]]:
    """What applies to one language: where spans overlap the longest, in the order of the text."""
    order = [*accepted, ""]
    known = [(span, entry) for span in spans if (entry := _nearest(span.entries, order))]
    is_taken = bytearray(max((span.end for span, _ in known), default=0))
    taken: list[tuple[_Span, Entry]] = []
    for span, entry in sorted(known, key=lambda pair: (pair[0].start - pair[0].end, pair[0].start)):
        if not any(is_taken[span.start : span.end]):
            is_taken[span.start : span.end] = b"\1" * (span.end - span.start)
            taken.append((span, entry))
    return sorted(taken, key=lambda pair: pair[0].start)


def _nearest(entries: list[Entry], order: list[str]) -> Entry | None:
    """The entry for the topic before a general one, then for the nearest language; of equal ones the first."""
    fitting = [entry for entry in entries if entry.target in order]
    return min(fitting, key=lambda entry: (entry.topic == "", order.index(entry.target)), default=None)
