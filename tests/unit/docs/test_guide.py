"""The template that docs/authors/guide.md builds step by step works at each step."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.catalog.models import TaskTemplate
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from apps.workers.running.slice import drain
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
