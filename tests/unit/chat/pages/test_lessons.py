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
