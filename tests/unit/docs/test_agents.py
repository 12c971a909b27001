"""What docs/authors/agents.md shows is what happens."""

import json
import sys
from types import ModuleType

import pytest

from apps.executors.workflow.checking import Known, check
from apps.tools import agents
from apps.workers.running.slice import drain
from tests import making
from tests.unit.docs.pages import blocks, page, rows, section
from tests.unit.executors.workflow.ran import ran

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = page("docs/authors/agents.md")
SHOWN = list(zip(blocks(PAGE, "json"), blocks(PAGE, "json answer"), strict=True))


@pytest.fixture(autouse=True)
def _without_a_model(settings):
    settings.GEMINI_API_KEY = ""


@pytest.mark.parametrize(("graph", "answer"), SHOWN, ids=range(len(SHOWN)))
def test_a_workflow_of_the_page_answers_as_it_says(alice, graph, answer):
    assert check(json.loads(graph), Known(classes=agents.names, tools=agents.names)) == []
    task = ran(json.loads(graph), alice)
    assert (task.status, task.returned) == ("completed", json.loads(answer)), task.error


def test_the_script_of_the_page_answers_as_it_says(alice):
    text = section(PAGE, "## From a script")
    task = making.task(blocks(text, "python")[0], by=alice)
    drain()
    task.refresh_from_db()
    assert json.loads(text.split("It answers `")[1].split("`.")[0]) == task.returned


def test_the_table_has_every_class_as_it_describes_itself():
    shown = {name.strip("`"): (said, needs) for name, said, needs in rows(section(PAGE, "## The classes that ship"))}
    assert shown == {
        name: (
            " ".join(agents.describe(name).split("\n\n")[0].split()),
            ", ".join(f"`{each}`" for each in sorted(agents.permissions(name))) or "none",
        )
        for name in agents.names()
    }


def test_the_class_of_the_page_can_be_used(alice, settings, monkeypatch):
    text = section(PAGE, "## A class of your own")
    module = ModuleType("shown_agents")
    monkeypatch.setitem(sys.modules, "shown_agents", module)
    exec(blocks(text, "python")[0], vars(module))
    settings.AGENT_CLASSES = {**settings.AGENT_CLASSES, "CountWords": "shown_agents.CountWords"}

    task = ran(json.loads(blocks(text, "json own")[0]), alice)
    assert task.returned == {"counted": {"words": 2}}, task.error
