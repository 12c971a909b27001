"""From a row of text to values that our models accept, without asking the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from apps.crm.imports import targets
from apps.crm.imports.mapping import FileMapping, Text
from apps.crm.imports.table import Row

MAX_EXTERNAL_ID = 100


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`column` is empty when the row as a whole is wrong."""

    column: str
    value: str
    reason: str


class Refused(Exception):
    """A row cannot be taken, for these reasons."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.reason for problem in problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A row on its way in: `values` by field name, `references` by field name as external ids."""

    row: int
    external_id: str
    values: dict[str, Any]
    references: dict[str, str]


class Drafting:
    """Makes drafts from the rows of one file. Raises Refused with everything that is wrong with a row."""

    def __init__(self, mapping: FileMapping, options: Mapping[str, str]) -> None:
        self.mapping = mapping
        self.options = options
        self.model = mapping.target.model
        self.references = mapping.target.references
        self.fields = {field.name: field for field in self.model._meta.concrete_fields}
        self.unchecked = (set(self.fields) - set(mapping.fields)) | set(self.references)

    def draft(self, row: Row) -> Draft:
        if row.problem:
            raise Refused(Problem(column="", value="", reason=row.problem))
        problems: list[Problem] = []
        values: dict[str, Any] = {}
        found: dict[str, str] = {}
        external_id = self._attempt(problems, row, self.mapping.id, self._external_id)
        for name, text in self.mapping.fields.items():
            if name in self.references:
                found[name] = self._attempt(problems, row, text, lambda given, name=name: self._reference(given, name))
            else:
                values[name] = self._attempt(
                    problems, row, text, lambda given, name=name, text=text: self._value(given, name, text)
                )
        if not problems:
            values = self._checked(values, row)
        if problems:
            # One column may feed several fields, and be wrong for all of them.
            raise Refused(*dict.fromkeys(problems))
        references = {name: text for name, text in found.items() if text}
        return Draft(row=row.number, external_id=external_id, values=values, references=references)

    def problem(self, name: str, row: Row, reason: str) -> Problem:
        """What is wrong with a field, said in the file's words."""
        text = self.mapping.fields.get(name)
        if text is None:
            return Problem(column="", value="", reason=reason)
        return Problem(column=text.label, value=text.raw(row.cells, self.options), reason=reason)

    def _attempt(self, problems: list[Problem], row: Row, text: Text, convert: Any) -> Any:
        try:
            return convert(text.read(row.cells, self.options))
        except ValueError as error:
            value = text.raw(row.cells, self.options)
            problems.append(Problem(column=text.label, value=value, reason=str(error)))

    def _external_id(self, text: str) -> str:
        if not text:
            raise ValueError("is empty, but it identifies the row")
        if "\x00" in text:
            raise ValueError(targets.NUL)
        if len(text) > MAX_EXTERNAL_ID:
            raise ValueError(f"is no id: it may have at most {MAX_EXTERNAL_ID} characters")
        return text

    def _reference(self, text: str, name: str) -> str:
        if not text and not self.fields[name].null:
            raise ValueError("is empty")
        return text

    def _value(self, text: str, name: str, source: Text) -> Any:
        field = self.fields[name]
        mark = self.mapping.decimal_mark
        return targets.value(text, field, decimal_mark=mark, date_format=source.date)

    def _checked(self, values: dict[str, Any], row: Row) -> dict[str, Any]:
        """The values as the model cleans them."""
        instance = self.model(**values)
        try:
            instance.clean_fields(exclude=self.unchecked)
            instance.clean()
        except ValidationError as error:
            messages = error.message_dict.items()
            raise Refused(*(self.problem(name, row, " ".join(texts)) for name, texts in messages)) from None
        return {name: getattr(instance, name) for name in values}
