"""Buttons are POSTs that ask one verb; files are attachments that only those who may see the task get."""

import pytest
from django.test import Client

from apps.tasks import blobs
from apps.tasks.models import Artifact, Task
from apps.workers.running import slice as slices
from tests import making

pytestmark = pytest.mark.django_db(transaction=True)


def url(task: Task, verb: str) -> str:
    return f"/admin/tasks/task/{task.pk}/{verb}/"


def test_pause_resume_and_cancel_do_what_they_say_and_return_to_the_page(browse, walk):
    for verb, status in (("pause", "paused"), ("resume", "pending"), ("cancel", "cancelled")):
        answer = browse.post(url(walk, verb), {"reason": "because"})

        assert answer["Location"] == url(walk, "change")
        assert Task.objects.get(pk=walk.pk).status == status
    assert Task.objects.get(pk=walk.pk).status_reason == "because"


def test_retry_tries_a_failed_task_again(browse, broken):
    slices.drain()

    browse.post(url(broken, "retry"))

    assert Task.objects.get(pk=broken.pk).status == "pending"


@pytest.mark.parametrize("verb", ["pause", "resume", "retry"])
def test_a_get_changes_nothing(browse, walk, verb):
    assert browse.get(url(walk, verb)).status_code == 405
    assert Task.objects.get(pk=walk.pk).status == "pending"


def test_a_get_of_cancel_asks(browse, walk):
    answer = browse.get(url(walk, "cancel"))

    assert "Cancel this task" in answer.content.decode()
    assert Task.objects.get(pk=walk.pk).status == "pending"


def test_a_post_without_the_token_is_refused(alice, walk):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(url(walk, "pause")).status_code == 403


def test_what_is_not_legal_is_said_on_the_page(browse, walk):
    answer = browse.post(url(walk, "retry"), follow=True)

    assert f"Task {walk.pk} is pending and cannot be retried" in answer.content.decode()


def test_one_who_may_only_look_cannot_act(client, bob, walk):
    client.force_login(bob)

    page = client.post(url(walk, "cancel"), follow=True).content.decode()

    assert "it is not yours, and you lack the permission to." in page
    assert Task.objects.get(pk=walk.pk).status == "pending"


def test_a_task_that_one_may_not_see_is_not_there(client, walk):
    from django.contrib.auth.models import User

    client.force_login(User.objects.create_user("dora", is_staff=True))

    assert client.post(url(walk, "pause")).status_code == 404


@pytest.fixture
def artifact(walk) -> Artifact:
    saved = blobs.save(f"{walk.pk}/page.html", b"<script>alert(1)</script>")
    return Artifact.objects.create(
        task=walk, index=0, name='we "love" €.html', kind="html", content_type="text/html", size=25,
        sha256=saved.sha256, path=saved.path, created_at=walk.created_at,
    )  # fmt: skip


def test_a_file_is_served_as_an_attachment_that_no_browser_runs(browse, artifact):
    answer = browse.get(f"/admin/tasks/artifact/{artifact.pk}/download/")

    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer["Cache-Control"]


def test_a_file_of_a_task_that_one_may_not_see_is_not_there(client, artifact):
    from django.contrib.auth.models import User

    client.force_login(User.objects.create_user("dora", is_staff=True))

    assert client.get(f"/admin/tasks/artifact/{artifact.pk}/download/").status_code == 404


def test_a_file_that_is_no_longer_stored_is_said_to_be_gone(browse, artifact):
    blobs.remove_task(artifact.task_id)

    assert browse.get(f"/admin/tasks/artifact/{artifact.pk}/download/").status_code == 404


SCHEMA = {
    "type": "object",
    "properties": {
        "period": {
            "type": "object",
            "title": "Period",
            "properties": {
                "start": {"type": "string", "format": "date", "title": "From"},
                "end": {"type": "string", "format": "date", "title": "To", "x-not-before": "start"},
            },
            "required": ["start", "end"],
        },
        "kinds": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "default": ["a"]},
        "when": {"type": "string", "format": "date-time"},
        "limit": {"type": ["integer", "null"], "minimum": 1, "default": 5},
    },
    "required": ["period"],
}
GOOD = '{"period": {"start": "2025-01-01", "end": "2025-12-31"}, "when": "", "kinds": [], "limit": 3}'
START = "/admin/catalog/tasktemplate/report/start/"


@pytest.fixture
def report(alice):
    return making.template("def run(params):\n    return 1\n", alice, key="report", parameter_schema=SCHEMA)


def test_a_filled_form_starts_a_task_and_leads_to_its_page(browse, report):
    answer = browse.post(START, {"parameters": GOOD, "title": "For the board", "priority": "70"})

    task = Task.objects.get()
    assert answer["Location"] == url(task, "change")
    assert (task.title, task.priority, task.origin) == ("For the board", 70, "admin")
    assert task.parameters["period"] == {"start": "2025-01-01", "end": "2025-12-31"}
    assert "when" not in task.parameters, "blanks of the form are not parameters"


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(browse, report):
    bad = GOOD.replace("2025-12-31", "2024-12-31")

    answer = browse.post(START, {"parameters": bad, "title": "For the board", "priority": "70"})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert Task.objects.count() == 0
    assert r"period\u00a7end" in page, "the form's own place for the message"
    assert "2024-12-31" in page
    assert 'value="For the board"' in page
    assert '<option value="70" selected>' in page


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', "null", "[" * 5000, '{"period": 1}', '{"a\\u0000b": 1}'])
def test_parameters_of_any_shape_are_refused_in_words(browse, report, text):
    answer = browse.post(START, {"parameters": text, "priority": "50"})

    assert answer.status_code == 200
    assert Task.objects.count() == 0
    assert "error" in answer.content.decode()


def test_a_priority_that_is_not_offered_is_refused(browse, report):
    answer = browse.post(START, {"parameters": GOOD, "priority": "99999"})

    assert "not one of the available choices" in answer.content.decode()


def test_the_form_starts_with_the_defaults_and_leaves_the_schema_alone(browse, report):
    page = browse.get(START).content.decode()

    assert "&quot;kinds&quot;: [&quot;a&quot;]" in page
    report.published.refresh_from_db()
    assert report.published.parameter_schema == SCHEMA


def test_a_template_that_one_may_not_start_is_not_there(client, bob, report):
    client.force_login(bob)

    assert client.get(START).status_code == 404


def test_the_chooser_offers_what_one_may_start(browse, report):
    assert START in browse.get("/admin/start/").content.decode()


def test_the_chooser_says_why_it_is_empty(client, bob, report):
    client.force_login(bob)

    assert "There is no template that you may start." in client.get("/admin/start/").content.decode()
