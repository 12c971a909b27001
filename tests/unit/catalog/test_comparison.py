from dataclasses import replace

from apps.catalog.comparison import compare
from apps.catalog.definition import Definition

BASE = Definition(script="\n".join(f"line {n}" for n in range(1, 31)))


def test_equal_definitions_have_nothing_to_compare() -> None:
    assert compare(BASE, replace(BASE)) == []


def test_changed_lines_stand_beside_each_other_with_their_numbers() -> None:
    new = replace(BASE, script=BASE.script.replace("line 15", "line fifteen"))
    (part,) = compare(BASE, new)
    assert (part.title, part.added, part.removed) == ("Script", 1, 1)
    (row,) = [row for row in part.rows if row.old and row.old.state == "del"]
    assert row.new is not None
    assert row.old is not None
    assert (row.old.number, row.old.text, row.new.number, row.new.text) == (15, "line 15", 15, "line fifteen")
    assert len(part.rows) == 7, "three lines of context on each side"


def test_added_lines_have_no_counterpart_and_gaps_are_marked() -> None:
    new = replace(BASE, script="first\n" + BASE.script + "\nlast")
    (part,) = compare(BASE, new)
    assert (part.added, part.removed) == (2, 0)
    assert part.rows[0].old is None
    assert part.rows[0].new is not None
    assert [row for row in part.rows if row.old is None and row.new is None] != []


def test_removed_lines_have_no_counterpart() -> None:
    (part,) = compare(BASE, replace(BASE, script=BASE.script.replace("line 30", "").strip()))
    assert (part.added, part.removed) == (0, 1)
    assert part.rows[-1].new is None


def test_everything_but_the_script_is_compared_as_one_text() -> None:
    (part,) = compare(BASE, replace(BASE, priority=70))
    assert (part.title, part.added, part.removed) == ("Definition", 1, 1)


def test_very_long_scripts_are_not_compared_line_by_line() -> None:
    (part,) = compare(BASE, replace(BASE, script="x\n" * 6000))
    assert part.is_too_long
    assert part.rows == []
