"""What can be taken back is offered with a button that posts the opposite verb."""

import pytest
from django.contrib.messages import get_messages

from apps.console import undo
from apps.tasks.models import Task

pytestmark = pytest.mark.django_db


def offered(answer) -> list[str]:
    return [undo.address(message.extra_tags) for message in get_messages(answer.wsgi_request)]


def test_a_pause_is_taken_back_by_what_its_message_offers(browse, walk):
    answer = browse.post(f"/admin/tasks/task/{walk.pk}/pause/")

    [url] = offered(answer)
    page = browse.get(answer["Location"]).content.decode()
    assert f'<form method="post" action="{url}">' in page and "is paused." in page and "csrfmiddlewaretoken" in page
    browse.post(url)
    assert Task.objects.get(pk=walk.pk).status == "pending"


def test_a_queue_that_was_drained_offers_to_be_reopened(browse):
    answer = browse.post("/admin/workers/queue/default/drain/", {"reason": "stocktaking"})

    assert offered(answer) == ["/admin/workers/queue/default/reopen/"]


def test_what_cannot_be_taken_back_offers_nothing(browse, walk):
    assert offered(browse.post(f"/admin/tasks/task/{walk.pk}/cancel/")) == []


def test_a_refused_verb_offers_nothing(browse, walk):
    browse.post(f"/admin/tasks/task/{walk.pk}/pause/")
    browse.get("/admin/")
    answer = browse.post(f"/admin/tasks/task/{walk.pk}/pause/")

    assert offered(answer) == [""]


@pytest.mark.parametrize("tags", ["", "error", "undo", "undo https://elsewhere.example/", "undo //elsewhere.example/"])
def test_only_addresses_of_our_own_are_offered(tags):
    assert undo.address(tags) == ""
