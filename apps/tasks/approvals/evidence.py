"""What a question shows so that it can be decided: texts, tables and files, each with an optional title.

{"text": "…"}
{"table": {"columns": ["Client", "Days"], "rows": [["Northwind", 91]]}}
{"file": "letters.pdf"}              a file that the task made, by its name
{"file": "report.pdf", "task": 12}   one of another task of the same requester
"""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.core.schema import plain
from apps.tasks.models import Approval, Artifact

CAPS = plain.Caps(depth=6, values=20_000, characters=200_000)
MAX_ITEMS, MAX_COLUMNS, MAX_ROWS, MAX_TITLE = 20, 30, 500, 200
_KINDS = ("text", "table", "file")
_SCALARS = (str, int, float, bool, type(None))


def problems(given: Any) -> Iterator[tuple[str, str]]:
    """(path, what to do) for what cannot be shown; nothing when all can."""
    if said := plain.objection(given, CAPS):
        yield _path(said[0]), said[1]
    elif not isinstance(given, list):
        yield "evidence", 'Give a list: [{"text": "…"}, {"table": {…}}, {"file": "name.pdf"}].'
    elif len(given) > MAX_ITEMS:
        yield "evidence", f"Give at most {MAX_ITEMS} items."
    else:
        for index, item in enumerate(given):
            yield from _of_item(item, f"evidence.{index}")


def _path(inner: str) -> str:
    return f"evidence.{inner}" if inner else "evidence"


def _of_item(item: Any, path: str) -> Iterator[tuple[str, str]]:
    kinds = [kind for kind in _KINDS if isinstance(item, dict) and kind in item]
    if len(kinds) != 1:
        yield path, "Give an object with one of text, table or file, and a title if you like."
        return
    [kind] = kinds
    allowed = {kind, "title", *(["task"] if kind == "file" else [])}
    for name in sorted(set(item) - allowed):
        yield f"{path}.{name[:80]}", f"There is no such field beside {kind}."
    title = item.get("title", "")
    if not isinstance(title, str) or len(title) > MAX_TITLE:
        yield f"{path}.title", f"Give a text of at most {MAX_TITLE} characters."
    if kind == "table":
        yield from _of_table(item["table"], f"{path}.table")
    elif not isinstance(item[kind], str) or not item[kind]:
        yield f"{path}.{kind}", "Give a text that is not empty."
    if not _is_id(item.get("task", 1)):
        yield f"{path}.task", "Give a task's number."


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**63


def _of_table(table: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(table, dict) or set(table) != {"columns", "rows"}:
        yield path, 'Give {"columns": […], "rows": [[…], …]}.'
        return
    columns, rows = table["columns"], table["rows"]
    if not isinstance(columns, list) or not 0 < len(columns) <= MAX_COLUMNS or not all(map(_is_text, columns)):
        yield f"{path}.columns", f"Give 1 to {MAX_COLUMNS} names."
    elif not isinstance(rows, list) or len(rows) > MAX_ROWS:
        yield f"{path}.rows", f"Give at most {MAX_ROWS} rows; put more of them into a file."
    else:
        for index, row in enumerate(rows):
            if not isinstance(row, list) or len(row) != len(columns) or not all(isinstance(c, _SCALARS) for c in row):
                yield f"{path}.rows.{index}", f"Give a list of {len(columns)} texts or numbers, one for each column."
                return


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def files(approval: Approval) -> dict[int, Artifact]:
    """By the item's place in the evidence: the newest file of that name. One that is not there (any more) is absent."""
    found = {}
    for index, item in enumerate(approval.evidence):
        if "file" in item and (row := _file(approval, item)) is not None:
            found[index] = row
    return found


def _file(approval: Approval, item: Mapping[str, Any]) -> Artifact | None:
    """Whoever may decide may read it, so it has to be one that the task's own requester could show them."""
    rows = Artifact.objects.filter(task__requester_id=approval.task.requester_id, name=item["file"])
    return rows.filter(task_id=item.get("task", approval.task_id)).order_by("-pk").first()
