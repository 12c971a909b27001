"""What was misunderstood, and drafts of schedules: read by those who may, marked by authors only."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from apps.chat.models import Lesson, ScheduleDraft

pytestmark = pytest.mark.django_db


def test_who_may_look_reads_and_only_an_author_marks(client: Client, bob: User) -> None:
    lesson = Lesson.objects.create(text="the usual paper, <b>quick</b>", template_key="report")
    client.force_login(bob)
    url = reverse("admin:chat_lesson_changelist")
    page = client.get(url).content.decode()
    assert "the usual paper, &lt;b&gt;quick" in page
    mark = {"action": "mark_used", "_selected_action": [lesson.pk]}
    client.post(url, mark)
    lesson.refresh_from_db()
    assert not lesson.is_used
    bob.user_permissions.add(Permission.objects.get(codename="change_lesson"))
    client.post(url, mark)
    lesson.refresh_from_db()
    assert lesson.is_used


def test_drafts_of_schedules_are_listed_with_the_words_that_say_when(client: Client, alice: User) -> None:
    ScheduleDraft.objects.create(user=alice, key="k", rule="every Monday at 9", template_key="report", sentence="…")
    client.force_login(alice)
    assert "every Monday at 9" in client.get(reverse("admin:chat_scheduledraft_changelist")).content.decode()


@pytest.mark.parametrize(
    ("name", "heading", "nothing"),
    [
        ("lesson", "Misunderstood messages", "Nothing is kept."),
        ("scheduledraft", "Drafts of schedules", "Nobody has asked for anything to be repeated yet."),
    ],
)
def test_an_empty_list_says_how_something_comes_there(
    client: Client, alice: User, name: str, heading: str, nothing: str
) -> None:
    client.force_login(alice)
    page = client.get(reverse(f"admin:chat_{name}_changelist")).content.decode()
    assert f"<h1>{heading}</h1>" in page
    assert nothing in page
    if name == "lesson":
        Lesson.objects.create(text="the usual paper")
        url = reverse("admin:chat_lesson_changelist")
        assert nothing not in client.get(url).content.decode()
        assert "the usual paper" in client.get(f"{url}?judged=no").content.decode()
        assert "the usual paper" not in client.get(f"{url}?judged=yes").content.decode()
