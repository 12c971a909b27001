"""The description is true: every answer fits the shape that it promises; the page shows it without inline code."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from apps.api.urls import urlpatterns
from apps.core import clock
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Limit, RateLimit
from apps.tasks.operators import bulk
from apps.tasks.operators.filters import Filter
from apps.workers.models import Cluster, Worker
from apps.workers.running import slice as worker
from tests import making
from tests.unit.tasks.asked import AMOUNT, asked

pytestmark = pytest.mark.django_db

SCRIPT = """
import task

def run(params):
    task.progress(10, 'one', 'begins')
    task.now()
    print('x')
    return {'summary': 'ok'}
"""


SEEN = ["view_tasktemplate", "view_queue", "view_worker", "view_task", "view_limit", "view_ratelimit"]


@pytest.fixture
def description(client: Any) -> dict[str, Any]:
    answer = client.get("/api/v1/schema/")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_every_route_is_described_once(description: dict[str, Any]) -> None:
    named = {str(pattern.pattern) for pattern in urlpatterns if str(pattern.pattern).endswith("/")}
    described = {path.removeprefix("/api/") for path in description["paths"]}
    assert {re.sub(r"<\w+:(\w+)>", r"{\1}", route) for route in named} - described == {"v1/schema/", "v1/docs/"}
    assert description["openapi"].startswith("3.")
    operations = [each for path in description["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    assert all("401" in each["responses"] for each in operations)


@pytest.mark.django_db(transaction=True)
def test_every_answer_has_the_shape_that_is_promised(
    description: dict[str, Any], alice: User, owner: User, client_of: Callable[[User], APIClient], keep_file: Any
) -> None:
    making.template(SCRIPT, alice, key="sample", stages=[{"name": "one", "percent": 0}])
    done, waiting = (submit(Request(template="sample", origin="test"), owner).task for _ in range(2))
    from apps.tasks import lifecycle

    lifecycle.pause(waiting, owner)
    worker.drain()
    keep_file(done)
    action = bulk.start(Filter(ids=(done.pk,)), "cancel", {}, owner)
    owner.user_permissions.add(*Permission.objects.filter(codename__in=SEEN))
    row = Worker.objects.latest("pk")
    Cluster.objects.get_or_create(key="oak-1", defaults={"host": row.host, "name": "oak", "started_at": clock.now()})
    limit = Limit.objects.create(scope=Limit.Scope.QUEUE, queue="default", most=9)
    rate = RateLimit.objects.create(service="post", per_second=1, burst=1)
    graph = {"tasks": [{"name": "Say", "script": SCRIPT, "result_keys": ["said"]},
                       {"name": "Fail", "script": "def run(params):\n    raise ValueError('no')\n",
                        "dependencies": ["said"]}]}  # fmt: skip
    making.template("", alice, key="flow", kind="workflow", graph=graph)
    ended, begun = (submit(Request(template="flow", origin="test"), owner).task for _ in range(2))
    lifecycle.pause(begun, owner)
    worker.drain()
    shown = [{"text": "a"}, {"table": {"columns": ["A"], "rows": [[1]]}}, {"file": "report.pdf", "task": done.pk}]
    question = asked(waiting, form=AMOUNT, data={"amount": 3}, expires_after="1 h", evidence=shown)
    client = client_of(owner)
    wrong = []
    for path, operations in description["paths"].items():
        if "get" not in operations or "{artifact_id}" in path:
            continue
        tasks, key = ((ended, begun), "said") if "/run/" in path else ((done, waiting), "sample")
        for task in tasks:
            values = {"task_id": task.pk, "number": 0, "key": key, "name": "default", "bulk_id": action.pk,
                      "worker": row.name, "cluster": "oak-1", "limit_id": limit.pk, "rate_id": rate.pk,
                      "approval_id": question.pk}  # fmt: skip
            answer = client.get(path.format(**values))
            assert answer.status_code == 200, path
            promised = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            wrong += [f"{path}: {said}" for said in _complaints(answer.json(), promised, description)]
    for body, status in (({"template": "sample"}, "201"), ({"template": "none"}, "404")):
        answer = client.post("/api/v1/tasks/", body, format="json")
        assert answer.status_code == int(status)
        responses = description["paths"]["/api/v1/tasks/"]["post"]["responses"]
        promised = responses[status]["content"]["application/json"]["schema"]
        wrong += [f"{status}: {said}" for said in _complaints(answer.json(), promised, description)]
    assert not wrong, "\n".join(wrong)


def _complaints(value: Any, schema: dict[str, Any], description: dict[str, Any]) -> list[str]:
    """Differences, extra properties included. OpenAPI 3.0 says `nullable` where JSON Schema says null."""
    whole = _strict({"components": description["components"], **schema})
    return [f"{error.json_path}: {error.message[:200]}" for error in Draft202012Validator(whole).iter_errors(value)]


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _strict(inner) for name, inner in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    if found.pop("nullable", False):
        return {"anyOf": [found, {"type": "null"}]}
    return found


def test_the_shapes_are_checked_strictly(description: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Estimate"}
    good = {"seconds": 1, "steps": 1, "complexity": "low"}
    assert _complaints(good, schema, description) == []
    assert _complaints({**good, "extra": 1}, schema, description)
    assert _complaints({"seconds": 1}, schema, description)


def test_the_page_has_no_inline_code(client: Any) -> None:
    page = client.get("/api/v1/docs/").content.decode()
    assert "<style" not in page and " style=" not in page and "onload=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    script = client.get("/api/v1/docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert b"/api/v1/schema" in script.content
