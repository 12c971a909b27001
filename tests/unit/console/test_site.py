"""The site: what is registered, the menu, and pages that a strict content security policy leaves whole."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from knox.models import AuthToken

from apps.console.site import ConsoleSite
from apps.core import clock
from apps.tasks.models import Task
from apps.workers.models import ClusterEvent
from apps.workers.running import slice as slices
from tests.unit.console.test_admin import copies
from tests.unit.executors.workflow.ran import ran

pytestmark = pytest.mark.django_db(transaction=True)

INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", re.IGNORECASE)
PAGES = ["/admin/", "/admin/start/", "/admin/tasks/task/", "/admin/tasks/task/{task}/change/",
         "/admin/tasks/task/{task}/cancel/", "/admin/catalog/tasktemplate/sample/start/", "/admin/catalog/tasktemplate/",
         "/admin/crm/invoice/", "/admin/crm/client/add/", "/admin/workers/", "/admin/workers/worker/",
         "/admin/workers/clusterevent/", "/admin/knox/authtoken/", "/admin/auth/user/",
         "/admin/auth/user/add/", "/admin/password_change/", "/admin/crm/"]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_inline_style_script_or_handler(browse, walk, page):
    slices.drain()

    answer = browse.get(page.format(task=walk.pk))

    assert answer.status_code == 200
    assert INLINE.findall(answer.content.decode()) == []
    assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_the_login_page_has_none_either(client: Client):
    assert INLINE.findall(client.get("/admin/login/").content.decode()) == []


def test_a_list_without_actions_has_no_inline_style(client: Client, bob):
    client.force_login(bob)

    assert INLINE.findall(client.get("/admin/crm/client/").content.decode()) == []


def test_the_pages_of_django_q_are_off():
    assert isinstance(admin.site, ConsoleSite)
    assert not [model for model in admin.site._registry if model._meta.app_label == "django_q"]


def test_the_root_leads_to_the_overview(client: Client):
    assert client.get("/")["Location"] == "/admin/"


def test_the_menu_names_the_present_page_only(browse, walk):
    page = browse.get(f"/admin/tasks/task/{walk.pk}/change/").content.decode()

    menu = page.partition('<nav class="console-nav"')[2].partition("</nav>")[0]
    assert re.findall(r'aria-current="page">([^<]+)<', menu) == ["Tasks"]


def test_the_overview_says_what_waits_and_why_and_keeps_the_list_of_apps(browse, walk, broken):
    slices.drain()
    broken.refresh_from_db()

    page = browse.get("/admin/").content.decode()

    assert "One thing needs you." in page
    assert "Line 2: Division by zero. Not retried by itself." in page
    assert "completed 1" in page
    assert "Nothing runs now." in page
    assert "/admin/crm/invoice/" in page


def test_a_failed_node_and_its_workflow_are_one_thing_that_needs_somebody(browse, alice):
    ran({"tasks": [{"name": "a", "script": "def run(params):\n    return 1 / 0\n"}]}, alice)
    assert Task.objects.filter(status="failed").count() == 2

    assert "One thing needs you." in browse.get("/admin/").content.decode()


def test_the_overview_counts_parts_beside_the_tasks_and_lists_none(browse, walk):
    copies(walk, 5)
    Task.objects.filter(title__startswith="Copy").update(parent=walk)
    Task.objects.filter(title__in=["Copy 0", "Copy 1"]).update(status="running")
    figures = {figure.label: figure for figure in browse.get("/admin/").context["figures"]}
    assert (figures["Pending"].number, figures["Running"].number) == (1, 0)
    assert figures["Pending"].under.endswith(", and 3 parts") and figures["Running"].under == "none, and 2 parts"
    page = browse.get("/admin/").content.decode()
    assert "2 parts of other tasks run now</a>" in page and "Copy" not in page


def test_the_overview_needs_a_bounded_number_of_queries(browse, walk, broken, django_assert_max_num_queries):
    slices.drain()
    with django_assert_max_num_queries(22):
        browse.get("/admin/")


def test_the_overview_of_one_who_may_see_nothing_is_empty(client: Client, walk):
    from django.contrib.auth.models import User

    client.force_login(User.objects.create_user("dora", is_staff=True))

    page = client.get("/admin/").content.decode()

    assert "Nothing waits." in page
    assert "Sample" not in page


def test_what_the_supervisor_did_is_shown_and_cannot_be_changed(browse):
    event = ClusterEvent.objects.create(
        at=clock.now(), host="birch", cluster="birch-1", kind=ClusterEvent.Kind.RESTARTED, reason="No heartbeat"
    )

    assert "No heartbeat" in browse.get("/admin/workers/clusterevent/").content.decode()
    assert browse.get(f"/admin/workers/clusterevent/{event.pk}/change/").status_code == 200
    for page in ("add/", f"{event.pk}/delete/"):
        assert browse.get(f"/admin/workers/clusterevent/{page}").status_code == 403


def test_a_token_can_be_taken_away_and_not_be_made(browse, alice):
    token, _ = AuthToken.objects.create(alice)

    listed = browse.get("/admin/knox/authtoken/").content.decode()
    assert token.token_key in listed and "/admin/knox/authtoken/add/" not in listed
    assert browse.get("/admin/knox/authtoken/add/").status_code == 403
    assert browse.get(f"/admin/knox/authtoken/{token.pk}/change/").status_code == 200
    assert browse.post(f"/admin/knox/authtoken/{token.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not AuthToken.objects.exists()
