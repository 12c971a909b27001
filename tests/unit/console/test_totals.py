"""What tasks added up to by template and day, removed ones included."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import F
from django.test import Client

from apps.console import totals
from apps.core import clock
from apps.tasks.models import Attempt, Task, TaskTotal
from apps.tasks.retention import pruning
from apps.tasks.retention.pruning import Choice
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors.workflow.ran import node, ran

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = "def run(params):\n    return 1 / params.get('n', 1)\n"
URL = "/admin/tasks/totals/"


@pytest.fixture
def ended(alice: User) -> Task:
    """One completed and one failed today, three removed a week ago; ten seconds of work each."""
    good = making.task(HELLO, alice, {"n": 1}, key="greets")
    making.task(HELLO, alice, {"n": 0}, key="greets")
    slices.drain()
    for attempt in Attempt.objects.all():
        Attempt.objects.filter(pk=attempt.pk).update(ended_at=attempt.started_at + timedelta(seconds=10))
    week_ago = clock.now().date() - timedelta(days=7)
    TaskTotal.objects.create(
        day=week_ago, template=good.template, status="completed", count=3, steps=6, seconds_worked=30
    )  # fmt: skip
    return good


def test_the_present_and_the_removed_add_up(ended):
    page = totals.gather(30, "")

    assert (page.all.count, page.all.completed, page.all.failed, page.all.success) == (5, 4, 1, "80.0%")
    assert (page.all.average, page.all.total) == ("10 s", "50 s")
    assert [sums.count for _, sums in page.by_day] == [2, 3]
    assert page.most == 3 and len(page.bars) == 3


def test_nodes_of_a_workflow_are_no_tasks_of_its_template_but_their_work_is_its_work(alice):
    graph = {"tasks": [node("a"), node("b", "a"), node("c", "b", script="def run(params):\n    return 1 / 0\n")]}
    flow = ran(graph, alice)
    Attempt.objects.filter(task__parent=flow).update(ended_at=F("started_at") + timedelta(seconds=10))

    before = totals.gather(7, "flow").all
    assert sum(pruning.run(Choice(now=clock.now() + timedelta(days=400)))) == 4
    after = totals.gather(7, "flow").all

    for sums in (before, after):
        assert (sums.count, sums.failed, sums.completed) == (1, 1, 0)
        assert 30 <= sums.seconds < 60
    assert TaskTotal.objects.get(status="completed").count == 0


def test_a_shorter_period_and_another_template_leave_out_the_rest(ended, alice):
    making.template(HELLO, alice, key="other")

    assert totals.gather(7, "").all.count == 2
    assert totals.gather(30, "other").all.count == 0
    assert totals.gather(30, "no_such").all.count == 5


def test_the_page_tells_it_and_offers_it_as_csv(browse, ended):
    page = browse.get(URL, {"days": "30"}).content.decode()
    assert "4 completed, 1 failed" in page and "80.0%" in page and "Download CSV" in page

    answer = browse.get(f"{URL}csv/", {"days": "30"})
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert answer["Content-Disposition"].startswith("attachment;")
    assert [(each["template"], each["status"], each["tasks"]) for each in lines] == [
        ("greets", "completed", "3"), ("greets", "completed", "1"), ("greets", "failed", "1"),
    ]  # fmt: skip
    assert lines[0]["average_seconds"] == "10.0"


def test_a_site_where_nothing_ended_says_what_will_be_here(browse):
    assert "No task ended in this period." in browse.get(URL, {"days": "many"}).content.decode()


def test_the_page_costs_the_same_for_many_days_and_templates(browse, ended, alice, django_assert_max_num_queries):
    for number in range(20):
        other = making.template(HELLO, alice, key=f"other_{number}")
        TaskTotal.objects.create(
            day=clock.now().date() - timedelta(days=number), template=other, status="failed", count=1
        )
    with django_assert_max_num_queries(4):
        totals.gather(365, "")


def test_one_without_the_permission_sees_neither_page_nor_link(ended, bob):
    client = Client()
    client.force_login(bob)
    bob.user_permissions.clear()
    assert client.get(URL).status_code == 403 and client.get(f"{URL}csv/").status_code == 403
    assert URL not in client.get("/admin/tasks/task/").content.decode()
    bob.user_permissions.add(Permission.objects.get(codename="view_tasktotal"))
    assert client.get(URL).status_code == 200
