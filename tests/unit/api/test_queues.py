"""Queues through the API: how they stand, and the operator's verbs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apps.tasks.models import Task

pytestmark = pytest.mark.django_db
QUEUES = "/api/v1/queues/"


@pytest.fixture
def client(alice: User, owned: Task, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(alice)


def do(client: APIClient, verb: str, **body: Any) -> Any:
    return client.post(f"{QUEUES}default/{verb}/", body, format="json")


def test_queues_say_how_they_stand(client: APIClient) -> None:
    (row,) = client.get(QUEUES).json()["results"]
    assert (row["name"], row["pending"], row["served_by"], row["paused"]) == ("default", 1, 0, None)
    assert client.get(row["links"]["self"]).json()["name"] == "default"
    assert client.get(f"{QUEUES}nothing/").status_code == 404


def test_a_queue_is_paused_once_and_says_by_whom(client: APIClient) -> None:
    paused = do(client, "pause", reason="printer change").json()["paused"]
    assert (paused["by"], paused["reason"]) == ("alice", "printer change")
    again = do(client, "pause")
    assert again.status_code == 409 and "by alice since" in again.json()["error"]["message"]
    assert do(client, "resume").json()["paused"] is None
    assert do(client, "drain").json()["draining"]["by"] == "alice"
    assert do(client, "reopen").json()["draining"] is None


def test_cleaning_counts_first(client: APIClient, owned: Task) -> None:
    assert do(client, "clean", older_than="2 d", dry_run=True).json()["count"] == 0
    seen = do(client, "clean", dry_run=True).json()
    assert (seen["count"], seen["legal"]) == (1, 1)
    done = do(client, "clean", reason="stale", expected=1)
    assert (done.status_code, done.json()["done"]) == (201, 1)
    owned.refresh_from_db()
    assert (owned.status, owned.status_reason) == ("cancelled", "stale")


@pytest.mark.parametrize(
    ("body", "field"),
    [({"older_than": "long"}, "older_than"), ({"statuses": ["running"]}, "status"), ({"age": "2 d"}, "age")],
)
def test_cleaning_names_what_is_wrong(client: APIClient, body: dict[str, Any], field: str) -> None:
    answer = do(client, "clean", **body)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])


def test_a_queue_that_is_not_there_is_404_and_says_what_is(client: APIClient) -> None:
    answer = client.post(f"{QUEUES}defualt/pause/", {}, format="json")
    assert answer.status_code == 404 and "There are: default" in answer.json()["error"]["message"]
