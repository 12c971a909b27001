"""`manage.py inspect_run`: what it shows of a run, what it refuses, and its exit codes."""

import io
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from apps.console.terminal import telling
from apps.core import clock
from apps.tasks.models import Task
from apps.tasks.retention import contexts
from tests import making
from tests.unit.executors.workflow.ran import go_on, node, start

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., tuple[int, str, str]]
FAILS = "def run(params):\n    raise ValueError('no such customer')\n"
GRAPH = {
    "groups": [
        {"name": "In", "tasks": [node("orders", result=[{"id": 7}]), node("broken", script=FAILS)]},
        {"name": "Out", "tasks": [node("report", "orders", "broken"), node("note", "orders", {"event": "paid"})]},
    ],
    "on_failure": "continue",
}


@pytest.fixture
def run(alice: User) -> Run:
    """(exit code, output, errors) of `manage.py inspect_run …`."""

    def call(*words: object) -> tuple[int, str, str]:
        out, errors, code = io.StringIO(), io.StringIO(), 0
        try:
            call_command("inspect_run", *map(str, words), stdout=out, stderr=errors)
        except SystemExit as left:
            code = int(left.code or 0)
        return code, out.getvalue(), errors.getvalue()

    return call


@pytest.fixture
def task(alice: User) -> Task:
    """It waits for the event `paid`; “broken” has failed, and “report” was skipped for it."""
    return go_on(start(GRAPH, alice))


def test_it_tells_how_far_a_run_is_and_what_is_missing(run: Run, task: Task) -> None:
    code, out, _ = run(task.pk)
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == f"Task {task.pk}, Flow: waiting: waits for the event “paid”"
    assert "of 4 nodes" in lines[1]
    assert "1 failed" in lines[1]
    assert any(line.split()[:4] == ["1", "broken", "failed", "0"] or "no such customer" in line for line in lines)
    assert any("report" in line and "skipped" in line for line in lines)
    missing = lines[lines.index("Missing:") + 1 :]
    assert [line.split()[0] for line in missing] == ["KEY", "broken", "report"]
    assert "“broken” failed: Task" in missing[1]
    assert not any(line.split()[1:2] == ["orders"] for line in lines[: lines.index("Missing:")])


def test_the_task_itself_says_how_to_look_into_its_run(task: Task, alice: User) -> None:
    shown = [telling.status(each, alice) for each in (task, task.children.latest("pk"))]
    assert f"  Run    manage.py inspect_run {task.pk}" in shown[0]
    assert not any("inspect_run" in line for line in shown[1])


def test_all_shows_what_needs_no_look_too_and_a_limit_says_what_it_left_out(run: Run, task: Task) -> None:
    out = run(task.pk, "--all")[1]
    assert [name for name in ("orders", "broken", "report", "note") if f"  {name} " in out] == [
        "orders", "broken", "report", "note",
    ]  # fmt: skip
    assert "… and 2 more nodes; --limit shows more." in run(task.pk, "--all", "--limit", "2")[1]


def test_keys_have_owners_states_and_reasons(run: Run, task: Task) -> None:
    rows = {line.split()[0]: line.split() for line in run(task.pk, "--keys")[1].splitlines()}
    assert rows["orders"][1:3] == ["there", "orders"]
    assert rows["paid"][1:3] == ["awaited", "(event)"]
    assert rows["note"][1:3] == ["awaited", "note"]
    assert rows["broken"][1] == "missing"


def test_context_shows_the_values(run: Run, task: Task) -> None:
    assert run(task.pk, "--context")[1] == '  orders = [{"id": 7}]\n'


def test_one_node_tells_what_it_waits_for_its_error_and_its_tasks(run: Run, task: Task) -> None:
    failed = run(task.pk, "--node", "broken")[1]
    child = task.children.get(status="failed")
    assert "EXEC_001 TaskExecutionError: Task" in failed
    assert f"task {child.pk}  failed" in failed
    waits = run(task.pk, "--node", "3")[1]
    assert "met      orders of orders" in waits
    assert "pending  the event paid: it has not come yet" in waits


def test_programs_get_all_of_it(run: Run, task: Task) -> None:
    found = json.loads(run(task.pk, "--json", "--context")[1])["run"]
    assert (found["status"], found["counts"]["failed"]) == ("waiting", 1)
    assert [each["look"] for each in found["nodes"]] == ["completed", "failed", "skipped", "waiting"]
    keys = {each["key"]: each for each in found["keys"]}
    assert (keys["orders"]["text"], keys["orders"]["makers"]) == ('[{"id": 7}]', ["orders"])
    one = json.loads(run(task.pk, "--node", "broken", "--json")[1])["node"]
    assert (one["name"], one["error"]["code"]) == ("broken", "EXEC_001")


def test_values_that_have_gone_are_told_and_not_listed_as_missing(run: Run, alice: User) -> None:
    task = go_on(start({"tasks": [node("a"), node("b", "a")]}, alice))
    assert "removed" not in run(task.pk)[1]

    contexts.forget(clock.now() + timedelta(days=2))

    out = run(task.pk)[1]
    assert "Its values have been removed some time after its end; a retry repeats everything." in out
    assert "Missing:" not in out
    assert "dropped" in run(task.pk, "--keys")[1]


def test_what_is_not_there_is_refused(run: Run, task: Task, alice: User) -> None:
    script = making.task(FAILS, alice)
    assert run(script.pk)[0] == 1
    assert "is no workflow" in run(script.pk)[2]
    assert run(task.pk, "--node", "nobody")[0] == 1
    assert run("x")[0] == 2
    User.objects.create_user("charlie")
    code, _, errors = run(task.pk, "--user", "charlie")
    assert (code, "There is no task" in errors) == (1, True)
