from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from apps.ai.contract import ProviderError
from apps.ai.models import ModelCall
from apps.tools import registry
from tests.unit.ai.gemini_server import GeminiServer, payload

pytestmark = pytest.mark.django_db


@dataclass
class FakeCall:
    """The part of registry.Call that this tool uses."""

    key: str = "12:7"
    usage: list[dict[str, int]] = field(default_factory=list)
    admitted: list[tuple[str, int]] = field(default_factory=list)
    settled: list[tuple[int, int]] = field(default_factory=list)

    def record_usage(self, **counts: int) -> None:
        self.usage.append(counts)

    def admit(self, service: str, *, tokens: int = 0) -> None:
        self.admitted.append((service, tokens))

    def settle(self, *, requests: int, tokens: int) -> None:
        self.settled.append((requests, tokens))


def complete(call: FakeCall, **arguments: Any) -> Any:
    return registry.find("ai.complete").function(call, **arguments)


def test_answer_of_the_model_counts_tokens_call_and_money(configured: GeminiServer, settings: Any) -> None:
    settings.MODEL_PRICE = "0.30/2.50 USD"
    configured.reply(payload("answer"))
    call = FakeCall()
    result = complete(call, prompt="Describe.", data={"total": 1}, schema={"type": "object"})
    assert result == {
        "text": '{"summary": "Revenue fell in March.", "risk": "low"}',
        "data": {"summary": "Revenue fell in March.", "risk": "low"},
        "model": "gemini-2.5-flash",
        "is_model": True,
        "tokens": 268,
        "cost": Decimal("0.000208"),
        "currency": "USD",
    }
    assert call.usage == [{"model_tokens": 268, "api_calls": 1}]
    assert ModelCall.objects.get().subject == "task:12:7"


def test_rules_count_as_no_call(settings: Any) -> None:
    settings.GEMINI_API_KEY = ""
    call = FakeCall()
    result = complete(call, prompt="Describe.")
    assert (result["is_model"], result["model"], result["tokens"]) == (False, "rules", 0)
    assert call.usage == [{"model_tokens": 0, "api_calls": 0}]


def test_scripts_hear_which_model_there_is(settings: Any) -> None:
    model = registry.find("ai.model").function
    settings.GEMINI_API_KEY = ""
    assert model(FakeCall()) == ""
    settings.GEMINI_API_KEY, settings.GEMINI_MODEL = "key", "gemini-2.5-pro"
    assert model(FakeCall()) == "gemini-2.5-pro"


def test_failure_counts_what_it_cost_and_reaches_the_script(configured: GeminiServer) -> None:
    configured.reply(payload("truncated"))
    call = FakeCall()
    with pytest.raises(ProviderError, match="cut off"):
        complete(call, prompt="Describe.")
    assert call.usage == [{"model_tokens": 218, "api_calls": 1}]


def test_scripts_see_the_tool_with_its_types() -> None:
    stub = registry.module("ai").stub
    assert "def complete(*, prompt: str, data: Any = None" in stub
    assert "class CompletionResult(TypedDict)" in stub


def test_the_most_it_may_use_is_reserved_and_what_it_used_is_settled(configured: GeminiServer) -> None:
    configured.reply(payload("answer"))
    call = FakeCall()
    complete(call, prompt="p" * 400, data=["d" * 96], max_tokens=1000)
    assert (call.admitted, call.settled) == ([("gemini", 1125)], [(1, 268)])


def test_a_refused_request_gives_everything_back(configured: GeminiServer) -> None:
    call = FakeCall()
    with pytest.raises(ProviderError):
        complete(call, prompt="")
    assert call.settled == [(0, 0)]
