"""What templates define, over the API: read, saved and put into service."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from apps.catalog.models import TaskTemplate
from apps.tasks.making.submission import Request, submit
from tests import making
from tests.unit.executors.workflow.ran import go_on, node

pytestmark = pytest.mark.django_db(transaction=True)

GRAPH = {"tasks": [node("a", result=[1, 2]), node("b", "a")], "outputs": ["b"]}
FLOW = {"kind": "workflow", "graph": GRAPH}
MAY = ("view_tasktemplate", "add_tasktemplate", "add_templaterevision", "publish_templaterevision")


@pytest.fixture
def author(owner: User, client_of: Callable[[User], APIClient]) -> Callable[..., APIClient]:
    def make(*but: str) -> APIClient:
        owner.user_permissions.add(*Permission.objects.filter(codename__in=set(MAY) - set(but)))
        return client_of(owner)

    return make


def save(client: APIClient, status: int = 201, key: str = "flow", **body: Any) -> Any:
    given = {"definition": FLOW, "name": "Flow", **body}
    answer = client.post(f"/api/v1/templates/{key}/revisions/", given, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_workflow_is_made_published_and_run(author: Any, owner: User) -> None:
    client = author()

    saved = save(client, publish=True, version="2.0.0", note="from elsewhere")

    assert (saved["revision"], saved["version"], saved["is_in_service"], saved["warnings"]) == (1, "2.0.0", True, [])
    assert go_on(submit(Request(template="flow", origin="test"), owner).task).returned == {"b": "b"}
    found = client.get("/api/v1/templates/flow/definition/").json()
    assert (found["name"], found["definition"]["graph"], found["definition"]["kind"]) == ("Flow", GRAPH, "workflow")
    assert TaskTemplate.objects.get().created_by == owner


def test_a_revision_is_a_draft_until_it_is_published(author: Any) -> None:
    client = author()
    save(client, publish=True)
    draft = save(client, definition={**FLOW, "priority": 70})

    assert (draft["revision"], draft["is_in_service"]) == (2, False)
    assert client.get("/api/v1/templates/flow/definition/").json()["revision"] == 1
    assert client.get(draft["links"]["self"]).json()["definition"]["priority"] == 70
    assert client.post(draft["links"]["publish"]).json()["is_in_service"] is True
    assert client.get("/api/v1/templates/flow/definition/").json()["revision"] == 2


def test_what_has_errors_is_not_saved_and_says_where(author: Any) -> None:
    wrong = {"kind": "workflow", "graph": {"tasks": [node("a", "nobody")]}}

    error = save(author(), 400, definition=wrong)["error"]

    assert error["code"] == "has_errors"
    assert list(error["fields"]) == ["graph.tasks.0.dependencies.0"]
    assert not TaskTemplate.objects.exists()


def test_a_name_that_no_definition_has_is_refused(author: Any) -> None:
    error = save(author(), 400, definition={**FLOW, "grahp": {}})["error"]
    assert error["fields"] == {"definition.grahp": "There is no such field of a definition."}


def test_a_script_is_saved_too_and_the_warnings_are_told(author: Any) -> None:
    unsure = node("b", "a?", parameters={"a": "{a}"})
    saved = save(author(), definition={"kind": "workflow", "graph": {"tasks": [node("a"), unsure]}})
    assert [each["place"] for each in saved["warnings"]] == ["graph.tasks.1.parameters.a"]
    assert save(author(), key="script", definition={"script": "def run(params):\n    return 1\n"})["revision"] == 1


def test_a_new_template_needs_a_name(author: Any) -> None:
    client = author()
    answer = client.post("/api/v1/templates/flow/revisions/", {"definition": FLOW}, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_such_template")
    assert client.get("/api/v1/templates/flow/definition/").status_code == 404


@pytest.mark.parametrize("lacks", ["add_tasktemplate", "add_templaterevision", "publish_templaterevision"])
def test_each_step_needs_its_permission(author: Any, lacks: str) -> None:
    error = save(author(lacks), 403, publish=True)["error"]
    assert f"catalog.{lacks}" in error["message"]
    assert not TaskTemplate.objects.exists()


def test_definitions_are_for_those_who_may_view_templates(author: Any, alice: User) -> None:
    making.template("def run(params):\n    return 1\n", alice)
    assert author("view_tasktemplate").get("/api/v1/templates/sample/definition/").status_code == 403
    assert author().get("/api/v1/templates/sample/definition/").json()["definition"]["script"].startswith("def run")
    assert author().get("/api/v1/templates/sample/definition/?revision=9").status_code == 404
