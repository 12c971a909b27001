"""What is wrong with a translation, as far as rules can tell.

Serious is what must not be delivered: something that has to survive is lost or was made up, nothing was translated, or it
is in the wrong letters. The rest may be right and is worth a look: a rule cannot know that "3 pm" became "15 Uhr".
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.knowledge.translation import languages, marks, numbers, scripts, terms
from apps.knowledge.translation.marks import Kind as MarkKind
from apps.knowledge.translation.marks import Mark, Marked
from apps.knowledge.translation.terms import Glossary, Hit

MOST_SHOWN = 5
TELLING = 20
"""Letters from which the length of a text says something."""
SENTENCE = 3
"""Words from which a text that did not change was not translated; "Status" may be the same in both."""


class Kind(StrEnum):
    EMPTY = "empty"
    UNTRANSLATED = "untranslated"
    PLACEHOLDER = "placeholder"
    MARKUP = "markup"
    LINES = "lines"
    SPACE = "space"
    NUMBERS = "numbers"
    TERM = "term"
    LENGTH = "length"
    SCRIPT = "script"


@dataclass(frozen=True, kw_only=True)
class Fault:
    kind: Kind
    message: str
    is_serious: bool = False


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A text, its translation, and what the base says about it."""

    source: str
    language: str
    text: Marked
    translation: Marked
    hits: Sequence[Hit]


def check(pairs: Sequence[tuple[str, str]], source: str, language: str, *, topic: str = "") -> list[list[Fault]]:
    """The faults of each pair of text and translation."""
    glossary = Glossary(source, [language], topic)
    hits = terms.by_text(glossary.hits([text for text, _ in pairs]))
    return [
        faults(
            Compared(
                source=source,
                language=language,
                text=marks.find(text),
                translation=marks.find(translation),
                hits=hits.get(place, ()),
            )
        )
        for place, (text, translation) in enumerate(pairs)
    ]


def faults(compared: Compared) -> list[Fault]:
    if not compared.text.text.strip():
        return []
    if not compared.translation.text.strip():
        return [Fault(kind=Kind.EMPTY, message="The translation is empty.", is_serious=True)]
    return [fault for rule in RULES for fault in rule(compared)]


# What has to survive


def lost_and_made_up(compared: Compared) -> Iterator[Fault]:
    """Marks that stand in one of the two only; those in branches of ICU messages count once."""
    wanted, given = _counted(compared.text), _counted(compared.translation)
    yield from _missing(wanted - given)
    for kind, what in _grouped(given - wanted).items():
        message = f"{_listed(what)} {'is' if len(what) == 1 else 'are'} not in the text, or not as often."
        yield Fault(kind=_fault_kind(kind), message=message, is_serious=kind not in MAY_BE_ADDED)


def _missing(lost: Counter[tuple[MarkKind, str]]) -> Iterator[Fault]:
    for kind, what in _grouped(lost).items():
        grave = [text for text in what if text.lower() not in TYPOGRAPHY]
        message = f"{_listed(what)} {'is' if len(what) == 1 else 'are'} missing, or changed."
        yield Fault(kind=_fault_kind(kind), message=message, is_serious=bool(grave))


def order(compared: Compared) -> Iterator[Fault]:
    """Placeholders without a name are filled in by their order."""
    wanted, given = _unnamed(compared.text), _unnamed(compared.translation)
    if wanted != given and Counter(wanted) == Counter(given):
        message = f"{_listed(wanted)} must stay in this order: they have no names."
        yield Fault(kind=Kind.PLACEHOLDER, message=message, is_serious=True)


def nesting(compared: Compared) -> Iterator[Fault]:
    if _is_nested(compared.text) and not _is_nested(compared.translation):
        yield Fault(kind=Kind.MARKUP, message="The tags are not closed in the order of the text.", is_serious=True)


def branches(compared: Compared) -> Iterator[Fault]:
    """Branches of a select are named by the program."""
    wanted, given = ({mark.key for mark in each.marks if mark.key} for each in (compared.text, compared.translation))
    if wanted != given:
        message = f"The branches must be {_listed(sorted(wanted))}."
        yield Fault(kind=Kind.PLACEHOLDER, message=message, is_serious=True)


def lines(compared: Compared) -> Iterator[Fault]:
    wanted, given = (len(each.text.strip().splitlines()) for each in (compared.text, compared.translation))
    if wanted != given:
        message = f"The text has {wanted} {'line' if wanted == 1 else 'lines'}, the translation {given}."
        yield Fault(kind=Kind.LINES, message=message, is_serious=True)


