"""A revision's `priority_rules`: what priority a task has by its parameters, where nobody names one.

[{"if": {"type": "object", "properties": {"urgent": {"type": "boolean", "const": true}}}, "priority": "high"}]: a JSON
Schema as for parameters, which the parameters that it names satisfy. The first rule that matches counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.catalog.definition import Problem
from apps.core.priorities import PRIORITY_WORDS
from apps.core.schema import check_schema, matches
from apps.core.schema.wording import did_you_mean

MAX_RULES = 20
EXAMPLE = '{"if": {"type": "object", "properties": {"urgent": {"type": "boolean", "const": true}}}, "priority": "high"}'


@dataclass(frozen=True, kw_only=True)
class Match:
    """`number` counts from 1."""

    number: int
    priority: int
    title: str


def first_match(rules: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> Match | None:
    """The first rule that these parameters, complete and valid, satisfy. The rules have passed `check`."""
    for number, rule in enumerate(rules, 1):
        if matches(parameters, rule["if"]):
            return Match(number=number, priority=_number(rule["priority"]), title=title(number, rule))
    return None


def title(number: int, rule: Mapping[str, Any]) -> str:
    """'rule 2: urgent, client.tier', or the title that its author gave the schema."""
    named = rule["if"].get("title") or ", ".join(rule["if"].get("properties", {}))
    return f"rule {number}: {named}" if named else f"rule {number}"


def told(rules: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Each rule's priority and title, for people."""
    return [(_number(rule["priority"]), title(number, rule)) for number, rule in enumerate(rules, 1)]


def check(rules: Any, schema: Any) -> Iterator[Problem]:
    """What is wrong with the rules, whatever they are, for parameters of this schema."""
    if not isinstance(rules, list) or len(rules) > MAX_RULES:
        yield _problem("", f"Give a list of up to {MAX_RULES} rules: [{EXAMPLE}].")
        return
    for number, rule in enumerate(rules):
        if not isinstance(rule, dict) or set(rule) != {"if", "priority"}:
            yield _problem(f".{number}", f"A rule has an “if” and a “priority”: {EXAMPLE}.")
            continue
        if not _is_priority(rule["priority"]):
            words = ", ".join(PRIORITY_WORDS)
            yield _problem(f".{number}.priority", f"Use a number from 0 to 100, or one of {words}.")
        yield from _check_condition(rule["if"], schema, f".{number}.if")


def _check_condition(condition: Any, schema: Any, place: str) -> Iterator[Problem]:
    problems = check_schema(condition)
    for problem in problems:
        yield _problem(f"{place}.{problem.path}" if problem.path else place, problem.message)
    known = schema.get("properties", {}) if isinstance(schema, dict) else {}
    if problems or not isinstance(known, dict):
        return
    for name in condition["properties"]:
        if name not in known:
            yield _problem(f"{place}.properties.{name}", f"There is no such parameter.{did_you_mean(name, known)}")


def _number(priority: int | str) -> int:
    return PRIORITY_WORDS[priority.lower()] if isinstance(priority, str) else priority


def _is_priority(value: Any) -> bool:
    if isinstance(value, str):
        return value.lower() in PRIORITY_WORDS
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100


def _problem(path: str, message: str) -> Problem:
    return Problem(place=f"priority_rules{path}", message=message, code="priority_rules")
