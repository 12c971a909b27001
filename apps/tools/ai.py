"""Ask a language model from a script."""

from decimal import Decimal
from typing import Any, TypedDict

from apps.ai import ledger, prices, providers
from apps.ai.contract import MAX_OUTPUT_TOKENS, ModelRequest, ProviderError, Usage
from apps.ai.rules import RulesProvider
from apps.tools.registry import Call, tool

CHARACTERS_PER_TOKEN = 4


class CompletionResult(TypedDict):
    text: str
    data: Any
    model: str
    is_model: bool
    tokens: int
    cost: Decimal | None
    currency: str


@tool(call_class="effect", has_effects=False)
def complete(
    call: Call,
    *,
    prompt: str,
    data: Any = None,
    schema: dict[str, Any] | None = None,
    temperature: float = 0.1,
    max_tokens: int = MAX_OUTPUT_TOKENS,
) -> CompletionResult:
    """Ask the language model that is set up; without one, fixed rules answer and `is_model` is False.

    `prompt` says what to write; `data` is plain data to rest it on (prompt, data and schema: 400,000 characters at
    most together). With `schema` (a JSON Schema without remote references) the answer is JSON and `data` of the
    result obeys it; `text` is the answer as text. Compute figures in the script and pass them in `data`: rules copy
    values of `data` to the properties of the same names, leave lists empty that were not given, and invent nothing.
    `temperature` 0 to 2, `max_tokens` 1 to 8192. `tokens` is what the call used, `cost` what that is in money; None where
    the site has not said what the model costs (MODEL_PRICE).
    Errors: ValueError (the request, or an answer that was cut off; without a model, a value that nobody gave),
    PermissionError (key or content refused), TimeoutError and OSError (not reachable, after retries), RuntimeError
    (rate limit or quota, after retries).
    """
    request = ModelRequest(prompt=prompt, data=data, schema=schema, temperature=temperature, max_tokens=max_tokens)
    provider = providers.current()
    call.admit(provider.name, tokens=_estimate(request))
    try:
        completion = ledger.complete(request, subject=f"task:{call.key}", provider=provider)
    except ProviderError as error:
        _record(call, error.usage)
        raise
    _record(call, completion.usage)
    return CompletionResult(
        text=completion.text,
        data=completion.data,
        model=completion.model,
        is_model=completion.is_model,
        tokens=completion.usage.total_tokens,
        cost=_cost(completion.usage),
        currency=price.currency if (price := prices.current()) else "",
    )


@tool(call_class="volatile")
def model(call: Call) -> str:
    """The language model that is set up; "" where there is none and fixed rules answer."""
    provider = providers.current()
    return "" if provider.name == RulesProvider.name else provider.model


def _cost(usage: Usage) -> Decimal | None:
    price = prices.current()
    return price.of(usage.prompt_tokens, usage.output_tokens) if price else None


def _record(call: Call, usage: Usage) -> None:
    call.record_usage(model_tokens=usage.total_tokens, api_calls=usage.calls)
    call.settle(requests=usage.calls, tokens=usage.total_tokens)


def _estimate(request: ModelRequest) -> int:
    """The tokens that the request may use at most; what it did not use is given back."""
    given = (request.prompt, request.data or "", request.schema or "")
    characters = sum(len(str(part)) for part in given)
    return characters // CHARACTERS_PER_TOKEN + request.max_tokens
