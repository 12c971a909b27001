"""Writing what the files say: good rows are kept, each bad one is named with its place and the reason.

Rows are found again by source and external id (lines by invoice and position), so an import can be repeated: what did
not change is left alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, cast

from django.db import DatabaseError, models, transaction

from apps.core import money
from apps.core.errors import InvalidInput
from apps.crm.imports.drafts import Draft, Drafting, Problem, Refused
from apps.crm.imports.mapping import FileMapping
from apps.crm.imports.mapping import Mapping as ColumnMapping
from apps.crm.imports.table import Row, Table
from apps.crm.models import Imported, InvoiceLine

BATCH = 500
Key = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How the rows of a file fared; `ignored` ones repeat an id and the mapping says that this is fine."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    ignored: int = 0
    rejected: int = 0

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.ignored + self.rejected

    def plus(self, **more: int) -> "Counts":
        return replace(self, **{name: getattr(self, name) + count for name, count in more.items()})


class Observer:
    """Hears of an import as it goes. `row` is the line of the file on which the row begins; the header is line 1."""

    def rejected(self, file: FileMapping, row: int, problem: Problem) -> None: ...
    def progressed(self, file: FileMapping, counts: Counts, lines: int) -> None: ...
    def finished(self, file: FileMapping, counts: Counts) -> None: ...


def load(
    mapping: ColumnMapping, directory: Path, *, options: Mapping[str, str], observer: Observer, dry_run: bool = False
) -> Counts:
    """Import all files of the mapping, in its order.

    InvalidInput, before anything is written, when a file or an option is missing or a file is not what the mapping
    says. With `dry_run` everything is done in one transaction and then undone.
    """
    _check(mapping, options)
    tables = [
        Table(directory / file.file, file.columns, delimiter=file.delimiter, encoding=file.encoding)
        for file in mapping.files
    ]
    total = Counts()
    with _undone() if dry_run else _kept():
        for file, table in zip(mapping.files, tables, strict=True):
            counts = FileImport(mapping.source, file, options, observer).run(table)
            observer.finished(file, counts)
            total = total.plus(**vars(counts))
    return total


def _check(mapping: ColumnMapping, options: Mapping[str, str]) -> None:
    wanted = {name for file in mapping.files for name in file.options}
    if missing := sorted(wanted - set(options)):
        raise InvalidInput(f"The files do not say it: give {' and '.join(f'--{name}' for name in missing)}.")
    if "currency" in options:
        money.digits(options["currency"])


def _kept() -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class FileImport:
    """One file on its way into one table, a batch at a time, each in a transaction of its own."""

    def __init__(self, source: str, mapping: FileMapping, options: Mapping[str, str], observer: Observer) -> None:
        self.source = source
        self.mapping = mapping
        self.target = mapping.target
        self.drafting = Drafting(mapping, options)
        self.observer = observer
        self.counts = Counts()
        self.seen: dict[str, int] = {}
        self.codes: dict[Any, str] = {}
        # Lines have no external id of their own: their place on the invoice identifies them.
        self.is_line = "position" in self.target.required

    def run(self, table: Table) -> Counts:
        rows = table.rows()
        while batch := list(islice(rows, BATCH)):
            with transaction.atomic():
                self._write(self._linked(self._fresh(batch)))
            self.observer.progressed(self.mapping, self.counts, table.lines)
        return self.counts

    def _fresh(self, rows: list[Row]) -> Iterator[Draft]:
        """Drafts of the rows that are right by themselves and whose id is new in this file."""
        for row in rows:
            try:
                draft = self.drafting.draft(row)
                first = self.seen.setdefault(draft.external_id, draft.row)
                if first == draft.row:
                    yield draft
                elif self.mapping.repeats == "ignore":
                    self.counts = self.counts.plus(ignored=1)
                else:
                    raise Refused(
                        Problem(
                            column=self.mapping.id.label,
                            value=draft.external_id,
                            reason=f"repeats the id of row {first}",
                        )
                    )
            except Refused as refusal:
                self._reject(row.number, *refusal.problems)

    def _linked(self, drafts: Iterator[Draft]) -> dict[Key, Draft]:
        """The drafts by their key, their references resolved to our ids; those that clash or point nowhere are out."""
        chosen = list(drafts)
        for name, model in self.target.references.items():
            chosen = self._resolved(chosen, name, model)
        if self.target.code:
            chosen = self._unclaimed(chosen, self.target.code)
        linked: dict[Key, Draft] = {}
        for draft in chosen:
            if (first := linked.setdefault(self._key(draft), draft)) is not draft:
                self._reject(draft.row, Problem(column="", value="", reason=f"has the place of row {first.row}"))
        return linked

    def _resolved(self, drafts: list[Draft], name: str, model: type[models.Model]) -> list[Draft]:
        wanted = {draft.references[name] for draft in drafts if name in draft.references}
        rows = model._default_manager.filter(source=self.source, external_id__in=wanted)
        known = dict(rows.values_list("external_id", "pk"))
        good = []
        for draft in drafts:
            external_id = draft.references.get(name)
            if external_id is not None and external_id not in known:
                reason = f"there is no {name} with this id; it was rejected or its file is missing"
                column = self.mapping.fields[name].label
                self._reject(draft.row, Problem(column=column, value=external_id, reason=reason))
                continue
            good.append(replace(draft, values={**draft.values, f"{name}_id": known.get(external_id)}))
        return good

    def _unclaimed(self, drafts: list[Draft], code: str) -> list[Draft]:
        """Without those whose code or number belongs to another row, here or in the database."""
        rows = self.target.model._default_manager.filter(**{f"{code}__in": [draft.values[code] for draft in drafts]})
        owners = {value: (source, own) for value, source, own in rows.values_list(code, "source", "external_id")}
        good = []
        for draft in drafts:
            value = draft.values[code]
            first = self.codes.setdefault(value, draft.external_id)
            owner = owners.get(value, (self.source, draft.external_id))
            if first != draft.external_id or owner != (self.source, draft.external_id):
                label = self.mapping.fields[code].label
                reason = f"another {self.target.name} has the {code} {value}"
                self._reject(draft.row, Problem(column=label, value=str(value), reason=reason))
                continue
            good.append(draft)
        return good

    def _key(self, draft: Draft) -> Key:
        if self.is_line:
            return (draft.values["invoice_id"], draft.values["position"])
        return (draft.external_id,)

    def _existing(self, keys: list[Key]) -> dict[Key, models.Model]:
        first = {key[0] for key in keys}
        if self.is_line:
            lines = InvoiceLine.objects.filter(invoice_id__in=first)
            return {(line.invoice_id, line.position): line for line in lines}
        rows = self.target.model._default_manager.filter(source=self.source, external_id__in=first)
        return {(cast(Imported, row).external_id,): row for row in rows}

    def _write(self, drafts: dict[Key, Draft]) -> None:
        existing = self._existing(list(drafts))
        changed = []
        new = []
        for key, draft in drafts.items():
            row = existing.get(key)
            if row is None:
                new.append((draft, self._row(draft)))
            elif differences := {k: v for k, v in draft.values.items() if getattr(row, k) != v}:
                for name, value in differences.items():
                    setattr(row, name, value)
                changed.append((draft, row))
            else:
                self.counts = self.counts.plus(unchanged=1)
        self._save(new, changed)

    def _row(self, draft: Draft) -> models.Model:
        origin = {} if self.is_line else {"source": self.source, "external_id": draft.external_id}
        return self.target.model(**draft.values, **origin)

    def _save(self, new: list[tuple[Draft, models.Model]], changed: list[tuple[Draft, models.Model]]) -> None:
        manager = self.target.model._default_manager
        columns = [name.removesuffix("_id") for name in (changed[0][0].values if changed else ())]
        try:
            with transaction.atomic():
                manager.bulk_create([row for _, row in new])
                if changed:
                    manager.bulk_update([row for _, row in changed], columns, batch_size=100)
            self.counts = self.counts.plus(created=len(new), updated=len(changed))
        except DatabaseError:
            # Something only the database knew: find out which rows it means.
            self._save_singly("created", new)
            self._save_singly("updated", changed)

    def _save_singly(self, kind: str, rows: list[tuple[Draft, models.Model]]) -> None:
        for draft, row in rows:
            try:
                with transaction.atomic():
                    row.save()
                self.counts = self.counts.plus(**{kind: 1})
            except DatabaseError as error:
                reason = f"the database refuses it: {str(error).splitlines()[0]}"
                self._reject(draft.row, Problem(column="", value="", reason=reason))

    def _reject(self, row: int, *problems: Problem) -> None:
        self.counts = self.counts.plus(rejected=1)
        for problem in problems:
            self.observer.rejected(self.mapping, row, problem)
