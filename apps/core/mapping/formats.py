"""What a result must look like: written short ({"title": "string", "score?": "number"}) or full, checked as JSON Schema.

| short | means |
|---|---|
| "string", "integer", "number", "boolean" | such a value |
| "date", "date-time", "email" | a text of that format |
| "object", "array", "any" | any object, any list, anything |
| ["string"] | a list of texts |
| {"title": "string", "score?": "number"} | an object with exactly these properties; one with `?` may be left out |

The full form has `type` and may have `nullable`, `items`, `properties`, `required`, `pattern` and the other words that
parameter schemas know beside that type (apps/core/schema/subset.py). Both forms may be mixed at any depth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from apps.core.errors import InvalidInput
from apps.core.schema import Problem, check_schema, plain
from apps.core.schema.dialect import FORMATS, Dialect
from apps.core.schema.subset import BY_TYPE
from apps.core.schema.wording import complaints, did_you_mean

MAX_COMPLAINTS = 20
SHORT = (*BY_TYPE, "any", *FORMATS)
_FULL = {"nullable", "title", "description", "enum", "const"}.union(*BY_TYPE.values()) | {"type"}


class BadFormat(InvalidInput):
    """`fields` maps dotted paths in the format to what to do."""

    code = "bad_format"


@dataclass(frozen=True, kw_only=True)
class Complaint:
    path: str
    message: str
    value: Any


@dataclass(frozen=True)
class Format:
    schema: dict[str, Any]
    dialect: Dialect

    def complaints(self, value: Any, *, noun: str = "property") -> list[Complaint]:
        """What is wrong with a value, at most MAX_COMPLAINTS. The value must be JSON of a bearable size already."""
        found = (
            Complaint(path=path, message=message, value=error.instance)
            for error in self.dialect.errors(value)
            for path, message in complaints(error, noun=noun)
        )
        return list(islice(found, MAX_COMPLAINTS))


def read_format(described: Any) -> Format:
    """Raises BadFormat."""
    if said := plain.objection(described, plain.SCHEMA):
        raise _refusal([Problem(path=said[0], message=said[1])])
    problems: list[Problem] = []
    schema = _schema(described, "", problems)
    problems = problems or _check(schema)
    if problems:
        raise _refusal(problems)
    return Format(schema, Dialect(schema))


def _refusal(problems: list[Problem]) -> BadFormat:
    return BadFormat(f"The format cannot be used: {problems[0]}", fields={each.path: each.message for each in problems})


def _schema(described: Any, path: str, problems: list[Problem]) -> dict[str, Any]:
    match described:
        case str():
            return _word(described, path, problems)
        case []:
            return {"type": "array"}
        case [one]:
            return {"type": "array", "items": _schema(one, f"{path}[]", problems)}
        case {"type": str()} if set(described) <= _FULL:
            return _full(described, path, problems)
        case dict():
            return _properties(described, path, problems)
    problems.append(
        Problem(path=path, message='Give a type such as "string", an object of types, or a list of one type.')
    )
    return {}


def _word(word: str, path: str, problems: list[Problem]) -> dict[str, Any]:
    if word in FORMATS:
        return {"type": "string", "format": word}
    if word not in SHORT:
        message = f"“{word[:40]}” is no type.{did_you_mean(word, SHORT)} There are: {', '.join(SHORT)}."
        problems.append(Problem(path=path, message=message))
    return {} if word == "any" else {"type": word}


def _properties(described: Mapping[str, Any], path: str, problems: list[Problem]) -> dict[str, Any]:
    before = len(problems)
    names = {name: name.removesuffix("?") for name in described}
    properties = {names[name]: _schema(part, _join(path, name), problems) for name, part in described.items()}
    if len(problems) > before and described.get("type") in SHORT:
        unknown = [name for name in described if name not in _FULL]
        message = f"“{unknown[0][:40]}” is no word of the full form.{did_you_mean(unknown[0], sorted(_FULL))}"
        problems.insert(before, Problem(path=path, message=message))
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in described if name == names[name]],
    }


def _full(described: Mapping[str, Any], path: str, problems: list[Problem]) -> dict[str, Any]:
    schema = _word(described["type"], _join(path, "type"), problems)
    schema |= {word: value for word, value in described.items() if word not in ("type", "nullable")}
    if isinstance(described.get("properties"), dict):
        children = described["properties"].items()
        schema["properties"] = {
            name: _schema(part, _join(path, "properties", name), problems) for name, part in children
        }
    if "items" in described:
        schema["items"] = _schema(described["items"], _join(path, "items"), problems)
    if not isinstance(described.get("nullable", False), bool):
        problems.append(Problem(path=_join(path, "nullable"), message="Give true or false."))
    elif described.get("nullable") and "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema and isinstance(schema["enum"], list):
            schema["enum"] = [*schema["enum"], None]
    return schema


def _check(schema: dict[str, Any]) -> list[Problem]:
    """What parameter schemas would not allow, apart from "any object", "any list" and "anything"."""
    whole = {"type": "object", "properties": {"data": _described(schema)}}
    found = check_schema(whole)
    return [Problem(path=each.path.removeprefix("properties.data").lstrip("."), message=each.message) for each in found]


def _described(schema: Any) -> Any:
    """The schema with something in the place of what it leaves open, which parameter schemas must not."""
    if not isinstance(schema, dict):
        return schema
    if not schema:
        return {"type": "boolean"}
    kinds = schema.get("type", [])
    copy = dict(schema)
    if "object" in kinds:
        children = schema.get("properties", {})
        is_object = isinstance(children, dict)
        copy["properties"] = {name: _described(part) for name, part in children.items()} if is_object else children
    if "array" in kinds:
        copy["items"] = _described(schema.get("items", {}))
    return copy


def _join(*parts: str) -> str:
    return ".".join(part for part in parts if part)
