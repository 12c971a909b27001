"""The workflow that docs/authors/workflows.md builds step by step works at each step, and its other examples run."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pytest
from django.core.management import call_command

from apps.executors.workflow import contents
from apps.executors.workflow.standing import Look
from apps.tasks import approvals, lifecycle
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Approval, Node, Task
from tests import making
from tests.unit.docs.pages import blocks, page, rows, section
from tests.unit.executors.workflow.ran import go_on, start, states

GUIDE = page("docs/authors/workflows.md")
STEPS = [section(GUIDE, heading) for heading in (
    "### Step 1: two tasks", "### Step 2: one task for each client", "### Step 3: people decide",
)]  # fmt: skip
NAMES = (("amounts.py", "summary.py"), ("letter.py", "summary.py"), ())
"""The files whose texts each step shows, in this order."""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reminders").mkdir()
    return tmp_path / "reminders"


def say(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def write(home: Path, step: int) -> None:
    """What the step shows, over what the step before has left."""
    (home / "template.json").write_text(blocks(STEPS[step], "json")[0], encoding="utf-8")
    for name, text in zip(NAMES[step], blocks(STEPS[step], "python"), strict=True):
        (home / name).write_text(text, encoding="utf-8")


def reminders(by: Any) -> Task:
    return go_on(submit(Request(template="reminders", origin="test"), by).task)


def shown(text: str) -> Any:
    return json.loads(blocks(text, "json result")[0])


def test_each_step_can_be_checked_loaded_and_run(alice, home):
    write(home, 0)
    checked, loaded = say("workflows", "check", "reminders"), say("load_templates", "reminders")
    assert f"check reminders\n{checked}" in STEPS[0]
    assert f"load_templates reminders\n{loaded}" in STEPS[0]
    assert reminders(alice).returned == shown(STEPS[0])

    write(home, 1)
    say("load_templates", "reminders")
    task = reminders(alice)
    assert task.returned == shown(STEPS[1])
    assert {"Letters: Ada", "Letters: Bob", "Letters: Eve"} < set(task.children.values_list("title", flat=True))

    write(home, 2)
    say("load_templates", "reminders")
    task = reminders(alice)
    assert (task.status, task.status_reason) == ("waiting", "waits for people: “Send”")
    assert Approval.objects.get().evidence == [{"title": "The first", "text": "Dear Ada, you owe 300."}]
    approvals.decide(Approval.objects.get().pk, alice, "approve")
    assert go_on(task).returned == shown(STEPS[1])


def test_a_rejection_skips_what_its_condition_forbids(alice, home):
    write(home, 0)
    write(home, 1)
    write(home, 2)
    say("load_templates", "reminders")
    task = reminders(alice)
    approvals.decide(Approval.objects.get().pk, alice, "reject")

    assert go_on(task).status == "completed"
    assert states(task)["Summary"] == "skipped"
    assert task.returned == {}


def test_a_run_is_shown_as_the_page_shows_it(alice, home):
    write(home, 0)
    write(home, 1)
    say("load_templates", "reminders")
    task = reminders(alice)

    console = blocks(section(GUIDE, "## Watching a run"), "console")[0]
    for words in (["--all"], ["--keys"]):
        for line in say("inspect_run", str(task.pk), *words).splitlines():
            known = [word for word in line.split() if not any(letter.isdigit() for letter in word)]
            alike = (each for each in console.splitlines() if all(word in each for word in known if "yew" not in word))
            assert next(alike, None) is not None, line


def test_a_plan_is_made_of_the_folder(alice, home):
    write(home, 0)
    write(home, 1)
    assert say("workflows", "plan", "reminders", "--workers", "4").startswith("3 tasks in 3 waves:")


REPAIR = section(GUIDE, "## Failure and repair")


def test_a_repair_repeats_what_failed_and_what_depends_on_it(alice):
    making.template("def run(params):\n    return 1 / 0\n", alice, key="rates", retry={})
    task = go_on(start(json.loads(blocks(REPAIR, "json repair")[0]), alice))
    assert (task.status, task.error["code"]) == ("failed", "EXEC_001")
    assert states(task) == {"Orders": "completed", "Rates": "failed", "Sum": "skipped"}
    assert contents.value(task, "orders") == [1, 2, 3]

    making.template("def run(params):\n    return 2\n", alice, key="rates")
    lifecycle.retry_failed(task, alice)

    assert go_on(task).returned == shown(REPAIR)
    assert dict(Node.objects.filter(task=task).values_list("number", "generation")) == {0: 0, 1: 1, 2: 1}
    assert task.children.filter(title="Orders").count() == 1


POLICIES = [[cell.strip("`") for cell in row] for row in rows(REPAIR)]


@pytest.mark.parametrize(("policy", "rest", "end"), POLICIES, ids=[row[0] for row in POLICIES])
def test_a_policy_does_what_its_row_says(alice, policy, rest, end):
    fails = {"name": "Bad", "script": "def run(params):\n    raise ValueError('no')\n", "on_failure": policy}
    if policy == "default":
        fails["default_result"] = {"bad": 1}
    says = "def run(params):\n    return 'said'\n"
    graph = {"tasks": [
        {"name": "Before", "script": says}, {**fails, "dependencies": ["before"]},
        {"name": "Free", "script": says, "dependencies": [{"task": "Bad", "state": "ended"}]},
        {"name": "After", "script": says, "dependencies": ["bad"]},
    ]}  # fmt: skip
    task = go_on(start(graph, alice))

    assert task.status == end.split(",")[0]
    found = states(task)
    ran = {name for name, state in found.items() if state == "completed"}
    assert {
        "stop": {"Before"}, "continue": {"Before", "Free"}, "skip": {"Before", "Free"},
        "default": {"Before", "Bad", "Free", "After"},
    }[policy] == ran  # fmt: skip
    assert ("skipped" in rest) is (policy == "skip")


def test_an_event_is_told_as_the_page_says(alice):
    text = section(GUIDE, "## Events from outside")
    task = go_on(start(json.loads(blocks(text, "json event")[0]), alice))
    [line] = [line for line in blocks(text, "console")[0].splitlines() if "tell" in line]
    _, event, _, data = line.split("tell ")[1].replace("'", "").split(" ", 3)

    say("tasks", "tell", str(task.pk), event, "--data", data, "--user", "alice")

    assert go_on(task).returned == {"book": 5}


OPERATORS = page("docs/operators/workflows.md")


def alike(shown: str, said: str) -> bool:
    """But for numbers of tasks, times and the worker's name."""

    def plain(text: str) -> list[str]:
        without = re.sub(r"[Tt]ask \d+|worker \S+:|\d+(\.\d+)? s\b|\s+", " ", text)
        return without.split()

    return plain(shown) == plain(said)


def test_operators_see_the_run_and_its_repair_as_their_page_shows_it(alice):
    making.template("def run(params):\n    return 1 / 0\n", alice, key="rates", retry={})
    task = go_on(start(json.loads(blocks(REPAIR, "json repair")[0]), alice, key="totals"))
    [failed] = blocks(section(OPERATORS, "## How a run looks"), "console")
    assert alike(failed.split("\n", 1)[1], say("inspect_run", str(task.pk)))

    making.template("def run(params):\n    return 2\n", alice, key="rates")
    say("tasks", "retry", str(task.pk))
    go_on(task)

    [repaired] = blocks(section(OPERATORS, "## Repairing one"), "console")
    assert alike(repaired.split("\n", 2)[2], say("inspect_run", str(task.pk), "--all"))
    assert task.children.filter(title="Rates").count() == 2


def test_the_states_that_operators_read_of_are_those_there_are():
    nodes, keys = (
        [row[0] for row in rows(text)]
        for text in section(OPERATORS, "## How a run looks").split("\n\n| state of a key")
    )
    assert {state for cell in nodes for state in cell.split(", ")} == set(get_args(Look))
    assert set(keys) == set(get_args(contents.Is))
