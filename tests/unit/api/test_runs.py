"""What the API says about runs of workflows."""

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
from apps.tasks.retention import contexts
from tests import making
from tests.unit.executors.workflow.ran import SAY, go_on, node

pytestmark = pytest.mark.django_db(transaction=True)

PICKY = (
    "def run(params):\n    if params['item'] > 1:\n        raise ValueError('too many')\n    return params['item']\n"
)
ONE_FAILS = {
    "groups": [
        {"name": "In", "tasks": [node("names", result=["Ada", "Bob"]), node("numbers", result=[0, 1, 2])]},
        {
            "name": "Out",
            "tasks": [
                node("each", script=PICKY, expansion_config={"array_mapping": {"item": "numbers"}}),
                node("last", "each", "names", script=SAY),
            ],
        },
    ],
    "on_failure": "continue",
}


@pytest.fixture
def run(owner: User, alice: User, client_of: Callable[[User], APIClient]) -> Callable[..., Any]:
    """Carries a graph out and answers a reader of its addresses."""

    def make(graph: dict[str, Any], **parameters: Any) -> Any:
        schema = {"type": "object", "properties": {name: {"type": "string"} for name in parameters}}
        making.template("", alice, key="flow", kind="workflow", graph=graph, parameter_schema=schema)
        task = submit(Request(template="flow", parameters=parameters, origin="test"), owner).task
        return Reader(client_of(owner), go_on(task))

    return make


class Reader:
    def __init__(self, client: APIClient, task: Task) -> None:
        self.client, self.task = client, task

    def __call__(self, below: str = "", status: int = 200) -> Any:
        answer = self.client.get(f"/api/v1/tasks/{self.task.pk}/run/{below}")
        assert answer.status_code == status, answer.content
        return answer.json()


def test_a_run_that_failed_says_how_far_it_came_and_what_a_retry_does(run: Any) -> None:
    found = run(ONE_FAILS)()

    assert (found["status"], found["nodes"], found["generation"]) == ("failed", 4, 0)
    assert found["counts"] == {"completed": 2, "failed": 1, "skipped": 1}
    assert found["seconds_left"] is None
    assert [(group["name"], group["total"], group["percent"]) for group in found["groups"]] == [
        ("In", 2, 100.0),
        ("Out", 2, 100.0),
    ]
    assert found["recovery_status"]["state"] == "needed"
    assert found["recovery_status"]["strategy"].startswith("Retry the task: it repeats what failed")
    assert sum(each["ended"] for each in found["workers"]) == 5


def test_nodes_are_filtered_and_paged(run: Any) -> None:
    read = run(ONE_FAILS)

    assert [each["name"] for each in read("nodes/?state=completed")["results"]] == ["names", "numbers"]
    assert [each["name"] for each in read("nodes/?group=Out")["results"]] == ["each", "last"]
    first = read("nodes/?limit=3")
    assert (first["total"], len(first["results"])) == (4, 3)
    rest = read.client.get(first["next"]).json()
    assert ([each["name"] for each in rest["results"]], rest["next"]) == (["last"], None)
    [each] = read("nodes/?state=failed")["results"]
    counted = ("total", "completed", "failed", "pending", "needed")
    assert [each["items"][name] for name in counted] == [3, 2, 1, 0, 3]


def test_a_node_tells_its_error_its_tasks_and_what_it_waits_for(run: Any) -> None:
    read = run(ONE_FAILS)

    failed = read("nodes/2/")
    assert failed["error"]["code"] == "EXEC_009"
    assert failed["error"]["type"] == "TaskExecutionError"
    assert failed["error"]["details"]["task"] == "each"
    assert failed["error"]["recovery"]["suggestions"]
    assert sorted((task["item"], task["status"]) for task in failed["tasks"]) == [
        (0, "completed"), (1, "completed"), (2, "failed"),
    ]  # fmt: skip
    assert failed["runs"] == {"kind": "script", "name": ""}
    skipped = read("nodes/3/")
    assert [(each["key"], each["says"], each["by"]) for each in skipped["waits_for"]] == [
        ("each", "lost", ["each"]),
        ("names", "met", ["names"]),
    ]
    assert skipped["error"] is None
    assert read("nodes/4/", 404)["error"]["code"] == "not_found"


def test_errors_are_listed_in_the_structured_form(run: Any) -> None:
    [found] = run(ONE_FAILS)("errors/")["results"]

    assert (found["name"], found["group"], found["state"], found["error"]["code"]) == (
        "each",
        "Out",
        "failed",
        "EXEC_009",
    )
    assert found["error"]["recovery"]["documentation"] == "docs/authors/workflow-definition.md#exec_009"


def test_the_context_says_who_wrote_what_and_what_is_missing(run: Any) -> None:
    read = run({**ONE_FAILS, "inputs": ["who"]}, who="Eve")

    keys = {each["key"]: each for each in read("context/")["results"]}
    assert list(keys) == ["who", "names", "numbers", "each", "last"]
    assert (keys["who"]["kind"], keys["who"]["text"]) == ("input", "Eve")
    assert (keys["names"]["text"], keys["names"]["owners"], keys["names"]["users"]) == (
        '["Ada", "Bob"]',
        ["names"],
        ["last"],
    )
    assert keys["names"]["written"]["by"] == "names"
    assert keys["each"]["why"].startswith("“each” failed: “each”: 1 of 3 tasks did not complete")
    missing = read("context/?state=missing")
    assert ([each["key"] for each in missing["results"]], missing["total"]) == (["each", "last"], 2)


