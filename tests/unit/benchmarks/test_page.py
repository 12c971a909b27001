"""The writer of the page of figures."""

from pathlib import Path

import pytest

from tests.benchmarks import page
from tests.benchmarks.page import BEGIN, END, Marked
from tests.benchmarks.rows import Row, at_most, below, failed, later, number, percentile

MACHINE = {"processor": "two | cores", "Python": "3.11"}
ROWS = [
    at_most(3, "ms", 1.234, name="start latency", database="sqlite"),
    at_most(3, "ms", 4.0, name="start latency", database="postgresql", note="one client"),
    failed("claims", "sqlite", "Traceback:\n  a line\nRuntimeError: no | answer\n"),
    later("1 → 1000 → join", "sqlite", "it comes with workflows", goal="≤ 1.5 s"),
    Row(name="floor", database="sqlite", value=41.7, unit="µs"),
]


def cells(text: str, beginning: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {beginning} |"))
    return [cell.strip() for cell in line.strip("|").replace("\\|", "¦").split("|")]


def test_what_people_wrote_around_the_figures_stays_to_the_letter():
    before, after = "# What it costs\n\nProse | with a bar.\n\n", "\n\nMore prose.\n"
    once = page.insert(f"{before}{BEGIN}\nold figures\n{END}{after}", "new figures")
    assert once == f"{before}{BEGIN}\n\nnew figures\n\n{END}{after}"
    assert page.insert(once, "newer\n") == f"{before}{BEGIN}\n\nnewer\n\n{END}{after}"


@pytest.mark.parametrize("text", ["prose", BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}"])
def test_a_page_without_one_place_for_the_figures_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "figures.md"
    path.write_text(text)
    with pytest.raises(Marked):
        page.write(path, MACHINE, {"Goals": ROWS}, "make bench")
    assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_that_is_not_there_is_made(tmp_path: Path):
    path = tmp_path / "figures.md"
    page.write(path, MACHINE, {"Goals": ROWS}, "make bench")
    first = path.read_text()
    page.write(path, MACHINE, {"Goals": ROWS}, "make bench")
    assert path.read_text() == first
    assert "| processor | two \\| cores |" in first


def test_each_figure_is_a_line_with_its_goal_and_verdict():
    text = page.generated(MACHINE, {"Goals": ROWS, "Nothing": []}, "make bench")
    assert "Measured by `make bench`." in text
    assert cells(text, "start latency | sqlite") == ["start latency", "sqlite", "1.23 ms", "", "≤ 3 ms", "met"]
    assert cells(text, "start latency | postgresql")[2:] == ["4 ms", "one client", "≤ 3 ms", "**missed**"]
    assert cells(text, "floor")[2:] == ["41.7 µs", "", "", ""]
    assert "### Nothing" not in text


def test_an_error_is_one_line_of_the_table_whatever_it_says():
    assert cells(page.generated(MACHINE, {"Goals": ROWS}, "x"), "claims") == [
        "claims", "sqlite", "–", "RuntimeError: no ¦ answer", "", "**error**",
    ]  # fmt: skip


def test_the_summary_counts_and_names_what_was_not_met():
    said = page.summary({"Goals": ROWS[:2], "Others": ROWS[2:]})
    assert said.startswith(
        "5 figures. Of those with a goal 1 are met and 1 are missed; 1 cannot be measured yet; 1 could"
    )
    assert "- **missed**: start latency on postgresql: 4 ms; one client (goal ≤ 3 ms)" in said
    assert "- **not yet**: 1 → 1000 → join on sqlite: it comes with workflows (goal ≤ 1.5 s)" in said
    assert "- **error**: claims on sqlite: RuntimeError: no \\| answer" in said
    assert "floor" not in said


def test_systems_are_drawn_as_a_matrix_with_empty_cells_for_what_is_unknown():
    rows = [
        Row(name="no-ops", system="ours", database="sqlite", value=2194, unit="/s"),
        Row(name="step", system="ours", database="sqlite", value=0.31, unit="ms"),
        Row(name="no-ops", system="Huey", database="sqlite", value=1902.4, unit="/s"),
        Row(name="re-run", system="Huey", database="sqlite", note="never"),
        failed("Celery, all figures", "redis", "not installed"),
    ]
    text = page.generated(MACHINE, {"Beside the peers": rows}, "make bench")
    assert cells(text, "ours") == ["ours", "sqlite", "2,194 /s", "0.31 ms", ""]
    assert cells(text, "Huey") == ["Huey", "sqlite", "1,902 /s", "", "never"]
    assert cells(text, "Celery, all figures")[-1] == "**error**"


def test_a_goal_that_must_be_stayed_below_is_missed_by_its_own_value():
    assert at_most(5, "ms", 5, name="x", database="y").is_met
    assert not below(5, "ms", 5, name="x", database="y").is_met


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.00042, "0.00042"),
        (0.0209, "0.021"),
        (1.5, "1.5"),
        (12.34, "12.3"),
        (468.2, "468"),
        (1e6, "1,000,000"),
    ],
)
def test_figures_show_the_digits_that_count(value: float, text: str):
    assert number(value) == text


def test_percentile_is_of_the_sorted_values():
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3
    assert percentile([1, 2], 1.0) == 2
