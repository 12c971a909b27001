"""What a workflow's page shows of its run, gathered in a bounded number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from apps.console.runs import drawing, gantt, looks, table
from apps.console.runs.drawing import Drawing
from apps.console.runs.gantt import Gantt
from apps.console.runs.table import Table
from apps.console.words import count
from apps.core import durations
from apps.executors.workflow import standing
from apps.executors.workflow.faults import WorkflowError
from apps.executors.workflow.standing import RunStanding
from apps.tasks.models import Approval, Task

KIND = "workflow"
MOST_STALLED = 5


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    name: str
    percent: float
    tint: str
    said: str


@dataclass(frozen=True, kw_only=True)
class RunPage:
    task: Task
    run: RunStanding
    fields: dict[str, str]
    groups: list[GroupRow]
    drawing: Drawing | None = None
    gantt: Gantt | None = None
    table: Table | None = None


def gather(task: Task, asked: Mapping[str, str], now: datetime, *, is_whole: bool = True) -> RunPage | None:
    """None for a task that is no workflow, or whose graph can no longer be read. Not whole: groups and workers only."""
    if task.kind != KIND:
        return None
    try:
        run = standing.of(task, now)
    except WorkflowError:
        return None
    groups = [_group(each) for each in run.groups] if len(run.groups) > 1 else []
    if not is_whole:
        return RunPage(task=task, run=run, fields={}, groups=groups)
    return RunPage(
        task=task,
        run=run,
        fields=fields(task, run),
        groups=groups,
        drawing=drawing.drawing(task.revision_id, run),
        gantt=gantt.gantt(run, _whole(asked.get("lines", ""))),
        table=table.table(run, asked),
    )


def fields(task: Task, run: RunStanding) -> dict[str, str]:
    """The texts of the strip of facts, by the names of their elements."""
    counts, tasks = run.counts, run.tasks
    at_work = counts.get("running", 0) + counts.get("checking", 0)
    waiting = counts.get("waiting", 0) + counts.get("ready", 0)
    said = [f"{at_work:,} running"] if at_work else []
    said += [f"{waiting:,} waiting"] if waiting else []
    failed = [f"{counts['failed']:,} failed"] if counts.get("failed") else []
    asked = Approval.objects.filter(task_id=task.pk).awaited().count() if counts.get("asking") else 0
    stalled = run.stalled
    number, said_of_nodes = run.ended, ", ".join([*failed, *said]) or "all have ended"
    if task.is_final:
        number, said_of_nodes = counts.get("completed", 0), _became(counts)
    return {
        "nodes": f"{number:,} of {run.total:,}",
        "nodes_sub": said_of_nodes,
        "tasks": f"{tasks.get('running', 0):,} running",
        "tasks_sub": f"{tasks.get('pending', 0):,} pending" + (
            f", {tasks['waiting']:,} waiting" if tasks.get("waiting") else ""
        ),
        "left": _left(run),
        "left_sub": f"{durations.describe(float(int(run.work_left)))} of work" if run.work_left >= 1 else "",
        "beside": f"× {_beside(run):.1f}" if run.began_at else "–",
        "beside_sub": count(len(run.workers), "worker"),
        "asks": count(asked, "question") if asked else "–",
        "asks_sub": f"of {count(counts['asking'], 'node')}" if counts.get("asking") else "nobody is asked",
        "stalled": count(len(stalled), "node") if stalled else "–",
        "stalled_sub": ", ".join(node.name for node in stalled[:MOST_STALLED]),
    }  # fmt: skip


def _became(counts: Mapping[str, int]) -> str:
    others = [f"{counts[look]:,} {look}" for look in ("failed", "skipped", "cancelled") if counts.get(look)]
    return ", ".join(["completed", *others])


def _left(run: RunStanding) -> str:
    if run.seconds_left is None:
        return "–"
    return f"about {durations.describe(float(max(1, round(run.seconds_left))))}"


def _beside(run: RunStanding) -> float:
    """Seconds that workers have worked, for each second of the run."""
    if run.began_at is None:
        return 0.0
    passed = ((run.ended_at or run.at) - run.began_at).total_seconds()
    worked = sum(worker.seconds for worker in run.workers)
    return worked / passed if passed > 0 else 0.0


def _group(group: standing.GroupStanding) -> GroupRow:
    sign = looks.sign_of_many(group.counts)
    said = [
        f"{group.counts[look]:,} {looks.SIGNS[look].word.lower()}" for look in looks.SIGNS if group.counts.get(look)
    ]
    return GroupRow(name=group.name, percent=group.percent, tint=sign.tint, said=", ".join(said))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
