"""Other people's text on a terminal."""

import io

import pytest

from apps.console.terminal.screen import Look, clean, clip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "]0;title x"),
        ("two\nlines\r", "two lines"),
        ("photo\u202egpj.exe", "photo gpj.exe"),
        ("\x9b2Jx", "2Jx"),
        ("naïve 日本", "naïve 日本"),
    ],
)
def test_clean_leaves_nothing_that_a_terminal_obeys(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("short", 10, "short"), ("exactly ten", 11, "exactly ten"), ("much too long", 6, "much…"), ("日本語", 5, "日本…")],
)
def test_clip_counts_columns(text: str, width: int, shown: str) -> None:
    assert clip(text, width) == shown


def test_a_file_is_no_terminal_and_has_no_colours() -> None:
    look = Look.of(io.StringIO())
    assert not look.is_terminal and look.coloured("x", "31") == "x"
