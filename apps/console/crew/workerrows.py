"""Workers as the page shows them, by cluster: what each does, what it uses, and what was asked of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from apps.console.crew.pulse import Slots
from apps.core import clock, durations
from apps.workers.answers import standing
from apps.workers.answers.standing import ClusterFacts, WorkerFacts

LOOKS = {"busy": "running", "starting": "pending", "idle": "pending", "stopping": "paused", "draining": "paused",
         "drained": "paused", "silent": "failed", "crashed": "failed", "offline": "failed", "stopped": "cancelled",
         "working": "running", "not heard of": "failed", "lost": "failed", "ended": "cancelled"}  # fmt: skip


LOST_SHOWN = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class WorkerRow:
    facts: WorkerFacts
    look: str
    word: str
    title: str
    """Of its task; empty when it has none or the reader may not see it."""
    doing_for: str

    @property
    def is_present(self) -> bool:
        return self.facts.ended_at is None

    @property
    def memory_percent(self) -> float | None:
        return None if self.facts.memory_share is None else 100 * self.facts.memory_share

    @property
    def asked(self) -> str:
        return asked(self.facts)


@dataclass(frozen=True, kw_only=True)
class Crew:
    """A cluster and the workers that belong to it; `cluster` is None for workers without one."""

    cluster: ClusterFacts | None
    workers: Sequence[WorkerRow]

    @property
    def look(self) -> str:
        return LOOKS.get(self.cluster.word, "cancelled") if self.cluster else "cancelled"

    @property
    def word(self) -> str:
        return _capital(self.cluster.word) if self.cluster else ""

    @property
    def asked(self) -> str:
        return asked(self.cluster) if self.cluster else ""

    @property
    def slots(self) -> Slots:
        busy = sum(row.facts.doing is not None for row in self.workers)
        return Slots(busy=busy, free=len(self.workers) - busy)


def crews(viewer: Any) -> list[Crew]:
    """Clusters that have workers, were asked something or are lost; a bounded number of queries.

    One that was lost is shown for LOST_SHOWN after its start: it may never come back.
    """
    by_cluster: dict[str, list[WorkerRow]] = defaultdict(list)
    for facts in standing.workers(viewer):
        by_cluster[facts.cluster_key].append(row(facts))
    found = [Crew(cluster=each, workers=_sorted(by_cluster.pop(each.key, []))) for each in standing.clusters()]
    rest = [row for left in by_cluster.values() for row in left]
    if rest:
        found.append(Crew(cluster=None, workers=_sorted(rest)))
    return [
        crew for crew in found if crew.workers or (crew.cluster and (crew.cluster.wish or _is_missed(crew.cluster)))
    ]


def _is_missed(cluster: ClusterFacts) -> bool:
    return cluster.word == "lost" and clock.now() - cluster.started_at < LOST_SHOWN


def row(facts: WorkerFacts) -> WorkerRow:
    doing = facts.doing
    return WorkerRow(
        facts=facts,
        look=LOOKS.get(facts.word, "cancelled"),
        word=_capital(facts.word),
        title=doing.title if doing else "",
        doing_for=durations.describe(float(int(doing.seconds))) if doing and doing.seconds is not None else "",
    )


def asked(facts: WorkerFacts | ClusterFacts) -> str:
    """'Asked to drain by Bruno (“new release”)'; empty when nothing was."""
    if not facts.wish:
        return ""
    by = f" by {facts.wish_by}" if facts.wish_by else ""
    return f"Asked to {facts.wish}{by}" + (f" (“{facts.wish_reason}”)" if facts.wish_reason else "")


def _sorted(rows: Iterable[WorkerRow]) -> list[WorkerRow]:
    """Always in the same order, so that no row jumps when a worker takes a task."""
    return sorted(rows, key=lambda row: (row.facts.host, row.facts.name))


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
