"""RELIABILITY H5: what a spreadsheet opens is what was written, and nothing in it runs."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from apps.core import csvfile
from apps.core.errors import InvalidInput

TRIGGERS = tuple("=+-@＝＋－＠\t\r\n")


def read(content: bytes, delimiter: str = ",") -> list[list[str]]:
    text = content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter))


def cell(value: Any) -> str:
    return read(csvfile.write(["x"], [[value]]))[1][0]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "﹦1",
        "−1+2",
        "  =1+1",
        "\ufeff=1+1",
        "\u200b=1",
        '"=1+1"',
        "'=1+1",
        "=cmd|' /C calc'!A0",
        "+49 30 1234",
    ],
)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert cell(text) == "'" + text


@pytest.mark.parametrize("lead", ["\t", "\r", "\n"])
def test_a_text_that_begins_with_a_break_is_marked_before_and_behind_it(lead: str) -> None:
    assert cell(f"{lead}=1+1") == f"'{lead}'=1+1"
    assert cell(f"{lead}plain") == f"'{lead}plain"


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n"])
def test_a_formula_behind_a_separator_inside_a_text_is_marked(separator: str) -> None:
    """A program set to another separator reads the second half as a cell of its own."""
    assert cell(f"foo{separator}=1+1") == f"foo{separator}'=1+1"
    assert cell(f'foo"{separator}"@x') == f'foo"{separator}\'"@x'


@pytest.mark.parametrize(
    "text", ["plain", "a-b", "1=1", "x@example.org", "12 % - net", "Ünïcödé", "", "a;b", "-5", "-12.50"]
)
def test_harmless_texts_stay_as_they_are(text: str) -> None:
    assert cell(text) == text


def test_headers_are_made_harmless_too() -> None:
    assert read(csvfile.write(["=a", "+b", "c"], []))[0] == ["'=a", "'+b", "c"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("-12.50"), "-12.50"),
        (Decimal("1234567890123.4567"), "1234567890123.4567"),
        (Decimal("0.00"), "0.00"),
        (Decimal("1E+3"), "1000"),
        (-3, "-3"),
        (2**70, str(2**70)),
        (1.5, "1.5"),
        (None, ""),
        (float("nan"), ""),
        (True, "true"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 12, tzinfo=UTC), "2024-02-29T12:00:00+00:00"),
    ],
)
def test_values_are_written_exactly(value: Any, written: str) -> None:
    assert cell(value) == written


def test_numbers_are_not_quoted_and_texts_are() -> None:
    assert csvfile.write(["n", "t"], [[Decimal("-1.50"), "-1.50x"]], bom=False) == b'"n","t"\r\n-1.50,"\'-1.50x"\r\n'


def test_the_mark_for_spreadsheets_can_be_left_out() -> None:
    assert csvfile.write(["ä"], []).startswith(b"\xef\xbb\xbf")
    assert not csvfile.write(["ä"], [], bom=False).startswith(b"\xef\xbb\xbf")


def test_a_row_of_another_length_is_named() -> None:
    with pytest.raises(InvalidInput, match="row 2 has 1 cells, the header has 2"):
        csvfile.write(["a", "b"], [[1, 2], [3]])


def test_a_value_that_is_no_cell_is_named() -> None:
    with pytest.raises(InvalidInput, match="row 1: a dict"):
        csvfile.write(["a"], [[{}]])


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_whatever_the_texts_are_no_cell_begins_a_formula(rows: list[list[str]]) -> None:
    content = csvfile.write(["a", "b"], rows)

    parsed = read(content)
    assert len(parsed) == len(rows) + 1
    for line in parsed[1:]:
        for value in line:
            assert not value.startswith(TRIGGERS) or csvfile.NUMBER.fullmatch(value)
    for line in content.decode("utf-8-sig").replace("\t", ";").replace("\n", ";").replace("\r", ";").split(";"):
        bare = line.strip().strip('"')
        assert not bare.startswith(("=", "+", "@", "＝", "＋", "－", "＠"))


@given(st.text(alphabet="=+-@'\";\t\n ax1", max_size=12))
@example("-10 %")
@example("'=x")
@example("a\t=x")
@example("it's")
def test_what_came_back_is_what_went_out(text: str) -> None:
    assume(text[:1] not in ("\t", "\n"))
    assert csvfile.original(csvfile.harmless(text)) == text


@pytest.mark.parametrize("cell", ["'quoted'", "'tis", "'1", ""])
def test_an_apostrophe_that_was_typed_stays(cell: str) -> None:
    assert csvfile.original(cell) == cell
