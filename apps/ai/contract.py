"""What every language-model provider must do. Callers know this module, never a provider."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from apps.core.errors import ToolError

MAX_PROMPT_CHARACTERS = 400_000
MAX_OUTPUT_TOKENS = 8192


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One question. `data` is plain data that the answer may rest on; with `schema` the answer is JSON under it."""

    prompt: str
    data: Any = None
    schema: dict[str, Any] | None = None
    temperature: float = 0.1
    max_tokens: int = MAX_OUTPUT_TOKENS


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What an answer or a failure cost. Hidden reasoning counts as output; rules make no call."""

    calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Completion:
    """An answer. `is_model` is False where fixed rules answered; pages and reports must say so."""

    text: str
    data: Any
    model: str
    is_model: bool
    usage: Usage = field(default_factory=Usage)


class ProviderError(ToolError):
    """The provider could not answer. `reason` is a stable word for programs; `usage` is what it cost nevertheless."""

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        kind: str = "RuntimeError",
        transient: bool = False,
        retry_after: float = 0.0,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message, kind=kind, transient=transient, retry_after=retry_after, code=reason)
        self.reason = reason
        self.usage = usage or Usage()


class Provider(Protocol):
    """The duties of a provider:

    1. Answer one request, or raise ProviderError and nothing else.
    2. Try once. Who calls decides about another try; `transient` and `retry_after` tell it whether and when.
    3. With a schema, return `data` that was validated against it, whatever the service promises.
    4. Say the truth in `is_model` and `model`.
    5. Count every token that was paid for, also in errors.
    6. Put no prompt, data or key into a log or an error message.
    7. Be usable from several threads, and again after a fork.
    """

    name: str
    model: str

    def complete(self, request: ModelRequest) -> Completion: ...
