"""From rows to the answers that `outputs` describes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.catalog import priorities
from apps.catalog.estimate import Estimate
from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.core import clock
from apps.tasks import ranking, standing
from apps.tasks.making import costs, pace
from apps.tasks.models import Artifact, Attempt, Execution, Task
from apps.workers.answers import reasons

LARGE = 200_000
"""Characters of an encoded result that a task's own answer still carries."""
WORKFLOW = "workflow"
"""The kind of tasks that have a run."""
LOOKS = ("feed", "log", "steps", "artifacts", "result")


def template(row: TaskTemplate) -> dict[str, Any]:
    revision = _serving(row)
    return {
        "key": row.key,
        "name": row.name,
        "description": row.description,
        "category": row.category,
        "tags": row.tags,
        "version": revision.version,
        "revision": revision.number,
        "examples": revision.triggers.get("examples", []),
        "links": {
            "self": reverse("api:template", args=[row.key]),
            "estimate": reverse("api:estimate", args=[row.key]),
            "start": reverse("api:tasks"),
        },
    }


def full_template(row: TaskTemplate) -> dict[str, Any]:
    revision = _serving(row)
    return {
        **template(row),
        "parameter_schema": revision.parameter_schema,
        "stages": revision.stages,
        "outputs": revision.outputs,
        "estimate": asdict(pace.expected(revision, {})),
        "queue": revision.queue,
        "priority": revision.priority,
        "priority_rules": [
            {"priority": number, "when": when} for number, when in priorities.told(revision.priority_rules)
        ],
        **_needs(revision),
    }


def estimated(revision: TemplateRevision, expected: Estimate, parameters: Mapping[str, Any]) -> dict[str, Any]:
    cost = costs.expected(revision, parameters)
    return {
        "estimate": asdict(expected),
        "cost": costs.facts(cost) if cost else None,
        "parameters": parameters,
        **_needs(revision),
    }


def _serving(row: TaskTemplate) -> TemplateRevision:
    assert row.published is not None  # only templates in service are shown
    return row.published


def _needs(revision: TemplateRevision) -> dict[str, Any]:
    return {"required_tools": revision.required_tools, "memory_mb": revision.memory_mb}


def task_row(task: Task, now: datetime) -> dict[str, Any]:
    """Needs template, revision, requester and execution."""
    return {
        "id": task.pk,
        "uid": task.uid,
        "title": task.title,
        "template": {
            "key": task.template.key,
            "name": task.template.name,
            "revision": task.revision.number,
            "version": task.revision.version,
        },
        "status": task.status,
        "status_reason": task.status_reason,
        "priority": task.priority,
        "queue": task.queue,
        "tags": task.tags,
        "requester": task.requester.get_username(),
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "started_at": task.started_at,
        "finished_at": task.finished_at,
        "elapsed_seconds": standing.elapsed(task, now),
        "progress": progress(task),
        "is_dead_letter": task.is_dead_letter,
        "links": {"self": reverse("api:task", args=[task.pk])}
        | {name: reverse(f"api:{name}", args=[task.pk]) for name in LOOKS}
        | ({"run": reverse("api:run", args=[task.pk])} if task.kind == WORKFLOW else {}),
    }


def listed(tasks: Sequence[Task], user: Any) -> list[dict[str, Any]]:
    """Rows of a list; a bounded number of queries."""
    now = clock.now()
    facts = reasons.around(tasks, now, user)
    return [{**task_row(task, now), **waits(task, facts)} for task in tasks]


def waits(task: Task, facts: reasons.Around) -> dict[str, Any]:
    return {
        "why": reasons.why(task, facts),
        "place": reasons.place(task, facts),
        "expected_start": reasons.expected_start(task, facts),
    }


def created(task: Task, user: Any) -> dict[str, Any]:
    now = clock.now()
    return {
        **task_row(task, now),
        "estimate": {
            "seconds": task.estimated_seconds,
            "steps": task.estimated_steps,
            "complexity": task.complexity,
        },
        "priority_reason": ranking.reason(task),
        "actions": {verb: reverse(f"api:{verb}", args=[task.pk]) for verb in standing.verbs(task, user, now)},
        **_needs(task.revision),
    }


def detail(task: Task, user: Any) -> dict[str, Any]:
    """A task with everything; a fixed number of queries."""
    now = clock.now()
    attempts = list(task.attempts.all())
    worked = standing.worked(attempts, now)
    attachments = files(task)
    return {
        **created(task, user),
        **waits(task, reasons.around([task], now, user)),
        "kind": task.kind,
        "origin": task.origin,
        "instructions": task.instructions,
        "parameters": task.parameters,
        "available_at": task.available_at,
        "deadline": task.deadline,
        "delete_after": task.delete_after,
        "remaining_seconds": standing.remaining(task, worked),
        "progress": full_progress(task, worked, now),
        "now": present(task.execution),
        "attempts": [_attempt(each) for each in attempts],
        "error": task.error,
        "errors": [asdict(mishap) for mishap in standing.mishaps(task)],
        "attachments": attachments,
        "resources": _resources(task.execution),
        "result": _result(task, attachments, worked) if task.is_final else None,
    }


def progress(task: Task) -> dict[str, Any]:
    execution = task.execution
    return {"percent": execution.percent, "stage": execution.stage, "message": execution.message}


def full_progress(task: Task, worked: float, now: datetime) -> dict[str, Any]:
    execution = task.execution
    stages = standing.stages(task, now)
    return {
        **progress(task),
        "stages": [asdict(stage) for stage in stages],
        "stages_done": sum(stage.state == "done" for stage in stages),
        "stages_total": len(stages),
        "steps": execution.steps,
        "steps_per_minute": round(60 * execution.steps / worked, 1) if worked >= 1 else None,
        "warnings": execution.warnings,
        "errors": execution.errors,
    }


def present(execution: Execution) -> dict[str, Any]:
    """What can change without an entry in the feed."""
    beat = execution.lease_until and execution.lease_until - settings.LEASE_SECONDS
    return {
        "worker": execution.worker,
        "line": execution.line,
        "call": execution.call,
        "call_started_at": execution.call_started_at,
        "last_heartbeat": datetime.fromtimestamp(beat, UTC) if beat else None,
        "control": execution.control,
        "seq": execution.seq,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    names = ("number", "worker", "started_at", "ended_at", "outcome", "reason", "resumed_line")
    return {name: getattr(attempt, name) for name in names}


def files(task: Task) -> list[dict[str, Any]]:
    return [_file(artifact) for artifact in Artifact.objects.of(task)]


def _file(artifact: Artifact) -> dict[str, Any]:
    names = ("name", "kind", "content_type", "size", "sha256", "created_at")
    return {
        "id": artifact.pk,
        **{name: getattr(artifact, name) for name in names},
        "url": reverse("api:download", args=[artifact.task_id, artifact.pk]),
    }


def _resources(execution: Execution) -> dict[str, Any]:
    return {
        "peak_memory_bytes": execution.memory_bytes,
        "api_calls": execution.api_calls,
        "model_tokens": execution.model_tokens,
    }


def _result(task: Task, attachments: Sequence[dict[str, Any]], worked: float) -> dict[str, Any]:
    is_large = len(task.result) > LARGE
    return {
        "success": task.status == "completed",
        "summary": standing.summary(task),
        "data": None if is_large else plain(task.returned),
        "is_large": is_large,
        "attachments": attachments,
        "execution_seconds": worked,
        "resources": _resources(task.execution),
    }


def plain(value: Any) -> Any:
    """`value` in JSON's own types: exact decimals and huge integers as text, dates in ISO, the rest as Python writes it."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else hex(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
