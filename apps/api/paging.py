"""Pages of tasks by keyset: each costs the same however deep, and new rows shift nothing."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from apps.core.errors import InvalidInput
from apps.tasks.models import Task
from apps.tasks.models.task import TaskQuerySet

ORDERINGS = {"created": "id", "updated": "updated_at", "priority": "priority"}
"""What may be sorted by, and its column. Tasks are numbered as they are created."""


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """`created`, `-created`, …: a column and its direction; ids break ties."""

    word: str

    @property
    def column(self) -> str:
        return ORDERINGS[self.word.removeprefix("-")]

    @property
    def is_descending(self) -> bool:
        return self.word.startswith("-")


@dataclass(frozen=True, kw_only=True)
class Page:
    tasks: list[Task]
    next_cursor: str | None


def page(tasks: TaskQuerySet, ordering: Ordering, cursor: str | None, size: int) -> Page:
    """`size` tasks after `cursor`. Raises InvalidInput for a cursor that this ordering did not give."""
    sign = "-" if ordering.is_descending else ""
    rows = tasks.order_by(*dict.fromkeys((f"{sign}{ordering.column}", f"{sign}id")))
    if cursor:
        rows = rows.filter(_after(ordering, cursor))
    found = list(rows[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(tasks=found, next_cursor=_cursor(ordering, found[-1]) if more else None)


def _after(ordering: Ordering, cursor: str) -> Q:
    value, last_id = _read(ordering, cursor)
    side = "lt" if ordering.is_descending else "gt"
    if ordering.column == "id":
        return Q(**{f"id__{side}": last_id})
    return Q(**{f"{ordering.column}__{side}": value}) | Q(**{ordering.column: value, f"id__{side}": last_id})


def _cursor(ordering: Ordering, task: Task) -> str:
    value = getattr(task, ordering.column)
    text = json.dumps([ordering.word, value.isoformat() if isinstance(value, datetime) else value, task.pk])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(ordering: Ordering, cursor: str) -> tuple[Any, int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        word, value, last_id = json.loads(text)
        if word != ordering.word or not _is_id(last_id):
            raise ValueError
        if ordering.column == "updated_at":
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None or not 1970 < moment.year < 9000:
                raise ValueError
            return moment, last_id
        if not _is_id(value):
            raise ValueError
        return value, last_id
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise InvalidInput(
            "The cursor does not belong to this list.",
            fields={"cursor": "Use the `next` of the page before, with the same ordering."},
        ) from None


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63
