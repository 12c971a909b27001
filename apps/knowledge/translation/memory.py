"""The translation memory: what a text was in another language, as long as that still holds.

1. A text is found as it stands, but for spaces and line breaks at its ends, kinds of line breaks, and the encoding of
   accents; within a text every space counts.
2. An entry is used only while the terms that stand in its text are translated as when it was made: it keeps their digest.
3. A model's entry is for its topic and its style. A person's without a topic or style is for all; the nearest one wins,
   and a person's before a model's.
4. What a person said and what a model said are two entries: neither overwrites the other.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from apps.core import clock
from apps.core.errors import InvalidInput
from apps.core.masking import storable
from apps.knowledge.models import MemoryEntry
from apps.knowledge.translation import terms
from apps.knowledge.translation.terms import Glossary

Origin = MemoryEntry.Origin
MOST_REVIEWED = 200
BATCH = 200
"""Rows of one statement: SQLite takes only so many parameters."""


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """From which language into which, and for what."""

    source: str
    language: str
    topic: str = ""
    style: str = ""


@dataclass(frozen=True, kw_only=True)
class Ends:
    """A text without what surrounds it, and what does."""

    before: str
    core: str
    after: str

    @classmethod
    def of(cls, text: str) -> "Ends":
        core = text.strip()
        start = text.index(core) if core else len(text)
        return cls(before=text[:start], core=core, after=text[start + len(core) :])

    def around(self, translation: str) -> str:
        """The translation with the ends, and the kind of line breaks, of this text."""
        lines = translation.replace("\n", "\r\n") if "\r\n" in self.core else translation
        return self.before + lines + self.after


def stored(text: str) -> str:
    """As the memory keeps a text: without its ends, with plain line breaks."""
    return storable(text).strip().replace("\r\n", "\n").replace("\r", "\n")


def digest(text: str) -> str:
    return hashlib.sha256(unicodedata.normalize("NFC", stored(text)).encode()).hexdigest()


def look_up(texts: Sequence[str], purpose: Purpose) -> list[MemoryEntry | None]:
    """The entry that may be used for each text. Reads only: what is delivered is counted by `used`."""
    digests = [digest(text) for text in texts]
    rows = _rows(digests, purpose)
    if not rows:
        return [None] * len(texts)
    now = terms_digests(texts, purpose)
    usable: dict[tuple[str, str], MemoryEntry] = {}
    for row in sorted(rows, key=lambda row: _nearness(row, purpose)):
        usable.setdefault((row.text_digest, row.terms_digest), row)
    return [usable.get(key) for key in zip(digests, now, strict=True)]


def remembered(texts: Sequence[str], purpose: Purpose) -> list[str | None]:
    """What may be used for each text, with the text's own ends; counted as used."""
    entries = look_up(texts, purpose)
    used({entry.pk for entry in entries if entry})
    return [
        Ends.of(text).around(entry.translation) if entry else None for text, entry in zip(texts, entries, strict=True)
    ]


def used(entry_ids: Iterable[int]) -> None:
    ids = sorted(entry_ids)
    for start in range(0, len(ids), BATCH):
        MemoryEntry.objects.filter(pk__in=ids[start : start + BATCH]).update(uses=F("uses") + 1, used_at=clock.now())


@transaction.atomic
def remember(pairs: Sequence[tuple[str, str]], purpose: Purpose, *, origin: str, by: Any = None) -> int:
    """Keep the pairs; how many are new or changed. InvalidInput when one is empty; then nothing is kept."""
    if any(not stored(text) or not stored(translation) for text, translation in pairs):
        raise InvalidInput("A text or its translation is empty. Leave out what was not translated.")
    digests = terms_digests([text for text, _ in pairs], purpose)
    fresh = {
        entry.text_digest: entry
        for (text, translation), terms_digest in zip(pairs, digests, strict=True)
        for entry in [_entry(text, translation, purpose, terms_digest, origin=origin, by=by, now=clock.now())]
    }
    changed = _changed(fresh, purpose, origin)
    MemoryEntry.objects.bulk_create(
        changed,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["text_digest", "source_language", "target_language", "topic", "style", "origin"],
        update_fields=["translation", "terms_digest", "made_by", "reviewed_by", "updated_at"],
    )
    return len(changed)


