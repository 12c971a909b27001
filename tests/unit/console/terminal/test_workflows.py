"""`manage.py workflows`: what it says of files and templates, and what it makes of a recorded run."""

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from apps.catalog.models import TaskTemplate
from apps.executors.workflow.planning import plan
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from tests import making
from tests.unit.console.terminal.conftest import Run
from tests.unit.executors.workflow.ran import go_on

pytestmark = pytest.mark.django_db(transaction=True)

SAYS = "def run(params):\n    return 'said'\n"
TWO = {"tasks": [{"name": "A", "script": SAYS}, {"name": "B", "tool": "task.now", "dependencies": ["a"]}]}
WRONG = {"tasks": [TWO["tasks"][0], {**TWO["tasks"][1], "tool": "task.know", "dependencies": ["x"]}]}
TRACE = {
    "name": "Two lanes",
    "tasks": [
        {"id": "split", "runtime_s": 2},
        {"id": "l", "parents": ["split"], "runtime_s": 30},
        {"id": "r", "parents": ["split"], "runtime_s": 10},
        {"id": "join", "parents": ["l", "r"], "runtime_s": 0},
    ],
}


@pytest.fixture
def run(run: Run, alice: User) -> Run:
    """Of `manage.py workflows …`."""
    return partial(run, "workflows")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def put(value: Any, name: str = "flow.json") -> str:
        (tmp_path / name).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return str(tmp_path / name)

    return put


def test_a_file_without_errors_can_be_published(run: Run, write: Any) -> None:
    path = write(TWO)
    assert run("check", path) == (0, f"{path}: 2 tasks in 1 group, it can be published.\n", "")


def test_errors_are_said_with_place_and_advice_and_change_the_exit_code(run: Run, write: Any) -> None:
    path = write(WRONG)
    code, out, _ = run("check", path)
    assert code == 1
    assert f"{path}: 2 tasks in 1 group, 2 errors." in out
    assert "CFG_006  tasks.1.tool: There is no tool “task.know”." in out
    assert "DEP_001  tasks.1.dependencies.0: Nothing produces “x”" in out
    assert "    If the task can do without it, write “x?”." in out
    code, out, _ = run("check", path, "--json")
    found = json.loads(out)
    assert (code, found["is_valid"], found["tasks"]) == (1, False, 2)
    assert {fault["code"] for fault in found["faults"]} == {"CFG_006", "DEP_001"}


def test_a_template_is_checked_by_key_with_its_parameters(run: Run, alice: User) -> None:
    graph = {"tasks": [{"name": "A", "script": SAYS, "parameters": {"n": "{n}"}}]}
    making.template("", alice, key="flow", kind="workflow", graph=graph)
    assert run("check", "flow")[:2] == (0, "flow, revision 1: 1 task in 1 group, it can be published.\n")


def test_a_templates_folder_is_checked_with_its_parameters(run: Run, write: Any, tmp_path: Path) -> None:
    graph = {"tasks": [{"name": "A", "script_file": "a.py", "parameters": {"n": "{n}"}}]}
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    path = write({"name": "Flow", "kind": "workflow", "graph": graph, "parameter_schema": schema}, name="template.json")
    write(SAYS, name="a.py")
    assert run("check", path)[0] == 0
    assert run("check", str(tmp_path))[0] == 0


def test_a_workflow_comes_from_stdin_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(TWO)))
    assert run("check", "-")[0] == 0


@pytest.mark.parametrize(
    ("word", "said"),
    [("nothing", "There is neither a file nor a template “nothing”."), ("sample", "sample, revision 1 is a script")],
)
def test_what_is_no_workflow_is_refused(run: Run, alice: User, word: str, said: str) -> None:
    making.template(SAYS, alice)
    code, _, errors = run("check", word)
    assert code == 2
    assert said in errors


def test_what_is_no_json_is_refused(run: Run, write: Any) -> None:
    code, _, errors = run("plan", write("{"))
    assert code == 2
    assert "is not JSON" in errors


def test_a_plan_shows_waves_and_how_long_it_takes(run: Run, write: Any) -> None:
    tasks = [
        {"id": "design", "estimated_seconds": 600},
        {"id": "server", "estimated_seconds": 1200, "dependencies": ["design"]},
        {"id": "pages", "estimated_seconds": 900, "dependencies": ["design"]},
    ]
    code, out, _ = run("plan", write(tasks))
    assert code == 0
    assert out.splitlines() == [
        "3 tasks in 2 waves:",
        "  1  design",
        "  2  server, pages",
        "Takes about 30 m; one after another 45 m: 1.50 run at the same time on average. Complexity: high.",
        "Decides how long it takes: design → server",
    ]
    assert "with 1 worker; one after another 45 m: 1.00 run" in run("plan", write(tasks), "--workers", "1")[1]
    assert json.loads(run("plan", write(tasks), "--json")[1]) == plan(tasks).as_json()


def test_a_plan_with_errors_says_so_and_plans_the_rest(run: Run, write: Any) -> None:
    code, out, _ = run("plan", write(WRONG))
    assert (code, out.splitlines()[0]) == (1, "2 tasks in 1 wave:")
    assert "DEP_001" in out
    assert run("plan", write(TWO), "--workers", "0")[0] == 2


def test_a_recorded_run_becomes_a_template_that_runs(run: Run, write: Any, alice: User) -> None:
    code, out, _ = run("import-trace", write(TRACE), "--scale", "0")
    assert (code, out.splitlines()[0]) == (0, "Published two_lanes, revision 1: 4 tasks in 3 waves.")

    task = go_on(submit(Request(template="two_lanes", origin="test"), alice).task)

    assert (task.status, task.returned) == ("completed", {"t3": 0})
    assert Task.objects.filter(parent=task, status="completed").count() == 4


def test_a_trace_can_be_run_by_a_template_of_ones_own(run: Run, write: Any, alice: User) -> None:
    making.template(SAYS, alice)
    code, _, _ = run("import-trace", write(TRACE), "--template", "sample", "--key", "lanes")
    revision = TaskTemplate.objects.get(key="lanes").published
    assert revision is not None
    assert (code, revision.graph["groups"][0]["tasks"][0]["template"]) == (0, "sample")
    assert revision.estimated_seconds == 32


def test_importing_again_makes_a_revision_and_never_touches_another_template(run: Run, write: Any, alice: User) -> None:
    path = write(TRACE)
    assert json.loads(run("import-trace", path, "--json")[1])["revision"] == 1
    assert json.loads(run("import-trace", path, "--json")[1])["revision"] == 2
    making.template(SAYS, alice)
    code, _, errors = run("import-trace", path, "--key", "sample")
    assert code == 1
    assert "that is no trace" in errors


def test_who_may_not_make_templates_cannot_import(run: Run, write: Any) -> None:
    user = User.objects.create_user("dora")
    user.user_permissions.set(Permission.objects.filter(codename__endswith="templaterevision"))
    code, _, errors = run("import-trace", write(TRACE), "--user", "dora")
    assert code == 1
    assert "catalog.add_tasktemplate" in errors
    assert not TaskTemplate.objects.exists()


@pytest.mark.parametrize("options", [["--key", "two lanes"], ["--scale", "2"]])
def test_wrong_options_are_refused(run: Run, write: Any, options: list[str]) -> None:
    assert run("import-trace", write(TRACE), *options)[0] == 2
