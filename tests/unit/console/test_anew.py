"""The form that makes a task from another, and what the two pages say of it."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.tasks.models import Task
from apps.workers.running import slice as slices
from tests import making

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = "import task\n\ndef run(params):\n    return [task.new_id(), task.new_id(), params.get('n')]\n"


@pytest.fixture
def ended(alice: User) -> Task:
    task = making.task(SCRIPT, alice, {"n": 1}, key="ids")
    slices.drain()
    task.refresh_from_db()
    return task


def url(task: Task) -> str:
    return f"/admin/tasks/task/{task.pk}/anew/"


def page(client: Client, task: Task) -> str:
    return client.get(f"/admin/tasks/task/{task.pk}/change/").content.decode()


def test_the_form_is_prefilled_with_what_the_task_was_made_from(browse, ended):
    form = browse.get(url(ended), {"how": "fork", "step": "1"}).context["form"]
    assert form["parameters"].initial == '{"n": 1}'
    assert (form["how"].initial, form["step"].initial, form["revision"].initial) == ("fork", 1, 1)
    assert "0 to 2" in browse.get(url(ended)).content.decode()


def test_running_again_makes_a_new_task_and_shows_it(browse, ended):
    answer = browse.post(url(ended), {"how": "again", "revision": "1", "parameters": '{"n": 2}'})
    made = Task.objects.latest("pk")
    assert answer["Location"] == f"/admin/tasks/task/{made.pk}/change/"
    assert (made.ancestry, made.ancestor_id, made.parameters, made.origin) == ("again", ended.pk, {"n": 2}, "admin")


def test_a_fork_is_made_at_its_step_and_both_pages_tell_of_it(browse, ended):
    browse.post(url(ended), {"how": "fork", "step": "1", "revision": "1", "parameters": '{"n": 1}'})
    made = Task.objects.latest("pk")
    assert (made.ancestry, made.ancestor_step) == ("fork", 1)
    old, new = page(browse, ended), page(browse, made)
    assert f"Forked as task {made.pk}" in old and f'href="/admin/tasks/task/{made.pk}/change/"' in old
    assert f"Forked from task {ended.pk} by alice" in new and "at step 1, 1 call taken over" in new
    assert f'href="/admin/tasks/task/{ended.pk}/change/"' in new


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"how": "fork", "step": ""}, "Say at which step"),
        ({"how": "fork", "step": "9"}, "fork it at step 2 or before"),
        ({"how": "fork", "step": "-1"}, "greater than or equal to 0"),
        ({"how": "again", "parameters": '{"n": "many"}'}, "Nothing was started"),
        ({"how": "again", "parameters": "{"}, "This is not valid JSON"),
        ({"how": "again", "revision": "7"}, "7 is not one of the available choices"),
        ({"how": "later"}, "later is not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(fields, said, browse, ended):
    answer = browse.post(url(ended), {"revision": "1", "parameters": "{}", **fields})
    assert said in answer.content.decode()
    assert Task.objects.count() == 1


def test_a_get_makes_nothing_and_a_post_without_the_token_is_refused(browse, ended, alice):
    browse.get(url(ended), {"how": "again", "revision": "1"})
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(url(ended), {"how": "again", "revision": "1", "parameters": "{}"}).status_code == 403
    assert Task.objects.count() == 1


def test_who_may_only_look_finds_no_form_and_no_buttons(ended, bob):
    client = Client()
    client.force_login(bob)
    assert client.get(url(ended)).status_code == 404
    assert client.post(url(ended), {"how": "again", "revision": "1", "parameters": "{}"}).status_code == 404
    assert 'name="choice"' not in page(client, ended)
    bob.user_permissions.add(Permission.objects.get(codename="run_tasktemplate"))
    assert 'value="fork"' in page(client, ended)
