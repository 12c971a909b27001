"""Make files: PDF from a page template, CSV for spreadsheets, JSON with exact amounts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import timezone

from apps.core import csvfile
from apps.core.errors import ChantillyError, InvalidInput, NotFound, ToolError
from apps.reports import jsonfile, naming
from apps.reports import pdf as pdffile
from apps.tasks.blobs import BlobUnwritable
from apps.tools.registry import Call, FileHandle, tool


@tool(call_class="effect", has_effects=False)
def pdf(
    call: Call,
    *,
    name: str,
    page_template: str,
    data: dict[str, Any],
    style: str = "detailed",
    values: dict[str, Any] | None = None,
) -> FileHandle:
    """Make a PDF from the page template `templates/reports/<page_template>.html` and `data`.

    `style` is summary, detailed or executive. `name` may hold {date} and {time} (when the task began), {task_id} and
    the keys of `values`: "invoice_report_{date}.pdf". Texts in `data` are escaped; nothing is fetched from anywhere.
    Errors: ValueError (no such page template or style; a page too large: fewer rows), OSError (this machine cannot
    make PDF files: the message says what to install).
    """
    with _as_tool_errors():
        content = pdffile.render(page_template, data, style=style)
        return call.save_file(_name(call, name, values, "pdf"), "application/pdf", content, "pdf")


@tool(call_class="effect", has_effects=False)
def csv(
    call: Call, *, name: str, columns: list[str], rows: list[list[Any]], values: dict[str, Any] | None = None
) -> FileHandle:
    """Make a CSV file (UTF-8, header line, comma) that a spreadsheet opens without running anything in it.

    A cell is a text, a number (Decimal keeps its digits), a date, True, False or None; every row has one cell a column.
    A text that a spreadsheet would take for a formula gets a leading apostrophe. `name` and `values` as in report.pdf.
    Errors: ValueError that names the row.
    """
    with _as_tool_errors():
        content = csvfile.write(columns, rows)
        return call.save_file(_name(call, name, values, "csv"), "text/csv; charset=utf-8", content, "csv")


@tool(call_class="effect", has_effects=False)
def json(call: Call, *, name: str, data: Any, values: dict[str, Any] | None = None) -> FileHandle:
    """Make a JSON file (UTF-8, at most 20 MB). Decimals become texts with exact digits, dates ISO texts.

    `name` and `values` as in report.pdf. Errors: ValueError that names the place which JSON cannot hold.
    """
    with _as_tool_errors():
        return call.save_file(_name(call, name, values, "json"), "application/json", jsonfile.write(data), "json")


def _name(call: Call, pattern: str, values: dict[str, Any] | None, extension: str) -> str:
    # The day the task began, not of this call: a call that is repeated after midnight writes the same file.
    began = timezone.localtime(call.facts()["started_at"])
    known = {**(values or {}), "date": f"{began:%Y-%m-%d}", "time": f"{began:%H%M}", "task_id": call.task_id}
    return naming.with_extension(naming.fill(pattern, known), extension)


@contextmanager
def _as_tool_errors() -> Iterator[None]:
    try:
        yield
    except (ToolError, BlobUnwritable):
        raise
    except pdffile.PdfUnavailable as error:
        raise ToolError(error.message, kind="OSError") from error
    except (InvalidInput, NotFound, pdffile.PdfRefused) as error:
        raise ToolError(error.message, kind="ValueError") from error
    except ChantillyError as error:
        raise ToolError(error.message) from error