def space(compared: Compared) -> Iterator[Fault]:
    text, translation = compared.text.text, compared.translation.text
    if _ends(text) != _ends(translation):
        yield Fault(kind=Kind.SPACE, message="It does not begin and end with the same spaces and line breaks.")


# What people read


def untranslated(compared: Compared) -> Iterator[Fault]:
    if languages.base(compared.source) == languages.base(compared.language):
        return
    said, given = _own_words(compared, compared.text), _own_words(compared, compared.translation)
    if said and said == given:
        message = "The translation is the text itself."
        yield Fault(kind=Kind.UNTRANSLATED, message=message, is_serious=len(said) >= SENTENCE)


def letters(compared: Compared) -> Iterator[Fault]:
    """In the letters of the language; words that stand in the text in the same way (names) are excused."""
    wanted = scripts.letters(compared.language)
    if wanted is None or wanted == scripts.letters(compared.source):
        return
    excused = set(_words(compared.text.plain))
    new = "".join(word for word in _words(compared.translation.plain) if word not in excused)
    found = [scripts.of_letter(letter) in wanted for letter in new if letter.isalpha()]
    carried = not found and len(_own_words(compared, compared.text)) >= SENTENCE
    if (len(found) >= 4 and sum(found) * 2 < len(found)) or (carried and not _is_unchanged(compared)):
        message = f"It is not in the letters of {compared.language}."
        yield Fault(kind=Kind.SCRIPT, message=message, is_serious=True)


def figures(compared: Compared) -> Iterator[Fault]:
    text, translation = compared.text.plain, compared.translation.plain
    if lost := numbers.differing(text, translation):
        is_serious = any(len(number) >= numbers.LONG for number in lost)
        yield Fault(kind=Kind.NUMBERS, message=f"{_listed(lost)} of the text is missing.", is_serious=is_serious)
    elif new := numbers.added(text, translation):
        yield Fault(kind=Kind.NUMBERS, message=f"{_listed(new)} is not in the text.")


def as_the_base_says(compared: Compared) -> Iterator[Fault]:
    """Kept names stand as they are; of a translation the beginnings of its words, since languages bend the ends."""
    folded = [word.folded for word in terms.words(compared.translation.plain)]
    joined = "".join(folded)
    for entry in dict.fromkeys(hit.entry for hit in compared.hits):
        found = next(hit.found for hit in compared.hits if hit.entry == entry)
        if entry.is_kept and found not in compared.translation.text:
            yield Fault(kind=Kind.TERM, message=f"{found} is never translated, and is missing.", is_serious=True)
        elif not entry.is_kept and not _is_said(entry.translation, folded, joined):
            yield Fault(kind=Kind.TERM, message=f"{found} is {entry.translation} in the term base.")


