"""Workflows carried out in the test's own process, from their JSON."""

import time
from datetime import timedelta
from typing import Any

from apps.core import clock
from apps.executors.workflow.running.loaded import of_revision
from apps.tasks.models import Node, Run, Task
from apps.workers.running import slice as worker
from tests import making
from tests.unit.tasks.families import attempts as attempts

ADD = "def run(params):\n    return sum(value for value in params.values())\n"
SAY = "def run(params):\n    return params\n"


def start(graph: dict[str, Any], by: Any, *, key: str = "flow", **parameters: Any) -> Task:
    """The task of a workflow, which waits for a worker."""
    types = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    described: dict[str, Any] = {
        name: {"type": types[type(value)], **({"items": {}} if isinstance(value, list) else {})}
        for name, value in parameters.items()
    }
    schema = {"type": "object", "properties": described}
    return making.task("", by, parameters, key=key, kind="workflow", graph=graph, parameter_schema=schema)


def ran(graph: dict[str, Any], by: Any, **parameters: Any) -> Task:
    """The task once nothing can be claimed any more."""
    return go_on(start(graph, by, **parameters))


def go_on(task: Task) -> Task:
    """Carry out whatever can be claimed, now or in a moment: a busy run rests for a quarter of a second at most."""
    worker.drain()
    while soon := Task.objects.filter(status="pending", available_at__lte=clock.now() + timedelta(seconds=1)).first():
        time.sleep(max(0.0, (soon.available_at - clock.now()).total_seconds()))
        worker.drain()
    task.refresh_from_db()
    return task


def states(task: Task) -> dict[str, str]:
    """By the names of the nodes; those without a row are `waiting`."""
    rows = dict(Node.objects.filter(task=task).values_list("number", "state"))
    return {node.name: rows.get(node.number, "waiting") for node in of_revision(task.revision_id).graph.nodes}


def counts(task: Task) -> tuple[int, int, int, int]:
    """Completed, failed, skipped, running."""
    run = Run.objects.get(task=task)
    return run.completed, run.failed, run.skipped, run.running


def node(name: str, *waits_for: str, result: Any = None, **more: Any) -> dict[str, Any]:
    """A task that answers `result`, or its own name, under a key of that name."""
    answer = name if result is None else result
    body = f"def run(params):\n    return {answer!r}\n"
    runs = {} if {"template", "tool", "approval", "agent_class", "script"} & more.keys() else {"script": body}
    return {"name": name, "result_keys": [name], "dependencies": list(waits_for), **runs, **more}
