"""What a revision defines, free of rows: the value that is checked, loaded, dumped, compared and saved."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from apps.catalog.models import (
    TemplateRevision,
    default_outputs,
    default_retry,
    default_schema,
    default_triggers,
)

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One finding about a definition. An error forbids publishing, a warning does not.

    `place` is a field of Definition, with a dotted path below it: `script`, `parameter_schema.properties.period`.
    `line` and `column` count from 1 and are for texts.
    """

    place: str
    message: str
    line: int | None = None
    column: int | None = None
    severity: Severity = "error"
    code: str = "invalid"

    def __str__(self) -> str:
        where = f"{self.place} line {self.line}" if self.line else self.place
        return f"{where}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The definition fields of TemplateRevision, by the same names."""

    kind: str = "script"
    script: str = ""
    graph: dict[str, Any] = field(default_factory=dict)
    parameter_schema: dict[str, Any] = field(default_factory=default_schema)
    triggers: dict[str, Any] = field(default_factory=default_triggers)
    outputs: dict[str, Any] = field(default_factory=default_outputs)
    stages: list[dict[str, Any]] = field(default_factory=list)
    estimated_steps: int = 5
    estimated_seconds: int = 300
    required_tools: list[str] = field(default_factory=list)
    memory_mb: int = 512
    is_cpu_intensive: bool = False
    queue: str = "default"
    priority: int = 50
    priority_rules: list[dict[str, Any]] = field(default_factory=list)
    retry: dict[str, Any] = field(default_factory=default_retry)
    max_calls: int = 100_000
    cpu_seconds: int = 300
    deadline_seconds: int | None = None
    retention_days: int | None = None
    limit_key: str = ""
    debounce_seconds: int | None = None
    debounce_key: str = ""
    cache_seconds: int | None = None

    @classmethod
    def of(cls, revision: TemplateRevision) -> "Definition":
        return cls(**{name: getattr(revision, name) for name in FIELDS})

    @classmethod
    def with_fields(cls, given: Mapping[str, Any], base: "Definition | None" = None) -> "Definition":
        """`base` (or the defaults) with the definition fields among `given` on top; other names are passed over."""
        start = (base or cls()).as_fields()
        return cls(**{**start, **{name: given[name] for name in FIELDS if name in given}})

    def as_fields(self) -> dict[str, Any]:
        """A deep copy, ready for TemplateRevision(**…) or JSON."""
        return asdict(self)

    def differences(self, other: "Definition") -> list[str]:
        """The names of the fields in which the two differ."""
        return [name for name in FIELDS if getattr(self, name) != getattr(other, name)]


FIELDS = tuple(each.name for each in fields(Definition))
