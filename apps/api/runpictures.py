"""From the read models of runs to the answers that `runs` describes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.urls import reverse

from apps.api import pictures
from apps.executors.workflow import contents, recovery
from apps.executors.workflow.contents import Key, Writing
from apps.executors.workflow.graph import Node as Definition
from apps.executors.workflow.paths import ABSENT
from apps.executors.workflow.recovery import Expansion, Recovery, Wait
from apps.executors.workflow.running.loaded import Loaded, of_revision
from apps.executors.workflow.standing import Items, NodeStanding, RunStanding
from apps.tasks.models import Approval, Branch, Node, Run, Task
from apps.tasks.states import FINAL, Status

MOST_STALLED = 50
MOST_USERS = 20
MOST_TASKS = 100
MOST_WAITING = 50
LOOKS = ("run_nodes", "run_context", "run_recovery", "run_results", "run_errors")
REPEATS = "Retry the task: it repeats what failed and what depends on it, and nothing else."
REPEATS_ALL = "Retry the task: the values of its run have gone by now, so it repeats everything."
REPEATING = "It repeats what had failed and what depends on it, and nothing else."
COLUMNS = (
    "number", "name", "group", "outcome", "because", "reason", "round", "tries", "generation", "began_at", "due_at",
    "ended_at", "is_stalled",
)  # fmt: skip


def run(task: Task, standing: RunStanding) -> dict[str, Any]:
    names = ("version", "generation", "began_at", "ended_at", "seconds_left", "counts", "tasks")
    return {
        **{name: getattr(standing, name) for name in names},
        "task": task.pk,
        "status": task.status,
        "status_reason": task.status_reason,
        "percent": round(standing.percent, 2),
        "work_left_seconds": standing.work_left,
        "nodes": standing.total,
        "stalled": [node(task.pk, each) for each in standing.stalled[:MOST_STALLED]],
        "groups": [
            {"name": each.name, "total": each.total, "counts": each.counts, "percent": round(each.percent, 2),
             "seconds_left": each.until}
            for each in standing.groups
        ],
        "workers": [asdict(each) for each in standing.workers],
        "recovery_status": recovery_status(task, standing.generation, standing.percent),
        "links": {"self": reverse("api:run", args=[task.pk]), "task": reverse("api:task", args=[task.pk])}
        | {name.removeprefix("run_"): reverse(f"api:{name}", args=[task.pk]) for name in LOOKS},
    }  # fmt: skip


def recovery_status(task: Task, generation: int, percent: float) -> dict[str, Any]:
    if task.status == Status.FAILED:
        is_forgotten = Run.objects.filter(pk=task.pk, is_forgotten=True).exists()
        state, strategy = "needed", REPEATS_ALL if is_forgotten else REPEATS
    elif generation and task.status not in FINAL:
        state, strategy = "running", REPEATING
    elif generation and task.status == Status.COMPLETED:
        state, strategy = "recovered", REPEATING
    else:
        state, strategy = "none", ""
    done = 100.0 if task.status == Status.COMPLETED else round(percent, 2)
    return {"state": state, "progress": done, "strategy": strategy}


def node(task_id: int, each: NodeStanding) -> dict[str, Any]:
    return {
        **{name: getattr(each, name) for name in COLUMNS},
        "state": each.look,
        "expected_seconds": each.expected,
        "seconds_left": each.until,
        "items": items(each.items),
        "links": {"self": reverse("api:run_node", args=[task_id, each.number])},
    }


def items(each: Items | None) -> dict[str, int] | None:
    return None if each is None else {**asdict(each), "pending": each.pending}


def full_node(task: Task, standing: NodeStanding, children: Sequence[Task]) -> dict[str, Any]:
    loaded = of_revision(task.revision_id)
    definition = loaded.graph.nodes[standing.number]
    error, notes = _said(task.pk, standing.number)
    asked = Approval.objects.filter(task_id=task.pk, place=_place(standing)).values_list("pk", flat=True)
    return {
        **node(task.pk, standing),
        "description": definition.description,
        "runs": _runs(definition),
        "result_keys": definition.result_keys,
        "waits_for": [waits(loaded, each) for each in recovery.waits(task, standing.number)],
        "error": wrong(error),
        "warnings": notes.get("warnings", []),
        "absent_keys": notes.get("absent", []),
        "tasks": [
            {"id": each.pk, "title": each.title, "status": each.status, "item": each.item,
             "url": reverse("api:task", args=[each.pk])}
            for each in children
        ],
        "approval": asked.first() if loaded.asking and standing.number in loaded.asking else None,
    }  # fmt: skip


def children(task: Task, number: int, visible: Any) -> list[Task]:
    """The newest tasks of a node among those that are visible."""
    branches = Branch.objects.filter(task_id=task.pk, node=number)
    rows = visible.filter(parent_id=task.pk, branch__in=branches).order_by("-pk")
    return list(rows.only("pk", "title", "status", "item")[:MOST_TASKS])


def _said(task_id: int, number: int) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
    row = Node.objects.filter(task_id=task_id, number=number).values_list("error", "notes").first()
    return row or (None, {})


def _place(standing: NodeStanding) -> str:
    return f"n{standing.number}.{standing.generation}.{standing.round}"


def _runs(definition: Definition) -> dict[str, str]:
    runner = definition.runner
    assert runner is not None
    return {"kind": runner.kind, "name": "" if runner.kind in ("script", "approval") else runner.subject}


def wrong(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An error of a node in the form that all errors of workflows have; what a run adds stands under `recovery`."""
    if error is None:
        return None
    more = {
        name: value for name, value in error.items() if name not in ("type", "code", "message", "details", "recovery")
    }
    return {
        **{name: error.get(name, "") for name in ("type", "code", "message")},
        "details": error.get("details", {}),
        "recovery": {**more, **error.get("recovery", {})},
    }


