"""What runs a node: tools, agents, judges; and where their results go."""

import pytest

from apps.tasks.models import Artifact, Node
from tests.unit.executors.workflow.ran import SAY, node, ran

pytestmark = pytest.mark.django_db(transaction=True)


class Shout:
    """Answers its message in capitals."""

    permissions = frozenset()

    def run(self, work):
        return {"text": work.message.upper(), "given": dict(work.context)}


class LikesShort:
    """Rejects what is long."""

    permissions = frozenset()

    def run(self, work):
        text = str(work.parameters["result"])
        return {"valid": len(text) < 4, "reason": f"“{text}” is too long"}


@pytest.fixture(autouse=True)
def _classes(settings):
    here = "tests.unit.executors.workflow.test_carrying_out"
    settings.AGENT_CLASSES = {**settings.AGENT_CLASSES, "Shout": f"{here}.Shout", "LikesShort": f"{here}.LikesShort"}


def test_a_tool_is_called(alice):
    graph = {"tasks": [
        node("rows", result=[[1]]),
        {"name": "file", "tool": "report.csv", "parameters": {"rows": "{rows}", "columns": ["a"], "name": "rows.csv"},
         "dependencies": ["rows"]},
    ]}  # fmt: skip
    task = ran(graph, alice)

    assert task.status == "completed", task.error
    assert Artifact.objects.get().name == "rows.csv"


def test_an_agent_is_given_its_texts_and_what_it_waits_for(alice):
    graph = {"tasks": [
        node("customer", result={"name": "Ada"}),
        {"name": "said", "agent_class": "Shout", "message_template": "hello {customer.name}", "dependencies": ["customer"]},
    ]}  # fmt: skip
    task = ran(graph, alice)

    assert task.returned == {"said": {"text": "HELLO ADA", "given": {"customer": {"name": "Ada"}}}}


@pytest.mark.parametrize(
    ("on_reject", "status", "outcome"),
    [("fail", "failed", ""), ("warn", "completed", "warning"), ("retry", "failed", "")],
)
def test_a_judge_can_reject(alice, on_reject, status, outcome):
    graph = {"tasks": [node("a", result="much too long", validator_tool="LikesShort", on_reject=on_reject)]}
    task = ran(graph, alice)
    found = Node.objects.get(task=task)

    if on_reject == "retry":  # the next try is due in a second
        assert (task.status, found.state, found.tries) == ("waiting", "waiting", 1)
        return
    assert (task.status, found.outcome) == (status, outcome)
    if status == "failed":
        assert task.error["code"] == "EXEC_006"
        assert "too long" in task.error["message"]


def test_what_a_judge_accepts_goes_on(alice):
    task = ran({"tasks": [node("a", result="ok", validator_tool="LikesShort"), node("b", "a", script=SAY)]}, alice)

    assert task.returned == {"b": {"a": "ok"}}
    assert task.children.count() == 3


def test_without_a_model_a_prompt_is_not_judged_and_says_so(alice):
    task = ran({"tasks": [node("a", validator_prompt="Is it polite?")]}, alice)

    assert task.status == "completed"
    assert "not judged" in Node.objects.get(task=task).notes["warnings"][0]


def test_a_verdict_that_is_a_rejection_is_no_met_dependency(alice):
    def flow(verdict):
        check = {"key": "check", "kind": "validation"}
        return {"tasks": [node("check", result=verdict), {**node("go"), "dependencies": [check]}]}

    assert ran(flow({"valid": True}), alice).returned == {"go": "go"}
    task = ran(flow({"valid": False}), alice)
    assert Node.objects.get(task=task, number=1).because == "rejection"


def test_a_dependency_of_another_type_is_refused(alice):
    graph = {"tasks": [node("rows", result="text"), {**node("b"), "dependencies": [{"key": "rows", "type": "array"}]}]}

    assert ran(graph, alice).error["code"] == "DEP_009"


def test_a_format_is_kept_to(alice):
    rule = {"output_path": "$.score", "format": {"score": "number"}}
    task = ran({"tasks": [node("a", result={"score": "high"}, output_config=rule)]}, alice)

    assert task.error["code"] == "EXEC_015"
    assert "score" in task.error["message"]
    details = Node.objects.get(task=task, number=0).error["details"]
    assert (details["path"], details["value"]) == ("$.score", '{"score": "high"}')
