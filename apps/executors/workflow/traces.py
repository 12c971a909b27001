"""Recorded runs of other workflow engines → the JSON of a workflow with the same shape, to try ours on.

Reads WfFormat (https://wfcommons.org/format, 1.4 and 1.5: `workflow.specification.tasks` and `workflow.execution.tasks`)
and its plain form, {"name": …, "tasks": [{"id": …, "parents": [ids], "runtime_s": 1.5}]}.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.core.errors import InvalidInput
from apps.executors.workflow.nodes import MAX_NAME

WAITS = """import task


def run(params):
    if params["seconds"]:
        task.sleep(params["seconds"])
    return params["seconds"]
"""
LONGEST = 31_536_000.0
"""Seconds that a recorded task is taken to have worked at most: a year."""


def document(trace: Any, *, template: str = "", scale: float = 1.0) -> dict[str, Any]:
    """A workflow's JSON: one group, a node for each recorded task, that waits for the keys of its parents.

    Every node runs `template` with {"seconds": how long the recorded task took, times `scale`}; without a template it
    only waits so long. Raises InvalidInput.
    """
    if not 0 <= scale <= 1:
        raise InvalidInput(
            "Times of the recorded tasks can be taken as they are, or shortened: give a scale from 0 to 1."
        )
    tasks = list(_tasks(trace))
    number_of = {task["id"]: number for number, task in enumerate(tasks)}
    if len(number_of) < len(tasks):
        raise InvalidInput("The trace has two tasks with the same id.")
    name = str(trace.get("name") or "trace")
    runs = {"template": template} if template else {"script": WAITS}
    nodes = [{**_node(task, number, number_of, scale), **runs} for number, task in enumerate(tasks)]
    return {"name": name, "groups": [{"name": name, "tasks": nodes}]}


def _tasks(trace: Any) -> Iterator[Mapping[str, Any]]:
    """{id, name, parents, runtime_s} of each recorded task."""
    if not isinstance(trace, dict):
        raise InvalidInput("A trace is an object: WfFormat, or one with a name and tasks.")
    workflow = trace.get("workflow")
    if not isinstance(workflow, dict):
        yield from _usable(trace.get("tasks"))
        return
    recorded = _below(workflow, "execution") or []
    seconds = {each["id"]: each.get("runtimeInSeconds", 0) for each in _usable(recorded)}
    for task in _usable(_below(workflow, "specification")):
        yield {**task, "runtime_s": seconds.get(task["id"], 0)}


def _below(workflow: Mapping[str, Any], part: str) -> Any:
    inner = workflow.get(part)
    return inner.get("tasks") if isinstance(inner, dict) else None


def _usable(tasks: Any) -> list[Mapping[str, Any]]:
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and _is_id(task.get("id")) for task in tasks):
        raise InvalidInput("The trace has no list of tasks with ids.")
    return tasks


def _is_id(given: Any) -> bool:
    return isinstance(given, str | int) and given != ""


def _node(task: Mapping[str, Any], number: int, number_of: Mapping[str, int], scale: float) -> dict[str, Any]:
    """Ids may be longer than names and hold anything: the number keeps names apart, and makes the keys."""
    given = task.get("parents") or []
    parents = [number_of.get(parent) for parent in given if _is_id(parent)] if isinstance(given, list) else []
    if None in parents or len(parents) < len(given):
        raise InvalidInput(f"The task {task['id']} has a parent that is not in the trace.")
    try:
        seconds = round(min(LONGEST, max(0.0, float(task.get("runtime_s") or 0))) * scale, 3)
    except (TypeError, ValueError):
        raise InvalidInput(f"The time of the task {task['id']} is no number.") from None
    return {
        "name": f"{number} {task['id']}"[:MAX_NAME],
        "parameters": {"seconds": seconds},
        "result_keys": [f"t{number}"],
        "dependencies": [{"key": f"t{parent}", "kind": "prerequisite"} for parent in dict.fromkeys(parents)],
        "estimated_seconds": seconds,
    }
