"""Gemini through google-genai. The package costs 80 MB and seconds to import, so only a call imports it."""

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from apps.ai import answers
from apps.ai.contract import Completion, ModelRequest, ProviderError, Usage

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.errors import APIError
    from google.genai.types import GenerateContentResponse

TIMEOUT_MS = 120_000
BUSY_SECONDS = 1.0
RATE_LIMITED_SECONDS = 5.0
LONGEST_WAIT = 300.0
TRUNCATED = {"MAX_TOKENS", "CONTINUATION"}
REFUSED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "ESCALATION", "MODEL_ARMOR"}
HARMLESS = {"STOP", "FINISH_REASON_UNSPECIFIED"}
MALFORMED = (ValueError, TypeError, AttributeError, KeyError, RecursionError)
ASKED = Usage(calls=1)


class GeminiProvider:
    name = "gemini"

    def __init__(self, *, api_key: str, model: str, base_url: str = "", timeout_ms: int = TIMEOUT_MS) -> None:
        self.model = model
        self._api_key = api_key
        self._base_url = base_url
        self._timeout_ms = timeout_ms

    def complete(self, request: ModelRequest) -> Completion:
        answers.check(request)
        response = self._ask(request)
        usage = _usage(response)
        text = _text(response, usage)
        return Completion(
            text=text,
            data=_data(text, request.schema, usage),
            model=response.model_version or self.model,
            is_model=True,
            usage=usage,
        )

    def _ask(self, request: ModelRequest) -> "GenerateContentResponse":
        import httpx2
        from google.genai import errors, types

        config = types.GenerateContentConfig(
            system_instruction=answers.SYSTEM_INSTRUCTION,
            temperature=request.temperature,
            max_output_tokens=request.max_tokens,
            response_mime_type="application/json" if request.schema is not None else None,
            response_json_schema=request.schema,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        try:
            # The process id is part of the key: a connection must not be used on both sides of a fork.
            client = _client(self._api_key, self._base_url, self._timeout_ms, os.getpid())
            return client.models.generate_content(model=self.model, contents=answers.render(request), config=config)
        except errors.APIError as error:
            raise self._api_error(error) from None
        except httpx2.TimeoutException:
            raise ProviderError(
                f"Gemini did not answer within {self._timeout_ms / 1000:g} s; it will be asked again",
                reason="timeout",
                usage=ASKED,
                kind="TimeoutError",
                transient=True,
                retry_after=BUSY_SECONDS,
            ) from None
        except httpx2.TransportError as error:
            raise ProviderError(
                f"Gemini cannot be reached ({type(error).__name__}); check the network and GEMINI_BASE_URL",
                reason="unreachable",
                usage=ASKED,
                kind="OSError",
                transient=True,
                retry_after=BUSY_SECONDS,
            ) from None
        except (errors.UnknownApiResponseError, httpx2.HTTPError, *MALFORMED) as error:
            # The package unpacks bodies without looking. Their texts repeat the payload: name the class only.
            raise ProviderError(
                f"Gemini answered in a form that is not its protocol ({type(error).__name__}); check GEMINI_BASE_URL",
                reason="protocol",
                usage=ASKED,
            ) from None

    def _api_error(self, error: "APIError") -> ProviderError:
        status = f"{error.code} {error.status or ''}".strip()
        said = self._masked(str(error.message or ""))[:300]
        if error.code == 429:
            return _rate_limited(error, status)
        if error.code in (408, 500, 502, 503, 504):
            return ProviderError(
                f"Gemini is overloaded or failed ({status}); it will be asked again",
                reason="unavailable",
                usage=ASKED,
                kind="OSError",
                transient=True,
                retry_after=_retry_after(error) or BUSY_SECONDS,
            )
        if error.code in (401, 403) or "API_KEY" in _reasons(error):
            return ProviderError(
                f"Gemini refused the key ({status}: {said}); check GEMINI_API_KEY and what the key is allowed to do",
                reason="key_refused",
                usage=ASKED,
                kind="PermissionError",
            )
        if error.code == 404:
            return ProviderError(
                f"Gemini knows no model {self.model!r}; set GEMINI_MODEL to one that the key may use",
                reason="unknown_model",
                usage=ASKED,
                kind="LookupError",
            )
        return ProviderError(
            f"Gemini refused the request ({status}: {said})", reason="refused", kind="ValueError", usage=ASKED
        )

    def _masked(self, text: str) -> str:
        masked = text.replace(self._api_key, "[key]") if self._api_key else text
        return re.sub(r"(AIza|AQ\.)[\w-]{8,}", "[key]", masked)


@lru_cache(maxsize=4)
def _client(api_key: str, base_url: str, timeout_ms: int, process: int) -> "Client":
    from google.genai import Client, types

    options = types.HttpOptions(
        base_url=base_url or None,
        api_version="v1beta",
        timeout=timeout_ms,
        # Duty 2: one try. The step retries and the ledger sees each of them.
        retry_options=types.HttpRetryOptions(attempts=1),
    )
    return Client(api_key=api_key, vertexai=False, http_options=options)


def _usage(response: "GenerateContentResponse") -> Usage:
    counts = response.usage_metadata
    if counts is None:
        return ASKED
    prompt = counts.prompt_token_count or 0
    output = (counts.candidates_token_count or 0) + (counts.thoughts_token_count or 0)
    return Usage(
        calls=1,
        prompt_tokens=prompt,
        output_tokens=output,
        total_tokens=max(counts.total_token_count or 0, prompt + output),
    )


def _text(response: "GenerateContentResponse", usage: Usage) -> str:
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason:
        raise _refusal(f"the prompt ({feedback.block_reason.value})", usage)
    candidate = response.candidates[0] if response.candidates else None
    if candidate is None:
        raise ProviderError("Gemini returned no answer", reason="empty", transient=True, usage=usage)
    reason = candidate.finish_reason.value if candidate.finish_reason else "STOP"
    if reason in TRUNCATED:
        raise ProviderError(
            "Gemini's answer was cut off at the token limit; ask for less, or raise max_tokens",
            reason="truncated",
            kind="ValueError",
            usage=usage,
        )
    if reason in REFUSED:
        raise _refusal(f"to answer ({reason})", usage)
    if reason not in HARMLESS:
        raise ProviderError(f"Gemini broke off ({reason})", reason="broken_off", transient=True, usage=usage)
    parts = (candidate.content.parts if candidate.content else None) or []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    if not text.strip():
        raise ProviderError("Gemini returned an empty answer", reason="empty", transient=True, usage=usage)
    return text


def _refusal(what: str, usage: Usage) -> ProviderError:
    return ProviderError(
        f"Gemini refused {what}; change the wording or leave the offending data out",
        reason="blocked",
        kind="PermissionError",
        usage=usage,
    )


def _data(text: str, schema: dict[str, Any] | None, usage: Usage) -> Any:
    if schema is None:
        return None
    try:
        data = answers.parse(text)
    except (ValueError, RecursionError):
        wrong: str | None = "it is not JSON"
    else:
        wrong = answers.problem(data, schema)
        if wrong is None:
            return data
    # A model answers differently the next time, so another try is worth its tokens.
    raise ProviderError(
        f"Gemini's answer does not obey the schema: {wrong}", reason="invalid_answer", transient=True, usage=usage
    )


def _rate_limited(error: "APIError", status: str) -> ProviderError:
    quotas = [violation.get("quotaId", "") for detail in _details(error) for violation in detail.get("violations", [])]
    if any("PerDay" in quota for quota in quotas):
        return ProviderError(
            f"Gemini's daily quota is used up ({status}); raise it, or run the task again tomorrow",
            reason="quota_exhausted",
            usage=ASKED,
        )
    return ProviderError(
        f"Gemini's rate limit is reached ({status}); it will be asked again",
        reason="rate_limited",
        usage=ASKED,
        transient=True,
        retry_after=_retry_after(error) or RATE_LIMITED_SECONDS,
    )


def _reasons(error: "APIError") -> str:
    return " ".join(str(detail.get("reason", "")) for detail in _details(error))


def _retry_after(error: "APIError") -> float:
    """Seconds from google.rpc.RetryInfo ("26s", "1.5s") or the Retry-After header; 0 if neither says."""
    delays = [str(detail.get("retryDelay", "")).removesuffix("s") for detail in _details(error)]
    headers = getattr(error.response, "headers", None) or {}
    for text in [*delays, str(headers.get("retry-after", ""))]:
        if re.fullmatch(r"\d{1,6}(\.\d{1,9})?", text):
            return min(float(text), LONGEST_WAIT)
    return 0.0


def _details(error: "APIError") -> list[dict[str, Any]]:
    body = error.details.get("error", error.details) if isinstance(error.details, dict) else {}
    details = body.get("details") if isinstance(body, dict) else None
    return [detail for detail in details or [] if isinstance(detail, dict)]
