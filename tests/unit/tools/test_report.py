from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from apps.core.errors import ToolError
from apps.reports import pdf
from apps.tools import registry


class FakeCall:
    task_id = 7
    now = datetime(2024, 5, 2, 0, 1, tzinfo=UTC)

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes, str]] = {}

    def facts(self) -> dict[str, Any]:
        return {"started_at": datetime(2024, 5, 1, 23, 59, tzinfo=UTC)}

    def save_file(self, name: str, content_type: str, data: bytes, kind: str = "file") -> dict[str, Any]:
        self.files[name] = (content_type, data, kind)
        return {"name": name, "content_type": content_type, "size": len(data), "sha256": ""}


@pytest.fixture
def desk() -> FakeCall:
    return FakeCall()


def call(desk: FakeCall, function: str, /, **arguments: Any) -> Any:
    tool = registry.find(f"report.{function}")
    return tool.function(desk, **tool.bind((), arguments))


def test_a_csv_file_is_named_by_the_day_the_task_began(desk: FakeCall) -> None:
    handle = call(desk, "csv", name="due_{date}_{task_id}.csv", columns=["a"], rows=[[Decimal("1.50")], ["=x"]])

    assert handle["name"] == "due_2024-05-01_7.csv"
    assert desk.files[handle["name"]] == ("text/csv; charset=utf-8", b'\xef\xbb\xbf"a"\r\n1.50\r\n"\'=x"\r\n', "csv")


def test_a_name_takes_the_values_of_the_script_and_stays_a_name(desk: FakeCall) -> None:
    handle = call(desk, "json", name="{period}", data={"on": date(2024, 1, 1)}, values={"period": "../../Q1 2024"})

    assert handle["name"] == "Q1 2024.json"
    assert desk.files["Q1 2024.json"][1] == b'{\n "on": "2024-01-01"\n}\n'


def test_a_pdf_is_made_from_a_page_template(desk: FakeCall) -> None:
    empty = {"title": "Invoice report", "period": {"name": "May", "start": date(2024, 5, 1), "end": date(2024, 5, 31)}}
    handle = call(desk, "pdf", name="r.pdf", page_template="invoice_report", data=empty, style="executive")

    assert handle["content_type"] == "application/pdf"
    assert desk.files["r.pdf"][1].startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("pdf", {"name": "x", "page_template": "nothing_here", "data": {}}, "no page template"),
        ("pdf", {"name": "x", "page_template": "invoice_report", "data": {}, "style": "loud"}, "style must be"),
        ("csv", {"name": "x", "columns": ["a"], "rows": [[1, 2]]}, "row 1 has 2 cells"),
        ("json", {"name": "{client}", "data": 1}, r"asks for \{client\}"),
        ("json", {"name": "x", "data": [float("nan")]}, "cannot hold"),
    ],
)
def test_wrong_input_is_a_value_error_for_the_script(desk: FakeCall, name: str, arguments: Any, message: str) -> None:
    with pytest.raises(ToolError, match=message) as caught:
        call(desk, name, **arguments)

    assert caught.value.kind == "ValueError"
    assert desk.files == {}


def test_a_machine_without_pdf_is_an_os_error_that_says_what_to_type(
    desk: FakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any) -> bytes:
        raise pdf.PdfUnavailable("PDF is switched off on this machine; type: apt-get install x")

    monkeypatch.setattr(pdf, "press_html", unavailable)
    with pytest.raises(ToolError, match="type: apt-get install") as caught:
        call(desk, "pdf", name="x", page_template="invoice_report", data={"period": {}})

    assert caught.value.kind == "OSError"
