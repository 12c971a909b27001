"""From a parameter schema to what django-jsonform draws."""

from copy import deepcopy

import pytest

from apps.console import startform
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors.workflow.ran import attempts, ran, start


def test_the_schema_is_copied_translated_and_left_as_it_was():
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "at": {"type": "string", "format": "date-time", "description": "When."},
            "description": {"type": ["string", "null"]},
            "kinds": {"type": "array", "items": {"type": "string", "enum": ["a"]}, "x-hint": 1},
        },
        "required": ["at"],
    }
    before = deepcopy(schema)

    drawn = startform.for_form(schema)

    assert schema == before
    assert drawn == {
        "type": "object",
        "properties": {
            "at": {"type": "string", "format": "datetime", "helpText": "When."},
            "description": {"type": "string"},
            "kinds": {"type": "array", "uniqueItems": True,
                      "items": {"type": "string", "enum": ["a"], "widget": "multiselect"}},
        },
        "required": ["at"],
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_outlook_tells_of_past_tasks_and_of_those_under_way(alice):
    template = making.template("def run(params):\n    return 1\n", alice, key="quick", required_tools=["crm.invoices"])
    submit(Request(template="quick", origin="test"), alice)
    slices.drain()
    submit(Request(template="quick", origin="test", title="Under way"), alice)

    outlook = startform.outlook(template.published, alice)

    assert outlook.past == 1
    assert [task.title for task in outlook.same] == ["Under way"]
    assert [name for name, _ in outlook.tools] == ["crm.invoices"]
    assert outlook.tools[0][1].endswith(".")


@pytest.mark.django_db(transaction=True)
def test_the_start_page_of_a_workflow_draws_its_graph_and_names_no_tools_of_a_node(client, alice):
    client.force_login(alice)
    graph = {"tasks": [{"name": "Fetch them", "script": "def run(params):\n    return 1\n"}]}
    making.template("", alice, key="flow", kind="workflow", graph=graph, required_tools=["crm.invoices"])
    shown = client.get("/admin/catalog/tasktemplate/flow/start/").content.decode()
    assert "Fetch them" in shown and "run.css" in shown and "drawn.js" in shown
    assert "crm.invoices" not in shown and "<dt>Stages</dt>" not in shown


@pytest.mark.django_db(transaction=True)
def test_the_nodes_of_a_workflow_are_no_past_tasks_of_it(alice):
    run = ran({"tasks": [{"name": name, "script": "def run(params):\n    return 1\n"} for name in "ab"]}, alice)
    waiting = start({"tasks": [{"name": "c", "script": "def run(params):\n    return 1\n"}]}, alice, key="other")
    attempts(1)

    assert startform.outlook(run.revision, alice).past == 1
    assert [task.pk for task in startform.outlook(waiting.revision, alice).same] == [waiting.pk]


TEXTS = {"type": "array", "items": {"type": "string"}}
COSTLY = {
    "type": "object",
    "properties": {"messages": TEXTS, "languages": TEXTS},
    "x-counts": "translations",
    "x-tokens": {"read": 500, "write": 500, "texts": "messages"},
    "x-without-model": {"en": "Without a model you get blanks."},
}


def test_what_asks_the_model_is_started_after_its_costs_were_shown(client, alice, settings):
    settings.GEMINI_API_KEY, settings.MODEL_PRICE = "key", "10/10 USD"
    making.template("def run(params):\n    return 1\n", alice, key="costly", parameter_schema=COSTLY)
    client.force_login(alice)
    page = "/admin/catalog/tasktemplate/costly/start/"
    asked = {"parameters": '{"messages": ["Hello"], "languages": ["de"]}', "priority": "50", "title": ""}
    shown = client.post(page, asked)
    assert not Task.objects.exists()
    cost = shown.context["cost"]
    assert (
        "Nothing was started yet: it costs about 1,000 tokens of the language model, about USD 0.01"
        in shown.content.decode()
    )
    other = {**asked, "parameters": '{"messages": ["Hello"] , "languages": ["de", "fr"]}'}
    assert client.post(page, {**other, "agreed": cost.agreed}).context["cost"].facts["items"] == 2
    assert not Task.objects.exists()
    assert client.post(page, {**asked, "agreed": cost.agreed}).status_code == 302
    assert Task.objects.get().parameters["messages"] == ["Hello"]


def test_what_cannot_be_done_without_a_model_is_said_before_the_start(client, alice, settings):
    settings.GEMINI_API_KEY = ""
    making.template("def run(params):\n    return 1\n", alice, key="costly", parameter_schema=COSTLY)
    client.force_login(alice)
    shown = client.post("/admin/catalog/tasktemplate/costly/start/", {"parameters": "{}", "priority": "50"})
    assert "Without a model you get blanks." in shown.content.decode() and not Task.objects.exists()


def test_what_takes_lines_is_one_large_field_into_which_a_list_is_pasted():
    schema = {
        "type": "object",
        "properties": {
            "texts": {**TEXTS, "title": "Texts", "description": "One a line.", "x-lines": True},
            "n": {"type": "integer"},
        },
    }
    assert startform.drawn(schema)["properties"]["texts"] == {
        "type": "string", "widget": "textarea", "title": "Texts", "helpText": "One a line.",
    }  # fmt: skip
    assert startform.as_drawn({"texts": ["a", "b"], "n": 1}, schema) == {"texts": "a\nb", "n": 1}
    assert startform.as_given({"texts": " a \n\nb\r\n", "n": 1}, schema) == {"texts": ["a", "b"], "n": 1}
    assert startform.as_given({"texts": "a\tHello\nb\t\n\t\n"}, schema) == {"texts": ["a\tHello", "b\t"]}
    assert startform.as_given({"texts": ["a"]}, schema) == {"texts": ["a"]}
    assert startform.as_given([1], schema) == [1]
