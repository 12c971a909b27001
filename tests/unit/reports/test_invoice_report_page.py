"""The page template on realistic data: three formats, bounded length, every promised part."""

import io
from typing import Any

import pytest
from pypdf import PdfReader

from apps.reports import pdf


def pages(data: dict[str, Any], style: str) -> list[str]:
    document = PdfReader(io.BytesIO(pdf.render("invoice_report", data, style=style)))
    return [" ".join(page.extract_text().split()) for page in document.pages]


def test_the_cover_says_what_who_when_and_whence(report_data: dict[str, Any]) -> None:
    first = pages(report_data, "detailed")[0]

    for text in (
        "Invoice report 2025",
        "1 Jan 2025 to 31 Dec 2025",
        "Alice Example",
        "21 Nov 2026, 09:30 UTC",
        "Customer system; active customers",
        "fixed rules, no language model",
        "page 1 of ",
    ):
        assert text in first


def test_a_report_written_with_a_model_names_it(report_data: dict[str, Any]) -> None:
    report_data.update(author="demo-model-1", observations=["Watch the <b>bold</b> ones."])
    text = " ".join(pages(report_data, "executive"))

    assert "demo-model-1 and fixed rules; figures computed" in text
    assert "Remarks of demo-model-1" in text and "Watch the <b>bold</b> ones." in text


@pytest.mark.parametrize(("style", "most"), [("summary", 9), ("detailed", 15), ("executive", 4)])
def test_every_format_has_a_bounded_length_and_page_numbers(report_data: dict[str, Any], style: str, most: int) -> None:
    drawn = pages(report_data, style)

    assert len(drawn) <= most
    for number, text in enumerate(drawn, 1):
        assert f"page {number} of {len(drawn)}" in text


def test_the_detailed_format_has_every_part(report_data: dict[str, Any]) -> None:
    text = " ".join(pages(report_data, "detailed"))

    for heading in (
        "At a glance",
        "Recommendations",
        "Net revenue by month",
        "Age of what is outstanding",
        "Clients with the highest revenue",
        "Services",
        "Risks",
        "Overdue invoices",
        "Anomalies",
        "How this report was made",
        "The company's own notes",
    ):
        assert heading in text
    for book in report_data["books"]:
        assert f"{book['currency']} {book['count']} invoices" in text
    assert "overdue_accounts_2026-11-21.csv" in text or report_data["overdue_count"] <= 40


def test_the_executive_format_leaves_the_tables_out(report_data: dict[str, Any]) -> None:
    text = " ".join(pages(report_data, "executive"))

    assert "Recommendations" in text and "Risks" in text
    assert "Overdue invoices" not in text and "Services change" not in text


def test_gaps_and_warnings_are_named(report_data: dict[str, Any]) -> None:
    gap = {"chunk": 3, "chunks": 7, "count": 50, "first": "INV-1", "last": "INV-50", "reason": "rate limit reached"}
    report_data.update(gaps=[gap], warnings=["2025 has not ended yet."])
    text = " ".join(pages(report_data, "summary"))

    assert "Chunk 3 of 7 was not analysed (50 invoices, INV-1 to INV-50): rate limit reached." in text
    assert "2025 has not ended yet." in text


def test_yen_have_no_decimals_and_euros_two(report_data: dict[str, Any]) -> None:
    html = pdf.page("invoice_report", report_data)
    books = {book["currency"]: book for book in report_data["books"]}

    assert f">{books['JPY']['revenue']:,.0f}</td>" in html
    assert f">{books['EUR']['revenue']:,.2f}</td>" in html
