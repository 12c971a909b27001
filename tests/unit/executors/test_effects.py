"""What a template may change beyond its own task: it is never started unconfirmed."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.catalog import effects, kinds, transfer
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.console.terminal.asking import card
from apps.tools import registry
from tests.making import template

SHIPPED = (
    "client_analysis_v1",
    "customer_dossier_v1",
    "customer_pipeline_v1",
    "hello",
    "invoice_report_v2",
    "slow_count",
)


def of_script(text: str) -> set[str]:
    return set(kinds.get("script").effects(Definition(script=text)).names)


def of_graph(**task: Any) -> kinds.Effects:
    graph = {"tasks": [{"name": "One", **task}]}
    return kinds.get("workflow").effects(Definition(kind="workflow", graph=graph))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import report\ndef run(params):\n    return report.csv(name='a.csv', rows=[])", set()),
        ("import ai\ndef run(params):\n    return ai.complete(prompt='x')", set()),
        ("import crm, task\ndef run(params):\n    task.progress(1)\n    return crm.clients()", set()),
        ("import task\ndef run(params):\n    return task.spawn('hello')", {"task.spawn"}),
        ("import task as t\ndef run(params):\n    return t.gather([])", {"task.gather"}),
        ("from task import spawn as go\ndef run(params):\n    return go('hello')", {"task.spawn"}),
        ("import task\ndef run(params):\n    t = task\n    return t.spawn('hello')", {"task.spawn", "task.gather"}),
        ("import task\ndef run(params):\n    return getattr(task, 'spawn')('hello')", {"task.spawn", "task.gather"}),
        ("from task import *\ndef run(params):\n    return spawn('hello')", {"task.spawn", "task.gather"}),
        (
            "import task as x\nstart = x.spawn\nimport data as x\ndef run(params):\n    return start('a')",
            {"task.spawn"},
        ),
        ("import task\ndef run(params):\n    return task.__dict__['spawn']('a')", {"task.spawn", "task.gather"}),
        ("import agent\ndef run(params):\n    return agent.work(params['who'])", {"agent.work"}),
        ("def run(params:\n", {"a script that cannot be read"}),
    ],
)
def test_a_script_has_the_effects_of_the_tools_that_it_may_call(text: str, found: set[str]) -> None:
    assert of_script(text) == found


def test_an_effect_counts_unless_its_tool_says_that_it_stays_in_the_task() -> None:
    @registry.tool(call_class="effect")
    def post(call: registry.Call) -> None:
        """Post something."""

    @registry.tool(call_class="read")
    def look(call: registry.Call) -> None:
        """Look at something."""

    assert registry._tool("site.post", post).has_effects
    assert not registry._tool("site.look", look).has_effects


def test_a_workflow_has_the_effects_of_its_scripts_tools_agents_and_judges(settings: Any) -> None:
    settings.AGENT_CLASSES = {**settings.AGENT_CLASSES, "Postman": "tests.unit.executors.test_effects.Postman"}
    assert not of_graph(agent_class="WriteKeyPoints").names
    assert of_graph(agent_class="Postman").names == {"Postman"}
    assert of_graph(agent_class="WriteKeyPoints", tools=["Postman"]).names == {"Postman"}
    assert of_graph(agent_class="WriteKeyPoints", validator_tool="Postman").names == {"Postman"}
    assert of_graph(tool="task.spawn", parameters={"template": "hello"}).names == {"task.spawn"}
    assert of_graph(tool="report.csv").names == set()
    assert of_graph(script="import task\ndef run(params):\n    return task.spawn('hello')").names == {"task.spawn"}
    assert of_graph(template="hello").templates == {"hello"}
    assert "ai.complete" in of_graph(agent_class="CheckText", validator_prompt="Is it right?").tools


class Postman:
    """Says nothing of effects, so it may have some."""

    permissions: frozenset[str] = frozenset()


LOUD = "import task\ndef run(params):\n    return task.spawn('quiet')"


def starting(key: str, by: User, name: str = "starter") -> TemplateRevision:
    graph = {"tasks": [{"name": "One", "template": key}]}
    made = template("", by, name, kind="workflow", graph=graph).published
    assert made is not None
    return made


@pytest.mark.django_db
def test_templates_that_others_start_lend_them_their_effects(alice: User) -> None:
    quiet = template("def run(params):\n    return 1", alice, "quiet")
    starter = starting("quiet", alice)
    assert not effects.of(starter).names
    template(LOUD, alice, "quiet")
    assert effects.of(starter).names == {"task.spawn"}
    TaskTemplate.objects.filter(pk=quiet.pk).update(published=None)
    assert effects.of(starter).names == {"quiet"}


@pytest.mark.django_db
def test_templates_in_a_circle_count_as_having_effects(alice: User) -> None:
    template("def run(params):\n    return 1", alice, "round")
    assert effects.of(starting("round", alice, "round")).names == {"round"}


@pytest.mark.parametrize("key", SHIPPED)
def test_shipped_reports_are_not_asked_about_needlessly(key: str, settings: Any) -> None:
    definition = transfer.read(settings.BASE_DIR / "fixtures/templates" / key).definition
    assert not kinds.get(definition.kind).effects(definition).names


@pytest.mark.django_db
def test_cards_tell_of_effects_and_of_costs_that_the_script_has(settings: Any, alice: User) -> None:
    settings.GEMINI_API_KEY = ""
    assert card(template(LOUD, alice, "loud")).has_effects
    costly = template("import ai\ndef run(params):\n    return ai.complete(prompt='x')", alice, "costly")
    assert not card(costly).has_effects
    assert not card(costly).cost
    settings.GEMINI_API_KEY = "secret"
    assert card(costly).cost
