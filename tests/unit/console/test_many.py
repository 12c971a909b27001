"""Acting on many tasks from their list: asked with the count and the reasons, done by the shared machinery."""

import re
from typing import Any

import pytest
from django.test import Client

from apps.tasks import lifecycle
from apps.tasks.models import AuditEntry, BulkAction, Queue, Task
from apps.tasks.operators import bulk
from tests.unit.console.test_admin import LIST, copies

pytestmark = pytest.mark.django_db


def post(client: Client, query: str, action: str, **more: Any) -> str:
    data = {"action": f"{action}_chosen", "index": "0", "_selected_action": ["1"], **more}
    return client.post(LIST + query, data, follow=True).content.decode()


def hidden(page: str) -> dict[str, str]:
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', page))
    return {name: value for name, value in found.items() if name not in ("action", "index")}


def test_all_that_match_are_asked_about_with_the_count_and_what_is_left_alone(browse, walk, alice):
    copies(walk, 60)
    Task.objects.filter(title__in=["Copy 1", "Copy 2"]).update(status="paused", paused_from="pending")
    page = post(browse, "?template=sample", "pause", select_across="1")
    assert (
        "Pause 59 tasks?" in page
        and "61 tasks of sample (without parts) match." in page
        and "2 because it is paused" in page
    )
    assert "and 41 more" in page
    assert not BulkAction.objects.exists(), "nothing happens before the yes"

    page = post(browse, "?template=sample", "pause", **hidden(page), reason="lunch")
    assert "59 tasks paused. Left alone: 2 (it is paused)." in page
    assert set(Task.objects.values_list("status", flat=True)) == {"paused"}
    assert AuditEntry.objects.filter(verb="bulk.started", reason="lunch", actor=alice).exists()


def test_what_is_confirmed_is_what_was_shown(browse, walk):
    page = post(browse, "?template=sample", "cancel", select_across="1")
    copies(walk, 40)
    page = post(browse, "?template=sample", "cancel", **hidden(page))
    assert "1 tasks matched when you looked, 41 do now." in page and "Cancel 41 tasks?" in page
    assert not Task.objects.filter(status="cancelled").exists()
    assert "41 tasks cancelled." in post(browse, "?template=sample", "cancel", **hidden(page))


@pytest.mark.parametrize("query", ["", "?o=1", "?state=nonsense"])
def test_a_list_without_a_filter_is_refused(browse, walk, query):
    assert "This would touch every task." in post(browse, query, "cancel", select_across="1", confirmed="yes")
    assert Task.objects.get().status == "pending"


def test_a_list_that_is_narrowed_by_something_else_is_refused(browse, walk):
    page = post(browse, "?priority__lt=90&state=open", "cancel", select_across="1", confirmed="yes")
    assert Task.objects.get().status == "pending"
    assert "actions on all do not know" in page


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("?state=open", []),
        ("?state=paused", ["Sample"]),
        ("?state=open&q=copy 1", ["Sample"]),
        ("?requester=me&state=pending", []),
        ("?tag=march", ["Sample"]),
        ("?error=e1", ["Sample"]),
        ("?state=open&created_after=2026-01-01", []),
        ("?created_before=2001-01-01", ["Copy 1", "Sample"]),
        ("?queue=default", []),
        ("?whole=false&queue=default", ["Sample"]),
        ("?state=open&part=", ["Copy 1"]),
        ("?state=open&whole=any&part=", []),
        ("?queue=default&part=", []),
        ("?queue=default&whole=true&part=", ["Copy 1"]),
    ],
)
def test_an_action_touches_what_its_list_shows_and_nothing_else(browse, walk, query, left):
    copies(walk, 2)
    Task.objects.filter(title="Copy 0").delete()
    Task.objects.filter(title="Copy 1").update(tags=["march"], error={"code": "e1"})
    if "whole" in query or "part" in query:
        query = query.replace("&part=", "")
        Task.objects.filter(title="Copy 1").update(parent=walk)
    if "paused" in query:
        lifecycle.pause(Task.objects.get(title="Copy 1"), walk.requester)
    shown = {task.title for task in browse.get(LIST + query).context["cl"].result_list}
    assert shown == {"Copy 1", "Sample"} - set(left)
    post(browse, query, "cancel", select_across="1", confirmed="yes")
    assert sorted(Task.objects.exclude(status="cancelled").values_list("title", flat=True)) == left


def test_a_selection_gets_another_priority_and_queue_after_a_form(browse, walk):
    Queue.objects.create(name="gis")
    page = post(browse, "", "priority", _selected_action=[walk.pk])
    assert "Change the priority of 1 task?" in page and "high (70)" in page
    page = post(browse, "", "priority", _selected_action=[walk.pk], confirmed="yes", expected="1", priority="70")
    assert "1 task given another priority." in page
    page = post(browse, "", "queue", _selected_action=[walk.pk])
    assert "Move 1 task?" in page and "<option>gis</option>" in page
    assert "1 task moved." in post(browse, "", "queue", _selected_action=[walk.pk], confirmed="yes", queue="gis")
    walk.refresh_from_db()
    assert (walk.priority, walk.queue) == (70, "gis")
    assert "There is no queue" in post(browse, "", "queue", _selected_action=[walk.pk], confirmed="yes", queue="gsi")


def test_many_are_left_to_the_workers_and_the_action_has_a_page(browse, walk):
    copies(walk, 250)
    page = post(browse, "?state=open", "cancel", select_across="1", confirmed="yes", expected="251")
    action = BulkAction.objects.get()
    assert (
        f'251 tasks are being worked off by the workers: <a href="/admin/tasks/bulkaction/{action.pk}/change/">' in page
    )
    assert browse.get(f"/admin/tasks/bulkaction/{action.pk}/change/").status_code == 200
    assert "251 open tasks (without parts)" in browse.get("/admin/tasks/bulkaction/").content.decode()
    bulk.work_on(10)
    data = {"action": "stop_chosen", "index": "0", "_selected_action": [action.pk]}
    assert "is stopped" in browse.post("/admin/tasks/bulkaction/", data, follow=True).content.decode()
    assert Task.objects.filter(status="cancelled").count() == 10


def test_actions_are_seen_by_who_asked_and_by_viewers_only(client: Client, alice, bob, charlie, walk):
    action = bulk.start(bulk.Filter(ids=(walk.pk,)), "pause", {}, alice)
    charlie.is_staff = True
    charlie.save()
    for user, number in ((bob, 1), (charlie, 0)):
        client.force_login(user)
        assert client.get("/admin/tasks/bulkaction/").context["cl"].result_count == number
    assert client.get(f"/admin/tasks/bulkaction/{action.pk}/change/").status_code == 302


@pytest.mark.parametrize("query", ["?created_after=yesterday", "?q=%00", "?tag=" + "x" * 300])
def test_a_condition_that_cannot_be_read_breaks_no_page(browse, walk, query):
    assert browse.get(LIST + query, follow=True).status_code == 200
