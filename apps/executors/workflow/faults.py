"""Structured errors of workflows: for pages, programs and the API alike."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.catalog.definition import Problem, Severity
from apps.core.errors import ChantillyError
from apps.core.schema.wording import did_you_mean
from apps.executors.workflow.codes import CODES

DOCUMENTATION = "docs/authors/workflow-definition.md"
MAX_SUGGESTED = 2_000  # beyond so many names, looking for the nearest costs more than it helps
MAX_LISTED = 12


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong. `place` is a dotted path below the definition's `graph`: `groups.0.tasks.3.name`.

    `details` has, where they apply: field, task, group, key, dependency, missing_fields, invalid_fields, cycle, tasks.
    `recovery` is what an execution adds: strategy, attempt, max_attempts, automatic_retry, backoff, cleanup_required.
    """

    code: str
    message: str
    place: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    suggestions: tuple[str, ...] = ()
    severity: Severity = "error"
    recovery: Mapping[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return CODES[self.code].type

    def as_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "code": self.code,
            "message": self.message,
            "details": {"place": self.place, **self.details},
            "recovery": {
                **self.recovery,
                "suggestions": [*(self.suggestions or [CODES[self.code].advice])],
                "documentation": f"{DOCUMENTATION}#{self.code.lower()}",
            },
        }

    def as_problem(self, root: str = "graph") -> Problem:
        """As the catalogue's checks say it. `root` is the field of the definition that holds the graph."""
        place = f"{root}.{self.place}" if self.place else root
        return Problem(place=place, message=self.message, severity=self.severity, code=self.code)


class WorkflowError(ChantillyError):
    """Something about a workflow is wrong where it is used; `faults` say it in full, `code` is the first one's."""

    def __init__(self, *faults: Fault) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(faults[0].message + more, code=faults[0].code)
        self.faults = faults


def nearest(word: str, known: Collection[str]) -> str:
    """' Did you mean “x”?', or ' There are: …', or nothing when there are too many to tell."""
    if not known:
        return " There are none."
    hint = did_you_mean(word, known) if len(known) <= MAX_SUGGESTED else ""
    return hint or (f" There are: {listed(known)}." if len(known) <= 50 else "")


def listed(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:MAX_LISTED])
    return f"{shown}, …" if len(names) > MAX_LISTED else shown


def short(value: Any, most: int = 60) -> str:
    text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"
