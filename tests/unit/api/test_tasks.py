"""Starting, listing, looking and controlling, as their owner does it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apps.core import clock
from apps.tasks import lifecycle
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from apps.tasks.retention import pruning
from apps.workers.running import slice as worker
from tests import making

pytestmark = pytest.mark.django_db

TALKS = """
import task

def run(params):
    for n in range(3):
        task.now()
        print('line', n)
    return 1
"""


@pytest.fixture
def olga(owner: User, sample: Any, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(owner)


def start(client: APIClient, **fields: Any) -> Any:
    return client.post("/api/v1/tasks/", {"template": "sample", **fields}, format="json")


def test_start_answers_201_with_the_key_facts(olga: APIClient) -> None:
    answer = start(olga, parameters={"n": 3}, title="Three", priority="low", tags=["a"])
    body = answer.json()
    assert answer.status_code == 201
    assert body["status"] == "pending" and body["title"] == "Three" and body["priority"] == 30
    assert body["estimate"].keys() == {"seconds", "steps", "complexity"}
    assert body["required_tools"] == [] and body["memory_mb"] == 512
    assert set(body["actions"]) == {"pause", "cancel"}
    assert answer.headers["Location"] == body["links"]["self"] == f"/api/v1/tasks/{body['id']}/"
    task = Task.objects.get(pk=body["id"])
    assert (task.origin, task.parameters, task.tags) == ("api", {"n": 3}, ["a"])


def test_a_priority_above_the_templates_takes_the_permission_to_control_tasks(olga: APIClient) -> None:
    answer = start(olga, priority="high")
    assert (answer.status_code, Task.objects.count()) == (403, 0)
    assert "up to 50" in answer.content.decode()


def test_the_same_key_gives_the_same_task_with_200(olga: APIClient) -> None:
    first = olga.post("/api/v1/tasks/", {"template": "sample"}, format="json", HTTP_IDEMPOTENCY_KEY="k-1")
    again = start(olga, idempotency_key="k-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


def test_a_key_used_for_something_else_is_a_conflict(olga: APIClient) -> None:
    start(olga, idempotency_key="k-1", parameters={"n": 1})
    answer = start(olga, idempotency_key="k-1", parameters={"n": 2})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "idempotency_key_reused"


def test_two_different_keys_in_one_request_are_refused(olga: APIClient) -> None:
    answer = olga.post(
        "/api/v1/tasks/", {"template": "sample", "idempotency_key": "a"}, format="json", HTTP_IDEMPOTENCY_KEY="b"
    )
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["idempotency_key"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"parameters": {"n": "many"}}, "parameters.n"),
        ({"parameters": [1]}, "parameters"),
        ({"priority": 101}, "priority"),
        ({"priority": True}, "priority"),
        ({"priority": "urgent"}, "priority"),
        ({"tags": ["x"] * 21}, "tags"),
        ({"tags": [""]}, "tags.0"),
        ({"deadline": "2001-01-01T00:00:00Z"}, "deadline"),
        ({"deadline": "9999-12-31T23:59:59-12:00"}, "deadline"),
        ({"deadline": "0001-01-01T00:00:00+14:00"}, "deadline"),
        ({"start_at": "tomorrow"}, "start_at"),
        ({"parameter": {}}, "parameter"),
        ({"title": ""}, "title"),
        ({"idempotency_key": "x" * 201}, "idempotency_key"),
    ],
)
def test_a_wrong_field_is_named_by_its_place(olga: APIClient, fields: dict[str, Any], path: str) -> None:
    answer = start(olga, **fields)
    assert answer.status_code == 400, answer.json()
    error = answer.json()["error"]
    assert (error["code"], list(error["fields"])) == ("invalid_input", [path])
    assert not Task.objects.exists()


def test_a_template_that_is_not_there_is_404_and_says_what_is(olga: APIClient) -> None:
    answer = start(olga, template="nothing")
    assert answer.status_code == 404
    assert "sample" in answer.json()["error"]["message"]


def test_start_at_keeps_a_task_from_being_claimed_before(olga: APIClient) -> None:
    moment = clock.now() + timedelta(hours=1)
    task = Task.objects.get(pk=start(olga, start_at=moment.isoformat()).json()["id"])
    assert task.available_at == moment


@pytest.mark.django_db(transaction=True)
def test_detail_of_a_completed_task_has_everything(olga: APIClient, keep_file: Any) -> None:
    task_id = start(olga, parameters={"n": 5}).json()["id"]
    assert worker.drain() == 1
    keep_file(Task.objects.get(pk=task_id))
    body = olga.get(f"/api/v1/tasks/{task_id}/").json()
    assert body["status"] == "completed"
    assert body["result"]["success"] and body["result"]["summary"] == "done"
    assert body["result"]["data"] == {"summary": "done", "n": 5}
    assert body["elapsed_seconds"] >= 0 and body["remaining_seconds"] is None
    assert body["progress"]["percent"] == 100
    assert (body["progress"]["stages_done"], body["progress"]["stages_total"]) == (2, 2)
    assert [attempt["outcome"] for attempt in body["attempts"]] == ["completed"]
    assert body["errors"] == [] and body["actions"] == {}
    assert body["attachments"][0]["url"] == body["result"]["attachments"][0]["url"]
    assert body["resources"].keys() == {"peak_memory_bytes", "api_calls", "model_tokens"}


@pytest.mark.django_db(transaction=True)
def test_detail_of_a_failed_task_says_why_and_offers_a_retry(
    owner: User, alice: User, client_of: Callable[[User], APIClient]
) -> None:
    making.template("def run(params):\n    raise ValueError('no such month')\n", alice, key="broken")
    task = submit(Request(template="broken", origin="test"), owner).task
    worker.drain()
    body = client_of(owner).get(f"/api/v1/tasks/{task.pk}/").json()
    assert body["status"] == "failed" and not body["result"]["success"]
    assert "no such month" in body["result"]["summary"]
    assert body["error"]["line"] == 2
    assert [(wrong["resolved"], wrong["line"]) for wrong in body["errors"]] == [(False, 2)]
    assert list(body["actions"]) == ["retry"]


def test_verbs_move_the_task_and_answer_its_new_picture(olga: APIClient, owned: Task) -> None:
    at = f"/api/v1/tasks/{owned.pk}"
    paused = olga.post(f"{at}/pause/", {"reason": "lunch"}, format="json").json()
    assert (paused["status"], paused["status_reason"], set(paused["actions"])) == (
        "paused",
        "lunch",
        {"resume", "cancel"},
    )
    assert olga.post(f"{at}/resume/").json()["status"] == "pending"
    assert olga.post(f"{at}/cancel/").json()["status"] == "cancelled"
    refused = olga.post(f"{at}/cancel/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert olga.post(f"{at}/retry/").status_code == 409


def test_a_task_that_waits_for_its_moment_offers_to_be_started_at_once(olga: APIClient, owned: Task) -> None:
    at = f"/api/v1/tasks/{owned.pk}"
    assert olga.post(f"{at}/start/").status_code == 409, "it waits for a worker only"
    Task.objects.filter(pk=owned.pk).update(available_at=clock.now() + timedelta(hours=1))
    offered = olga.get(f"{at}/").json()["actions"]
    started = olga.post(offered["start"])
    assert (started.status_code, "start" in started.json()["actions"]) == (200, False)
    assert Task.objects.get(pk=owned.pk).available_at <= clock.now()


def test_a_verb_refuses_fields_that_it_does_not_know(olga: APIClient, owned: Task) -> None:
    answer = olga.post(f"/api/v1/tasks/{owned.pk}/resume/", {"reason": "x"}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["reason"]


def test_one_who_sees_without_the_permission_cannot_control(
    bob: User, owned: Task, client_of: Callable[[User], APIClient]
) -> None:
    client = client_of(bob)
    body = client.get(f"/api/v1/tasks/{owned.pk}/").json()
    assert body["actions"] == {}
    assert client.post(f"/api/v1/tasks/{owned.pk}/cancel/").status_code == 403
    owned.refresh_from_db()
    assert owned.status == "pending"


def test_list_has_own_tasks_only_and_staff_sees_all(
    olga: APIClient, owned: Task, alice: User, bob: User, client_of: Callable[[User], APIClient]
) -> None:
    foreign = submit(Request(template="sample", origin="test"), alice).task
    assert [row["id"] for row in olga.get("/api/v1/tasks/").json()["results"]] == [owned.pk]
    assert {row["id"] for row in client_of(bob).get("/api/v1/tasks/").json()["results"]} == {owned.pk, foreign.pk}


@pytest.mark.parametrize("ordering", ["created", "-created", "updated", "-updated", "priority", "-priority"])
def test_pages_cover_every_task_once_in_every_order(olga: APIClient, owner: User, ordering: str) -> None:
    made = {submit(Request(template="sample", origin="test", priority=n % 3 * 10), owner).task.pk for n in range(11)}
    seen: list[int] = []
    address = f"/api/v1/tasks/?ordering={ordering}&limit=3"
    while address:
        body = olga.get(address).json()
        seen += [row["id"] for row in body["results"]]
        address = body["next"]
    assert sorted(seen) == sorted(made)


def test_filters_narrow_the_list(olga: APIClient, owned: Task, owner: User) -> None:
    done = submit(Request(template="sample", origin="test", title="50% 'quoted'", instructions="invoices, 2025"), owner)
    lifecycle.cancel(done.task, owner)

    def ids(query: str) -> list[int]:
        answer = olga.get(f"/api/v1/tasks/?{query}")
        assert answer.status_code == 200, answer.json()
        return [row["id"] for row in answer.json()["results"]]

    both = [done.task.pk, owned.pk]
    assert ids("status=cancelled") == [done.task.pk]
    assert ids("status=pending,cancelled") == both
    assert ids("template=sample&queue=default") == both
    assert ids("template=nothing") == []
    assert ids("search=INVOICES") == [done.task.pk]
    assert ids("search=50%25%20%27q") == [done.task.pk]
    assert ids(f"search=%23{owned.pk}") == [owned.pk]
    assert ids("search=%22;drop") == []
    assert ids("created_after=2020-01-01T00:00:00Z") == both
    assert ids("created_before=2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "query",
    [
        "stauts=failed",
        "status=done",
        "ordering=requester__password",
        "ordering=?",
        "cursor=AAAA",
        "cursor=" + "x" * 400,
        "limit=0",
        "limit=101",
        "limit=ten",
        "created_after=yesterday",
        "created_after=9999-12-31T23:59:59-12:00",
        "search=%00",
        "status=pending&status=failed",
    ],
)
def test_a_query_that_is_not_understood_is_refused(olga: APIClient, query: str) -> None:
    answer = olga.get(f"/api/v1/tasks/?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_input"


def test_a_cursor_belongs_to_its_ordering(olga: APIClient, owner: User) -> None:
    for _ in range(3):
        submit(Request(template="sample", origin="test"), owner)
    following = olga.get("/api/v1/tasks/?limit=1").json()["next"]
    assert olga.get(following + "&ordering=updated").status_code == 400


def test_list_and_detail_ask_the_database_a_fixed_number_of_times(
    olga: APIClient, owner: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        submit(Request(template="sample", origin="test"), owner)
    with django_assert_max_num_queries(10):
        assert len(olga.get("/api/v1/tasks/?limit=30").json()["results"]) == 30
    with django_assert_max_num_queries(20):
        olga.get(f"/api/v1/tasks/{Task.objects.latest('id').pk}/")


@pytest.mark.parametrize("task_id", ["0", "99999999", "99999999999999999999999999"])
def test_a_task_that_is_not_there_is_404(olga: APIClient, task_id: str) -> None:
    answer = olga.get(f"/api/v1/tasks/{task_id}/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.django_db(transaction=True)
def test_feed_steps_and_log_continue_where_they_stopped(
    owner: User, alice: User, client_of: Callable[[User], APIClient]
) -> None:
    making.template(TALKS, alice, key="talks")
    task = submit(Request(template="talks", origin="test"), owner).task
    worker.drain()
    client = client_of(owner)
    at = f"/api/v1/tasks/{task.pk}"

    seen, after = [], 0
    while entries := client.get(f"{at}/feed/?after={after}&limit=2").json()["entries"]:
        seen += entries
        after = entries[-1]["seq"]
    assert [entry["seq"] for entry in seen] == sorted({entry["seq"] for entry in seen})
    assert seen[0]["kind"] == "task.submitted" and seen[-1]["kind"] == "task.completed"
    present = client.get(f"{at}/feed/?after={after}").json()
    assert present["is_final"] and present["next_after"] == after and present["progress"]["percent"] == 100

    steps = client.get(f"{at}/steps/").json()["results"]
    assert [(step["index"], step["name"], step["outcome"]) for step in steps] == [
        (n, "task.now", "succeeded") for n in range(3)
    ]
    lines = client.get(f"{at}/log/").json()["lines"]
    assert [line["text"] for line in lines] == ["line 0", "line 1", "line 2"]
    assert client.get(f"{at}/log/?after={lines[-1]['seq']}").json()["lines"] == []
    assert client.get(f"{at}/result/").json() == {"data": 1}


def test_an_equal_request_is_answered_with_200_by_the_task_that_did_it(olga: APIClient, alice: User) -> None:
    making.template("def run(params):\n    return 1\n", alice, key="cached", cache_seconds=60)
    first = start(olga, template="cached")
    worker.drain()
    again = start(olga, template="cached")
    assert (first.status_code, first.json()["because"]) == (201, "")
    assert (again.status_code, again.json()["because"], again.json()["id"]) == (200, "cache", first.json()["id"])


@pytest.mark.parametrize("place", ["", "feed/", "result/", "artifacts/", "artifacts/1/"])
def test_a_removed_task_is_410_with_when_and_why_and_404_for_others(
    place: str, olga: APIClient, owned: Task, other: User, client_of: Callable[[User], APIClient]
) -> None:
    worker.drain()
    assert sum(pruning.run(pruning.Choice(now=clock.now() + timedelta(days=8)))) == 1
    address = f"/api/v1/tasks/{owned.pk}/{place}"
    gone = olga.get(address)
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "gone")
    assert "keeps tasks for 7 days" in gone.json()["error"]["message"]
    assert client_of(other).get(address).status_code == 404
