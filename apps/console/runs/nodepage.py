"""Everything about one node of a run: its state and why, what it waits for, its tasks, what it wrote, what it asks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from apps.console.approvals import rows
from apps.console.runs import looks, table
from apps.console.words import clock
from apps.core import durations
from apps.executors.workflow import recovery, standing
from apps.executors.workflow.graph import Dependency, Graph
from apps.executors.workflow.graph import Node as Definition
from apps.executors.workflow.recovery import ShownValue
from apps.executors.workflow.running.loaded import of_revision
from apps.executors.workflow.standing import NodeStanding
from apps.tasks.models import Approval, Branch, Node, Task

PAGE = 50
SAYS = {"met": ("completed", "met"), "pending": ("blocked", "not yet"), "lost": ("failed", "lost")}


@dataclass(frozen=True, kw_only=True)
class WaitRow:
    what: str
    kind: str
    tint: str
    says: str
    because: str
    by: list[tuple[str, str]]
    """(name, address) of the nodes that can meet it."""


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    task: Task
    which: str
    took: str


@dataclass(frozen=True, kw_only=True)
class NodePage:
    task: Task
    node: NodeStanding
    definition: Definition
    sign: looks.Sign
    row: table.Row
    error: dict[str, Any] | None
    suggestions: list[str]
    warnings: list[str]
    facts: list[tuple[str, str]]
    waits: list[WaitRow]
    tasks: list[TaskRow]
    total_tasks: int
    next_task: int | None
    values: list[ShownValue]
    next_value: int | None
    approvals: list[rows.Row]
    before: list[tuple[str, str]]
    after: list[tuple[str, str]]
    now: datetime


def gather(task: Task, number: int, now: datetime, *, first_task: int = 0, after_value: int = 0) -> NodePage:
    """Raises IndexError when the graph has no such node."""
    loaded = of_revision(task.revision_id)
    definition = loaded.graph.nodes[number]
    node = standing.of(task, now).nodes[number]
    kept = Node.objects.filter(task_id=task.pk, number=number).values_list("error", "notes").first()
    error, notes = kept or (None, {})
    branches = list(Branch.objects.filter(task_id=task.pk, node=number).order_by("-pk"))
    tasks = list(_tasks(branches)[first_task : first_task + PAGE + 1])
    values = recovery.values(task.pk, node=number, after=after_value, most=recovery.PAGE + 1)
    names = {branch.pk: branch for branch in branches}
    return NodePage(
        task=task,
        node=node,
        definition=definition,
        sign=looks.sign(node),
        row=table.row(node, now),
        error=error,
        suggestions=list(((error or {}).get("recovery") or {}).get("suggestions") or []),
        warnings=list((notes or {}).get("warnings") or []),
        facts=_facts(node, definition, now),
        waits=[_wait(each, task, loaded.graph) for each in recovery.waits(task, number)],
        tasks=[_task(each, names[each.branch_id or 0], now) for each in tasks[:PAGE]],
        total_tasks=sum(branch.total for branch in branches),
        next_task=first_task + PAGE if len(tasks) > PAGE else None,
        values=values[: recovery.PAGE],
        next_value=values[recovery.PAGE - 1].id if len(values) > recovery.PAGE else None,
        approvals=_approvals(task, number, now),
        before=_links(task, loaded.graph, loaded.wiring.before[number]),
        after=_links(task, loaded.graph, loaded.wiring.after[number]),
        now=now,
    )


def _tasks(branches: list[Branch]) -> Any:
    """Those of the latest try first."""
    found = Task.objects.filter(branch_id__in=[branch.pk for branch in branches]).select_related("execution")
    return found.defer("result", "parameters").order_by("-branch_id", "item")


def _approvals(task: Task, number: int, now: datetime) -> list[rows.Row]:
    asked = Approval.objects.filter(task_id=task.pk, place__startswith=f"n{number}.").select_related(*rows.RELATED)
    return rows.rows(asked.order_by("-pk")[:PAGE], now)


def _facts(node: NodeStanding, definition: Definition, now: datetime) -> list[tuple[str, str]]:
    seconds, runner = node.seconds(now), definition.runner
    kind = runner.kind.replace("_", " ") if runner else "nothing"
    named = runner is not None and runner.kind in ("template", "tool", "agent_class")
    facts = [("Group", node.group), ("Carried out by", f"{kind} {runner.subject}" if named and runner else kind)]
    if node.began_at:
        facts.append(("Began", clock(node.began_at, now)))
    if node.ended_at:
        facts.append(("Ended", clock(node.ended_at, now)))
    if seconds is not None:
        facts.append(("For", durations.describe(seconds if node.ended_at else float(int(seconds)))))
    facts.append(("Expected", durations.describe(node.expected)))
    if node.items:
        more = [f"{node.items.running:,} running"] if node.items.running else []
        more += [f"{node.items.pending:,} pending"] if node.items.pending else []
        more += [f"{node.items.failed:,} failed"] if node.items.failed else []
        more += [f"{node.items.cancelled:,} cancelled"] if node.items.cancelled else []
        facts.append(("Items", ", ".join([f"{looks.counted(node.items)} completed", *more])))
    if node.tries:
        facts.append(("Try", f"{node.tries} of {definition.retry.max_attempts if definition.retry else 1}"))
    if definition.loop:
        facts.append(("Round", f"{node.round} of at most {definition.loop.most}"))
    if node.generation:
        facts.append(("Begun anew", f"{node.generation} ×"))
    if node.due_at:
        facts.append(("Goes on", clock(node.due_at, now)))
    return facts


def _wait(wait: recovery.Wait, task: Task, graph: Graph) -> WaitRow:
    tint, says = SAYS[wait.says]
    return WaitRow(
        what=_what(wait.dependency), kind=_kind(wait.dependency), tint=tint, says=says, because=wait.because,
        by=_links(task, graph, wait.by),
    )  # fmt: skip


def _what(dependency: Dependency) -> str:
    if dependency.event:
        return f"event {dependency.event}"
    return f"{dependency.task} is {dependency.state}" if dependency.task else dependency.key


def _kind(dependency: Dependency) -> str:
    kinds = {"data": "data", "prerequisite": "prerequisite", "validation": "validation"}
    return kinds[dependency.kind] + ("" if dependency.is_required else ", optional")


def _links(task: Task, graph: Graph, numbers: tuple[int, ...]) -> list[tuple[str, str]]:
    return [(graph.nodes[number].name, reverse("admin:task_node", args=[task.pk, number])) for number in numbers[:PAGE]]


def _task(task: Task, branch: Branch, now: datetime) -> TaskRow:
    _, generation, round_, try_ = branch.name.partition("n")[2].rstrip("v").split(".")
    which = [f"try {try_}"] if int(try_) > 1 else []
    which += [f"round {round_}"] if int(round_) > 1 else []
    which += [f"after repair {generation}"] if int(generation) else []
    which += ["judges the result"] if branch.name.endswith("v") else []
    seconds = ((task.finished_at or now) - task.started_at).total_seconds() if task.started_at else None
    return TaskRow(
        task=task, which=", ".join(which),
        took="" if seconds is None else durations.describe(seconds if task.finished_at else float(int(seconds))),
    )  # fmt: skip
