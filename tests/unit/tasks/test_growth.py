"""What a million ended tasks must not cost: each look is bounded, and its shortcut finds what the plain way would."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.tasks import blobs
from apps.tasks.models import Task
from apps.tasks.models import task as task_model
from apps.tasks.models.task import in_status
from apps.tasks.operators.filters import Filter
from apps.tasks.retention.orphans import orphans
from apps.tasks.states import FINAL, Status
from tests import making

pytestmark = pytest.mark.django_db


@pytest.fixture
def copies(alice: User) -> Callable[..., list[Task]]:
    """Tasks of these states in this order, as rows: what they went through is not asked for here."""
    sample = making.task("def run(params):\n    return None\n", alice)
    template, revision, now = sample.template, sample.revision, clock.now()
    Task.objects.all().delete()

    def make(*statuses: Status, **fields: Any) -> list[Task]:
        return [
            Task.objects.create(
                template=template, revision=revision, kind="script", title="Copy", origin="test", queue="default",
                status=status, rank=0, available_at=now, created_at=now, updated_at=now,
                **{"requester": alice, "finished_at": now if status in FINAL else None, **fields},
            )
            for status in statuses
        ]  # fmt: skip

    return make


def test_any_choice_of_states_finds_exactly_the_tasks_in_them(copies):
    made = copies(*Status)
    for size in range(1, len(Status) + 1):
        for statuses in combinations(Status, size):
            wanted = {task.pk for task in made if task.status in statuses}
            assert set(Task.objects.filter(in_status(*statuses)).values_list("pk", flat=True)) == wanted, statuses


def test_the_newest_of_several_states_are_found_across_them_in_one_query(copies, charlie, django_assert_num_queries):
    made = copies(Status.PAUSED, Status.PENDING, Status.COMPLETED, Status.PAUSED, Status.WAITING)
    copies(Status.PENDING, requester=charlie)
    with django_assert_num_queries(1):
        found = Task.objects.filter(requester=made[0].requester).newest(
            [Status.PAUSED, Status.PENDING, Status.WAITING], 3
        )
    assert found == [made[4].pk, made[3].pk, made[1].pk]


def test_numbers_count_each_state_and_no_further_than_people_read(copies, monkeypatch):
    monkeypatch.setattr(task_model, "MOST_COUNTED", 2)
    copies(*[Status.FAILED] * 5, Status.PENDING, Status.COMPLETED)
    assert Task.objects.numbers() == {"failed": 3, "pending": 1, "completed": 1}


def test_what_ended_is_added_up_by_minute_in_one_query(copies, django_assert_num_queries):
    noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    ends = [(Status.COMPLETED, 0.0), (Status.COMPLETED, 59.9), (Status.COMPLETED, 60.0), (Status.FAILED, 61.5),
            (Status.CANCELLED, 5.0), (Status.COMPLETED, -0.1)]  # fmt: skip
    for status, seconds in ends:
        copies(status, finished_at=noon + timedelta(seconds=seconds))
    copies(Status.RUNNING)
    later = noon + timedelta(minutes=1)
    with django_assert_num_queries(1):
        found = Task.objects.ended_by_minute(noon, 100)
    assert sorted(found) == [("completed", noon, 2), ("completed", later, 1), ("failed", later, 1)]
    assert sum(number for _, _, number in Task.objects.ended_by_minute(noon, 3)) == 3


def test_a_search_reads_the_newest_and_finds_a_number_however_old(copies, monkeypatch):
    monkeypatch.setattr(task_model, "MOST_SEARCHED", 2)
    oldest, older, old, new = copies(*[Status.COMPLETED] * 4)
    assert set(Task.objects.within_reach("Copy")) == {old, new}
    assert set(Task.objects.within_reach(f"#{oldest.pk}")) == {oldest, old, new}
    assert older not in Task.objects.within_reach("99999999999999999999")


def test_a_search_of_whole_tasks_reaches_as_many_of_them_however_many_parts_there_are(copies, monkeypatch):
    monkeypatch.setattr(task_model, "MOST_SEARCHED", 2)
    oldest, old, whole = copies(*[Status.COMPLETED] * 3)
    parts = copies(*[Status.COMPLETED] * 5, parent=whole)
    found = set(Task.objects.wholes().within_reach("Copy", whole=True))
    assert found == {old, whole} and oldest not in found
    assert set(Task.objects.within_reach("Copy")) == set(parts[-2:])


def test_what_leaves_parts_out_reads_an_index_that_has_none(copies, alice):
    whole = copies(*[Status.COMPLETED, Status.FAILED, Status.PENDING] * 3)[0]
    now = clock.now()
    fields = {field.attname: getattr(whole, field.attname) for field in Task._meta.concrete_fields}
    fields = {name: value for name, value in fields.items() if name not in ("id", "uid", "parent_id")}
    Task.objects.bulk_create([Task(**fields, parent=whole) for _ in range(3_000)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    wholes = Task.objects.wholes()
    mine = wholes.filter(requester=alice)
    looks = {
        "the list": wholes.order_by("-pk")[:50],
        "of one state": wholes.filter(in_status(Status.COMPLETED)).order_by("-pk")[:50],
        "of one template": wholes.filter(template_id=whole.template_id).order_by("-pk")[:50],
        "of one person": mine.order_by("-pk")[:50],
        "counted": wholes.filter(in_status(Status.COMPLETED)).order_by().values("pk")[:10_001],
        "of one person, counted": mine.filter(in_status(Status.COMPLETED)).order_by().values("pk")[:10_001],
        "ended": wholes.filter(status=Status.COMPLETED, finished_at__gte=now - timedelta(days=1)).values("pk"),
    }
    for name, look in looks.items():
        assert "task_whole" in look.explain(), (name, look.explain())


def test_a_filter_asks_for_templates_and_people_by_number_and_never_through_a_join(copies, alice, charlie):
    (mine,) = copies(Status.COMPLETED)
    copies(Status.COMPLETED, requester=charlie)
    with CaptureQueriesContext(connection) as seen:
        found = list(Filter(template="sample", requester=alice.username).apply(Task.objects.all()))
    assert found == [mine]
    assert "JOIN" not in seen.captured_queries[-1]["sql"]
    assert not Filter(template="no_such").apply(Task.objects.all()).exists()
    assert not Filter(requester="nobody").apply(Task.objects.all()).exists()


def test_a_search_looks_through_templates_and_people_once_and_not_beside_each_task(copies, alice, charlie):
    (mine,) = copies(Status.COMPLETED)
    (theirs,) = copies(Status.COMPLETED, requester=charlie)
    with CaptureQueriesContext(connection) as seen:
        by_person = list(Filter(search="CHARL copy").apply(Task.objects.all()))
    assert by_person == [theirs]
    assert "JOIN" not in seen.captured_queries[-1]["sql"]
    assert set(Filter(search="sampl").apply(Task.objects.all())) == {mine, theirs}, "by a part of the template's key"
    assert not Filter(search="nobody").apply(Task.objects.all()).exists()


def test_files_of_many_tasks_go_at_once_and_one_that_may_not_be_touched_holds_up_no_other(
    settings, tmp_path, monkeypatch
):
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"
    for number in (1, 2, 3):
        blobs.write(number, 0, "kept on disk")
    settings.ARTIFACT_STORE = "database"
    for number in (2, 3, 4):
        blobs.write(number, 0, "kept in the database")
    (tmp_path / "artifacts" / "2").rename(tmp_path / "aside")
    (tmp_path / "artifacts" / "2").write_text("a file where a directory belongs")

    refused = blobs.remove_tasks([1, 2, 3])

    assert [task_id for task_id, _ in refused] == [2]
    (tmp_path / "artifacts" / "2").unlink()
    assert list(orphans()) == [4]
