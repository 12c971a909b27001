"""Workflows of nodes that do nothing, inside a measured installation: `python -m tests.benchmarks.inside_graphs WHAT N`.

Prints one JSON object: the seconds from the submit to the end, and how many attempts the workflow's own task took. `plain`
is no workflow: so many tasks, made by one client while workers carry them out.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from apps.executors.workflow import traces
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Attempt, Task
from tests import making
from tests.benchmarks.inside import NOTHING, admin
from tests.benchmarks.workflows import NAP_MS


def node(name: str, *waits_for: str, **more: Any) -> dict[str, Any]:
    waits = [{"key": key, "kind": "prerequisite"} for key in waits_for]
    return {"name": name, "script": NOTHING, "result_keys": [name], "dependencies": waits, **more}


def spread(count: int) -> dict[str, Any]:
    items = {"array_mapping": {"item": list(range(count))}, "output_format": "merge", "most": 100_000}
    return {"tasks": [node("many", expansion_config=items), node("joined", "many")]}


def wide(count: int) -> dict[str, Any]:
    names = [f"n{number}" for number in range(count)]
    return {"tasks": [*map(node, names), node("joined", *names)]}


def chain(count: int) -> dict[str, Any]:
    return {"tasks": [node(f"n{number}", *([f"n{number - 1}"] if number else [])) for number in range(count)]}


def layers(count: int) -> dict[str, Any]:
    """Ten nodes beside each other, each of which waits for two of the ten before it: as much real work looks."""
    return {"tasks": [
        node(f"n{n}", *([f"n{n - n % 10 - 10 + place}" for place in (n % 10, (n + 1) % 10)] if n >= 10 else []))
        for n in range(count)
    ]}  # fmt: skip


def naps(count: int) -> dict[str, Any]:
    """Nodes that wait for an outside service, a second each, and not for each other."""
    each = {"template": "naps", "parameters": {"n": NAP_MS}}
    return {"tasks": [{"name": f"n{n}", "result_keys": [f"n{n}"], **each} for n in range(count)]}


def trace(path: str) -> dict[str, Any]:
    found = traces.document(json.loads(Path(path).read_text()), template="nothing")
    for each in found["groups"][0]["tasks"]:
        del each["parameters"]  # how long it took then
    return found


SHAPES = {"spread": spread, "wide": wide, "chain": chain, "layers": layers, "naps": naps}


def run(shape: str, size: str) -> dict[str, Any]:
    by = admin()
    if shape == "plain":
        return plain(int(size))
    graph = trace(size) if shape == "trace" else SHAPES[shape](int(size))
    key = f"{shape}-{len(graph.get('tasks', []))}"
    making.template("", by, key=key, kind="workflow", graph=graph)
    began = time.perf_counter()
    task = submit(Request(template=key, origin="bench"), by).task
    while not Task.objects.filter(pk=task.pk, finished_at__isnull=False).exists():
        time.sleep(0.005)
    took = time.perf_counter() - began
    task.refresh_from_db()
    assert task.status == "completed", task.error
    return {"seconds": took, "attempts": Attempt.objects.filter(task=task).count(), "nodes": task.children.count()}


def plain(count: int) -> dict[str, Any]:
    by = admin()
    began = time.perf_counter()
    tasks = [submit(Request(template="nothing", origin="bench"), by).task for _ in range(count)]
    while Task.objects.filter(pk__gte=tasks[0].pk, pk__lte=tasks[-1].pk, finished_at=None).exists():
        time.sleep(0.005)
    return {"seconds": time.perf_counter() - began}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2])))
