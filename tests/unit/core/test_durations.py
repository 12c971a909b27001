from datetime import timedelta

import pytest

from apps.core import durations
from apps.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("0.4 s", 0.4),
        ("250 ms", 0.25),
        ("3 m 46 s", 226),
        ("1m30s", 90),
        ("2 h, 5 min", 7500),
        ("1.5 hours", 5400),
        (" 2 Days ", 172_800),
        ("1 week", 604_800),
    ],
)
def test_parse_reads_what_people_write(text: str, seconds: float) -> None:
    assert durations.parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "3 x", "3 m 4", "-3 s", "m", "3..4 s", "٣ s", "1e3 s", "9" * 200])
def test_parse_refuses_and_shows_how_to_write_it(text: str) -> None:
    with pytest.raises(InvalidInput, match="Write it like 90 s"):
        durations.parse(text)


def test_parse_refuses_more_than_ten_years() -> None:
    with pytest.raises(InvalidInput, match="longer than ten years"):
        durations.parse("999999999 weeks")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.04, "0 s"),
        (0.05, "0.1 s"),
        (0.4, "0.4 s"),
        (3, "3 s"),
        (3.04, "3 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (46, "46 s"),
        (59.4, "59 s"),
        (59.6, "1 m"),
        (226, "3 m 46 s"),
        (300, "5 m"),
        (3599.6, "1 h"),
        (7500, "2 h 5 m"),
        (7501, "2 h 5 m"),
        (86_399.7, "1 d"),
        (273_600, "3 d 4 h"),
        (-226, "−3 m 46 s"),
    ],
)
def test_describe_speaks_as_the_console_does(seconds: float, text: str) -> None:
    assert durations.describe(seconds) == text
    assert durations.describe(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize("seconds", [46, 226, 300, 7500, 273_600])
def test_parse_reads_back_what_describe_says(seconds: int) -> None:
    assert durations.parse(durations.describe(seconds)).total_seconds() == seconds


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [("512MB", 512), ("512", 512), ("1.5 GB", 1536), ("2g", 2048), ("900 kB", 1), ("1025KB", 2), ("256 MiB", 256)],
)
def test_parse_memory_answers_whole_megabytes(text: str, megabytes: int) -> None:
    assert durations.parse_memory(text) == megabytes


@pytest.mark.parametrize("text", ["", "lots", "5 TB", "1GB 2MB", "-1MB"])
def test_parse_memory_refuses_and_shows_how_to_write_it(text: str) -> None:
    with pytest.raises(InvalidInput, match="Write it like 512MB"):
        durations.parse_memory(text)


@pytest.mark.parametrize("text", ["0", "1025 GB"])
def test_parse_memory_refuses_amounts_that_no_machine_has(text: str) -> None:
    with pytest.raises(InvalidInput, match="outside of"):
        durations.parse_memory(text)


def test_describe_memory_changes_to_gigabytes() -> None:
    assert [durations.describe_memory(m) for m in (512, 1024, 1536)] == ["512 MB", "1 GB", "1.5 GB"]
