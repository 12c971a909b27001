"""Every question to a provider goes through here and is booked, answered or not."""

import time
from datetime import timedelta

from apps.ai import providers
from apps.ai.contract import Completion, ModelRequest, Provider, ProviderError, Usage
from apps.ai.models import ModelCall
from apps.core import clock


def complete(request: ModelRequest, *, subject: str, provider: Provider | None = None) -> Completion:
    """Ask the current provider (or `provider`) and book the call under `subject`. Raises ProviderError."""
    provider = provider or providers.current()
    began = time.monotonic()
    try:
        completion = provider.complete(request)
    except ProviderError as error:
        _book(subject, provider.name, provider.model, error.usage, time.monotonic() - began, error.reason)
        raise
    _book(subject, provider.name, completion.model, completion.usage, time.monotonic() - began)
    return completion


def _book(subject: str, provider: str, model: str, usage: Usage, seconds: float, error_code: str = "") -> None:
    ModelCall.objects.create(
        subject=subject[:100],
        provider=provider,
        model=model[:100],
        prompt_tokens=usage.prompt_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        duration=timedelta(seconds=seconds),
        outcome=ModelCall.Outcome.FAILED if error_code else ModelCall.Outcome.ANSWERED,
        error_code=error_code,
        created_at=clock.now(),
    )
