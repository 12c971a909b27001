"""Agent classes by name, the general one, and judges."""

from typing import Any

import pytest

from apps.core.errors import ToolError
from apps.tools import agents, registry
from tests.unit.ai.gemini_server import GeminiServer, payload
from tests.unit.tools.agents.working import Anybody, FakeCall, work

pytestmark = pytest.mark.django_db


class Doubler:
    """Doubles the parameter `n`."""

    permissions = frozenset({"crm.view_client"})

    def run(self, work: agents.Work) -> Any:
        return work.parameters["n"] * 2


class Stern:
    """Rejects results above 10."""

    permissions = frozenset()

    def run(self, work: agents.Work) -> Any:
        return {"decision": "rejected" if work.parameters["result"] > 10 else "approved"}


@registry.tool(call_class="suspending")
def some_day(call: registry.Call, result: Any) -> None:
    """Says nothing yet."""


@registry.tool(call_class="pure")
def small(call: registry.Call, result: Any) -> bool:
    """Whether it is at most ten."""
    return bool(result <= 10)


@pytest.fixture(autouse=True)
def _installed(settings: Any) -> None:
    here = {"Doubler": f"{__name__}.Doubler", "Stern": f"{__name__}.Stern"}
    settings.AGENT_CLASSES = {**settings.AGENT_CLASSES, **here}
    settings.GEMINI_API_KEY = ""


def reply(text: str) -> dict[str, Any]:
    """The payload of a model's answer, with this text."""
    made: dict[str, Any] = payload("answer")
    made["candidates"][0]["content"]["parts"][0]["text"] = text
    return made


def tool(name: str) -> Any:
    return registry.find(f"agent.{name}").function


def judged(**given: Any) -> Any:
    return tool("judge")(FakeCall(), **given)


@pytest.mark.parametrize("name", agents.names())
def test_every_class_that_ships_can_be_loaded_and_says_what_it_does(name: str) -> None:
    assert len(agents.describe(name)) > 60
    assert all("." in each for each in agents.permissions(name))


def test_a_name_is_exact_and_the_nearest_is_offered() -> None:
    with pytest.raises(
        ToolError, match=r"no agent class “saveIntakeInformation”. Did you mean “SaveIntakeInformation”"
    ) as e:
        work("saveIntakeInformation")
    assert e.value.kind == "LookupError"


def test_a_class_works_for_those_only_who_may_see_its_data() -> None:
    assert work("Doubler", FakeCall(Anybody("crm.view_client")), parameters={"n": 4}) == 8
    with pytest.raises(ToolError, match=r"Doubler: bob may not use it \(lacks crm.view_client\)") as refused:
        work("Doubler", FakeCall(Anybody("ai.something")), parameters={"n": 4})
    assert refused.value.kind == "PermissionError"


def test_a_nodes_permissions_are_those_of_its_class_and_of_its_tools() -> None:
    assert agents.permissions("Agent", ["Doubler", "report.pdf"]) == {"crm.view_client"}
    assert agents.permissions("Nobody") == set()


def test_the_tool_hands_over_all_that_a_node_says() -> None:
    assert tool("work")(FakeCall(), "Doubler", parameters={"n": 2}, result_keys=["doubled"]) == 4


def test_without_a_model_the_general_class_copies_what_it_was_given_and_says_so() -> None:
    answer = work("Agent", message="Sum up.", context={"summary": "Two are late."}, result_keys=("summary",))
    assert answer == {"text": "Two are late.", "is_model": False, "model": "rules"}


def test_with_several_keys_the_answer_has_each_of_them() -> None:
    wanted = {"score": {"type": ["number", "null"]}}
    answer = work("Agent", message="Rate.", parameters={"schema": wanted, "score": 3}, result_keys=("draft", "score"))
    assert (answer["score"], answer["is_model"]) == (3, False)
    assert answer["draft"] == "Not written: no language model is set up."


def test_with_a_model_the_general_class_asks_it_for_the_keys(configured: GeminiServer) -> None:
    configured.reply(reply('{"draft": "Good.", "score": 1}'))
    call = FakeCall()
    answer = work(
        "Agent", call, instructions="Be short.", message="Rate it.", context={"offer": "A"},
        parameters={"schema": {"score": {"type": "number"}}}, result_keys=("draft", "score"),
    )  # fmt: skip
    assert (answer["draft"], answer["score"], answer["is_model"]) == ("Good.", 1, True)
    assert call.usage[0]["api_calls"] == 1


def test_classes_among_its_tools_do_the_work_of_the_general_class() -> None:
    assert work("Agent", parameters={"n": 21}, tools=("Doubler",)) == 42


def test_a_tool_that_is_no_class_is_named() -> None:
    with pytest.raises(ToolError, match=r"no agent class “crm\.clients”"):
        work("Agent", tools=("crm.clients",))


@pytest.mark.parametrize(("result", "valid"), [(3, True), (11, False)])
def test_a_class_judges(result: int, valid: bool) -> None:
    verdict = judged(name="Stern", result=result)
    assert (verdict["valid"], verdict["judged"]) == (valid, True)
    assert bool(verdict["reason"]) is not valid


def test_a_tool_that_takes_no_result_cannot_judge() -> None:
    with pytest.raises(ToolError, match="cannot judge a result: it takes none"):
        judged(name="data.validate", result=1)
    with pytest.raises(ToolError, match=r"there is no tool nothing\.here"):
        judged(name="nothing.here", result=1)


def test_a_tool_that_leaves_its_worker_cannot_judge(settings: Any) -> None:
    settings.TOOL_MODULES = {**settings.TOOL_MODULES, "later": __name__}
    registry.module.cache_clear()
    with pytest.raises(ToolError, match="cannot judge a result: it is suspending"):
        judged(name="later.some_day", result=1)
    assert judged(name="later.small", result=11) == {"valid": False, "judged": True, "reason": "It was rejected."}
    registry.module.cache_clear()


def test_nobody_to_ask_is_an_error() -> None:
    with pytest.raises(ToolError, match="give the name of who judges, or a prompt"):
        judged(result=1)


def test_a_prompt_is_not_judged_without_a_model() -> None:
    said = {"valid": True, "judged": False, "reason": "No language model is set up: not judged."}
    assert judged(prompt="Is it polite?", result="Hello") == said
    assert judged(name="Stern", prompt="Is it polite?", result=1) == {**said, "judged": True}


def test_the_model_is_not_asked_once_the_class_has_rejected() -> None:
    assert judged(name="Stern", prompt="Is it small?", result=11)["reason"] == "It was rejected: decision is rejected."


@pytest.mark.parametrize(
    ("said", "valid", "is_judged"), [("true", True, True), ("false", False, True), ("null", True, False)]
)
def test_the_model_judges(configured: GeminiServer, said: str, valid: bool, is_judged: bool) -> None:
    configured.reply(reply(f'{{"valid": {said}, "reason": "It greets."}}'))
    assert judged(prompt="Is it polite?", result="Hello") == {
        "valid": valid, "judged": is_judged, "reason": "It greets.",
    }  # fmt: skip
