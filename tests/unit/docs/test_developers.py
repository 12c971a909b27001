"""The tool, the executor and the page template that docs/developers.md shows do what it says."""

import sys
from types import ModuleType

import pytest

from apps.executors.script import sandbox
from apps.reports import pdf
from apps.tasks.models import Task
from apps.tools import registry
from apps.workers.running.slice import drain
from tests import making
from tests.unit.docs.pages import blocks, page, section

DEVELOPERS = page("docs/developers.md")


def forget() -> None:
    registry.module.cache_clear()
    sandbox._modules.cache_clear()


@pytest.fixture
def shown(monkeypatch):
    """Makes the first Python block below a heading a module that can be imported."""

    def make(heading: str, name: str) -> str:
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(blocks(section(DEVELOPERS, heading), "python")[0], vars(module))
        return name

    forget()
    yield make
    forget()


@pytest.mark.django_db(transaction=True)
def test_the_tool_can_be_called_by_a_script(alice, settings, shown):
    settings.TOOL_MODULES = {**settings.TOOL_MODULES, "words": shown("## Add a tool", "shown_words")}
    script = "import words\n\n\ndef run(params):\n    return words.count('three blind mice', shortest=5)\n"
    task = making.task(script, by=alice)
    drain()

    assert Task.objects.get(pk=task.pk).returned == {"words": 2, "letters": 10}


@pytest.mark.django_db(transaction=True)
def test_the_executor_runs_a_revision_of_its_kind(alice, settings, shown):
    settings.TASK_KINDS = {**settings.TASK_KINDS, "echo": f"{shown('## Add an executor', 'shown_echo')}.EchoExecutor"}
    task = making.task("", by=alice, key="echoing", kind="echo", parameters={"n": 4})
    drain()

    assert Task.objects.get(pk=task.pk).returned == {"n": 4}


def test_the_page_template_shows_its_rows(settings, tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    source = blocks(section(DEVELOPERS, "## Add a page template for PDF"), "html")[0]
    (folder / "late.html").write_text(source, encoding="utf-8")
    engine = {**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}
    settings.TEMPLATES = [engine]

    html = pdf.page("late", {"rows": [{"number": "A & B", "days": 3}]})

    assert "<td>A &amp; B</td><td>3</td>" in html
