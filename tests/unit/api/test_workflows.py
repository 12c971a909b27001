"""Workflows before they run: checked and planned over the API."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from apps.catalog.models import TemplateRevision
from apps.executors.workflow.planning import plan
from tests import making

pytestmark = pytest.mark.django_db

GRAPH = {
    "tasks": [
        {"name": "Fetch", "template": "fetch", "parameters": {"id": "{customer_id}"}, "result_keys": ["customer"]},
        {"name": "Write", "tool": "report.csv", "parameters": {"rows": "{customer}"}, "dependencies": ["customer"]},
    ]
}
SCHEMA = {"type": "object", "properties": {"customer_id": {"type": "integer"}}}
AUTHENTICATION = [
    {"id": 1}, {"id": 2, "dependencies": [1]}, {"id": 3, "dependencies": [2]}, {"id": 4, "dependencies": [3]},
    {"id": 5, "dependencies": [3]}, {"id": 6, "dependencies": [2]}, {"id": 7, "dependencies": [6]},
    {"id": 8, "dependencies": [4, 5, 7]},
]  # fmt: skip


@pytest.fixture
def author(owner: User, alice: User, client_of: Callable[[User], APIClient]) -> APIClient:
    making.template("def run(params):\n    return 1\n", alice, key="fetch")
    owner.user_permissions.add(Permission.objects.get(codename="add_templaterevision"))
    return client_of(owner)


def check(author: APIClient, graph: Any, schema: Any = SCHEMA) -> dict[str, Any]:
    answer = author.post("/api/v1/workflows/check/", {"graph": graph, "parameter_schema": schema}, format="json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_a_workflow_that_can_be_published_has_no_faults_and_is_not_saved(author: APIClient) -> None:
    before = TemplateRevision.objects.count()
    assert check(author, GRAPH) == {"is_valid": True, "tasks": 2, "faults": [], "warnings": []}
    assert TemplateRevision.objects.count() == before


def test_everything_that_is_wrong_is_said_with_its_place(author: APIClient) -> None:
    wrong = {"tasks": [{**GRAPH["tasks"][0], "template": "fetsh"}, {**GRAPH["tasks"][1], "dependencies": ["costumer"]}]}
    found = check(author, wrong)
    assert not found["is_valid"]
    [unknown] = [fault for fault in found["faults"] if fault["code"] == "CFG_005"]
    assert unknown["details"]["place"] == "tasks.0.template"
    assert "Did you mean “fetch”?" in unknown["message"]
    assert {"CFG_005", "DEP_001"} <= {fault["code"] for fault in found["faults"]}
    assert all(fault["recovery"]["suggestions"] for fault in found["faults"])


def test_a_warning_does_not_forbid_to_publish(author: APIClient) -> None:
    """What may be absent has no default."""
    unsure = {**GRAPH["tasks"][1], "dependencies": ["customer?"]}
    found = check(author, {"tasks": [GRAPH["tasks"][0], unsure]})
    assert (found["is_valid"], found["faults"]) == (True, [])
    assert [fault["details"]["place"] for fault in found["warnings"]] == ["tasks.1.parameters.rows"]


@pytest.mark.parametrize("body", [{}, {"graph": []}, {"graph": {}, "grpah": {}}])
def test_what_is_no_request_is_refused(author: APIClient, body: dict[str, Any]) -> None:
    answer = author.post("/api/v1/workflows/check/", body, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_input")


def test_a_workflow_may_be_larger_than_other_bodies_and_not_larger_than_one_may_be(
    author: APIClient, settings: Any
) -> None:
    large = {"tasks": [{"name": f"T{n}", "tool": "task.now", "description": "x" * 1000} for n in range(2000)]}
    text = json.dumps({"graph": large})
    assert len(text) > settings.API_MAX_BODY
    answer = author.post("/api/v1/workflows/check/", text, content_type="application/json")
    assert (answer.status_code, answer.json()["tasks"]) == (200, 2000)
    text = json.dumps({"graph": {"description": "x" * 9_000_000}})
    assert author.post("/api/v1/workflows/check/", text, content_type="application/json").status_code == 413


def test_the_plan_of_a_list_of_tasks_is_what_planning_says(author: APIClient) -> None:
    answer = author.post("/api/v1/workflows/plan/", {"tasks": AUTHENTICATION, "workers": 2}, format="json")
    assert answer.json() == plan(AUTHENTICATION, workers=2).as_json()
    assert [sorted(wave) for wave in answer.json()["waves"]] == [["1"], ["2"], ["3", "6"], ["4", "5", "7"], ["8"]]


def test_a_workflow_is_planned_with_what_is_wrong_with_it(author: APIClient) -> None:
    asked = {"graph": GRAPH, "parameter_schema": SCHEMA}
    found = author.post("/api/v1/workflows/plan/", asked, format="json").json()
    assert (found["waves"], found["is_valid"], found["problems"]) == ([["Fetch"], ["Write"]], True, [])
    found = author.post("/api/v1/workflows/plan/", {"graph": GRAPH}, format="json").json()
    assert found["waves"] == [["Fetch"], ["Write"]]
    assert [problem["code"] for problem in found["problems"]] == ["CTX_001"]


@pytest.mark.parametrize("body", [{}, {"graph": GRAPH, "tasks": []}, {"tasks": [{"id": "a"}], "workers": 0}])
def test_a_plan_is_of_one_thing(author: APIClient, body: dict[str, Any]) -> None:
    assert author.post("/api/v1/workflows/plan/", body, format="json").status_code == 400
