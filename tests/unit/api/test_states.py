"""Every action of the API on a task × every state it can be in (C8): an answer in words, and the engine goes on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from rest_framework.test import APIClient

from apps.core import clock
from apps.tasks import lifecycle
from apps.tasks.models import Queue, Task
from apps.tasks.states import TRANSITIONS, Status
from tests.unit.api.test_matrix import BODIES, EXPECTED
from tests.unit.tasks.standing_at import claimed, standing, submitted
from tests.unit.tasks.test_lifecycle import everything, lifecycle_end
from tests.unit.tasks.test_verbs import PLACES, _hide

pytestmark = pytest.mark.django_db

ACTIONS = [
    route for route, methods in EXPECTED.items() if route.startswith("tasks/<int:task_id>/") and "post" in methods
]
NONSENSE: list[Any] = [None, [], {"reason": 5}, {"reason": "x" * 5000}, {"step": -1}, {"step": 10**30},
                       {"queue": "a/b"}, {"priority": "soon"}, {"worker": "nobody"}, {"parameters": {"n": "many"}}]  # fmt: skip
TAKEN = {200, 201, 202}
REFUSED = {400, 404, 409, 422}


@pytest.fixture
def client(alice: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(alice)


def standing_at(place: str, alice: User) -> Any:
    status, _, asked = place.partition(", ")
    at = standing(status, "sample", alice)
    if asked == "later":
        Task.objects.filter(pk=at.task_id).update(available_at=clock.now() + timedelta(hours=1))
    elif asked:
        {"pause asked": lifecycle.pause, "cancel asked": lifecycle.cancel}[asked](at.task, alice)
    _hide(at.task_id)
    return at


def call(client: APIClient, route: str, task_id: int, body: Any) -> Any:
    with transaction.atomic():
        address = f"/api/v1/{route.replace('<int:task_id>', str(task_id))}/"
        return client.post(address, body, format="json")


@pytest.mark.parametrize("route", ACTIONS)
def test_an_action_at_any_state_makes_a_legal_move_or_is_refused_in_words(route, sample, alice, client, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
    Queue.objects.create(name="gis")
    for number, place in enumerate(PLACES):
        for body in (BODIES.get(route, {}), NONSENSE[number % len(NONSENSE)]):
            at = standing_at(place, alice)
            before, was = everything(at.task_id), at.task.status
            answer = call(client, route, at.task_id, body)
            said = f"{route} at {place} with {body!r:.60}: {answer.status_code} {answer.content[:200]!r}"
            assert answer.status_code in TAKEN | REFUSED, said
            if answer.status_code in REFUSED:
                assert answer.json()["error"]["message"], said
                assert everything(at.task_id) == before, said
            else:
                assert at.task.status == was or at.task.status in TRANSITIONS[Status(was)], said
            lifecycle_end(alice)
    _the_engine_goes_on(alice)


def _the_engine_goes_on(alice: User) -> None:
    Task.objects.filter(status=Status.PENDING).update(queue="elsewhere")
    task = submitted("sample", alice)
    assert claimed().lease.task_id == task.pk
