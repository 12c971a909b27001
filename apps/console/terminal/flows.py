"""Workflows from files or templates, and what is said of them before they run."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.catalog import transfer
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate
from apps.console.terminal.screen import clean
from apps.core import durations
from apps.core.errors import InvalidInput
from apps.core.saying import count
from apps.executors.workflow import checking
from apps.executors.workflow.checking import Known
from apps.executors.workflow.faults import Fault
from apps.executors.workflow.kind import known
from apps.executors.workflow.planning import Plan

MAX_BYTES = 16_000_000
MOST_IN_A_WAVE = 8
MOST_WAVES = 40
MOST_FAULTS = 40


@dataclass(frozen=True, kw_only=True)
class Source:
    """A workflow, and where it comes from. `document` is its JSON; of a plan it may be a list of tasks."""

    name: str
    document: Any
    parameter_schema: dict[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> Known:
        """What is installed here, and the workflow's parameters."""
        return known(Definition.with_fields({"parameter_schema": self.parameter_schema}))

    @property
    def inputs(self) -> Known:
        """Its parameters alone: what a plan needs to know."""
        return Known(inputs=checking.inputs_of(self.parameter_schema))


def source(word: str) -> Source:
    """Of a file, of a template's folder, of `-`, or of a template by its key. Raises InvalidInput."""
    path = Path(word)
    if word != "-" and path.is_dir():
        return _of_definition(word, transfer.read(path).definition)
    if word != "-" and path.name == transfer.TEMPLATE and path.is_file():
        return _of_definition(word, transfer.read(path.parent).definition)
    if word == "-" or path.is_file():
        return Source(name=word, document=document(word))
    return _of_template(word)


def document(word: str) -> Any:
    """The JSON in a file, or on stdin for `-`. Raises InvalidInput."""
    try:
        if word == "-":
            return json.load(sys.stdin)
        if Path(word).stat().st_size > MAX_BYTES:
            raise InvalidInput(f"{word} is larger than {MAX_BYTES:,} bytes.")
        return json.loads(Path(word).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{word} cannot be read: {error}.") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{word} is not JSON: {error}.") from None


def _of_template(key: str) -> Source:
    template = TaskTemplate.objects.select_related("published").filter(key=key).first()
    if template is None:
        raise InvalidInput(f"There is neither a file nor a template “{key}”.")
    revision = template.published or template.revisions.first()
    if revision is None:
        raise InvalidInput(f"The template “{key}” has no revision yet.")
    return _of_definition(f"{key}, revision {revision.number}", Definition.of(revision))


def _of_definition(name: str, definition: Definition) -> Source:
    if definition.kind != "workflow":
        raise InvalidInput(f"{name} is a {definition.kind}, no workflow.")
    return Source(name=name, document=definition.graph, parameter_schema=definition.parameter_schema)


def fault_lines(faults: Iterable[Fault]) -> list[str]:
    """Each with its place and what to do about it."""
    every = list(faults)
    lines = []
    for fault in every[:MOST_FAULTS]:
        mark = "" if fault.severity == "error" else " (warning)"
        lines.append(f"{fault.code}{mark}  {fault.place or 'the workflow'}: {fault.message}")
        lines += [f"    {suggestion}" for suggestion in fault.as_json()["recovery"]["suggestions"]]
    more = [f"… and {len(every) - MOST_FAULTS:,} more; --json says all."] if len(every) > MOST_FAULTS else []
    return [line if line.startswith("    ") else clean(line) for line in lines] + more


def plan_lines(plan: Plan, workers: int | None) -> list[str]:
    """Waves, and how long it takes."""
    waves = [f"  {number}  {clean(_wave(wave))}" for number, wave in enumerate(plan.waves[:MOST_WAVES], start=1)]
    if len(plan.waves) > MOST_WAVES:
        waves.append(f"  … {len(plan.waves) - MOST_WAVES:,} more waves; --json has all.")
    by = f" with {count(workers, 'worker')}" if workers else ""
    takes = (
        f"Takes about {durations.describe(plan.seconds)}{by}; one after another {durations.describe(plan.work)}:"
        f" {plan.parallelisation:.2f} run at the same time on average. Complexity: {plan.complexity}."
    )
    return [
        f"{count(sum(map(len, plan.waves)), 'task')} in {count(len(plan.waves), 'wave')}:",
        *waves,
        takes,
        clean(f"Decides how long it takes: {_wave(plan.critical_path, ' → ')}"),
        *fault_lines(plan.faults),
    ]


def _wave(names: tuple[str, ...], between: str = ", ") -> str:
    shown = between.join(names[:MOST_IN_A_WAVE])
    return shown if len(names) <= MOST_IN_A_WAVE else f"{shown}{between}… ({len(names):,})"
