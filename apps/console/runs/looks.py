"""How a node's state looks and is said: colour, sign and word, of which any two would do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from apps.console import words
from apps.core import durations
from apps.executors.workflow.standing import Items, NodeStanding


@dataclass(frozen=True, kw_only=True)
class Sign:
    tint: str
    icon: str
    word: str


SIGNS = {
    "waiting": Sign(tint="blocked", icon="waiting", word="Waiting"),
    "ready": Sign(tint="pending", icon="pending", word="Ready"),
    "running": Sign(tint="running", icon="running", word="Running"),
    "checking": Sign(tint="running", icon="search", word="Being checked"),
    "asking": Sign(tint="person", icon="person", word="Asks people"),
    "completed": Sign(tint="completed", icon="completed", word="Completed"),
    "failed": Sign(tint="failed", icon="failed", word="Failed"),
    "skipped": Sign(tint="cancelled", icon="chevron", word="Skipped"),
    "cancelled": Sign(tint="cancelled", icon="cancelled", word="Cancelled"),
}
WARNING = Sign(tint="completed", icon="warning", word="Completed, with a warning")
RECOVERED = Sign(tint="completed", icon="resume", word="Completed after a failure")
AGAIN = Sign(tint="pending", icon="resume", word="To be tried again")
FIRST_TOLD = ("failed", "asking", "running", "checking", "ready")
"""Of many nodes drawn as one, the first of these states that occurs is shown."""
DONE = ("completed", "skipped", "cancelled")


def sign(node: NodeStanding) -> Sign:
    if node.look == "completed" and node.outcome in ("warning", "recovered"):
        return WARNING if node.outcome == "warning" else RECOVERED
    if node.look == "waiting" and (node.tries or node.round > 1):
        return AGAIN
    return SIGNS[node.look]


def sign_of_many(looks: Iterable[str]) -> Sign:
    found = set(looks)
    for look in FIRST_TOLD:
        if look in found:
            return SIGNS[look]
    if found <= set(DONE):
        return SIGNS["completed" if "completed" in found or not found else "skipped"]
    return SIGNS["running"] if found & set(DONE) else SIGNS["waiting"]


def fact(node: NodeStanding, now: datetime) -> str:
    """The few words that stand in its box."""
    if node.items is not None and node.look not in ("waiting", "ready"):
        return counted(node.items)
    seconds = node.seconds(now)
    if node.look in ("running", "checking", "asking") and seconds is not None:
        return f"for {durations.describe(float(int(seconds)))}" + (f", try {node.tries}" if node.tries > 1 else "")
    if node.look == "completed" and seconds is not None:
        return durations.describe(seconds)
    if node.look == "failed" and node.tries > 1:
        return f"after {node.tries} tries"
    if node.look == "waiting" and node.due_at is not None:
        return f"again at {words.clock(node.due_at, now)}"
    return SIGNS[node.look].word


def counted(items: Items) -> str:
    """'37 of 100'."""
    return f"{items.completed:,} of {items.total:,}"


def told(node: NodeStanding, now: datetime) -> str:
    """One sentence for those who hear the drawing."""
    said = [f"{node.name}: {sign(node).word}"]
    if node.items is not None:
        said.append(f"{counted(node.items)} tasks completed")
        said += [f"{node.items.failed:,} failed"] if node.items.failed else []
    elif (text := fact(node, now)) != SIGNS[node.look].word:
        said.append(text)
    if node.is_stalled:
        said.append(f"far longer than the expected {durations.describe(float(int(node.expected) or 1))}")
    return ", ".join(said)