def is_current(entry: MemoryEntry) -> bool:
    """Whether the terms of its text are those with which it was made."""
    return terms_digests([entry.text], purpose(entry)) == [entry.terms_digest]


def is_settled(entry: MemoryEntry) -> bool:
    """Whether another entry is what a person says of its text."""
    same = MemoryEntry.objects.filter(
        text_digest=entry.text_digest,
        source_language=entry.source_language,
        target_language=entry.target_language,
        topic=entry.topic,
        style=entry.style,
        origin=Origin.PERSON,
    )
    return same.exclude(pk=entry.pk).exists()


@transaction.atomic
def review(entry: MemoryEntry, *, by: Any, translation: str = "") -> bool:
    """Make it what a person says, as it is or with another translation, with the terms as they are now.

    False, and nothing is changed, when a person said something else already.
    """
    if is_settled(entry):
        return False
    entry.translation = stored(translation) or entry.translation
    entry.origin, entry.reviewed_by, entry.updated_at = Origin.PERSON, by, clock.now()
    entry.terms_digest = terms_digests([entry.text], purpose(entry))[0]
    entry.save(update_fields=["translation", "origin", "reviewed_by", "updated_at", "terms_digest"])
    return True


def purpose(entry: MemoryEntry) -> Purpose:
    return Purpose(source=entry.source_language, language=entry.target_language, topic=entry.topic, style=entry.style)


def terms_digests(texts: Sequence[str], purpose: Purpose) -> list[str]:
    """What stands for the terms that apply to each text now."""
    found = terms.by_text(Glossary(purpose.source, [purpose.language], purpose.topic).hits(texts))
    return [terms.digest(found.get(place, ())) for place in range(len(texts))]


def _changed(fresh: dict[str, MemoryEntry], purpose: Purpose, origin: str) -> list[MemoryEntry]:
    known = {
        row.text_digest: (row.translation, row.terms_digest)
        for row in _rows(list(fresh), purpose)
        if (row.origin, row.topic, row.style) == (origin, purpose.topic, purpose.style)
    }
    return [
        entry
        for entry in sorted(
            fresh.values(), key=lambda entry: entry.text_digest
        )  # one order: two tasks do not wait in a ring
        if known.get(entry.text_digest) != (entry.translation, entry.terms_digest)
    ]


def _entry(
    text: str, translation: str, purpose: Purpose, terms_digest: str, *, origin: str, by: Any, now: datetime
) -> MemoryEntry:
    return MemoryEntry(
        text=stored(text),
        text_digest=digest(text),
        translation=stored(translation),
        source_language=purpose.source,
        target_language=purpose.language,
        topic=purpose.topic,
        style=purpose.style,
        origin=origin,
        terms_digest=terms_digest,
        made_by=by,
        reviewed_by=by if origin == Origin.PERSON else None,
        created_at=now,
        updated_at=now,
    )


def _rows(digests: Sequence[str], purpose: Purpose) -> list[MemoryEntry]:
    wanted = list(dict.fromkeys(digests))
    return [
        row
        for start in range(0, len(wanted), BATCH)
        for row in MemoryEntry.objects.filter(
            text_digest__in=wanted[start : start + BATCH],
            source_language=purpose.source,
            target_language=purpose.language,
            topic__in={"", purpose.topic},
            style__in={"", purpose.style},
        )
        if row.origin == Origin.PERSON or (row.topic, row.style) == (purpose.topic, purpose.style)
    ]


def _nearness(row: MemoryEntry, purpose: Purpose) -> tuple[bool, bool, bool]:
    return row.origin != Origin.PERSON, row.topic != purpose.topic, row.style != purpose.style
