"""Feed entries become rows that people read, and equal calls fold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.console import feedrows
from apps.tasks.record.feed import Entry

NOW = datetime(2026, 11, 21, 10, 43, 39, tzinfo=UTC)


def entry(seq: int, kind: str, /, **data: Any) -> Entry:
    return Entry(seq=seq, kind=kind, at=NOW, actor=data.pop("actor", ""), data=data)


def step(seq: int, name: str = "crm.services", *, seconds: float = 1.0, **data: Any) -> Entry:
    usual = {"index": seq - 1, "try": 1, "attempt": 1, "name": name, "class": "read", "outcome": "succeeded",
             "line": 14, "seconds": seconds, "retries": 0, "arguments": "{}"}  # fmt: skip
    return entry(seq, "step", **{**usual, **data})


def test_equal_calls_in_a_row_become_one_row_with_their_steps_and_time():
    rows = feedrows.folded(feedrows.rows([step(1), step(2), step(3, seconds=2.0)], NOW))

    assert [(row["text"], row["detail"], row["took"], row["seq"]) for row in rows] == [
        ("crm.services × 3", "steps 0–2", "4 s", 3)
    ]


def test_retried_calls_fold_too_and_say_so():
    rows = feedrows.folded(feedrows.rows([step(1), step(2, retries=2), step(3)], NOW))

    assert [(row["detail"], row["icon"]) for row in rows] == [("steps 0–2 · retried 2 ×", "warning")]


def test_another_call_a_failure_or_an_event_ends_the_fold_and_the_newest_is_first():
    entries = [step(1), step(2, "ai.complete"), step(3), entry(4, "task.woken"), step(5), step(6, outcome="failed")]

    rows = feedrows.folded(feedrows.rows(entries, NOW))

    assert [row["text"] for row in rows] == [
        "crm.services", "crm.services", "Woken up", "crm.services", "ai.complete", "crm.services",
    ]  # fmt: skip
    assert rows[0]["is_key"]
    assert rows[0]["state"] == "failed"


def test_log_lines_leave_the_feed_and_keep_their_order_and_what_was_dropped():
    lines = [{"at": NOW.isoformat(), "level": "warning", "text": "429"}]
    logged = entry(1, "task.logged", lines=lines, dropped=7)

    assert feedrows.rows([logged], NOW) == []
    assert [(row["level"], row["text"]) for row in feedrows.log([logged], NOW)] == [
        ("warning", "429"),
        ("warning", "7 more lines were not kept"),
    ]


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("task.submitted", {"actor": "dana", "origin": "api"}, "Asked by dana through the API"),
        ("task.claimed", {"attempt": 2, "worker": "birch-2"}, "Attempt 2 started on birch-2"),
        ("task.resumed_at", {"line": 14, "kept": 3}, "Resumed at line 14, 3 calls not repeated"),
        ("task.resumed_at", {"line": None, "kept": 1}, "Replayed from the start of the script, 1 call not repeated"),
        ("task.rescued", {"worker": "alder-1", "line": 14, "attempt": 1, "reason": "x"}, "Worker alder-1 was lost at line 14"),
        ("task.paused", {"by": "bruno", "reason": "printer"}, "Paused by bruno"),
        ("task.failed", {"message": "no", "type": "ValueError", "why": "x"}, "Failed: no"),
        ("task.forked_by_moonlight", {}, "Forked by moonlight"),
    ],
)  # fmt: skip
def test_an_event_is_said_in_a_sentence(kind: str, data: dict[str, Any], text: str):
    assert feedrows.row(entry(1, kind, **data), NOW)["text"] == text


def test_moments_of_another_day_carry_their_date():
    yesterday = Entry(seq=1, kind="task.woken", at=NOW - timedelta(days=1), actor="", data={})

    assert feedrows.row(yesterday, NOW)["clock"] == "20 Nov 10:43"


def test_a_change_of_priority_or_queue_says_from_what_to_what_and_by_whom():
    changed = entry(1, "task.priority_changed", actor="alice", before=50, after=70)
    moved = entry(2, "task.queue_moved", actor="alice", before="default", after="gis", bulk=5)

    rows = feedrows.rows([changed, moved], NOW)

    assert [(row["text"], row["detail"]) for row in rows] == [
        ("Priority changed by alice", "from 50 to 70"),
        ("Moved to queue gis by alice", "from default"),
    ]


def test_a_workflow_that_went_on_says_how_many_nodes_changed_and_which_states_they_have():
    entries = [
        entry(1, "task.advanced", version=1, changed=3, nodes=[[0, "running"], [1, "running"], [2, "failed"]]),
        entry(2, "task.advanced", version=2, changed=900),
        entry(3, "task.advanced", version=3, changed=1, nodes=[[0, "completed"]]),
    ]

    said = [(row["text"], row["detail"], row["state"]) for row in feedrows.rows(entries, NOW)]

    assert said == [
        ("3 nodes changed", "2 running, 1 failed", "failed"),
        ("900 nodes changed", "", "running"),
        ("1 node changed", "1 completed", "running"),
    ]
    assert feedrows.advanced(entries) == [(0, "completed"), (1, "running"), (2, "failed")]
    assert feedrows.advanced([]) is None
