from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from apps.ai import ledger, providers
from apps.ai.contract import ModelRequest, ProviderError
from apps.ai.models import ModelCall
from apps.ai.rules import RulesProvider
from apps.core import clock
from tests.unit.ai.gemini_server import KEY, GeminiServer, payload

REQUEST = ModelRequest(prompt="a secret plan", data={"client": "Acme"})
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_rules_answer_without_a_key_and_are_booked(settings: Any) -> None:
    settings.GEMINI_API_KEY = ""
    with clock.frozen(NOW):
        assert not ledger.complete(REQUEST, subject="task:1:0").is_model
    call = ModelCall.objects.get()
    assert (call.subject, call.provider, call.model, call.total_tokens) == ("task:1:0", "rules", "rules", 0)
    assert (call.outcome, call.error_code, call.created_at) == ("answered", "", NOW)


def test_answer_of_the_model_is_booked_with_its_tokens(configured: GeminiServer) -> None:
    configured.reply(payload("answer"))
    ledger.complete(REQUEST, subject="task:1:0")
    call = ModelCall.objects.get()
    assert (call.provider, call.model) == ("gemini", "gemini-2.5-flash")
    assert (call.prompt_tokens, call.output_tokens, call.total_tokens) == (210, 58, 268)
    assert call.duration.total_seconds() > 0


@pytest.mark.parametrize(
    ("name", "code", "tokens"), [("error_429", "rate_limited", 0), ("truncated", "truncated", 218)]
)
def test_failure_is_booked_with_what_it_cost(configured: GeminiServer, name: str, code: str, tokens: int) -> None:
    configured.reply(payload(name))
    with pytest.raises(ProviderError):
        ledger.complete(REQUEST, subject="task:1:0")
    call = ModelCall.objects.get()
    assert (call.outcome, call.error_code, call.total_tokens) == ("failed", code, tokens)


def test_ledger_holds_neither_prompt_nor_data_nor_key(configured: GeminiServer) -> None:
    configured.reply(payload("error_400_key"))
    with pytest.raises(ProviderError):
        ledger.complete(REQUEST, subject="task:1:0")
    row = " ".join(map(str, ModelCall.objects.values_list().get()))
    assert not any(secret in row for secret in (KEY, "secret", "Acme"))


def test_database_refuses_a_failure_without_a_code() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger._book("task:1:0", "rules", "rules", ledger.Usage(), 0.1)
        ModelCall.objects.update(outcome="failed")


def test_provider_is_the_one_that_the_settings_name(settings: object) -> None:
    settings.GEMINI_API_KEY = ""
    assert isinstance(providers.current(), RulesProvider)
    settings.GEMINI_API_KEY = KEY
    assert providers.current().name == "gemini"


def test_admin_page_only_shows(client: Client, alice: User) -> None:
    ledger.complete(REQUEST, subject="task:1:0", provider=RulesProvider())
    client.force_login(alice)
    assert "task:1:0" in client.get(reverse("admin:ai_modelcall_changelist")).content.decode()
    assert client.get(reverse("admin:ai_modelcall_add")).status_code == 403
