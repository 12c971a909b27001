"""What following a path may cost. Every node that is visited is counted, also those inside filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from apps.core.jsonpath.errors import PathTooCostly

MAX_LENGTH = 1_000  # characters of a path
MAX_STEPS = 64  # segments and logical operators of a path, filters included
MAX_NESTING = 10  # brackets in brackets
MAX_LEVELS = 100  # of a document below `..`


@dataclass(frozen=True, kw_only=True)
class Bounds:
    nodes: int = 250_000
    seconds: float = 2.0


BOUNDS = Bounds()


class Budget:
    """What is left of the bounds; several readings may share one."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.bounds = bounds
        self.nodes = bounds.nodes
        self.deadline = monotonic() + bounds.seconds

    def spend(self) -> None:
        """One more node. Raises PathTooCostly."""
        self.nodes -= 1
        if self.nodes < 0:
            raise PathTooCostly(
                f"The path visits more than {self.bounds.nodes:,} places of the document. "
                "Name the part that you want instead of using .. or * on all of it."
            )
        if monotonic() > self.deadline:
            raise PathTooCostly(
                f"Following the path takes longer than {self.bounds.seconds:g} seconds. "
                "Name the part that you want, or compare less in its filter."
            )


class Run(dict[str, Any]):
    """One reading: its variables are the content; beside them the budget and the document that `$` means.

    The library hands it to every filter as its context, and would put another in the place of one that is false.
    """

    def __init__(self, document: Any, variables: Mapping[str, Any], budget: Budget) -> None:
        super().__init__(variables)
        self.document, self.budget = document, budget

    def __bool__(self) -> bool:
        return True