def waits(loaded: Loaded, each: Wait) -> dict[str, Any]:
    dependency = each.dependency
    return {
        "key": dependency.key,
        "task": dependency.task,
        "state": dependency.state if dependency.task else "",
        "event": dependency.event,
        "kind": dependency.kind,
        "is_required": dependency.is_required,
        "says": each.says,
        "because": each.because,
        "by": contents.names(loaded, each.by[:MOST_USERS]),
    }


def keys(task: Task, shown: Sequence[Key]) -> list[dict[str, Any]]:
    loaded, texts = of_revision(task.revision_id), contents.texts(task, shown)
    return [
        {
            "key": each.key, "kind": each.kind, "state": each.state, "why": each.why, "text": texts[each.key],
            "owners": contents.names(loaded, each.makers),
            "users": contents.names(loaded, each.users[:MOST_USERS]),
            "written": _written(loaded, each.written),
            "links": {"self": reverse("api:run_key", args=[task.pk, each.key])},
        }
        for each in shown
    ]  # fmt: skip


def full_key(task: Task, key: Key, after: int | None, limit: int | None) -> dict[str, Any]:
    """With the whole value; of a list, when asked for, a part of it."""
    loaded, value = of_revision(task.revision_id), contents.value(task, key.key)
    found = None if value is ABSENT else value
    count = len(found) if isinstance(found, list) else None
    if isinstance(found, list) and (after is not None or limit is not None):
        begin = after or 0
        found = found[begin : None if limit is None else begin + limit]
    [row] = keys(task, [key])
    writings = contents.history(task.pk, key.key)
    return {
        **row, "data": pictures.plain(found), "items": count, "history": [_written(loaded, each) for each in writings]
    }  # fmt: skip


def _written(loaded: Loaded, each: Writing | None) -> dict[str, Any] | None:
    if each is None:
        return None
    names = ("round", "at", "size", "is_current", "is_kept")
    by = "" if each.node is None else loaded.graph.nodes[each.node].name
    return {"by": by, **{name: getattr(each, name) for name in names}}


def repair(task: Task, found: Recovery, percent: float) -> dict[str, Any]:
    loaded = of_revision(task.revision_id)
    unbegun = [number for number in found.waiting if not found.open_items.get(number)][:MOST_WAITING]
    pending = recovery.waits_of(task, unbegun)
    return {
        "recovery_status": recovery_status(task, found.generation, percent),
        "generation": found.generation,
        "kept": found.kept,
        "repeated": contents.names(loaded, found.repeated),
        "waiting": len(found.waiting),
        "expansions": _expansions(loaded, found.expansions),
        "pending_dependencies": [
            {"node": loaded.graph.nodes[number].name, "dependencies": [waits(loaded, each) for each in left]}
            for number, each_of in pending.items()
            if (left := [each for each in each_of if each.says != "met"])
        ],
    }


def _expansions(loaded: Loaded, expansions: Mapping[int, Expansion]) -> list[dict[str, Any]]:
    return [
        {
            "node": number, "name": loaded.graph.nodes[number].name, "open_items": each.open_items,
            "expansion_index": each.open_items[0] if each.open_items else None,
            "processed_items": each.ended,
            "failed_items": each.failed,
            "kept_items": each.kept,
            "repeated_items": each.left,
            "total_items": each.total,
        }
        for number, each in expansions.items()
    ]  # fmt: skip


def errors(loaded: Loaded, rows: Iterable[tuple[int, str, Mapping[str, Any] | None]]) -> list[dict[str, Any]]:
    return [
        {
            "node": number, "name": loaded.graph.nodes[number].name, "group": loaded.graph.nodes[number].group,
            "state": state, "error": wrong(error),
        }
        for number, state, error in rows
    ]  # fmt: skip
