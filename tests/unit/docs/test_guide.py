"""The template that docs/authors/guide.md builds step by step works at each step."""

import json
from io import StringIO
from pathlib import Path

import pydantic_monty as monty
import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from apps.catalog.models import TaskTemplate
from apps.tasks import approvals
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Approval, Task
from apps.tools import registry
from apps.workers.running.slice import drain
from tests import making
from tests.unit.docs.pages import blocks, page, section

GUIDE = page("docs/authors/guide.md")
STEPS = {number: section(GUIDE, heading) for number, heading in (
    (1, "### Step 1: it answers"),
    (2, "### Step 2: it reads invoices"),
    (3, "### Step 3: a file, stages, and sentences that mean it"),
)}  # fmt: skip


def load(folder: Path, number: int) -> None:
    """Write what the step shows over what the step before has left, and load it as the guide says."""
    home = folder / "overdue_list"
    home.mkdir(exist_ok=True)
    for language, name in (("json", "template.json"), ("python", "script.py")):
        if found := blocks(STEPS[number], language):
            (home / name).write_text(found[0], encoding="utf-8")
    call_command("load_templates", str(folder), stdout=StringIO())


def run(by, **parameters) -> Task:
    task = submit(Request(template="overdue_list", parameters=parameters, origin="test"), by).task
    drain()
    return Task.objects.get(pk=task.pk)


@pytest.mark.django_db(transaction=True)
def test_each_step_of_the_example_runs_and_makes_a_revision(alice, tmp_path):
    call_command("make_demo", "--invoices", "120", stdout=StringIO())

    load(tmp_path, 1)
    assert run(alice).returned == {"summary": "Nothing yet, for 30 days."}

    load(tmp_path, 2)
    late = run(alice, days=0).returned["summary"]
    assert late.endswith("invoices are overdue for more than 0 days.")

    load(tmp_path, 3)
    done = run(alice, days=0)
    assert done.returned["summary"] == late
    assert done.returned["file"].startswith("overdue_")
    with done.artifacts.get().open() as file:
        rows = file.read(1_000_000).decode().splitlines()
    assert late.startswith(f"{len(rows) - 1} invoices")
    assert len(rows) > 1
    assert TaskTemplate.objects.get(key="overdue_list").revisions.count() == 3


def test_the_smallest_template_is_the_one_that_ships():
    shown = blocks(section(GUIDE, "## The smallest template"), "python")[0]

    assert shown == page("fixtures/templates/hello/script.py")


@pytest.mark.parametrize(("times", "said"), [(1, "Greeted Bob 1 time."), (2, "Greeted Bob 2 times.")])
def test_the_smallest_template_counts_as_people_do(times: int, said: str) -> None:
    modules = {"task": monty.ExternalModule({"progress": lambda *given: None}, stubs=registry.module("task").stub)}
    with monty.Monty(max_processes=1) as pool, pool.checkout(external_modules=modules) as session:
        session.feed_run(page("fixtures/templates/hello/script.py"))
        answer = session.feed_run("run(parameters)", inputs={"parameters": {"name": "Bob", "times": times}})
    assert answer["summary"] == said


@pytest.mark.django_db(transaction=True)
def test_the_caught_error_is_a_warning(alice):
    from tests import making

    script = blocks(section(GUIDE, "## Errors and retries"), "python")[0]
    task = making.task(script, by=alice)
    drain()

    done = Task.objects.select_related("execution").get(pk=task.pk)
    assert done.returned == {"summary": "went on"}
    assert done.execution.warnings == 1


def test_the_settings_of_the_example_are_json():
    assert json.loads(blocks(STEPS[3], "json")[0])["key"] == "overdue_list"


WAITING = section(GUIDE, "## Waiting")
SQUARE = "def run(params):\n    return params['n'] ** 2\n"


def waiting(number: int, by, key: str) -> Task:
    """A task of the script that the section shows, as far as it gets by itself."""
    task = making.task(blocks(WAITING, "python")[number], by, key=key)
    drain()
    return Task.objects.get(pk=task.pk)


@pytest.mark.django_db(transaction=True)
def test_the_scripts_of_the_section_on_waiting_do_what_it_says(alice):
    making.template(SQUARE, alice, key="square")
    alice.groups.add(Group.objects.create(name="Finance"))

    assert waiting(0, alice, "gathers").returned == 0 + 1 + 4 + 9 + 16
    assert waiting(1, alice, "joins").returned == [16, 9]

    told = waiting(2, alice, "listens")
    call_command("tasks", "tell", str(told.pk), "payment_received", "--data", '{"amount": 5}', "--user", "alice",
                 stdout=StringIO())  # fmt: skip
    drain()
    assert Task.objects.get(pk=told.pk).returned == 5

    asking = waiting(3, alice, "asks")
    approvals.decide(Approval.objects.get().pk, alice, "approve")
    drain()
    assert Task.objects.get(pk=asking.pk).returned == "approve"
