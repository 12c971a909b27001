"""RELIABILITY H7: a file name is a name, on every system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import InvalidInput
from apps.reports import naming


def test_a_pattern_is_filled() -> None:
    assert naming.fill("invoice_report_{date}.pdf", {"date": "2024-12-31"}) == "invoice_report_2024-12-31.pdf"


def test_an_unknown_placeholder_is_named_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"\{client\}; known are \{date\}, \{time\}"):
        naming.fill("x_{client}.pdf", {"date": "", "time": ""})


def test_a_placeholder_reaches_no_attribute() -> None:
    with pytest.raises(InvalidInput):
        naming.fill("{date.__class__}", {"date": "x"})


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "etc_passwd"),
        ("..\\..\\windows\\x.ini", "windows_x.ini"),
        ("/absolute/x.pdf", "absolute_x.pdf"),
        ("a\0b.pdf", "ab.pdf"),
        ("CON.pdf", "file_CON.pdf"),
        ("nul", "file_nul"),
        ("com1.txt.pdf", "file_com1.txt.pdf"),
        ("\u202egpj.exe", "gpj.exe"),
        (".htaccess", "htaccess"),
        ("-rf", "rf"),
        ("x.pdf. . ", "x.pdf"),
        ("", "file"),
        ("..", "file"),
        ("報告 Ä.pdf", "報告 Ä.pdf"),
        ('a"b<c>|?*:.pdf', "a_b_c_.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
    ],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert naming.safe(name) == safe


def test_a_name_of_four_kilobytes_is_cut_before_its_extension() -> None:
    name = naming.safe("ä" * 4096 + ".pdf")

    assert name.endswith(".pdf")
    assert len(name.encode()) <= naming.MAX_BYTES


def test_the_extension_is_added_once() -> None:
    assert naming.with_extension("a", "pdf") == "a.pdf"
    assert naming.with_extension("a.PDF", "pdf") == "a.PDF"


@given(st.text(max_size=300))
def test_no_text_becomes_a_path(name: str) -> None:
    safe = naming.safe(name)

    assert 0 < len(safe.encode()) <= naming.MAX_BYTES
    assert not set(safe) & set('/\\\0:*?"<>|\r\n')
    assert safe.strip(" .") == safe and not safe.startswith("-")
    assert safe.split(".")[0].lower() not in naming.DEVICES
