"""Acting on many tasks, and changing priority and queue, through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apps.tasks.models import BulkAction, Task
from apps.tasks.operators import bulk
from tests import making
from tests.unit.tasks.test_bulk import copies

pytestmark = pytest.mark.django_db
BULK = "/api/v1/tasks/bulk/"


@pytest.fixture
def olga(owner: User, owned: Task, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(owner)


def ask(client: APIClient, **body: Any) -> Any:
    return client.post(BULK, body, format="json")


def test_a_dry_run_counts_and_the_count_comes_back_as_expected(olga: APIClient, owned: Task) -> None:
    copies(owned, 3)
    Task.objects.filter(title="Copy 1").update(status="waiting")
    body = {"verb": "resume", "filter": {"status": "pending,waiting"}}
    seen = ask(olga, **body, dry_run=True)
    assert (seen.status_code, seen.json()) == (
        200,
        {
            "words": "4 pending or waiting tasks (without parts)", "count": 4, "legal": 0, "refused": 0,
            "skips": {"it is pending": 3, "it is waiting": 1},
        },
    )  # fmt: skip
    assert not BulkAction.objects.exists()
    done = ask(olga, verb="cancel", filter={"status": "pending"}, arguments={"reason": "no"}, expected=3)
    facts = done.json()
    assert (done.status_code, facts["status"], facts["done"], facts["by"]) == (201, "done", 3, "olga")
    assert facts["filter"] == {"status": ["pending"], "whole": True}
    assert facts["words"] == "3 pending tasks (without parts)"
    assert done.headers["Location"] == facts["links"]["self"]
    assert olga.get(facts["links"]["self"]).json() == facts


def test_a_set_that_has_grown_is_a_conflict(olga: APIClient, owned: Task) -> None:
    copies(owned, 40)
    answer = ask(olga, verb="cancel", filter={"template": "sample"}, expected=3)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "count_has_grown")


def test_more_than_a_few_are_left_to_the_workers_and_can_be_stopped(olga: APIClient, owned: Task) -> None:
    copies(owned, 250)
    facts = ask(olga, verb="cancel", filter={"template": "sample"}).json()
    assert (facts["status"], facts["matched"], facts["done"]) == ("running", 251, 0)
    bulk.work_on(30)
    stopped = olga.post(facts["links"]["stop"], {"reason": "wrong"}, format="json").json()
    assert (stopped["status"], stopped["done"]) == ("stopped", 30)
    assert olga.post(facts["links"]["stop"], {}, format="json").status_code == 409


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["verb"]),
        ({"verb": "cancel"}, ["filter"]),
        ({"verb": "cancel", "filter": {"status": "failed"}, "ids": [1]}, ["filter"]),
        ({"verb": "cancel", "filter": {}}, ["filter"]),
        ({"verb": "cancel", "filter": {"status": "open,final"}}, ["filter"]),
        ({"verb": "cancel", "filter": {"colour": "red"}}, ["filter.colour"]),
        ({"verb": "cancel", "filter": {"status": "done"}}, ["filter.status"]),
        ({"verb": "cancel", "ids": []}, ["ids"]),
        ({"verb": "cancel", "ids": ["x"]}, ["ids.0"]),
        ({"verb": "clean", "ids": [1]}, ["verb"]),
        ({"verb": "priority", "ids": [1]}, ["arguments.priority"]),
        ({"verb": "priority", "ids": [1], "arguments": {"priority": "urgent"}}, ["arguments.priority"]),
        ({"verb": "resume", "ids": [1], "arguments": {"reason": "x"}}, ["arguments.reason"]),
        ({"verb": "cancel", "ids": [1], "expected": -1}, ["expected"]),
        ({"verb": "cancel", "ids": [1], "force": True}, ["force"]),
    ],
)
def test_what_is_wrong_is_named_by_its_place(olga: APIClient, body: dict[str, Any], fields: list[str]) -> None:
    answer = ask(olga, **body)
    assert answer.status_code == 400, answer.json()
    assert list(answer.json()["error"]["fields"]) == fields
    assert not BulkAction.objects.exists()


def test_nobody_touches_what_is_not_theirs(other: User, owned: Task, client_of: Callable[[User], APIClient]) -> None:
    answer = ask(client_of(other), verb="cancel", ids=[owned.pk]).json()
    assert (answer["matched"], answer["done"]) == (0, 0)
    owned.refresh_from_db()
    assert owned.status == "pending"


def test_priority_and_queue_of_one_task_change(olga: APIClient, owned: Task, alice: User) -> None:
    making.template("def run(params):\n    return 1\n", alice, key="maps", queue="gis")
    address = f"/api/v1/tasks/{owned.pk}"
    assert olga.post(f"{address}/priority/", {"priority": "low"}, format="json").json()["priority"] == 30
    assert olga.post(f"{address}/priority/", {"priority": 90}, format="json").status_code == 403
    assert olga.post(f"{address}/priority/", {"priority": "urgent"}, format="json").status_code == 400
    assert olga.post(f"{address}/queue/", {"queue": "gis"}, format="json").json()["queue"] == "gis"
    assert olga.post(f"{address}/queue/", {"queue": "gis"}, format="json").status_code == 409
    gone = olga.post(f"{address}/queue/", {"queue": "gsi"}, format="json")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "no_such_queue")


def test_the_list_takes_the_same_filters(olga: APIClient, owned: Task) -> None:
    copies(owned, 2)
    Task.objects.filter(title="Copy 1").update(tags=["march"], error={"code": "e1"})

    def titles(query: str) -> list[str]:
        return sorted(row["title"] for row in olga.get(f"/api/v1/tasks/?{query}").json()["results"])

    assert titles("tag=march") == titles("error=e1") == titles("search=copy 1") == ["Copy 1"]
    assert titles(f"ids={owned.pk}") == ["Olga's own"]
    Task.objects.filter(title="Copy 1").update(parent=owned)
    assert titles("whole=true") == titles("") == ["Copy 0", "Olga's own"]
    assert titles("whole=false") == titles(f"parent={owned.pk}") == ["Copy 1"]
    everything = ["Copy 0", "Copy 1", "Olga's own"]
    assert titles("whole=any") == titles("queue=default") == everything
    seen = ask(olga, verb="pause", filter={"status": "open"}, dry_run=True).json()
    assert (seen["count"], seen["words"]) == (2, "2 open tasks (without parts)")
    assert ask(olga, verb="pause", filter={"status": "open", "whole": "any"}, dry_run=True).json()["count"] == 3
    assert olga.get("/api/v1/tasks/?whole=some").status_code == 400
    assert titles("dead_letter=true") == titles("requester=oscar") == titles("status=final") == []
    assert olga.get("/api/v1/tasks/?dead_letter=perhaps").status_code == 400


def test_an_empty_filter_is_refused_in_a_dry_run_too(olga: APIClient, owned: Task) -> None:
    refused = ask(olga, verb="pause", filter={}, dry_run=True)

    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "empty_filter"