def length(compared: Compared) -> Iterator[Fault]:
    if scripts.is_dense(compared.source) != scripts.is_dense(compared.language):
        return
    wanted, given = len(compared.text.plain.strip()), len(compared.translation.plain.strip())
    if max(wanted, given) < TELLING:
        return
    if given > 3 * max(wanted, TELLING // 2):
        yield Fault(kind=Kind.LENGTH, message=f"It is much longer than the text: {given} characters for {wanted}.")
    elif given * 3 < wanted:
        yield Fault(kind=Kind.LENGTH, message=f"It is much shorter than the text: {given} characters for {wanted}.")


RULES: tuple[Callable[[Compared], Iterator[Fault]], ...] = (
    lost_and_made_up,
    order,
    nesting,
    branches,
    lines,
    space,
    untranslated,
    letters,
    figures,
    as_the_base_says,
    length,
)
MAY_BE_ADDED = frozenset({MarkKind.ENTITY, MarkKind.EMOJI})
TYPOGRAPHY = frozenset(
    f"&{name};"
    for name in (
        *("nbsp", "thinsp", "ensp", "emsp", "shy", "ndash", "mdash", "hellip", "laquo", "raquo", "quot", "apos"),
        *("lsquo", "rsquo", "ldquo", "rdquo", "bdquo", "sbquo", "#160", "#39", "#8239"),
    )
)
"""What a language's own way of writing may need or not."""
TRANSLATABLE = re.compile(
    r"""(\s(?:title|alt|placeholder|label|aria-label|aria-description)\s*=\s*)("[^"]*"|'[^']*')"""
)
VOID = frozenset({"br", "hr", "img", "input", "wbr", "area", "base", "col", "embed", "link", "meta", "source", "track"})
UNNAMED = re.compile(r"%[-+#0]*\d*(?:\.\d+)?(?:l{1,2}|h)?[diufFeEgGxXoscaA@]|\{\}")
TAG = re.compile(r"<(?P<end>/?)(?P<name>[\w:.-]+)[^>]*?(?P<alone>/?)>")
BEGINNING = 4
"""Letters of a word that its forms are taken to share, at most; shorter words share all but the last."""


def _fault_kind(kind: MarkKind) -> Kind:
    return Kind.MARKUP if kind in (MarkKind.TAG, MarkKind.FORMAT, MarkKind.ENTITY) else Kind.PLACEHOLDER


def _counted(marked: Marked) -> Counter[tuple[MarkKind, str]]:
    counted: Counter[tuple[MarkKind, str]] = Counter()
    for mark in marked.marks:
        said = (mark.kind, _as_compared(mark))
        if mark.kind is MarkKind.LINE or mark.is_syntax:
            continue
        if not mark.is_branched:
            counted[said] += 1
        elif said not in counted:
            counted[said] = 1
    return counted


def _as_compared(mark: Mark) -> str:
    if mark.kind in (MarkKind.VARIABLE, MarkKind.MESSAGE):
        return "".join(mark.text.split())
    if mark.kind is MarkKind.TAG:
        return " ".join(TRANSLATABLE.sub(r"\1…", mark.text).split())
    return mark.text.strip() if mark.kind is MarkKind.FORMAT else mark.text.replace("\ufe0f", "")


def _grouped(marks_: Counter[tuple[MarkKind, str]]) -> dict[MarkKind, list[str]]:
    grouped: dict[MarkKind, list[str]] = {}
    for kind, text in marks_:
        grouped.setdefault(kind, []).append(text)
    return grouped


def _unnamed(marked: Marked) -> list[str]:
    return [
        m.text for m in marked.marks if m.kind is MarkKind.VARIABLE and not m.is_branched and UNNAMED.fullmatch(m.text)
    ]


def _is_nested(marked: Marked) -> bool:
    opened: list[str] = []
    for mark in marked.marks:
        found = TAG.fullmatch(mark.text) if mark.kind is MarkKind.TAG else None
        if not found or found["alone"] or found["name"].lower() in VOID:
            continue
        if not found["end"]:
            opened.append(found["name"])
        elif not opened or opened.pop() != found["name"]:
            return False
    return not opened


def _ends(text: str) -> tuple[str, str]:
    core = text.strip()
    start = text.index(core)
    before, after = text[:start], text[start + len(core) :]
    return before.replace("\r", ""), after.replace("\r", "")


def _words(text: str) -> list[str]:
    return [word.folded for word in terms.words(text) if word.folded[0].isalpha()]


def _own_words(compared: Compared, marked: Marked) -> list[str]:
    """The words that had to be translated: neither names that are kept nor terms that are the same in both."""
    same = {
        word
        for hit in compared.hits
        if hit.entry.is_kept or hit.entry.translation.casefold() == hit.found.casefold()
        for word in _words(hit.found)
    }
    return [word for word in _words(marked.plain) if word not in same]


def _is_unchanged(compared: Compared) -> bool:
    return _own_words(compared, compared.text) == _own_words(compared, compared.translation)


def _is_said(translation: str, folded: list[str], joined: str) -> bool:
    """Whether each word of it begins some word, or stands inside one: "Rechnung" in "Jahresrechnungen"."""
    wanted = [_beginning(word.folded) for word in terms.words(translation) if word.folded[0].isalnum()]
    return "".join(w.folded for w in terms.words(translation)) in joined or all(
        any(beginning in word for word in folded) for beginning in wanted
    )


def _beginning(word: str) -> str:
    if not word[0].isalpha() or len(word) <= 2:
        return word
    return word[: max(2, min(len(word) - 1, max(BEGINNING, len(word) * 2 // 3)))]


def _listed(what: Sequence[str]) -> str:
    shown = ", ".join(what[:MOST_SHOWN])
    return f"{shown} and {len(what) - MOST_SHOWN} more" if len(what) > MOST_SHOWN else shown
