"""The bar and the lines: what a person sees of a task that moves."""

import io
from dataclasses import replace

import pytest

from apps.console.terminal.progress import Bar, Lines, Snapshot, display, doing, times
from apps.console.terminal.screen import Look

RUNNING = Snapshot(
    task_id=12, title="Invoice report", status="running", why="", percent=60, stage="ai_analysis", stage_number=5,
    stages=8, message="Chunk 3 of 11", line=24, call="ai.complete", worker="palm-3", elapsed=12.0, remaining=8.0,
    seq=40, is_final=False,
)  # fmt: skip
DONE = replace(
    RUNNING, status="completed", why="Done in 20 s.", percent=100, elapsed=20.0, remaining=None, is_final=True
)


class Screen:
    """A terminal of a few lines: knows `cursor up` and `erase below`, as the bar uses them."""

    def __init__(self, text: str) -> None:
        self.lines = [""]
        while text:
            if text.startswith("\x1b["):
                end = next(index for index, mark in enumerate(text) if mark.isalpha())
                self._obey(text[2:end], text[end])
                text = text[end + 1 :]
            elif text[0] == "\n":
                self.lines.append("")
                text = text[1:]
            else:
                self.lines[-1] += text[0]
                text = text[1:]

    def _obey(self, number: str, letter: str) -> None:
        if letter == "F":
            del self.lines[-int(number) :]
            self.lines[-1] = ""
        else:
            assert letter in "mJ", f"the bar sent something that is not known here: {number}{letter}"


@pytest.fixture
def bar() -> tuple[Bar, io.StringIO]:
    stream = io.StringIO()
    return Bar(stream, Look(is_terminal=True, has_colours=True, has_marks=True)), stream


def test_doing_says_stage_message_line_call_and_worker() -> None:
    assert doing(RUNNING) == "ai_analysis (5 of 8) · Chunk 3 of 11 · line 24 · ai.complete · palm-3"


def test_doing_says_why_a_task_does_not_run() -> None:
    paused = replace(RUNNING, status="paused", why="Paused by alice. \x1b[31m")
    assert doing(paused) == "paused · Paused by alice."


def test_times_say_what_is_left_of_a_running_task_only() -> None:
    assert times(RUNNING) == "12 s, about 8 s left"
    assert times(DONE) == "20 s"
    assert times(replace(RUNNING, elapsed=None, remaining=None)) == ""
    assert times(replace(RUNNING, remaining=0.2)) == "12 s"


def test_the_bar_stays_in_place_and_what_is_told_scrolls_above(bar: tuple[Bar, io.StringIO]) -> None:
    shown, stream = bar
    shown.show(replace(RUNNING, percent=10))
    shown.show(RUNNING)
    shown.tell("Worker palm-2 was lost at line 14")
    shown.show(DONE)
    shown.close()
    lines = Screen(stream.getvalue()).lines
    assert lines[0] == "Worker palm-2 was lost at line 14"
    assert lines[1].startswith("━" * 30) and "100 %" in lines[1]
    assert lines[2:] == ["  completed · Done in 20 s.", ""]


def test_the_bar_draws_nothing_when_nothing_changed(bar: tuple[Bar, io.StringIO]) -> None:
    shown, stream = bar
    shown.show(RUNNING)
    before = stream.getvalue()
    shown.show(RUNNING)
    assert stream.getvalue() == before


def test_the_bar_fits_the_terminal(bar: tuple[Bar, io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    shown, stream = bar
    shown.show(replace(RUNNING, message="long " * 50))
    assert all(len(line) <= 49 for line in Screen(stream.getvalue()).lines)


FLOW = replace(
    RUNNING, status="waiting", why="Waits for the tasks of its nodes.", percent=41, stage="", stage_number=0, stages=0,
    message="", line=None, call="", worker="", nodes="37 of 90 nodes done, 3 running, 1 failed",
)  # fmt: skip


def test_a_workflow_says_how_far_the_whole_is_and_what_holds_it_up() -> None:
    assert doing(FLOW) == doing(replace(FLOW, status="running", why="")) == FLOW.nodes
    asking = replace(FLOW, why="Waits for people: Approve.")
    assert doing(asking) == f"{FLOW.nodes} · Waits for people: Approve."
    unserved = replace(FLOW, status="pending", why="No live worker serves queue gis. It starts as soon as one does.")
    assert "No live worker serves queue gis." in doing(unserved)
    assert doing(replace(FLOW, status="paused", why="Paused by alice.")) == "paused · Paused by alice."
    assert times(FLOW) == "12 s, about 8 s left"


def test_lines_of_a_workflow_do_not_tell_when_it_wakes_up() -> None:
    stream = io.StringIO()
    shown = display(stream)
    for percent in (41, 42, 43, 52):
        for status, why in (("waiting", FLOW.why), ("pending", "Waits for a free worker of queue default."),
                            ("running", "")):  # fmt: skip
            shown.show(replace(FLOW, status=status, why=why, percent=percent))
    people = "Waits for people: Approve."
    for status, why in (("waiting", people), ("running", ""), ("waiting", people)):
        shown.show(replace(FLOW, status=status, why=why, percent=52))
    assert [line[:5] for line in stream.getvalue().splitlines()] == [" 41 %", " 52 %", " 52 %"]


def test_a_terminal_without_unicode_gets_plain_marks() -> None:
    stream = io.StringIO()
    Bar(stream, Look(is_terminal=True, has_colours=False, has_marks=False)).show(RUNNING)
    assert stream.getvalue().startswith("#" * 18 + "-" * 12)


def test_lines_say_each_stage_and_each_tenth_once() -> None:
    stream = io.StringIO()
    shown = display(stream)
    assert isinstance(shown, Lines)
    for percent in (60, 61, 65, 69.9, 70, 71):
        shown.show(replace(RUNNING, percent=percent))
    shown.show(replace(RUNNING, percent=71, stage="generate_insights", stage_number=6))
    shown.tell("bad \x1b[31m news")
    shown.show(DONE)
    lines = stream.getvalue().splitlines()
    assert [line[:5] for line in lines] == [" 60 %", " 70 %", " 71 %", "     ", "100 %"]
    assert lines[3].strip() == "bad  news"
