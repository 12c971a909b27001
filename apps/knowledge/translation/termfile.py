"""The term base as a CSV file: one line for a term, one column for each language into which it is translated.

    source,term,forms,kept,case,topic,note,active,de,fr
    en,invoice,invoices,,any,,Not a bill,yes,Rechnung,facture
    ,Chantilly,,yes,exact,,Our name,yes,,

Only `term` is needed (and `source`, but for what is kept). `kept` is yes, or the languages in which the term stays as it
is. An empty cell below a language says nothing, and leaves what is known; columns that a file does not have stay as they
are. Texts that a spreadsheet could run get an apostrophe on their way out and lose it on their way in.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.core import csvfile
from apps.core.errors import InvalidInput
from apps.knowledge.models import Term
from apps.knowledge.translation import languages

MOST_BYTES = 1_000_000
MOST_LINES = 5_000
FIELDS = ("source", "term", "forms", "kept", "case", "topic", "note", "active")
TRUE, FALSE = frozenset({"yes", "y", "true", "1", "x"}), frozenset({"no", "n", "false", "0"})
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the file: where it begins (the header is line 1), and what it says or why it says nothing."""

    number: int
    source: str = ""
    term: str = ""
    topic: str = ""
    values: Mapping[str, Any]
    """Fields of Term that the file has, for all languages of the line."""
    translations: Mapping[str, str | None]
    """Language -> translation; None: kept. The language "" is every one."""
    problem: str = ""


def read(content: bytes) -> list[Line]:
    """The lines of a file. InvalidInput when it is no such file as a whole."""
    text = _text(content)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        header = _header(next(reader, []))
        lines = list(_lines(reader, header))
    except csv.Error as error:
        raise InvalidInput(f"Line {reader.line_num} is no CSV: {error}. Look for a quote that is not closed.") from None
    if not lines:
        raise InvalidInput("The file has a header and no terms.")
    return lines


def write(terms: Iterable[Term]) -> bytes:
    """The file of these terms; read again, it changes nothing."""
    rows = _rows(terms)
    spoken = sorted({language for translations in rows.values() for language in translations})
    cells = (
        [*fields, *(translations.get(language, "") for language in spoken)] for fields, translations in rows.items()
    )
    return csvfile.write([*FIELDS, *spoken], cells)


def _rows(terms: Iterable[Term]) -> dict[tuple[str, ...], dict[str, str]]:
    """Terms that differ in their languages only share a line."""
    kept: dict[tuple[str, ...], list[str]] = {}
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for term in terms:
        said = (term.case, term.topic, term.note, "yes" if term.is_active else "no")
        if term.is_kept:
            kept.setdefault((term.source_language, term.term, term.forms, *said), []).append(term.target_language)
        else:
            fields = (term.source_language, term.term, term.forms, "", *said)
            rows.setdefault(fields, {})[term.target_language] = term.translation
    for (source, name, forms, *rest), targets in kept.items():
        if "" in targets:
            rows[(source, name, forms, "yes", *rest)] = {}
        if named := " ".join(sorted(filter(None, targets))):
            rows[(source, name, forms, named, *rest)] = {}
    return dict(sorted(rows.items()))


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise InvalidInput(f"The file has {len(content):,} bytes; at most {MOST_BYTES:,} are read. Split it.")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidInput("The file is UTF-16. Save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidInput(f"The file is not UTF-8: look at line {line}. Save it as UTF-8.") from None
    if "\x00" in text:
        raise InvalidInput("The file holds NUL characters and is no CSV.")
    return text


def _separator(text: str) -> str:
    """The one that the header has most of."""
    first = text.partition("\n")[0]
    return max(SEPARATORS, key=first.count)


def _header(cells: list[str]) -> list[str]:
    header = [_column(csvfile.original(cell).strip()) for cell in cells]
    if "term" not in header:
        raise InvalidInput("The first line must name the columns: source, term, and languages such as de or pt-BR.")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise InvalidInput(f"The column {', '.join(twice)} is there twice. Take one out.")
    return header


def _column(name: str) -> str:
    if name.lower() in FIELDS:
        return name.lower()
    try:
        return languages.tag(name)
    except InvalidInput:
        raise InvalidInput(
            f"The column {name[:40]!r} is not known. Columns are {', '.join(FIELDS)}, and languages such as de or pt-BR."
        ) from None


def _lines(reader: Any, header: list[str]) -> Iterator[Line]:
    count, number = 0, reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            count += 1
            if count > MOST_LINES:
                raise InvalidInput(f"The file has more than {MOST_LINES:,} terms. Split it.")
            yield _line(number, header, cells)
        number = reader.line_num + 1


def _line(number: int, header: list[str], cells: list[str]) -> Line:
    if len(cells) != len(header):
        problem = f"It has {len(cells)} cells, the header {len(header)}."
        return Line(number=number, values={}, translations={}, problem=problem)
    said = {name: " ".join(csvfile.original(cell).split()) for name, cell in zip(header, cells, strict=True)}
    name, topic = said["term"], said.get("topic", "")
    try:
        source = languages.tag(said["source"]) if said.get("source") else ""
        translations = _translations(said, source)
        return Line(
            number=number, source=source, term=name, topic=topic, values=_values(said), translations=translations
        )
    except InvalidInput as error:
        return Line(number=number, term=name, topic=topic, values={}, translations={}, problem=error.message)


def _translations(said: Mapping[str, str], source: str) -> dict[str, str | None]:
    if not said["term"]:
        raise InvalidInput("It has no term.")
    given = {name: text for name, text in said.items() if name not in FIELDS and text}
    kept = _kept(said.get("kept", ""))
    if kept and given:
        raise InvalidInput("It is kept and translated: empty the column kept, or the languages.")
    if kept:
        return dict.fromkeys(kept)
    if not given:
        raise InvalidInput("It has no translation. Fill in a language, or say yes below kept.")
    if not source:
        raise InvalidInput("It has no source language, such as en.")
    if source in given:
        raise InvalidInput(f"It is translated from {source} into {source}.")
    return dict(given)


def _kept(text: str) -> list[str]:
    """In which languages it stays as it is; "" is every one."""
    if text.lower() in FALSE or not text:
        return []
    if text.lower() in TRUE:
        return [""]
    return [languages.tag(part) for part in text.replace(",", " ").split()]


def _values(said: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {name: said[name] for name in ("forms", "note") if name in said}
    if "case" in said:
        values["case"] = said["case"].lower() or Term.Case.ANY
        if values["case"] not in Term.Case.values:
            raise InvalidInput(f"The case is {' or '.join(Term.Case.values)}, not {said['case'][:20]!r}.")
    if "active" in said:
        values["is_active"] = _truth("active", said["active"] or "yes")
    return values


def _truth(name: str, text: str) -> bool:
    if text.lower() not in TRUE | FALSE:
        raise InvalidInput(f"Below {name} stands yes or no, not {text[:20]!r}.")
    return text.lower() in TRUE
