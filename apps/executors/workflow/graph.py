"""A workflow as values: what `reading.read` makes of its JSON, with every default filled in.

Nodes refer to each other by name; `wiring.wire` says by number. A `place` is the dotted path in the JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from apps.executors.workflow.conditions import Condition
from apps.executors.workflow.paths import ABSENT, Absent

RunnerKind = Literal["template", "script", "agent_class", "tool", "approval"]
DependencyKind = Literal["data", "prerequisite", "validation"]
State = Literal["started", "completed", "failed", "skipped", "ended"]
JoinKind = Literal["all", "any", "at_least", "structured"]
OnFailure = Literal["stop", "continue", "skip", "default"]
OutputFormat = Literal["merge", "separate", "index"]
Duplicates = Literal["keep", "first", "last", "error"]
ChosenBy = Literal["condition", "first"]
OnReject = Literal["fail", "retry", "warn"]

EVERYTHING = "*"
"""In Node.cancels: all other nodes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Runner:
    kind: RunnerKind
    subject: str = ""
    """Key of the template, text of the script, name of the class or tool; empty for an approval."""
    approval: Mapping[str, Any] | None = None
    """What people are asked, as it is written; `asking` reads it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependency:
    """What a node waits for: a key of the context, a state of another node (a milestone), or an event from outside."""

    key: str = ""
    """Name of the value in the context; empty for a milestone."""
    kind: DependencyKind = "data"
    is_optional: bool = False
    type: str = ""
    """JSON type that the value must have; empty for any."""
    default: Any | Absent = ABSENT
    timeout: timedelta | None = None
    task: str = ""
    state: State = "completed"
    event: str = ""
    is_kept: bool = True
    """An event that came before anybody waited still counts (a persistent trigger)."""
    place: str = ""

    @property
    def is_required(self) -> bool:
        return not self.is_optional and self.default is ABSENT


@dataclass(frozen=True, kw_only=True, slots=True)
class Join:
    """How many of the required dependencies a node waits for: `at_least` counts for that kind only."""

    kind: JoinKind = "all"
    at_least: int = 0

    def wanted(self, required: int) -> int:
        """Of so many required dependencies, how many must be met."""
        if self.kind == "all":
            return required
        return self.at_least if self.kind == "at_least" else min(1, required)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Nodes with the same choice are alternatives: the first whose condition holds, or that is ready first."""

    name: str
    by: ChosenBy = "condition"


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """The node is run again: `while` asks before each round, `until` after it; never more than `most` rounds."""

    condition: Condition
    is_until: bool
    most: int
    delay: timedelta = timedelta()


@dataclass(frozen=True, kw_only=True, slots=True)
class Assertion:
    """A pre- or postcondition. A critical one that does not hold stops the run, another one is a warning."""

    condition: Condition
    message: str
    is_critical: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Validator:
    """Who judges the node's result: a prompt for a model, a tool, or both."""

    prompt: str = ""
    tool: str = ""
    on_reject: OnReject = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    max_attempts: int = 3
    delay: timedelta = timedelta(seconds=1)
    backoff_factor: float = 2.0
    timeout: timedelta | None = timedelta(seconds=30)
    """Of one attempt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    wait: timedelta | None = None
    """From the begin of the run until the dependencies are met."""
    run: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    check_dependencies: bool = True
    validate_result_keys: bool = True
    track_completion: bool = True
    verify_context: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Array:
    """What a variable of an expansion runs over: a path of the context, or items that are written down."""

    variable: str
    source: tuple[str, ...] = ()
    items: tuple[Any, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Expansion:
    """One task for each item. `at_least` None: all must succeed; 0: failures are ignored."""

    type: Literal["product", "zip"]
    arrays: tuple[Array, ...]
    identifiers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    output_format: OutputFormat = "merge"
    duplicates: Duplicates = "keep"
    duplicates_by: tuple[str, ...] = ()
    """Path into a result whose value says which ones are the same; empty: the whole result."""
    at_least: int | None = None
    at_once: int | None = None
    most: int = 10_000
    name: str = ""
    """Text with placeholders that names each task; empty: the node's name with its identifiers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputRule:
    """Where a result goes in the run's document. `rule` is for core.mapping, with its key and path filled in."""

    result_key: str
    output_path: str
    rule: Mapping[str, Any]
    place: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleanup:
    """Keys whose values are dropped from the context."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    on_error: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Housekeeping:
    """When a run cleans up, and how long what it leaves is kept."""

    drops: Cleanup = field(default_factory=Cleanup)
    on_completion: bool = True
    on_session_end: bool = True
    on_error: bool = True
    memory_percent: int = 80
    keep_session: timedelta = timedelta(hours=24)
    keep_results: timedelta = timedelta(hours=12)
    keep_errors: timedelta = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    number: int
    """Place in Graph.nodes."""
    name: str
    group: str
    place: str
    runner: Runner | None
    """None only in a graph with faults."""
    result_keys: tuple[str, ...]
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    shared_instructions: str = ""
    message_template: str = ""
    tools: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    join: Join = field(default_factory=Join)
    choice: Choice | None = None
    condition: Condition | None = None
    loop: Loop | None = None
    cancels: tuple[str, ...] = ()
    preconditions: tuple[Assertion, ...] = ()
    postconditions: tuple[Assertion, ...] = ()
    validator: Validator | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: Retry | None = None
    """None: as what runs it has it."""
    validation: Validation = field(default_factory=Validation)
    on_failure: OnFailure = "stop"
    default_result: Mapping[str, Any] = field(default_factory=dict)
    expansion: Expansion | None = None
    outputs: tuple[OutputRule, ...] = ()
    cleanup: Cleanup = field(default_factory=Cleanup)
    estimated_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    name: str
    description: str
    place: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """A key that the run begins with."""

    name: str
    type: str = ""
    is_optional: bool = False
    default: Any | Absent = ABSENT
    place: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    groups: tuple[Group, ...]
    nodes: tuple[Node, ...]
    inputs: tuple[Input, ...] = ()
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name in the workflow's result → path in the context; empty: every key that no node waits for."""
    description: str = ""
    at_once: int | None = None
    """How many of its tasks may run at the same time."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    housekeeping: Housekeeping = field(default_factory=Housekeeping)
