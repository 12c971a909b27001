"""The provider that answers without a model, and says so. It arranges what it was given and makes nothing up.

With a schema: a value of `data` goes to the property of the same name if it fits there; a list that nothing was given
for is empty; a sentence that nothing was given for says that no model wrote one. A required number, choice or truth
that nothing was given for is an error, since any value would be invented.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.ai import answers
from apps.ai.contract import Completion, ModelRequest, ProviderError

NOTICE = "Answered by fixed rules; no language model is set up."
UNWRITTEN = "Not written: no language model is set up."
MAX_FACTS = 20
NOTHING = object()


class RulesProvider:
    name = "rules"
    model = "rules"

    def complete(self, request: ModelRequest) -> Completion:
        answers.check(request)
        if request.schema is None:
            return Completion(text=describe(request.data), data=None, model=self.model, is_model=False)
        data = _fill(request.schema, request.data, "$")
        wrong = "nothing fits" if data is NOTHING else answers.problem(data, request.schema)
        if wrong:
            raise _unfillable("$", wrong)
        return Completion(text=describe(request.data), data=data, model=self.model, is_model=False)


def describe(data: Any) -> str:
    """The single values at the top of `data`, as one sentence after the notice."""
    if not isinstance(data, Mapping):
        return NOTICE
    facts = [f"{_spaced(key)}: {_shown(value)}" for key, value in data.items() if _shown(value)]
    more = f"; and {len(facts) - MAX_FACTS} more" if len(facts) > MAX_FACTS else ""
    return f"{NOTICE} {'; '.join(facts[:MAX_FACTS])}{more}." if facts else NOTICE


def _spaced(key: Any) -> str:
    return str(key).replace("_", " ")


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return str(len(value))
    return "" if value is None or isinstance(value, Mapping) else str(answers.plain(value))[:200]


def _fill(schema: Any, given: Any, path: str) -> Any:
    """A value for `schema` out of `given`; NOTHING if there is none and none can be made without inventing."""
    fitting = _fitting(schema, given)
    if fitting is not NOTHING:
        return fitting
    if not isinstance(schema, dict):
        return NOTHING
    if "const" in schema:
        return schema["const"]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "object" in kinds or "properties" in schema:
        return _fill_object(schema, given if isinstance(given, Mapping) else {}, path)
    if "array" in kinds:
        return [] if not schema.get("minItems") else NOTHING
    if "null" in kinds:
        return None
    if "string" in kinds and answers.problem(UNWRITTEN, schema) is None:
        return UNWRITTEN
    return NOTHING


def _fill_object(schema: dict[str, Any], given: Mapping[Any, Any], path: str) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    required = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        if name not in required and name not in given:
            continue
        value = _fill(inner, given.get(name, NOTHING), f"{path}.{name}")
        if value is not NOTHING:
            filled[name] = value
        elif name in required:
            raise _unfillable(f"{path}.{name}", "no value of that name was given that fits")
    return filled


def _fitting(schema: Any, given: Any) -> Any:
    if given is NOTHING or given is None:
        return NOTHING
    # Amounts are text in JSON unless the place asks for a number.
    forms = [answers.plain(given), _numbered(given)]
    return next((form for form in forms if answers.problem(form, {"allOf": [schema]}) is None), NOTHING)


def _numbered(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else str(value)
    if isinstance(value, Mapping):
        return {str(key): _numbered(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_numbered(item) for item in value]
    return answers.plain(value)


def _unfillable(path: str, why: str) -> ProviderError:
    return ProviderError(
        f"Without a language model {path} cannot be answered: {why}. "
        "Give it under that name in data, make it optional, or set GEMINI_API_KEY",
        reason="no_model",
        kind="ValueError",
    )
