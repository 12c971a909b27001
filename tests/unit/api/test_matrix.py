"""Every route × every method × everybody: made from the URL conf, so a new route cannot be forgotten (X5, X7)."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import transaction
from django.urls import URLPattern
from knox.models import AuthToken
from rest_framework.test import APIClient

from apps.api.urls import urlpatterns
from apps.tasks.models import BulkAction, Limit, Queue, RateLimit, Task
from apps.workers.registry import roster
from tests.unit.api.conftest import SCRIPT
from tests.unit.tasks.asked import asked

pytestmark = pytest.mark.django_db

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
STRANGERS = ("anonymous", "disabled", "stale")
KNOWN = ("charlie", "bob", "owner", "other", "alice", "wendy")


def each(charlie: int, bob: int, owner: int, other: int, alice: int, wendy: int | None = None) -> dict[str, int]:
    """Wendy, who may look at workers only, is anywhere else as Charlie is."""
    return dict(zip(KNOWN, (charlie, bob, owner, other, alice, charlie if wendy is None else wendy), strict=True))


def everybody(status: int) -> dict[str, int]:
    return dict.fromkeys(KNOWN, status)


RUN = each(404, 404, 200, 200, 200)
LOOK = each(404, 200, 200, 404, 200)
CONTROL = each(404, 403, 200, 404, 200)
MAKE = each(404, 404, 201, 404, 201)
WATCH = each(403, 200, 403, 403, 200)
CREW = each(403, 200, 403, 403, 200, wendy=200)
STEER = each(403, 403, 403, 403, 200)
STEER_NOT_NOW = each(403, 403, 403, 403, 409)
NOT_NOW = each(404, 403, 409, 404, 409)
QUESTION = each(404, 200, 200, 200, 200)  # of the owner's task, to the other
DECIDE = each(404, 403, 403, 200, 200)
OPEN = dict.fromkeys((*KNOWN, "anonymous"), 200)

EXPECTED: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    "": {"get": OPEN},
    "schema": {"get": OPEN},
    "docs": {"get": OPEN},
    "login": {"post": dict.fromkeys((*KNOWN, *STRANGERS), 400)},
    "me": {"get": everybody(200)},
    "tokens": {"get": everybody(200), "post": everybody(403)},
    "tokens/<slug:token>": {"delete": each(404, 404, 204, 404, 404)},
    "templates": {"get": everybody(200)},
    "templates/<slug:key>": {"get": RUN},
    "templates/<slug:key>/estimate": {"post": RUN},
    "templates/<slug:key>/definition": {"get": WATCH},
    "templates/<slug:key>/revisions": {"post": each(403, 403, 403, 403, 201)},
    "templates/<slug:key>/revisions/<int:number>/publish": {"post": STEER},
    "workflows/check": {"post": STEER},
    "workflows/plan": {"post": everybody(200)},
    "tasks": {"get": everybody(200), "post": each(404, 404, 201, 201, 201)},
    "tasks/<int:task_id>": {"get": LOOK},
    "tasks/<int:task_id>/pause": {"post": CONTROL},
    "tasks/<int:task_id>/resume": {"post": NOT_NOW},
    "tasks/<int:task_id>/cancel": {"post": CONTROL},
    "tasks/<int:task_id>/retry": {"post": NOT_NOW},
    "tasks/<int:task_id>/start": {"post": NOT_NOW},
    "tasks/<int:task_id>/again": {"post": MAKE},
    "tasks/<int:task_id>/fork": {"post": MAKE},
    "tasks/<int:task_id>/lineage": {"get": LOOK},
    "tasks/<int:task_id>/children": {"get": LOOK},
    "tasks/<int:task_id>/tell": {"post": CONTROL},
    "tasks/<int:task_id>/run": {"get": LOOK},
    "tasks/<int:task_id>/run/nodes": {"get": LOOK},
    "tasks/<int:task_id>/run/nodes/<int:number>": {"get": LOOK},
    "tasks/<int:task_id>/run/context": {"get": LOOK},
    "tasks/<int:task_id>/run/context/<slug:key>": {"get": LOOK},
    "tasks/<int:task_id>/run/recovery": {"get": LOOK},
    "tasks/<int:task_id>/run/results": {"get": LOOK},
    "tasks/<int:task_id>/run/errors": {"get": LOOK},
    "tasks/<int:task_id>/priority": {"post": CONTROL},
    "tasks/<int:task_id>/queue": {"post": each(404, 403, 403, 404, 200)},  # no template of the owner runs in it
    "tasks/bulk": {"post": everybody(201)},
    "tasks/bulk/<int:bulk_id>": {"get": LOOK},
    "tasks/bulk/<int:bulk_id>/stop": {"post": CONTROL},
    "queues": {"get": WATCH},
    "queues/<str:name>": {"get": WATCH, "patch": STEER},
    "queues/<str:name>/pause": {"post": each(403, 403, 403, 403, 200)},
    "queues/<str:name>/resume": {"post": each(403, 403, 403, 403, 409)},
    "queues/<str:name>/drain": {"post": each(403, 403, 403, 403, 200)},
    "queues/<str:name>/reopen": {"post": each(403, 403, 403, 403, 409)},
    "queues/<str:name>/clean": {"post": each(403, 403, 403, 403, 201)},
    "limits": {"get": WATCH, "post": each(403, 403, 403, 403, 201)},
    "limits/<int:limit_id>": {"get": WATCH, "patch": STEER, "delete": each(403, 403, 403, 403, 204)},
    "rates": {"get": WATCH, "post": each(403, 403, 403, 403, 201)},
    "rates/<int:rate_id>": {"get": WATCH, "patch": STEER, "delete": each(403, 403, 403, 403, 204)},
    "workers": {"get": CREW},
    "workers/recovery": {"get": CREW},
    "workers/unassigned": {"get": CREW},
    "workers/events": {"get": CREW},
    "workers/rebalance": {"post": STEER},
    "workers/<str:worker>": {"get": CREW},
    "workers/<str:worker>/drain": {"post": STEER},
    "workers/<str:worker>/stop": {"post": STEER},
    "workers/<str:worker>/resume": {"post": STEER_NOT_NOW},
    "clusters": {"get": CREW},
    "clusters/<str:cluster>": {"get": CREW},
    "clusters/<str:cluster>/drain": {"post": STEER},
    "clusters/<str:cluster>/stop": {"post": STEER},
    "clusters/<str:cluster>/resume": {"post": STEER_NOT_NOW},
    "tasks/<int:task_id>/reassign": {"post": each(404, 403, 403, 404, 409)},
    "approvals": {"get": everybody(200)},
    "approvals/<int:approval_id>": {"get": QUESTION},
    "approvals/<int:approval_id>/decide": {"post": DECIDE},
    "approvals/<int:approval_id>/delegate": {"post": DECIDE},
    "approvals/<int:approval_id>/files/<int:artifact_id>": {"get": QUESTION},
    "tasks/<int:task_id>/feed": {"get": LOOK},
    "tasks/<int:task_id>/steps": {"get": LOOK},
    "tasks/<int:task_id>/log": {"get": LOOK},
    "tasks/<int:task_id>/result": {"get": LOOK},
    "tasks/<int:task_id>/artifacts": {"get": LOOK},
    "tasks/<int:task_id>/artifacts/<int:artifact_id>": {"get": LOOK},
}
PUBLIC = ("", "schema", "docs")
BODIES: Mapping[str, dict[str, Any]] = {
    "templates/<slug:key>/revisions": {"definition": {"script": SCRIPT}},
    "workflows/check": {"graph": {}},
    "workflows/plan": {"tasks": [{"id": "a"}]},
    "tasks": {"template": "sample"},
    "tasks/<int:task_id>/fork": {"step": 0},
    "tasks/<int:task_id>/priority": {"priority": 10},
    "tasks/<int:task_id>/tell": {"name": "paid", "data": {"amount": 5}},
    "tasks/<int:task_id>/queue": {"queue": "gis"},
    "approvals/<int:approval_id>/decide": {"decision": "approve"},
    "approvals/<int:approval_id>/delegate": {"to": "wendy"},
    "limits": {"scope": "user", "most": 3},
    "rates": {"service": "mail", "per_second": 1, "burst": 1},
    "tasks/bulk": {"verb": "pause", "filter": {"template": "sample"}},
}


def routes() -> Iterator[str]:
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        if route := str(pattern.pattern):
            yield route


def test_the_table_names_exactly_the_routes_that_there_are() -> None:
    assert {route.removeprefix("v1").strip("/") for route in routes()} == set(EXPECTED)


@pytest.fixture
def values(owned: Task, owner: User, other: User, keep_file: Any, workflow: Task) -> dict[str, Any]:
    row, _ = AuthToken.objects.create(owner)
    file = keep_file(owned)
    Queue.objects.create(name="gis")
    worker = roster.register(["default"])
    bulk = BulkAction.objects.create(verb="pause", filters={"ids": [owned.pk]}, arguments={"reason": ""}, by=owner,
                                     newest_id=owned.pk, cursor=owned.pk + 1, matched=1)  # fmt: skip
    return {
        "name": "gis",
        "worker": worker.name,
        "cluster": worker.belongs_to.key,
        "bulk_id": bulk.pk,
        "limit_id": Limit.objects.create(scope=Limit.Scope.QUEUE, queue="gis", most=5).pk,
        "rate_id": RateLimit.objects.create(service="shop", per_second=1, burst=1).pk,
        "task_id": owned.pk,
        "workflow_id": workflow.pk,
        "number": 1,
        "key": "sample",
        "token": row.token_key,
        "artifact_id": file.pk,
        "approval_id": asked(owned, users=[other.username], evidence=[{"file": file.name}]).pk,
    }


@pytest.fixture
def people(alice: User, bob: User, charlie: User, owner: User, other: User) -> dict[str, User]:
    wendy = User.objects.create_user("wendy", is_staff=True)
    wendy.user_permissions.set(Permission.objects.filter(codename="view_worker"))
    return {"alice": alice, "bob": bob, "charlie": charlie, "owner": owner, "other": other, "wendy": wendy}


@pytest.fixture
def as_role(people: dict[str, User], owner: User, client_of: Callable[[User], APIClient]) -> Callable[[str], APIClient]:
    def make(role: str) -> APIClient:
        if role in people:
            return client_of(people[role])
        if role == "anonymous":
            return APIClient(raise_request_exception=False)
        client = client_of(owner)
        if role == "stale":
            AuthToken.objects.filter(user=owner).update(expiry="2001-01-01T00:00:00Z")
        else:
            User.objects.filter(pk=owner.pk).update(is_active=False)
        return client

    return make


@pytest.mark.parametrize("role", [*KNOWN, *STRANGERS])
def test_every_route_and_method_answers_a_role_as_the_table_says(
    role: str, as_role: Callable[[str], APIClient], values: dict[str, Any]
) -> None:
    client = as_role(role)
    wrong = []
    for route in routes():
        for method in METHODS:
            got, content = _ask(client, route, method, values)
            if got != (expected := _expected(route, method, role)):
                wrong.append(f"{method} {route}: {got}, not {expected}: {content[:200]!r}")
    assert not wrong, "\n".join(wrong)


def _ask(client: APIClient, route: str, method: str, values: dict[str, Any]) -> tuple[int, bytes]:
    cache.clear()
    if "/run" in route:
        values = {**values, "task_id": values["workflow_id"], "number": 0}
    address = "/api/" + re.sub(r"<\w+:(\w+)>", lambda found: str(values[found[1]]), route)
    body = BODIES.get(route.removeprefix("v1").strip("/"), {})
    with transaction.atomic():
        response = client.generic(method.upper(), address, _json(body) if method == "post" else b"", "application/json")
        transaction.set_rollback(True)
    return response.status_code, b"" if response.streaming else response.content


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body)


def _expected(route: str, method: str, role: str) -> int:
    name = route.removeprefix("v1").strip("/")
    allowed = EXPECTED[name].get("get" if method == "head" else method)
    if name != "login" and role in STRANGERS and not (role == "anonymous" and name in PUBLIC):
        return 401
    return 405 if allowed is None else allowed[role]


GAMES = (
    "/api/v1/tasks/{task_id}/feed/x",
    "/api/v1/tasks/{task_id};.json",
    "/api/v1/tasks/{task_id}%2f",
    "/api/v1/tasks/{task_id}//",
    "/api/v1//tasks/{task_id}/",
    "//api/v1/tasks/{task_id}/",
    "/API/v1/tasks/{task_id}/",
    "/api/v1/TASKS/{task_id}/",
    "/api/v1/tasks/{task_id}/docs",
    "/api/v1/tasks/{task_id}/login/",
    "/api/v1/tasks/{task_id}/%2e%2e/{task_id}/",
    "/api/v1/docs/../tasks/{task_id}/",
    "/api/v1/tasks/0{task_id}/",
    "/api/v1/tasks/+{task_id}/",
    "/api/v1/tasks/{task_id}.0/",
    "/api/v1/tasks/{task_id}/artifacts/../../{task_id}/",
    "/api/v1/tasks/{task_id}/?format=api",
    "/api/v1/tasks/{task_id}/?user=1",
    "/api/v2/tasks/{task_id}/",
    "/api/v1/tasks/{task_id}%00/",
)


@pytest.mark.parametrize("role", ["anonymous", "other", "charlie", "wendy"])
@pytest.mark.parametrize("game", GAMES)
def test_no_spelling_of_an_address_shows_a_foreign_task(
    role: str, game: str, as_role: Callable[[str], APIClient], values: dict[str, Any]
) -> None:
    response = as_role(role).get(game.format(**values))
    assert response.status_code in (401, 404)
    assert b"Olga" not in response.content


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_no_header_turns_one_method_into_another(
    header: str, owned: Task, bob: User, client_of: Callable[[User], APIClient]
) -> None:
    client = client_of(bob)
    assert client.get(f"/api/v1/tasks/{owned.pk}/cancel/?_method=POST", headers={header: "POST"}).status_code == 405
    assert client.options(f"/api/v1/tasks/{owned.pk}/cancel/", headers={header: "POST"}).status_code == 405
    owned.refresh_from_db()
    assert owned.status == "pending"


def test_a_deleted_users_token_is_refused(other: User, client_of: Callable[[User], APIClient]) -> None:
    client = client_of(other)
    other.delete()
    assert client.get("/api/v1/me/").status_code == 401


def test_a_token_expires_by_time(owner: User, client_of: Callable[[User], APIClient]) -> None:
    _, token = AuthToken.objects.create(owner, expiry=timedelta(seconds=-1))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/v1/me/").status_code == 401
