"""Priority by rule: checked at publish, applied where nobody names a priority, and told."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from apps.catalog import priorities, transfer
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.core.errors import InvalidInput
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from tests import making

pytestmark = pytest.mark.django_db
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "urgent": {"type": "boolean", "default": False},
        "rows": {"type": "integer", "default": 1},
        "client": {"type": "object", "properties": {"tier": {"type": "string"}, "name": {"type": "string"}}},
    },
}


def condition(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


GOLD = {"type": "object", "required": ["tier"], "properties": {"tier": {"type": "string", "const": "gold"}}}
RULES: list[dict[str, Any]] = [
    {"if": condition(urgent={"type": "boolean", "const": True}), "priority": "high"},
    {"if": {**condition(client=GOLD), "required": ["client"], "title": "a gold client"}, "priority": 65},
    {"if": condition(rows={"type": "integer", "minimum": 1000}), "priority": "LOW"},
]
SCRIPT = "def run(params):\n    return 1\n"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"urgent": True, "rows": 5000}, (1, 70)),
        ({"urgent": False, "rows": 5, "client": {"tier": "gold", "name": "Acme"}}, (2, 65)),
        ({"urgent": False, "rows": 5000, "client": {"name": "Acme"}}, (3, 30)),
        ({"urgent": False, "rows": 5}, None),
    ],
)
def test_the_first_rule_that_the_parameters_satisfy_counts(parameters, expected):
    found = priorities.first_match(RULES, parameters)
    assert (found and (found.number, found.priority)) == expected


def test_a_rule_is_told_by_its_title_or_by_what_it_looks_at():
    assert priorities.told(RULES) == [(70, "rule 1: urgent"), (65, "rule 2: a gold client"), (30, "rule 3: rows")]


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ("high", "priority_rules"),
        ([RULES[0]] * 21, "priority_rules"),
        ([{"priority": "high"}], "priority_rules.0"),
        ([{**RULES[0], "then": 1}], "priority_rules.0"),
        ([{**RULES[0], "priority": "urgent"}], "priority_rules.0.priority"),
        ([{**RULES[0], "priority": 101}], "priority_rules.0.priority"),
        ([{**RULES[0], "priority": True}], "priority_rules.0.priority"),
        ([{"if": condition(urgnt={"type": "boolean"}), "priority": 1}], "priority_rules.0.if.properties.urgnt"),
        ([{"if": {"urgent": True}, "priority": 1}], "priority_rules.0.if"),
        ([{"if": condition(rows={"$ref": "http://example.org/x"}), "priority": 1}], "priority_rules.0.if.properties.rows.$ref"),
        ([{"if": condition(client={"type": "string", "pattern": "(?=a)"}), "priority": 1}],
         "priority_rules.0.if.properties.client.pattern"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_at_publish_by_its_place(rules, place, alice):
    assert place in [problem.place for problem in priorities.check(rules, SCHEMA)]
    with pytest.raises(InvalidInput):
        making.template(SCRIPT, alice, parameter_schema=SCHEMA, priority_rules=rules)


@pytest.fixture
def ruled(alice: User) -> TaskTemplate:
    return making.template(SCRIPT, alice, key="ruled", parameter_schema=SCHEMA, priority_rules=RULES, priority=40)


def submitted(by: User, priority: int | None = None, **parameters: Any) -> Task:
    return submit(Request(template="ruled", parameters=parameters, origin="test", priority=priority), by).task


def test_a_request_that_names_no_priority_gets_it_by_rule(ruled, alice):
    assert [submitted(alice, urgent=True).priority, submitted(alice, rows=1000).priority, submitted(alice).priority] == [
        70, 30, 40,
    ]  # fmt: skip
    task = submitted(alice, 55, urgent=True)
    assert task.priority == 55 and task.rank == Task.objects.get(pk=task.pk).rank


def test_the_api_says_which_rule_it_was(ruled, alice):
    client = APIClient()
    client.force_authenticate(alice)
    said = {}
    for name, body in (("rule", {"parameters": {"urgent": True}}), ("own", {}), ("asked", {"priority": 55})):
        made = client.post("/api/v1/tasks/", {"template": "ruled", **body}, format="json").json()
        said[name] = (made["priority"], made["priority_reason"])
    assert said == {
        "rule": (70, "rule 1: urgent of its template"),
        "own": (40, "as its template has it"),
        "asked": (55, "as it was asked for"),
    }
    assert client.get("/api/v1/templates/ruled/").json()["priority_rules"][1] == {
        "priority": 65,
        "when": "rule 2: a gold client",
    }


def test_the_start_form_tells_the_rules_and_leaves_it_to_them(ruled, alice, client: Client):
    client.force_login(alice)
    page = client.get("/admin/catalog/tasktemplate/ruled/start/").content.decode()
    assert "65 by rule 2: a gold client" in page and "40 otherwise" in page
    client.post("/admin/catalog/tasktemplate/ruled/start/", {"parameters": '{"urgent": true}', "priority": ""})
    client.post("/admin/catalog/tasktemplate/ruled/start/", {"parameters": '{"urgent": true}', "priority": "30"})
    assert list(Task.objects.order_by("pk").values_list("priority", flat=True)) == [70, 30]


def test_rules_go_into_files_and_come_back(ruled, alice, tmp_path):
    folder = transfer.dump(ruled, ruled.published, tmp_path / "ruled")
    assert transfer.read(folder).definition == Definition.of(TemplateRevision.objects.get(pk=ruled.published_id))
    assert "unchanged" in transfer.load(folder, alice).message
