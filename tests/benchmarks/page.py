"""The page of figures: what a run writes stands between two markers, what people wrote around them stays."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.rows import Row

BEGIN = "<!-- figures: `make bench` writes everything from here -->"
END = "<!-- to here -->"


class Marked(ValueError):
    """The page has not exactly one place for the figures."""


def write(path: Path, machine: Mapping[str, str], sections: Mapping[str, Sequence[Row]], command: str) -> None:
    """Put the run into the page, which is made where there is none. Raises Marked."""
    text = path.read_text(encoding="utf-8") if path.exists() else f"{BEGIN}\n{END}\n"
    made = insert(text, generated(machine, sections, command))
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(made, encoding="utf-8")
    beside.replace(path)


def insert(text: str, made: str) -> str:
    """The page with what stood between its markers replaced."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise Marked(f"The page needs one line {BEGIN!r} and, after it, one line {END!r}.")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{made.strip()}\n\n{END}{rest.partition(END)[2]}"


def generated(machine: Mapping[str, str], sections: Mapping[str, Sequence[Row]], command: str) -> str:
    facts = "\n".join(f"| {name} | {_cell(value)} |" for name, value in machine.items())
    parts = [f"Measured by `{command}`.", f"| | |\n|---|---|\n{facts}", summary(sections)]
    for title, rows in sections.items():
        if rows:
            parts.append(f"### {title}\n\n{_section(rows)}")
    return "\n\n".join(parts)


def summary(sections: Mapping[str, Sequence[Row]]) -> str:
    rows = [row for rows in sections.values() for row in rows]
    counts = {word: [row for row in rows if row.verdict == word] for word in ("met", "MISSED", "not yet", "ERROR")}
    said = (
        f"{len(rows)} figures. Of those with a goal {len(counts['met'])} are met and {len(counts['MISSED'])} are missed;"
        f" {len(counts['not yet'])} cannot be measured yet; {len(counts['ERROR'])} could not be measured in this run."
    )
    named = [
        f"- **{'missed' if word == 'MISSED' else word.lower()}**: {_cell(row.name)} on {row.database}: "
        f"{_cell('; '.join(part for part in (row.figure, row.beside) if part != '–' and part))}"
        + (f" (goal {row.goal})" if row.goal else "")
        for word in ("MISSED", "ERROR", "not yet")
        for row in counts[word]
    ]
    return "\n".join([said, *([""] if named else []), *named])


def _section(rows: Sequence[Row]) -> str:
    plain, systems = [row for row in rows if not row.system], [row for row in rows if row.system]
    return "\n\n".join(part for part in (_list(plain) if plain else "", _matrix(systems) if systems else "") if part)


def _list(rows: Sequence[Row]) -> str:
    lines = ["| figure | on | value | beside | goal | |", "|---|---|---:|---|---|---|"]
    for row in rows:
        verdict = f"**{row.verdict.lower()}**" if row.verdict in ("MISSED", "ERROR") else row.verdict
        cells = (row.name, row.database, row.figure, row.beside, row.goal, verdict)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def _matrix(rows: Sequence[Row]) -> str:
    """A line for each system and database, a column for each figure, in the order of their first appearance."""
    names = list(dict.fromkeys(row.name for row in rows))
    at = {(row.system, row.database, row.name): row for row in rows}
    lines = [f"| | on | {' | '.join(map(_cell, names))} |", f"|---|---|{'---:|' * len(names)}"]
    for system, database in dict.fromkeys((row.system, row.database) for row in rows):
        found = [at.get((system, database, name)) for name in names]
        cells = ("" if row is None else row.note if row.value is None else row.figure for row in found)
        lines.append(f"| {_cell(system)} | {database} | {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """One line of a table; what an error message brings along must not end it."""
    return " ".join(text.split()).replace("|", "\\|")[:300]
