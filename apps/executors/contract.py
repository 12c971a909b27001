"""What every executor obeys, whatever kind of task it carries out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

from apps.catalog import kinds
from apps.catalog.definition import Definition, Problem
from apps.tasks.record.journal import Batch, Journal, LoadedCheckpoint


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """The task as an executor sees it; nothing in it changes between attempts."""

    id: int
    uid: str
    title: str
    script: str
    revision_id: int
    revision_label: str
    parameters: Mapping[str, Any]
    outputs: Mapping[str, Any]
    created_at: datetime
    seed: str
    """Of chance and ids in the script."""
    seeded_at: datetime
    """Where the script's clock stands still."""
    requester: Any
    memory_mb: int
    cpu_seconds: int
    max_calls: int


@dataclass(kw_only=True)
class Pulse:
    """What the executor is doing right now; written by it, read by the heartbeat thread."""

    line: int | None = None
    call: str = ""
    call_started_at: datetime | None = None
    is_resting: bool = False
    """The call in flight waits for its next try, and has said for how long."""
    turn_started: float | None = None
    """Monotonic moment since which sandboxed code runs without a host call; None while the host works."""
    sandbox_pid: int | None = None
    killed_for: str = ""
    """Why the heartbeat thread killed the sandbox: a control word, "memory" or "stalled"."""


class Session(Protocol):
    """What an executor gets for one attempt."""

    task: TaskFacts
    journal: Journal
    pulse: Pulse

    def checkpoints(self) -> list[LoadedCheckpoint]:
        """The task's usable checkpoints, newest first. Ones that fail verification are reported and left out."""
        ...

    def resumed(self, *, index: int, line: int | None, checkpoint: int | None) -> None:
        """Note where the attempt goes on after what is on record: the call and its line.

        `checkpoint` is the call at which the interpreter was loaded, None when it replayed from the top.
        """
        ...

    def permits(self, permission: str | None) -> bool:
        """Whether the task's requester has the permission now. Raises RequesterDisabled when they may do nothing."""
        ...

    def control(self) -> str:
        """What is asked of the task (states.Control); "" when it should go on."""
        ...


class RequesterDisabled(Exception):
    """The person in whose name the task acts has been disabled."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an attempt failed. `message` is for people; `code` for programs; `step` is the index of the failed call."""

    type: str
    message: str
    code: str = "script_error"
    line: int | None = None
    step: int | None = None
    traceback: str = ""
    is_transient: bool = False
    retry_after: float | None = None
    """Seconds that the service which failed asked to wait."""
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value not in ("", None)}


@dataclass(frozen=True, kw_only=True)
class Completed:
    result: str
    """What the task returned, encoded."""
    rest: Batch = field(default_factory=Batch)


@dataclass(frozen=True, kw_only=True)
class Suspended:
    """The task leaves its worker. `because` says which way: a timer, a pause, a drain."""

    because: str
    """`timer`, `others` (tasks, people, events), `disabled` (the requester is), or the control word that was obeyed:
    `pause`, `drain`."""
    reason: str = ""
    until: datetime | None = None
    """When it wakes by itself; None of `others`: only when they have come."""
    rest: Batch = field(default_factory=Batch)


@dataclass(frozen=True, kw_only=True)
class Failed:
    failure: Failure
    rest: Batch = field(default_factory=Batch)


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    reason: str
    rest: Batch = field(default_factory=Batch)


Outcome = Completed | Suspended | Failed | Cancelled
"""The closed set of what an executor may answer."""


class Executor(Protocol):
    """Carries out one kind of task. Named in the setting TASK_KINDS.

    1. `check` says what is wrong with a definition, with lines; it executes nothing.
    2. `permissions` names what a requester needs for the tools that the definition uses.
       `effects` names what it may change beyond its task, and where it cannot know, that.
    3. `run` carries out one attempt and answers an outcome; it writes nothing but through the session's journal.
    4. It looks at `session.control()` before every effect and obeys at once: pause and drain answer Suspended with a
       checkpoint in `rest`, cancel and expire answer Cancelled.
    5. Before an effect it asks the journal; what is recorded is answered, never executed again.
    6. It raises only LeaseLost (from the journal): then it stops without a word. Everything else is a Failed.
    7. It must be safe to kill at any moment.
    """

    def check(self, definition: Definition) -> list[Problem]: ...

    def permissions(self, definition: Definition) -> set[str]: ...

    def effects(self, definition: Definition) -> kinds.Effects: ...

    def run(self, session: Session) -> Outcome: ...


def executor(kind: str) -> Executor:
    """The executor of this kind of task. Raises catalog.kinds.UnknownKind."""
    return cast(Executor, kinds.get(kind))
