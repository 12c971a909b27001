"""The column mapping: a JSON file that says how the CSV files of one source fill our fields.

    {"source": "adventureworks",
     "files": [
       {"file": "vendors.csv", "into": "client", "id": {"column": "vendor_id", "prefix": "vendor-"},
        "fields": {"name": "name", "kind": {"value": "supplier"},
                   "status": {"column": "active", "values": {"1": "active", "0": "inactive"}}}}]}

`id` becomes the row's external id: importing the same id again changes the row. A field takes its text from one of
`column` (or just the column's name), `columns` (joined by a comma), `value` (a constant) or `option` (the command's
option of that name); then `values` translates it, `prefix` goes in front, `default` replaces an empty one, and `date`
is the format of a date that is not ISO 8601. A reference (`client`, `invoice`, `service`) takes the external id of its
row. A file may also state `delimiter`, `encoding`, `decimal_mark`, and `"repeats": "ignore"` when rows with an id that
was seen before say nothing new.
"""

import json
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.core.errors import InvalidInput
from apps.crm.imports.targets import TARGETS, Target


@dataclass(frozen=True, kw_only=True)
class Text:
    """Where the text of a field comes from."""

    columns: tuple[str, ...] = ()
    value: str | None = None
    option: str | None = None
    values: Dict[str, str] | None = None
    prefix: str = ""
    default: str = ""
    date: str | None = None

    @property
    def label(self) -> str:
        """What a reader of the file knows it by."""
        return ", ".join(self.columns)

    def raw(self, row: Dict[str, str], options: Dict[str, str]) -> str:
        if self.option is not None:
            return options[self.option]
        if self.value is not None:
            return self.value
        return ", ".join(text for column in self.columns if (text := row[column].strip()))

    def read(self, row: Dict[str, str], options: Dict[str, str]) -> str:
        """The text for the field. ValueError when the mapping has no translation for it."""
        text = self.raw(row, options)
        if self.values is not None and text:
            if text not in self.values:
                known = ", ".join(self.values)
                raise ValueError(f"is not one of the mapping's values ({known}); add it there or correct it")
            text = self.values[text]
        return f"{self.prefix}{text}" if text else self.default


@dataclass(frozen=True, kw_only=True)
class FileMapping:
    file: str
    target: Target
    id: Text
    fields: Dict[str, Text]
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal_mark: str = "."
    repeats: str = "reject"

    @property
    def columns(self) -> list[str]:
        """Every column the file must have."""
        return list(dict.fromkeys(column for text in (self.id, *self.fields.values()) for column in text.columns))

    @property
    def options(self) -> set[str]:
        return {text.option for text in (self.id, *self.fields.values()) if text.option}


@dataclass(frozen=True, kw_only=True)
class Mapping:
    source: str
    files: list[FileMapping] = field(default_factory=list)


def load(path: Path) -> Mapping:
    """The mapping in a JSON file. InvalidInput names the place of every kind of mistake."""
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise InvalidInput(f"The mapping {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise InvalidInput(f"The mapping {path} is not JSON in UTF-8: {error}.") from None
    return parse(document)


def parse(document: Any) -> Mapping:
    known(document, "the mapping", required={"source", "files"}, optional={"description"})
    if not isinstance(document["source"], str) or not 0 < len(document["source"]) <= 40:
        raise InvalidInput("The mapping's source must be a name of 1 to 40 characters.")
    if not isinstance(document["files"], list) or not document["files"]:
        raise InvalidInput("The mapping's files must be a list with at least one file.")
    return Mapping(source=document["source"], files=[_file(entry, i) for i, entry in enumerate(document["files"])])


def _file(entry: Any, index: int) -> FileMapping:
    where = f"files[{index}]"
    styles = {"delimiter", "encoding", "decimal_mark", "repeats"}
    known(entry, where, required={"file", "into", "id", "fields"}, optional=styles)
    if entry["into"] not in TARGETS:
        raise InvalidInput(f"{where}.into must be one of {', '.join(TARGETS)}, not {entry['into']!r}.")
    target = TARGETS[entry["into"]]
    known(entry["fields"], f"{where}.fields", required=target.required, optional=target.optional)
    given = {name: entry[name] for name in styles if name in entry}
    for name, value in {"file": entry["file"], **given}.items():
        if not isinstance(value, str) or not value:
            raise InvalidInput(f"{where}.{name} must be a text.")
    if Path(entry["file"]).name != entry["file"]:
        raise InvalidInput(f"{where}.file must be a plain file name, not {entry['file']!r}.")
    return FileMapping(
        file=entry["file"],
        target=target,
        id=_text(entry["id"], f"{where}.id"),
        fields={name: _text(value, f"{where}.fields.{name}") for name, value in entry["fields"].items()},
        **given,
    )


def _text(value: Any, where: str) -> Text:
    if isinstance(value, str):
        return Text(columns=(value,))
    rest = {"values", "prefix", "default", "date"}
    known(value, where, required=set(), optional={"column", "columns", "value", "option", *rest})
    sources = {"column", "columns", "value", "option"} & set(value)
    if len(sources) != 1:
        raise InvalidInput(f"{where} needs exactly one of column, columns, value, option.")
    given = {name: value[name] for name in value if name not in ("column", "columns")}
    columns = value.get("columns", [value["column"]] if "column" in value else [])
    if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
        raise InvalidInput(f"{where}.columns must be a list of column names.")
    values = given.get("values", {})
    if not isinstance(values, dict) or not all(isinstance(text, str) for text in values.values()):
        raise InvalidInput(f"{where}.values must be an object of texts.")
    if not all(isinstance(text, str) for name, text in given.items() if name != "values"):
        raise InvalidInput(f"{where}: {', '.join(sorted(set(given) - {'values'}))} must be texts.")
    return Text(columns=tuple(columns), **given)


def known(value: Any, where: str, *, required: Any, optional: Any) -> None:
    """Refuse what is not an object with these members."""
    if not isinstance(value, dict):
        raise InvalidInput(f"{where} must be an object, not {type(value).__name__}.")
    if missing := set(required) - set(value):
        raise InvalidInput(f"{where} lacks {', '.join(sorted(missing))}.")
    if unknown := set(value) - set(required) - set(optional):
        allowed = ", ".join(sorted({*required, *optional}))
        raise InvalidInput(f"{where} does not know {', '.join(sorted(unknown))}; it knows {allowed}.")
