"""Writing a workflow's graph: checked and drawn while it is written, saved as a draft."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.catalog.forms import RevisionForm
from apps.catalog.models import TaskTemplate
from apps.console.runs import sketch as sketches
from apps.console.runs.sketch import sketch
from tests import making
from tests.unit.executors.workflow.ran import node, start

pytestmark = pytest.mark.django_db(transaction=True)

GRAPH: dict[str, Any] = {"tasks": [node("a", estimated_seconds=60), node("b", "a", estimated_seconds=30),
                                   node("c", "a", estimated_seconds=30)]}  # fmt: skip
URL = "/admin/catalog/tasktemplate/flow/graph/"
EDIT = "/admin/catalog/tasktemplate/flow/revisions/new/"


@pytest.fixture
def flow(alice: Any) -> TaskTemplate:
    start(GRAPH, alice)
    return TaskTemplate.objects.get(key="flow")


def check(client: Client, graph: Any) -> dict[str, Any]:
    answer = client.post(f"{URL}check/", {"graph": graph if isinstance(graph, str) else json.dumps(graph, indent=2)})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_a_sound_graph_is_drawn_with_its_plan(browse, flow):
    found = check(browse, GRAPH)

    assert (found["faults"], found["errors"]) == ([], 0)
    assert found["drawing"].count('class="node st-') == 3
    assert dict(map(tuple, found["plan"])) == {
        "Waves": "2", "Tasks": "3 tasks", "It takes about": "1 m 30 s", "One after another": "2 m", "Side by side": "× 1.3",
        "Longest way": "a → b",
    }  # fmt: skip


def test_a_fault_names_its_place_in_the_text(browse, flow):
    graph = {"tasks": [node("a"), node("b", "nothing")]}
    text = json.dumps(graph, indent=2)

    [fault] = check(browse, text)["faults"]

    assert (fault["code"], fault["severity"], fault["place"]) == ("DEP_001", "error", "tasks.1.dependencies.0")
    assert text[fault["offset"] :].startswith('"nothing"')
    assert text.splitlines()[fault["line"] - 1].strip() == '"nothing"'


def test_what_cannot_run_is_drawn_all_the_same(browse, flow):
    found = check(browse, {"tasks": [node("a", "b"), node("b", "a")]})

    assert [fault["code"] for fault in found["faults"]] == ["DEP_003"]
    assert 'class="edge bad"' in found["drawing"]


def test_boxes_lead_to_their_tasks(browse, flow):
    text = json.dumps(GRAPH)

    found = check(browse, text)

    assert text[found["offsets"]["tasks.1"] :].startswith('{"name": "b"')
    assert 'href="#tasks.1"' in found["drawing"]


@pytest.mark.parametrize(("text", "said", "line"), [
    ("", "no JSON", 1), ('{"tasks":\n\n  oops}', "at line 3", 3), ("[" * 100_000, "nested too deeply", 1),
    ('{"tasks": NaN}', "cannot be kept", 1), ('{"a": ' + "9" * 5_000 + "}", "cannot be kept", 1),
])  # fmt: skip
def test_a_text_that_cannot_be_read_says_where(browse, flow, text, said, line):
    found = check(browse, text)

    [fault] = found["faults"]
    assert said in fault["message"]
    assert (fault["line"], found["drawing"]) == (line, "")


@pytest.mark.parametrize("text", ["[]", "7", "null", '{"tasks": 7}', '{"groups": [[[[[]]]]]}', "[" * 60 + "]" * 60,
                                  json.dumps({"tasks": [None, {}, {"name": "<b>"}]})])  # fmt: skip
def test_any_json_is_answered_with_faults(browse, flow, text):
    assert check(browse, text)["errors"] > 0


def test_a_text_beyond_the_limit_is_not_taken_apart(monkeypatch):
    monkeypatch.setattr(sketches, "MAX_TEXT", 10)

    [found] = sketch('{"tasks": []}', Definition(kind="workflow")).faults

    assert "longer than 10 characters" in found.fault.message


def test_names_are_escaped_in_the_drawing(browse, flow):
    found = check(browse, {"tasks": [{**node("a"), "name": "<script>alert(1)</script>"}]})

    assert "<script" not in found["drawing"]


def test_the_page_shows_the_newest_graph_and_saves_a_draft(browse, flow):
    shown = browse.get(URL).content.decode()
    assert "&quot;estimated_seconds&quot;: 60" in shown
    assert "no errors" in shown

    changed = {"tasks": [*GRAPH["tasks"], node("d", "c")]}
    answer = browse.post(URL, {"graph": json.dumps(changed), "version": "1.1.0", "note": "One more.", "_save": "1"})

    saved = flow.revisions.get(number=2)
    assert answer.headers["Location"].endswith("/flow/revisions/2/")
    assert (saved.graph, saved.kind, saved.version, saved.note, saved.is_published) == (
        changed, "workflow", "1.1.0", "One more.", False,
    )  # fmt: skip
    assert saved.parameter_schema == flow.revisions.get(number=1).parameter_schema


def test_what_is_no_object_is_not_saved_and_stays_in_the_form(browse, flow):
    answer = browse.post(URL, {"graph": '["tasks"', "version": "1.1.0", "_save": "1"})

    assert answer.status_code == 200
    assert "Not saved: a graph is an object" in answer.content.decode()
    assert "[&quot;tasks&quot;" in answer.content.decode()
    assert flow.revisions.count() == 1


def test_checking_saves_nothing(browse, flow):
    browse.post(URL, {"graph": '{"tasks": []}', "_check": "1"})

    assert flow.revisions.count() == 1


def test_only_those_who_may_save_revisions_write_graphs(client, bob, flow):
    client.force_login(bob)
    assert client.get(URL).status_code == 403
    assert client.post(f"{URL}check/", {"graph": "{}"}).status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="add_templaterevision"))
    assert client.get(URL).status_code == 200
    assert client.get(f"{URL}check/").status_code == 405


def test_a_script_has_no_graph(browse, alice):
    making.template("def run(params):\n    return 1\n", alice, key="plain")

    assert browse.get("/admin/catalog/tasktemplate/plain/graph/").status_code == 404


def test_a_template_without_a_revision_can_become_a_workflow(browse, alice):
    template = TaskTemplate.objects.create(key="fresh", name="Fresh")

    answer = browse.post("/admin/catalog/tasktemplate/fresh/graph/", {"graph": json.dumps(GRAPH), "_save": "1"})

    assert answer.status_code == 302
    assert template.revisions.get().kind == "workflow"


def test_the_graph_to_begin_with_passes_its_own_check(browse, alice):
    template = TaskTemplate.objects.create(key="fresh", name="Fresh")
    assert "no errors" in browse.get("/admin/catalog/tasktemplate/fresh/graph/").content.decode()

    browse.post("/admin/catalog/tasktemplate/fresh/graph/", {"graph": json.dumps(sketches.STARTER), "_publish": "1"})

    template.refresh_from_db()
    assert template.published.graph == sketches.STARTER


def test_a_saved_graph_leads_to_its_parameters(browse, flow):
    answer = browse.post(URL, {"graph": json.dumps(GRAPH), "_parameters": "1"})

    assert answer.headers["Location"] == f"{EDIT}?from=2"


def test_only_those_who_may_publish_are_offered_it_with_the_graph(client, bob, flow):
    bob.user_permissions.set(
        Permission.objects.filter(codename__in=["add_templaterevision", "view_tasktemplate", "view_templaterevision"])
    )
    client.force_login(bob)

    assert "Save and publish" not in client.get(URL).content.decode()
    assert client.post(URL, {"graph": json.dumps(GRAPH), "_publish": "1"}).status_code == 403


def test_the_form_of_a_revision_keeps_the_graph_it_goes_on_from(browse, flow):
    first = flow.revisions.get()
    form = RevisionForm(base=first)
    typed = {name: form[name].value() for name in form.fields}
    typed = {name: value for name, value in typed.items() if value not in (None, False)} | {"queue": "heavy"}

    checked = browse.post(f"{EDIT}?from=1", {**typed, "_check": "1"})
    assert checked.context["problems"] == []
    browse.post(f"{EDIT}?from=1", {**typed, "_publish": "1"})
    browse.post(f"{EDIT}?from=2", {**typed, "kind": "script", "script": "def run(params):\n    return 1\n"})

    flow.refresh_from_db()
    assert (flow.published.number, flow.published.graph, flow.published.queue) == (2, GRAPH, "heavy")
    assert Definition.of(flow.published).differences(Definition.of(first)) == ["queue"]
    assert flow.revisions.get(number=3).graph == {}


def test_the_first_revisions_form_offers_to_draw_a_graph_instead(browse, flow):
    TaskTemplate.objects.create(key="fresh", name="Fresh")

    fresh = browse.get("/admin/catalog/tasktemplate/fresh/revisions/new/").content.decode()

    assert 'href="/admin/catalog/tasktemplate/fresh/graph/">Make it a workflow' in fresh
    assert f'href="{URL}?from=1">New graph from this one' in browse.get(EDIT).content.decode()


def test_a_graph_as_large_as_its_check_allows_is_saved(flow, alice):
    many = {"tasks": [], "x-table": [[0] * 100] * 600}

    saved = publishing.save_draft(flow, alice, Definition(kind="workflow", graph=many))

    assert saved.number == 2


def test_a_revision_shows_its_graph_in_place_of_a_script(browse, flow):
    shown = browse.get("/admin/catalog/tasktemplate/flow/revisions/1/").content.decode()

    assert shown.count('class="node st-') == 3
    assert "Longest way</dt><dd>a → b" in shown
    assert "The script is empty." not in shown