def test_a_value_comes_in_full_or_in_part(run: Any) -> None:
    read = run({"tasks": [node("rows", result=[{"id": n, "text": "x" * 100} for n in range(300)])]})

    whole = read("context/rows/")
    assert (len(whole["data"]), whole["items"], whole["text"][-1]) == (300, 300, "…")
    assert [each["id"] for each in read("context/rows/?after=298&limit=5")["data"]] == [298, 299]
    assert [writing["is_current"] for writing in whole["history"]] == [True]
    assert read("context/nothing/", 404)["error"]["message"].endswith("has no key “nothing”.")


def test_partial_results_of_a_failed_run_are_kept(run: Any) -> None:
    found = run(ONE_FAILS)("results/?limit=1")

    assert (found["completed"], found["failed"], found["pending"], found["total"]) == (2, 1, 0, 2)
    assert [(each["key"], each["text"]) for each in found["saved"]] == [("names", '["Ada", "Bob"]')]
    assert found["next"].endswith("?limit=1&after=1")


def test_the_recovery_state_names_the_open_items(run: Any) -> None:
    read = run(ONE_FAILS)

    found = read("recovery/")
    assert (found["kept"], found["repeated"], found["waiting"]) == (2, ["each", "last"], 0)
    assert found["expansions"] == [
        {"node": 2, "name": "each", "open_items": [2], "expansion_index": 2, "processed_items": 3, "failed_items": 1,
         "kept_items": 2, "repeated_items": 1, "total_items": 3}
    ]  # fmt: skip


def test_a_repair_is_told_from_a_first_run(run: Any, owner: User) -> None:
    read = run(ONE_FAILS)
    lifecycle.retry_failed(read.task, owner)

    assert read()["recovery_status"]["state"] in ("none", "running")
    go_on(read.task)

    again = read()
    assert (again["generation"], again["recovery_status"]["state"]) == (1, "needed")
    assert read("nodes/2/")["generation"] == 1


def test_what_a_node_still_waits_for_is_a_pending_dependency(run: Any) -> None:
    read = run({"tasks": [node("a", {"event": "paid"}), node("b", "a")]})

    pending = {each["node"]: each["dependencies"] for each in read("recovery/")["pending_dependencies"]}
    assert (pending["a"][0]["event"], pending["a"][0]["says"]) == ("paid", "pending")
    assert (pending["b"][0]["key"], pending["b"][0]["by"]) == ("a", ["a"])
    assert read("results/")["pending"] == 2


def test_a_failed_run_whose_values_have_gone_says_that_a_retry_repeats_everything(run: Any) -> None:
    read = run(ONE_FAILS)
    contexts.forget(clock.now() + timedelta(days=8))

    assert read("recovery/")["recovery_status"]["strategy"].endswith("so it repeats everything.")
    names = {each["key"]: each for each in read("context/")["results"]}["names"]
    assert (names["state"], names["written"]["is_kept"], names["text"]) == ("dropped", False, None)
    assert names["why"] == "it was removed by a clean-up"


def test_a_run_that_ended_well_has_nothing_to_recover(run: Any) -> None:
    read = run({"tasks": [node("a")]})

    found = read("recovery/")
    assert found["recovery_status"] == {"state": "none", "progress": 100.0, "strategy": ""} == read()["recovery_status"]
    assert (found["kept"], found["pending_dependencies"]) == (1, [])


def test_a_script_has_no_run(owned: Task, owner: User, client_of: Callable[[User], APIClient]) -> None:
    answer = client_of(owner).get(f"/api/v1/tasks/{owned.pk}/run/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_run")


def test_a_part_of_a_workflow_has_no_run_of_its_own(run: Any) -> None:
    read = run({"tasks": [node("a")]})
    child = read.task.children.get()

    assert read.client.get(f"/api/v1/tasks/{child.pk}/run/nodes/").json()["error"]["code"] == "no_run"


@pytest.mark.parametrize(
    "below", ["nodes/?state=lost", "nodes/?limit=0", "context/?after=-1", "context/a/?limit=x", "errors/?a=1"]
)
def test_wrong_queries_are_refused(run: Any, below: str) -> None:
    run({"tasks": [node("a")]})(below, 400)


@pytest.mark.parametrize(
    "below", ["", "nodes/?limit=100", "nodes/0/", "context/?limit=100", "recovery/", "results/", "errors/"]
)
def test_a_larger_run_costs_no_more_queries(run: Any, below: str, django_assert_max_num_queries: Any) -> None:
    counted = []
    for size in (3, 30):
        read = run({"tasks": [node(f"n{n}", *(["n0"] if n else [])) for n in range(size)]})
        with django_assert_max_num_queries(30) as queries:
            read(below)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_task_that_runs_a_workflow_says_where_its_run_is(run: Any) -> None:
    read = run({"tasks": [node("a")]})

    parent, child = (
        read.client.get(f"/api/v1/tasks/{task.pk}/").json()["links"] for task in (read.task, read.task.children.get())
    )
    assert parent["run"] == f"/api/v1/tasks/{read.task.pk}/run/"
    assert "run" not in child


def test_no_answer_about_tasks_reads_the_graph(run: Any, django_assert_max_num_queries: Any) -> None:
    """It can be megabytes, and each child names the revision that has it."""
    read = run({"tasks": [node("a"), node("b")]})
    for address in ("", f"{read.task.pk}/", f"{read.task.pk}/children/"):
        with django_assert_max_num_queries(40) as queries:
            assert read.client.get(f"/api/v1/tasks/{address}").status_code == 200
        assert not [query for query in queries if '."graph"' in query["sql"]], address
