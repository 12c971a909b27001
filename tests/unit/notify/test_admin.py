"""What the admin does with notices when it does something with people."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.tasks.models import Notice, Task
from tests.unit.tasks.asked import asked, person

pytestmark = pytest.mark.django_db


def deleted(by: User, who: User, client: Client) -> int:
    client.force_login(by)
    return client.post(reverse("admin:auth_user_delete", args=[who.pk]), {"post": "yes"}).status_code


def test_an_account_that_was_sent_notices_can_be_deleted_and_they_go_with_it(
    waiting: Task, ivan: User, client: Client
) -> None:
    asked(waiting, users=["ivan", "alice"])
    root = person("root", is_staff=True, is_superuser=True)
    assert deleted(root, ivan, client) == 302
    assert not User.objects.filter(pk=ivan.pk).exists()
    assert Notice.objects.get().person.username == "alice"


def test_who_may_not_delete_accounts_still_may_not(waiting: Task, ivan: User, client: Client) -> None:
    asked(waiting, users=["ivan"])
    assert deleted(person("clerk", is_staff=True), ivan, client) == 403
    assert Notice.objects.get().person == ivan


def test_a_notice_by_itself_is_deleted_by_nobody(waiting: Task, ivan: User, client: Client) -> None:
    asked(waiting, users=["ivan"])
    client.force_login(person("root", is_staff=True, is_superuser=True))
    address = reverse("admin:tasks_notice_delete", args=[Notice.objects.get().pk])
    assert client.post(address, {"post": "yes"}).status_code == 403
