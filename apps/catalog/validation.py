"""Everything that can be said about a definition before it runs."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from django.conf import settings

from apps.catalog import groupkeys, kinds, outputs, priorities, retries, triggers
from apps.catalog.definition import Definition, Problem
from apps.catalog.models import QUEUE_LENGTH
from apps.core.schema import check_schema
from apps.core.schema.wording import did_you_mean

MAX_SCRIPT = 200_000  # characters
MAX_STAGES = 50
NAME_LENGTH = 64

# field -> (least, most); None in the definition means "not limited here"
LIMITS: dict[str, tuple[int, int]] = {
    "estimated_steps": (0, 1_000_000),
    "estimated_seconds": (0, 31_536_000),
    "memory_mb": (16, 65_536),
    "priority": (0, 100),
    "max_calls": (1, 10_000_000),
    "cpu_seconds": (1, 86_400),
    "deadline_seconds": (1, 31_536_000),
    "retention_days": (0, 36_500),
    "debounce_seconds": (1, 86_400),
    "cache_seconds": (1, 31_536_000),
}
OPTIONAL = frozenset({"deadline_seconds", "retention_days", "debounce_seconds", "cache_seconds"})
GROUP_KEYS = ("limit_key", "debounce_key")


def check(definition: Definition) -> list[Problem]:
    """All problems, in the order of the definition's fields. The definition may hold anything a form or file can."""
    return [problem for part in _PARTS for problem in part(definition)]


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def _check_kind(definition: Definition) -> Iterator[Problem]:
    if not isinstance(definition.script, str):
        yield Problem(place="script", message="The script must be text.")
    elif len(definition.script) > MAX_SCRIPT:
        yield Problem(place="script", message=f"The script is longer than {MAX_SCRIPT:,} characters. Split the work.")
    elif not isinstance(definition.kind, str) or definition.kind not in kinds.names():
        message = f"There is no kind “{str(definition.kind)[:64]}”. There are: {', '.join(kinds.names())}."
        yield Problem(place="kind", message=message, code="unknown_kind")
    else:
        yield from kinds.get(definition.kind).check(definition)


def _check_tools(definition: Definition) -> Iterator[Problem]:
    """Modules only: which functions they have, the kind's own check knows."""
    tools: Any = definition.required_tools
    if not isinstance(tools, list) or not all(isinstance(tool, str) for tool in tools):
        yield Problem(place="required_tools", message='Give a list of names: ["crm", "report.pdf"].', code="tools")
        return
    for number, tool in enumerate(tools):
        module = tool.partition(".")[0]
        if module not in settings.TOOL_MODULES:
            known = sorted(settings.TOOL_MODULES)
            hint = did_you_mean(module, known) or f" There are: {', '.join(known)}."
            message = f"There is no tool module “{module[:64]}”.{hint}"
            yield Problem(place=f"required_tools.{number}", message=message, code="tools")


def _check_parameters(definition: Definition) -> Iterator[Problem]:
    for problem in check_schema(definition.parameter_schema):
        place = f"parameter_schema.{problem.path}" if problem.path else "parameter_schema"
        yield Problem(place=place, message=problem.message, code="schema")


def _check_triggers(definition: Definition) -> Iterator[Problem]:
    yield from triggers.check(definition.triggers)


def _check_outputs(definition: Definition) -> Iterator[Problem]:
    yield from outputs.check(definition.outputs, definition.parameter_schema)


def _check_stages(definition: Definition) -> Iterator[Problem]:
    stages: Any = definition.stages
    if not isinstance(stages, list) or len(stages) > MAX_STAGES:
        yield _stage_problem("", f'Give a list of up to {MAX_STAGES} stages: [{{"name": "fetch", "percent": 10}}].')
        return
    wrong = [number for number, stage in enumerate(stages) if not _is_stage(stage)]
    for number in wrong:
        yield _stage_problem(
            f".{number}", f"A stage has a name of up to {NAME_LENGTH} characters and a percent, 0 to 100."
        )
    if wrong:
        return
    names = [stage["name"] for stage in stages]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield _stage_problem("", f"Two stages are called “{name}”. Give each its own name.")
    for (number, before), (_, after) in pairwise(enumerate(stages)):
        if after["percent"] <= before["percent"]:
            message = (
                f"“{after['name']}” begins at {after['percent']} %, not after “{before['name']}” at "
                f"{before['percent']} %. Percentages ascend."
            )
            yield _stage_problem(f".{number + 1}", message)


def _is_stage(stage: Any) -> bool:
    if not isinstance(stage, dict) or set(stage) != {"name", "percent"}:
        return False
    name, percent = stage["name"], stage["percent"]
    is_named = isinstance(name, str) and 0 < len(name.strip()) <= NAME_LENGTH
    return is_named and _is_number(percent) and 0 <= percent <= 100


def _stage_problem(path: str, message: str) -> Problem:
    return Problem(place=f"stages{path}", message=message, code="stages")


def check_limits(definition: Definition) -> Iterator[Problem]:
    for name, (least, most) in LIMITS.items():
        value = getattr(definition, name)
        if value is None and name in OPTIONAL:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            message = f"Give a whole number from {least:,} to {most:,}."
            yield Problem(place=name, message=message, code="limit")
    if not isinstance(definition.is_cpu_intensive, bool):
        yield Problem(place="is_cpu_intensive", message="Say true or false.", code="limit")
    queue: Any = definition.queue
    if not isinstance(queue, str) or not 0 < len(queue.strip()) <= QUEUE_LENGTH:
        message = f"Name the queue, in up to {QUEUE_LENGTH} characters."
        yield Problem(place="queue", message=message, code="limit")


def _check_group_keys(definition: Definition) -> Iterator[Problem]:
    for name in GROUP_KEYS:
        if message := groupkeys.problem(getattr(definition, name), definition.parameter_schema):
            yield Problem(place=name, message=message, code="group_key")


def _check_priority_rules(definition: Definition) -> Iterator[Problem]:
    yield from priorities.check(definition.priority_rules, definition.parameter_schema)


def _check_retry(definition: Definition) -> Iterator[Problem]:
    yield from retries.check(definition.retry)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_PARTS: tuple[Callable[[Definition], Iterator[Problem]], ...] = (
    _check_kind,
    _check_tools,
    _check_parameters,
    _check_triggers,
    _check_outputs,
    _check_stages,
    check_limits,
    _check_group_keys,
    _check_priority_rules,
    _check_retry,
)
