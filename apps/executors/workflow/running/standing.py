"""Where a node of a run stands, as a value; `tasks.models.runs.Node` is its row."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from apps.tasks.models.runs import Node

State = Node.State
ENDED: Final = frozenset({State.COMPLETED, State.FAILED, State.SKIPPED, State.CANCELLED})
AT_WORK: Final = frozenset({State.RUNNING, State.CHECKING})

Because = Literal[
    "", "condition", "choice", "loop", "failure", "timeout", "rejection", "dependency", "stopped", "cancelled"
]
"""Why a node did not run to its end."""
MENDABLE: Final = frozenset({"failure", "timeout", "rejection", "stopped"})
"""A repair begins those anew that were skipped for such a reason."""


@dataclass(kw_only=True, slots=True)
class Standing:
    number: int
    state: State = State.WAITING
    outcome: str = ""
    because: Because = ""
    reason: str = ""
    error: dict[str, Any] | None = None
    generation: int = 0
    round: int = 1
    tries: int = 0
    began_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    """`heard`, `late`: dependencies that a moment has settled which is over. `absent`: result keys that have no value;
    `refused`: those whose value is a rejection; `is_default`: its default_result stands in for its own; `warnings`: texts;
    `slots`: how many tasks it may run at once, where the workflow limits that; `items`: see `kept`."""

    @property
    def branch(self) -> str:
        """Name of the branch of its tasks."""
        return f"n{self.number}.{self.generation}.{self.round}.{self.tries}"

    @property
    def is_untouched(self) -> bool:
        """It waits for what it depends on, not for its next try or round."""
        return self.state == State.WAITING and not self.tries and self.round == 1

    def warn(self, text: str) -> None:
        self.notes.setdefault("warnings", []).append(text[:300])
