"""Running again and forking through the API."""

from typing import Any

import pytest

from apps.tasks.models import Task
from apps.workers.running import slice as slices
from tests import making

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = """\
import task

def run(params):
    first = task.new_id()
    second = task.new_id()
    return {"ids": [first, second], "n": params.get("n", 0)}
"""


@pytest.fixture
def ended(alice: Any) -> Task:
    task = making.task(SCRIPT, alice, {"n": 1}, key="ids")
    slices.drain()
    task.refresh_from_db()
    assert task.status == "completed", task.error
    return task


def test_a_task_is_run_again_with_other_parameters(ended, alice, client_of):
    answer = client_of(alice).post(f"/api/v1/tasks/{ended.pk}/again/", {"parameters": {"n": 2}}, format="json")
    assert answer.status_code == 201, answer.data
    assert answer.headers["Location"] == f"/api/v1/tasks/{answer.data['id']}/"
    slices.drain()
    made = Task.objects.get(pk=answer.data["id"])
    assert (made.returned["n"], made.origin, made.ancestry) == (2, "api", "again")


def test_wrong_parameters_are_named_by_their_place(ended, alice, client_of):
    client = client_of(alice)
    for verb, body in (("again", {}), ("fork", {"step": 0})):
        wrong = {**body, "parameters": {"n": "many"}}
        answer = client.post(f"/api/v1/tasks/{ended.pk}/{verb}/", wrong, format="json")
        assert (answer.status_code, list(answer.data["error"]["fields"])) == (400, ["parameters.n"])


def test_a_task_is_forked_and_the_lineage_tells_both_ways(ended, alice, client_of):
    client = client_of(alice)
    answer = client.post(f"/api/v1/tasks/{ended.pk}/fork/", {"step": 1}, format="json")
    assert answer.status_code == 201, answer.data
    made = answer.data["id"]
    slices.drain()
    assert Task.objects.get(pk=made).returned["ids"][0] == ended.returned["ids"][0]
    down = client.get(f"/api/v1/tasks/{ended.pk}/lineage/").data
    assert [(each["id"], each["ancestry"], each["step"]) for each in down["descendants"]] == [(made, "fork", 1)]
    assert (down["ancestors"], down["calls_on_record"], down["checkpoints"]) == ([], 2, [])
    up = client.get(f"/api/v1/tasks/{made}/lineage/").data
    assert [(each["id"], each["title"], each["status"]) for each in up["ancestors"]] == [(ended.pk, "Ids", "completed")]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_input"),
        ({"step": -1}, 400, "invalid_input"),
        ({"step": 3}, 409, "no_such_step"),
        ({"step": 10**12}, 400, "invalid_input"),
        ({"step": 0, "revision": 7}, 404, "no_such_revision"),
        ({"step": 0, "script": "def run(params): pass"}, 400, "invalid_input"),
    ],
)
def test_what_cannot_be_forked_is_refused_and_nothing_is_made(body, status, code, ended, alice, client_of):
    answer = client_of(alice).post(f"/api/v1/tasks/{ended.pk}/fork/", body, format="json")
    assert (answer.status_code, answer.data["error"]["code"]) == (status, code)
    assert Task.objects.count() == 1


def test_a_key_gives_the_same_task_for_the_same_request(ended, alice, client_of):
    client = client_of(alice)
    for verb, body, other in (("again", {}, {"parameters": {"n": 7}}), ("fork", {"step": 1}, {"step": 2})):
        address, headers = f"/api/v1/tasks/{ended.pk}/{verb}/", {"Idempotency-Key": f"once-{verb}"}
        first = client.post(address, body, format="json", headers=headers)
        second = client.post(address, {**body, "idempotency_key": f"once-{verb}"}, format="json")
        assert (first.status_code, first.data["because"]) == (201, "")
        assert (second.status_code, second.data["because"]) == (200, "key")
        assert second.data["id"] == first.data["id"]
        refused = client.post(address, {**body, **other}, format="json", headers=headers)
        assert (refused.status_code, refused.data["error"]["code"]) == (409, "idempotency_key_reused")
    assert Task.objects.filter(ancestor=ended).count() == 2


def test_a_key_of_one_verb_is_none_of_another(ended, alice, client_of):
    """The parameters are the same each time; what is asked is not."""
    client, headers = client_of(alice), {"Idempotency-Key": "mine"}
    assert client.post(f"/api/v1/tasks/{ended.pk}/again/", {}, format="json", headers=headers).status_code == 201
    fork = client.post(f"/api/v1/tasks/{ended.pk}/fork/", {"step": 0}, format="json", headers=headers)
    anew = client.post("/api/v1/tasks/", {"template": "ids", "parameters": {"n": 1}}, format="json", headers=headers)
    assert (fork.status_code, anew.status_code) == (409, 409)
