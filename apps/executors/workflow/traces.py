"""Recorded runs of other workflow engines → the JSON of a workflow with the same shape, to try ours on.

Reads WfFormat (https://wfcommons.org/format, 1.4 and 1.5: `workflow.specification.tasks` and `workflow.execution.tasks`)
and its plain form, {"name": …, "tasks": [{"id": …, "parents": [ids], "runtime_s": 1.5}]}.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.core.errors import InvalidInput
from apps.executors.workflow.nodes import MAX_NAME


def document(trace: Any, *, template: str) -> dict[str, Any]:
    """A workflow's JSON: one group, a node for each recorded task, that waits for the keys of its parents.

    Every node runs `template` with {"seconds": how long the recorded task took}. Raises InvalidInput.
    """
    tasks = list(_tasks(trace))
    number_of = {task["id"]: number for number, task in enumerate(tasks)}
    if len(number_of) < len(tasks):
        raise InvalidInput("The trace has two tasks with the same id.")
    name = str(trace.get("name") or "trace")
    nodes = [_node(task, number, number_of, template) for number, task in enumerate(tasks)]
    return {"name": name, "groups": [{"name": name, "tasks": nodes}]}


def _tasks(trace: Any) -> Iterator[Mapping[str, Any]]:
    """{id, name, parents, runtime_s} of each recorded task."""
    if not isinstance(trace, dict):
        raise InvalidInput("A trace is an object: WfFormat, or one with a name and tasks.")
    workflow = trace.get("workflow")
    if not isinstance(workflow, dict):
        yield from _usable(trace.get("tasks"))
        return
    recorded = workflow.get("execution", {}).get("tasks", [])
    seconds = {each.get("id"): each.get("runtimeInSeconds", 0) for each in recorded}
    for task in _usable(workflow.get("specification", {}).get("tasks")):
        yield {**task, "runtime_s": seconds.get(task["id"], 0)}


def _usable(tasks: Any) -> list[Mapping[str, Any]]:
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and task.get("id") for task in tasks):
        raise InvalidInput("The trace has no list of tasks with ids.")
    return tasks


def _node(task: Mapping[str, Any], number: int, number_of: Mapping[str, int], template: str) -> dict[str, Any]:
    """Ids may be longer than names and hold anything: the number keeps names apart, and makes the keys."""
    parents = [number_of.get(parent) for parent in task.get("parents", [])]
    if None in parents:
        raise InvalidInput(f"The task {task['id']} has a parent that is not in the trace.")
    seconds = float(task.get("runtime_s") or 0)
    return {
        "name": f"{number} {task['id']}"[:MAX_NAME],
        "template": template,
        "parameters": {"seconds": seconds},
        "result_keys": [f"t{number}"],
        "dependencies": [{"key": f"t{parent}", "kind": "prerequisite"} for parent in dict.fromkeys(parents)],
        "estimated_seconds": seconds,
    }
