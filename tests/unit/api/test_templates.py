"""What can be run, and what it would take."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from apps.catalog.models import TaskTemplate
from apps.tasks.models import Task
from tests import making

pytestmark = pytest.mark.django_db

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer", "maximum": 9}, "word": {"type": "string", "default": "hello"}},
    "required": ["n"],
    "additionalProperties": False,
}


@pytest.fixture
def olga(owner: User, alice: User, client_of: Callable[[User], APIClient]) -> APIClient:
    triggers = {"patterns": [], "keywords": [], "contexts": [], "examples": ["Count to nine"]}
    making.template(
        "def run(params):\n    return 1\n", alice, key="counts", parameter_schema=SCHEMA, triggers=triggers,
        estimated_seconds=400,
    )  # fmt: skip
    return client_of(owner)


def test_the_list_has_what_one_may_start(olga: APIClient) -> None:
    [row] = olga.get("/api/v1/templates/").json()["results"]
    assert (row["key"], row["revision"], row["examples"]) == ("counts", 1, ["Count to nine"])
    assert "parameter_schema" not in row


@pytest.mark.parametrize("why", ["group", "off"])
def test_what_one_may_not_start_is_not_there(olga: APIClient, why: str) -> None:
    if why == "group":
        TaskTemplate.objects.get().run_groups.add(Group.objects.create(name="accounting"))
    else:
        TaskTemplate.objects.update(is_enabled=False)
    assert olga.get("/api/v1/templates/").json() == {"results": []}
    assert olga.get("/api/v1/templates/counts/").status_code == 404
    assert olga.post("/api/v1/templates/counts/estimate/").status_code == 404
    assert olga.post("/api/v1/tasks/", {"template": "counts"}, format="json").status_code == 404


def test_detail_shows_the_schema_and_not_the_script(olga: APIClient) -> None:
    body = olga.get("/api/v1/templates/counts/").json()
    assert body["parameter_schema"] == SCHEMA
    assert body["estimate"] == {"seconds": 400, "steps": 5, "complexity": "medium"}
    assert "script" not in body


def test_an_estimate_fills_in_defaults_and_starts_nothing(olga: APIClient) -> None:
    answer = olga.post("/api/v1/templates/counts/estimate/", {"parameters": {"n": 3}}, format="json")
    assert answer.json()["parameters"] == {"n": 3, "word": "hello"}
    assert answer.json()["estimate"]["complexity"] == "medium"
    assert not Task.objects.exists()


@pytest.mark.parametrize(("parameters", "path"), [({}, "parameters.n"), ({"n": 10}, "parameters.n")])
def test_an_estimate_names_what_is_wrong(olga: APIClient, parameters: dict[str, Any], path: str) -> None:
    answer = olga.post("/api/v1/templates/counts/estimate/", {"parameters": parameters}, format="json")
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [path])


def test_an_estimate_tells_what_is_used_of_the_language_model(olga: APIClient, alice: User, settings: Any) -> None:
    settings.GEMINI_API_KEY, settings.MODEL_PRICE = "key", "1/1 EUR"
    schema = {"type": "object", "properties": {}, "x-counts": "translations", "x-tokens": {"read": 600, "write": 400}}
    making.template("def run(params):\n    return 1\n", alice, key="costly", parameter_schema=schema)
    assert olga.post("/api/v1/templates/costly/estimate/", {}, format="json").json()["cost"] == {
        "tokens": 400_000, "items": 400, "known": 0, "money": "0.4000", "currency": "EUR", "has_model": True,
    }  # fmt: skip
    assert (
        olga.post("/api/v1/templates/counts/estimate/", {"parameters": {"n": 1}}, format="json").json()["cost"] is None
    )
