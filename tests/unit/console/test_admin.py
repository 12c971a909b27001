"""The list of tasks: bounded queries, filters, reasons, and bulk actions with the verb's own permission."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from apps.console import admin
from apps.tasks import lifecycle
from apps.tasks.models import Execution, Task
from apps.workers.running import slice as slices

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/tasks/task/"


def copies(task: Task, number: int) -> None:
    """`number` more tasks like this one, in bulk."""
    fields = {field.attname: getattr(task, field.attname) for field in Task._meta.concrete_fields}
    fields = {name: value for name, value in fields.items() if name not in ("id", "uid")}
    made = Task.objects.bulk_create([Task(**{**fields, "title": f"Copy {n}"}) for n in range(number)])
    Execution.objects.bulk_create([Execution(task=each, percent=40) for each in made])


def test_the_number_of_queries_does_not_grow_with_the_rows(browse, walk, alice):
    lifecycle.pause(walk, alice)
    copies(walk, 1)
    with CaptureQueriesContext(connection) as few:
        browse.get(LIST)
    copies(walk, 60)

    with CaptureQueriesContext(connection) as many:
        answer = browse.get(LIST)

    assert answer.status_code == 200
    assert len(many) <= len(few) <= 16  # one of them counts for the menu what people are asked


def test_ten_thousand_tasks_are_a_page_of_fifty(browse, walk):
    copies(walk, 10_000)
    browse.get(LIST)

    started = time.monotonic()
    answer = browse.get(LIST + "?state=open&q=Copy")

    assert answer.content.count(b'class="action-select"') == 50
    assert b"10000 tasks" in answer.content or b"10,000" in answer.content
    assert time.monotonic() - started < 5


def test_a_row_says_why_its_task_does_not_run(browse, walk, alice):
    assert "No live worker serves queue default." in browse.get(LIST).content.decode()

    lifecycle.pause(walk, alice, "lunch")

    assert "(“lunch”)" in browse.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", {"Sample", "Broken"}),
        ("?state=open", {"Sample"}),
        ("?state=failed", {"Broken"}),
        ("?state=dead", set()),
        ("?template=broken", {"Broken"}),
        ("?queue=default&requester=me", {"Sample", "Broken"}),
        ("?requester=nobody", set()),
        ("?q=brok", {"Broken"}),
        ("?state=%27%20or%201", {"Sample", "Broken"}),
    ],
)  # fmt: skip
def test_filters_and_search_choose_rows(browse, walk, broken, alice, query, titles):
    lifecycle.pause(walk, alice)
    slices.drain()

    answer = browse.get(LIST + query)

    assert {task.title for task in answer.context["cl"].result_list} == titles


def test_parts_of_others_are_left_out_of_rows_and_counts_until_they_are_asked_for(browse, walk):
    copies(walk, 3)
    Task.objects.filter(title__startswith="Copy").update(parent=walk)
    page = browse.get(LIST)
    assert [task.title for task in page.context["cl"].result_list] == ["Sample"]
    assertContains(page, "Pending 1<")
    assertContains(page, '<a href="?whole=any">With parts</a>')
    assertNotContains(page, "data-parts")

    page = browse.get(LIST + "?whole=any&p=1")
    assert page.context["cl"].result_count == 4
    assertContains(page, "Pending 4<")
    assertContains(page, '<a href="?whole=true">Without parts</a>')
    assertContains(page, "data-parts")
    assert browse.get(LIST + f"?parent={walk.pk}").context["cl"].result_count == 3
    assert browse.get(LIST + "?whole=nonsense", follow=True).status_code == 200


def test_the_number_of_a_part_finds_it(browse, walk):
    copies(walk, 1)
    part = Task.objects.get(title="Copy 0")
    Task.objects.filter(pk=part.pk).update(parent=walk)
    assert [task.pk for task in browse.get(f"{LIST}?q={part.pk}").context["cl"].result_list] == [part.pk]
    assert browse.get(f"{LIST}?q=Copy").context["cl"].result_count == 0
    assert browse.get(f"{LIST}?q=Copy&whole=any").context["cl"].result_count == 1


def test_a_number_finds_its_task(browse, walk, broken):
    found = browse.get(f"{LIST}?q={walk.pk}").context["cl"].result_list

    assert [task.pk for task in found] == [walk.pk]


def test_staff_without_the_permission_to_look_see_their_own_tasks_only(walk, client: Client, alice):
    dora = User.objects.create_user("dora", is_staff=True)
    client.force_login(dora)
    assert list(client.get(LIST).context["cl"].result_list) == []
    assert client.get(f"{LIST}{walk.pk}/change/").status_code == 404

    Task.objects.update(requester=dora)

    assert [task.pk for task in client.get(LIST).context["cl"].result_list] == [walk.pk]
    assert client.get(f"{LIST}{walk.pk}/change/").status_code == 200


def test_filters_offer_the_templates_of_ones_own_newest_tasks_and_an_address_may_name_any_other(
    walk, broken, client: Client, charlie, monkeypatch
):
    monkeypatch.setattr(admin, "MOST_RECENT", 2)
    User.objects.filter(pk=charlie.pk).update(is_staff=True)
    Task.objects.update(requester=charlie)
    client.force_login(charlie)
    old, new = (f"?template={task.template.key}" for task in (walk, broken))
    first = client.get(LIST)
    assertContains(first, old)
    assertContains(first, new)
    broken.refresh_from_db()
    copies(broken, 1)  # now two tasks are newer

    later = client.get(LIST)

    assertContains(later, new)
    assertNotContains(later, old)
    assert list(client.get(f"{LIST}{old}").context["cl"].result_list) == [walk]


def test_somebody_who_is_not_staff_is_sent_to_the_login(client: Client, charlie, walk):
    client.force_login(charlie)

    answer = client.get(f"{LIST}{walk.pk}/change/")

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:login"))


def act(client: Client, action: str, *tasks: Task, **more: str) -> str:
    data: dict[str, Any] = {"action": action, "index": "0", "_selected_action": [task.pk for task in tasks], **more}
    return client.post(LIST, data, follow=True).content.decode()


def test_many_are_paused_and_what_was_skipped_is_said_with_the_reason(browse, walk, broken, alice):
    lifecycle.cancel(broken, alice)

    page = act(browse, "pause_chosen", walk, broken)

    assert "1 task paused. Left alone: 1 (it is cancelled)." in page
    assert Task.objects.get(pk=walk.pk).status == "paused"


def test_many_are_retried(browse, broken):
    slices.drain()

    assert "1 task to be tried again." in act(browse, "retry_chosen", broken)


def test_cancelling_many_asks_first_and_a_get_changes_nothing(browse, walk, broken, alice):
    lifecycle.cancel(broken, alice)

    page = act(browse, "cancel_chosen", walk, broken)
    assert "Cancel 1 task?" in page
    assert "1 because it is cancelled" in page
    assert Task.objects.get(pk=walk.pk).status == "pending"

    act(browse, "cancel_chosen", walk, broken, confirmed="yes")
    assert Task.objects.get(pk=walk.pk).status == "cancelled"


def test_one_who_may_only_look_is_told_that_each_was_skipped(client: Client, bob, walk):
    client.force_login(bob)

    page = act(client, "pause_chosen", walk)

    assert "0 tasks paused. Left alone: 1 (not yours to control)." in page
    assert Task.objects.get(pk=walk.pk).status == "pending"


def test_tasks_cannot_be_added_edited_or_deleted_in_the_admin(browse, walk):
    assert browse.get(f"{LIST}add/").status_code == 403
    assert browse.post(f"{LIST}{walk.pk}/delete/", {"post": "yes"}).status_code == 403
    browse.post(f"{LIST}{walk.pk}/change/", {"title": "hacked", "status": "completed"})
    assert Task.objects.get(pk=walk.pk).title == "Sample"


def test_workers_are_listed_read_only(browse, walk):
    slices.drain()

    assert browse.get("/admin/workers/worker/").status_code == 200
    assert browse.get("/admin/workers/worker/add/").status_code == 403
