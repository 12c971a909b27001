"""The filter that all edges share: it reads what they send, chooses rows, and says itself in words."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.core import clock
from apps.core.errors import InvalidInput
from apps.tasks import lifecycle
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from apps.tasks.operators.filters import Filter
from apps.tasks.states import Status
from tests import making


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"status": "done"}, "status"),
        ({"status": ","}, "status"),
        ({"status": [1]}, "status"),
        ({"ids": "1,x"}, "ids"),
        ({"ids": [0]}, "ids"),
        ({"ids": [True]}, "ids"),
        ({"ids": [2**63]}, "ids"),
        ({"ids": []}, "ids"),
        ({"parent": "1,2"}, "parent"),
        ({"parent": True}, "parent"),
        ({"whole": "some"}, "whole"),
        ({"ids": list(range(1, 1002))}, "ids"),
        ({"template": 5}, "template"),
        ({"template": "x" * 201}, "template"),
        ({"search": "a\0b"}, "search"),
        ({"dead_letter": "maybe"}, "dead_letter"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"created_after": "2026-02-30"}, "created_after"),
        ({"created_before": "9999-01-01"}, "created_before"),
        ({"created_before": 5}, "created_before"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_name(given, field):
    with pytest.raises(InvalidInput) as refused:
        Filter.parse(given)
    assert list(refused.value.fields) == [field]


def test_all_that_is_wrong_is_named_at_once():
    with pytest.raises(InvalidInput) as refused:
        Filter.parse({"status": "x", "ids": "y", "z": 1})
    assert set(refused.value.fields) == {"status", "ids", "z"}


@pytest.mark.parametrize(
    "given", [{}, {"status": ""}, {"status": None, "ids": None}, {"status": "open,final"}, {"whole": True}]
)
def test_a_filter_that_lets_everything_through_is_empty(given):
    assert Filter.parse(given).is_empty


@pytest.mark.parametrize("given", [{"ids": "1"}, {"status": "open"}, {"dead_letter": False}, {"search": "x"}])
def test_a_filter_with_a_condition_is_not_empty(given):
    assert not Filter.parse(given).is_empty


def test_a_filter_becomes_json_and_the_same_filter_again():
    chosen = Filter.parse(
        {"status": "failed,paused", "ids": "3,1,3", "created_after": "2026-11-01", "dead_letter": "no", "tag": "ä"}
    )
    assert (chosen.ids, chosen.status) == ((3, 1), ("paused", "failed"))
    assert Filter.parse(chosen.as_json()) == chosen


@pytest.mark.parametrize(
    ("given", "count", "words"),
    [
        (
            {"status": "failed", "template": "invoice_report_v2", "created_after": "2026-11-01"},
            374,
            "374 failed tasks of invoice_report_v2 since 1 November 2026",
        ),
        ({"status": "open", "queue": "gis"}, 1, "1 open task in queue gis"),
        ({"status": "waiting,paused"}, 2_000, "2,000 waiting or paused tasks"),
        ({"dead_letter": True, "requester": "olga"}, None, "dead-letter tasks asked for by olga"),
        ({"ids": [7]}, 1, "1 task with number 7"),
        ({"whole": True, "status": "failed"}, 2, "2 failed tasks (without parts)"),
        ({"parent": 7, "status": "open"}, 3, "3 open tasks that are parts of task 7"),
        ({"ids": [1, 2, 3, 4, 5, 6]}, 6, "6 tasks among 1, 2, 3, 4, 5…"),
    ],
)
def test_a_filter_says_itself(given, count, words):
    assert Filter.parse(given).words(count) == words


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ({}, True),
        ({"status": "failed", "template": "x", "requester": "olga", "tag": "t", "search": "june 205"}, True),
        ({"ids": "7"}, None),
        ({"parent": 7}, None),
        ({"queue": "gis"}, None),
        ({"search": "#205"}, None),
        ({"queue": "gis", "whole": "true"}, True),
        ({"whole": "any", "status": "failed"}, None),
        ({"whole": False}, False),
    ],
)
def test_parts_of_others_are_left_out_unless_they_are_asked_for_or_named(given, whole):
    assert Filter.asked(given).whole is whole


def test_what_was_asked_is_the_same_when_it_is_kept_and_read_again():
    for given in ({"status": "failed"}, {"status": "failed", "whole": "any"}, {"queue": "gis"}):
        chosen = Filter.asked(given)
        assert Filter.parse(chosen.as_json()) == chosen


@pytest.fixture
def some(alice, charlie) -> dict[str, Task]:
    making.template("def run(params):\n    return 1\n", alice, key="first")
    making.template("def run(params):\n    return 1\n", alice, key="second", queue="gis")
    made = {
        "plain": submit(Request(template="first", origin="test", title="Plain one"), alice).task,
        "tagged": submit(Request(template="first", origin="test", title="Tagged", tags=("a%b", "ä")), alice).task,
        "other": submit(Request(template="second", origin="test", title="Other"), alice).task,
    }
    lifecycle.pause(made["other"], alice)
    Task.objects.filter(pk=made["plain"].pk).update(created_at=datetime(2026, 3, 1, tzinfo=UTC), error={"code": "e1"})
    Task.objects.filter(pk=made["other"].pk).update(requester=charlie)
    Task.objects.filter(pk=made["tagged"].pk).update(parent=made["plain"])
    return made


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, "plain tagged other"),
        ({"status": "paused"}, "other"),
        ({"status": "open"}, "plain tagged other"),
        ({"status": "final"}, ""),
        ({"template": "second"}, "other"),
        ({"queue": "gis"}, "other"),
        ({"requester": "charlie"}, "other"),
        ({"tag": "a%b"}, "tagged"),
        ({"tag": "ä"}, "tagged"),
        ({"tag": "a"}, ""),
        ({"error": "e1"}, "plain"),
        ({"dead_letter": True}, ""),
        ({"dead_letter": False, "status": "paused"}, "other"),
        ({"whole": True}, "plain other"),
        ({"whole": "false"}, "tagged"),
        ({"whole": "any"}, "plain tagged other"),
        ({"created_before": "2026-03-02"}, "plain"),
        ({"created_after": "2026-03-02"}, "tagged other"),
        ({"search": "one plain"}, "plain"),
        ({"search": "charlie"}, "other"),
        ({"search": "first"}, "plain tagged"),
        ({"search": "100%"}, ""),
    ],
)
def test_a_filter_chooses_rows(some, given, names):
    found = Filter.parse(given).apply(Task.objects.all())
    assert {task.pk for task in found} == {some[name].pk for name in names.split()}


@pytest.mark.django_db
def test_numbers_and_waiting_times_choose_rows(some):
    number = some["tagged"].pk
    assert [task.pk for task in Filter.parse({"ids": [number]}).apply(Task.objects.all())] == [number]
    assert [task.pk for task in Filter.parse({"search": f"#{number}"}).apply(Task.objects.all())] == [number]
    Task.objects.filter(pk=number).update(available_at=clock.now() - timedelta(days=3))
    parts = Filter.parse({"parent": some["plain"].pk}).apply(Task.objects.all())
    assert [task.pk for task in parts] == [number]
    due = Filter(due_before=clock.now() - timedelta(days=2), status=(Status.PENDING,))
    assert [task.pk for task in due.apply(Task.objects.all())] == [number]
