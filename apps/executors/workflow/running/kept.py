"""Items of an expansion whose tasks have completed are not repeated: another try, or a repair, makes the others.

Pure. What is known of it stands in the notes of the node, under `items`, from the moment its tasks are made.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from apps.executors.workflow.graph import Node
from apps.executors.workflow.running.standing import Standing, State

NOTE = "items"
OF_ITEMS = frozenset({"EXEC_002", "EXEC_007", "EXEC_009"})
"""A node that failed so failed for what did not complete. Any other fault is in the results, and all are made again."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Of which items the tasks of `branch` are, and where the results of the others lie."""

    branch: str
    digest: str
    """Of what all items are given: only of the same items are results kept."""
    total: int
    before: tuple[str, ...] = ()
    """Branches whose completed tasks count, the oldest first."""
    left: tuple[tuple[int, int], ...] = ()
    """From item to item, that one too: those of which `branch` has a task."""

    @property
    def count(self) -> int:
        """How many items were completed before."""
        return self.total - sum(last - first + 1 for first, last in self.left)

    @property
    def items(self) -> list[int]:
        """Those that `branch` makes."""
        return [item for first, last in self.left for item in range(first, last + 1)]

    @property
    def branches(self) -> tuple[str, ...]:
        """All in which an item may have completed."""
        return (*self.before, self.branch)


def of(standing: Standing) -> Kept | None:
    """None of a node whose tasks were never made."""
    noted = standing.notes.get(NOTE)
    if noted is None:
        return None
    return Kept(**{**noted, "before": tuple(noted["before"]), "left": tuple((a, b) for a, b in noted["left"])})


def whole(branch: str, given: Sequence[Any]) -> Kept:
    """Of a branch with a task for each item."""
    return Kept(branch=branch, digest=digest(given), total=len(given), left=ranges(range(len(given))))


def but(made: Kept, former: Kept, completed: Collection[int]) -> Kept:
    """The same branch without the items that were completed in `former`'s."""
    done = set(completed)
    left = ranges(item for item in range(made.total) if item not in done)
    return replace(made, before=former.branches, left=left) if done else made


def note(standing: Standing, made: Kept) -> None:
    standing.notes[NOTE] = {**asdict(made), "before": list(made.before), "left": [list(each) for each in made.left]}


def forget(standing: Standing) -> None:
    """Whatever is made next for this node is made for all items."""
    standing.notes.pop(NOTE, None)


def carried(node: Node, standing: Standing) -> dict[str, Any]:
    """Of the notes of a node that is begun anew, what goes on to be true: `{}` when everything of it is repeated."""
    return {NOTE: standing.notes[NOTE]} if is_kept(node, standing) else {}


def is_kept(node: Node, standing: Standing) -> bool:
    """Whether a repair of this node would repeat only what has not completed. A loop is begun at its first round."""
    if node.loop is not None or NOTE not in standing.notes:
        return False
    return standing.state != State.FAILED or (standing.error or {}).get("code") in OF_ITEMS


def digest(given: Sequence[Any]) -> str:
    found = hashlib.sha256()
    for each in given:
        found.update(json.dumps(each, sort_keys=True).encode() + b"\n")
    return found.hexdigest()


def ranges(items: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """[0, 1, 2, 5] → ((0, 2), (5, 5))."""
    found: list[tuple[int, int]] = []
    for item in items:
        if found and found[-1][1] == item - 1:
            found[-1] = (found[-1][0], item)
        else:
            found.append((item, item))
    return tuple(found)
