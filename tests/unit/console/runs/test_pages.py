"""A running workflow on its pages: the drawing, the chart, the table, a node, and what moves meanwhile."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.console.runs import drawing, page, table
from apps.core import clock
from apps.executors.workflow import standing
from apps.tasks.claims import claiming
from apps.tasks.models import Node, Run, Task, Value
from tests import making
from tests.unit.console.runs.conftest import BREAK
from tests.unit.executors.workflow.ran import attempts, go_on, node, ran, start

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def of(client: Client, task: Task, query: str = "") -> str:
    return page_of(client, f"/admin/tasks/task/{task.pk}/change/{query}")


def test_the_graph_shows_each_node_with_state_sign_and_words(browse, dossier):
    shown = of(browse, dossier)

    looks = re.findall(r'<a class="node st-(\w+)[^"]*" href="[^"]*" aria-label="([^"]*)"', shown)
    said = {label.partition(":")[0]: (tint, label) for tint, label in looks}
    assert said["orders"][0] == "completed"
    assert said["broken"] == ("failed", "broken: Failed")
    assert said["ask"][1].startswith("ask: Asks people, for ")
    assert said["letters"] == ("running", "letters: Running, 1 of 4 tasks completed")
    assert said["send"] == ("blocked", "send: Waiting")
    assert said["after"] == ("cancelled", "after: Skipped")
    assert "Workflow graph: 3 of 6 nodes have ended" in shown
    assert shown.count('class="band"') == 2
    assert "#person" in shown


def test_edges_say_whether_they_are_met(browse, dossier):
    shown = of(browse, dossier)

    assert re.findall(r'<path class="edge (\w*)" data-from="(\d)"', shown) == [
        ("met", "0"), ("hot", "3"), ("hot", "1"), ("", "2"),
    ]  # fmt: skip


def test_an_open_page_that_asks_for_its_panels_gets_no_second_drawing(browse, dossier):
    answer = browse.get(f"/admin/tasks/task/{dossier.pk}/change/", headers={"X-Panels": "1"})

    shown = answer.content.decode()
    assert 'data-panel="whole"' in shown
    assert 'class="graph"' not in shown
    assert "data-n=" not in shown


def test_names_of_nodes_are_escaped(browse, alice):
    task = ran({"tasks": [{**node("a"), "name": "<b>bold</b>"}]}, alice)

    shown = of(browse, task)

    assert "<b>bold</b>" not in shown
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown


def test_the_chart_has_a_line_for_each_node_and_one_for_now(browse, dossier):
    Node.objects.filter(task=dossier, number=3).update(began_at=clock.now() - timedelta(hours=1))

    shown = page_of(browse, f"/admin/tasks/task/{dossier.pk}/run/gantt/")

    assert shown.count('class="line st-') == 6
    assert shown.count('class="ran"') == 4
    assert shown.count('class="expected"') == 3
    assert shown.count('class="now"') == 1
    assert re.findall(r' decides" href="[^"]*/nodes/(\d)/"', shown) == ["3", "4"]


def test_a_run_that_has_not_begun_has_no_chart(browse, alice):
    task = start({"tasks": [node("a")]}, alice)

    assert "Once the run has begun" in of(browse, task)


def rows(shown: str) -> list[str]:
    return re.findall(r'<tr data-row data-n="\d+"><th scope="row"><a class="main" href="[^"]*">(\w+)', shown)


@pytest.mark.parametrize(("query", "names"), [
    ("", ["orders", "letters", "broken", "ask", "send", "after"]),
    ("?state=failed", ["broken"]),
    ("?group=Gather&sort=-order", ["letters", "orders"]),
    ("?sort=state", ["broken", "ask", "letters", "send", "orders", "after"]),
    ("?sort=nonsense&page=99&state=", ["orders", "letters", "broken", "ask", "send", "after"]),
    ("?state=stalled", []),
])  # fmt: skip
def test_the_table_is_sorted_and_filtered_by_its_address(browse, dossier, query, names):
    assert rows(page_of(browse, f"/admin/tasks/task/{dossier.pk}/run/nodes/{query}")) == names


def test_of_very_many_groups_some_can_be_chosen_and_any_be_named(browse, dossier, monkeypatch):
    monkeypatch.setattr(table, "MOST_GROUPS", 1)
    url = f"/admin/tasks/task/{dossier.pk}/run/nodes/"

    assert re.findall(r'<a href="[?]group=(\w+)', page_of(browse, url)) == ["Gather"]
    assert 'aria-current="true">Write' in page_of(browse, f"{url}?group=Write")


def test_the_table_has_pages(browse, alice, monkeypatch):
    monkeypatch.setattr(table, "PAGE", 2)
    task = ran({"tasks": [node(f"n{number}") for number in range(5)]}, alice)

    shown = page_of(browse, f"/admin/tasks/task/{task.pk}/run/nodes/?page=2&sort=-order")

    assert rows(shown) == ["n2", "n1"]
    assert '?sort=-order&amp;page=3#nodes">Next page' in shown


def test_what_is_stalled_is_pointed_out(browse, dossier):
    Node.objects.filter(task=dossier, number=1).update(began_at=clock.now() - timedelta(hours=3))

    shown = of(browse, dossier, "?state=stalled")

    assert rows(shown) == ["letters"]
    assert 'data-run="stalled">1 node<' in shown
    assert re.search(r'class="node st-running stalled many"[^>]*far longer than the expected', shown)


def test_of_a_stalled_node_it_is_said_whether_a_worker_has_it_in_hand(browse, dossier):
    Node.objects.filter(task=dossier, number=1).update(began_at=clock.now() - timedelta(hours=3))
    url = f"/admin/tasks/task/{dossier.pk}/nodes/1/"

    assert "no worker has its task in hand" in page_of(browse, url)
    claimed = claiming.claim(["default"], worker="birch-1", cluster="birch")
    assert claimed is not None
    assert Task.objects.get(pk=claimed.lease.task_id).parent_id == dossier.pk
    shown = page_of(browse, url)

    assert "It takes far longer than expected." in shown
    assert "no worker has its task in hand" not in shown


def test_what_moved_comes_as_json(browse, dossier):
    version = Run.objects.get(task=dossier).version

    moved = browse.get(f"/admin/tasks/task/{dossier.pk}/run/?after={version}").json()
    assert [box["id"] for box in moved["boxes"]] == [1, 3]
    assert moved["boxes"][0]["bar"] == [31.0, 0.0]
    go_on(dossier)
    moved = browse.get(f"/admin/tasks/task/{dossier.pk}/run/?after={version}").json()

    assert moved["version"] > version
    assert [(row["n"], row["word"], row["fact"]) for row in moved["rows"]] == [
        (1, "Completed", "4 of 4"), (3, "Asks people", ""),
    ]  # fmt: skip
    assert moved["fields"]["nodes"] == "4 of 6"
    assert moved["is_over"] is False


def test_of_very_many_changes_the_page_takes_its_table_anew(browse, dossier, monkeypatch):
    monkeypatch.setattr("apps.console.runs.views.MOST_ROWS", 2)

    moved = browse.get(f"/admin/tasks/task/{dossier.pk}/run/?after=0").json()

    assert moved["rows"] is None
    assert len(moved["boxes"]) == 5


def test_a_node_says_why_and_shows_its_tasks(browse, dossier):
    shown = page_of(browse, f"/admin/tasks/task/{dossier.pk}/nodes/2/")

    [task] = Task.objects.filter(parent=dossier, branch__node=2)
    for part in ("EXEC_001 TaskExecutionError", f"Task {task.pk} of “broken” failed", f"/admin/tasks/task/{task.pk}/change/",
                 "Nothing: it begins with the run.", "after</a>"):  # fmt: skip
        assert part in shown


def test_a_node_says_what_it_waits_for(browse, dossier):
    shown = page_of(browse, f"/admin/tasks/task/{dossier.pk}/nodes/5/")

    assert "<code>broken</code>" in shown
    assert "“broken” has failed" in shown
    shown = page_of(browse, f"/admin/tasks/task/{dossier.pk}/nodes/4/")
    assert shown.count("<span>not yet</span>") == 2


def test_a_node_that_asks_leads_to_its_question(browse, dossier):
    shown = page_of(browse, f"/admin/tasks/task/{dossier.pk}/nodes/3/")

    assert "Send &lt;b&gt;14&lt;/b&gt; letters?" in shown
    assert "/admin/tasks/approval/" in shown


def test_the_values_of_a_node_are_shown_escaped_and_masked(browse, dossier, settings):
    Value.objects.filter(task=dossier, node=0).update(text=f'"<i>{settings.SECRET_KEY}</i>"')

    shown = page_of(browse, f"/admin/tasks/task/{dossier.pk}/nodes/0/")

    assert "&lt;i&gt;•••&lt;/i&gt;" in shown


def test_the_tasks_of_an_expansion_come_in_pages(browse, dossier, monkeypatch):
    monkeypatch.setattr("apps.console.runs.nodepage.PAGE", 3)

    first = page_of(browse, f"/admin/tasks/task/{dossier.pk}/nodes/1/")
    second = page_of(browse, f"/admin/tasks/task/{dossier.pk}/nodes/1/?tasks=3")

    assert (first.count("<tr data-row>"), second.count("<tr data-row>")) == (3, 1)
    assert "?tasks=3" in first


PATHS = ("change/", "run/", "run/gantt/", "run/nodes/", "nodes/0/")


@pytest.mark.parametrize("path", PATHS)
def test_only_those_who_may_see_the_task_see_its_run(client, bob, charlie, dossier, path):
    url = f"/admin/tasks/task/{dossier.pk}/{path}"
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    assert client.get(url).status_code == 404
    client.force_login(bob)
    assert client.get(url).status_code == 200


def test_there_is_no_run_of_a_script_and_no_node_beyond_the_last(browse, alice, dossier):
    script = making.task("def run(params):\n    return 1\n", alice, key="plain")

    assert browse.get(f"/admin/tasks/task/{script.pk}/run/").status_code == 404
    assert browse.get(f"/admin/tasks/task/{dossier.pk}/nodes/6/").status_code == 404
    assert 'id="run"' not in of(browse, script)


def test_a_graph_of_a_thousand_nodes_is_drawn_together(browse, alice):
    names = [f"n{number}" for number in range(1_000)]
    body = "def run(params):\n    return 1\n"
    tasks = [node(name, *([names[number - 40]] if number >= 40 else []), script=body) for number, name in
             enumerate(names)]  # fmt: skip
    task = start({"tasks": tasks}, alice)
    attempts(1)

    shown = of(browse, task)

    assert "too many nodes to be drawn one by one" in shown
    assert shown.count('class="node st-') == 25
    assert "0 of 40 nodes" in shown


def test_no_page_of_a_run_asks_more_of_the_database_when_the_graph_grows(browse, alice):
    each = {"type": "product", "array_mapping": {"item": [0, 1]}}
    sizes, numbers = (3, 60), {}
    for size in sizes:
        names = [f"n{number}" for number in range(size)]
        tasks = [node(name, *names[:number][-2:], expansion_config=each) for number, name in enumerate(names)]
        wide = [node(f"w{number}", expansion_config=each) for number in range(size // 3)]
        task = start({"tasks": [*tasks, *wide]}, alice, key=f"flow_{size}")
        attempts(1)
        assert Run.objects.get(task=task).running == 1 + size // 3
        for path in PATHS:
            browse.get(f"/admin/tasks/task/{task.pk}/{path}")
            standing._history.cache_clear()
            with CaptureQueriesContext(connection) as asked:
                browse.get(f"/admin/tasks/task/{task.pk}/{path}")
            numbers.setdefault(path, []).append(len(asked))
        Task.objects.filter(parent=task).delete()

    assert all(large == small for small, large in numbers.values()), numbers


def test_what_was_drawn_once_is_not_laid_out_again(browse, dossier):
    drawing.layout_of.cache_clear()
    of(browse, dossier)
    of(browse, dossier)

    assert (drawing.layout_of.cache_info().misses, page.KIND) == (1, "workflow")


def test_a_failed_workflow_says_what_a_retry_repeats_and_nothing_of_scripts(browse, alice):
    task = ran({"tasks": [node("a"), node("broken", "a", script=BREAK), node("after", "broken")]}, alice)
    assert task.status == "failed"

    shown = browse.get(f"/admin/tasks/task/{task.pk}/change/").content.decode()

    assert shown.count("What failed is repeated, with what depends on it; what was completed is kept.") == 2
    assert "All its nodes run again." in shown
    assert "Then retry it." not in shown
    assert page.fields(task, standing.of(task, clock.now())).items() >= {
        ("nodes", "1 of 3"), ("nodes_sub", "completed, 1 failed, 1 skipped"),
    }  # fmt: skip
    for said in (
        "At the script", "No call is on record", "No step had been recorded", "What the script prints", "0 warnings",
        '"k">Stage<', ">from the start<",
    ):  # fmt: skip
        assert said not in shown


def test_a_failed_workflow_whose_values_have_gone_says_that_a_retry_repeats_everything(browse, alice):
    task = ran({"tasks": [node("broken", script=BREAK)]}, alice)
    Run.objects.filter(task=task).update(is_forgotten=True)

    shown = browse.get(f"/admin/tasks/task/{task.pk}/change/").content.decode()

    assert shown.count("The values of its nodes have gone, so everything is repeated.") == 2


def test_what_wakes_a_workflow_is_no_attempt_of_a_few(browse, dossier):
    shown = browse.get(f"/admin/tasks/task/{dossier.pk}/change/").content.decode()

    assert dossier.attempts.count() > 1
    assert "none failed" in shown
    assert "of at most 3" not in shown
