"""Recorded runs of other engines become workflows of the same shape."""

import json
from pathlib import Path

import pytest

from apps.core.errors import InvalidInput
from apps.executors.workflow import reading, traces
from apps.executors.workflow.checking import Known, check
from apps.executors.workflow.planning import plan_of
from apps.executors.workflow.wiring import wire

RECORDED = Path(__file__).parents[5] / "shared" / "data" / "workflow-traces"
KNOWN = Known(templates=lambda: ["nothing"])


def trace(lanes: int, length: int) -> dict:
    """A split into lanes of some length, joined at the end: as genome workflows look."""
    tasks = [{"id": "split", "name": "split", "parents": [], "runtime_s": 1.5}]
    for lane in range(lanes):
        for step in range(length):
            parent = f"{lane}.{step - 1}" if step else "split"
            tasks.append({"id": f"{lane}.{step}", "name": "work", "parents": [parent], "runtime_s": 2})
    ends = [f"{lane}.{length - 1}" for lane in range(lanes)]
    return {"name": "made", "makespan_s": 10, "tasks": [*tasks, {"id": "join", "parents": ends, "runtime_s": 0}]}


def test_a_trace_becomes_a_workflow_that_passes_its_check():
    document = traces.document(trace(20, 3), template="nothing")

    assert check(document, KNOWN) == []
    planned = plan_of(reading.load(document))
    assert [len(wave) for wave in planned.waves] == [1, 20, 20, 20, 1]
    assert planned.seconds == 1.5 + 3 * 2
    assert planned.critical_path[0] == "0 split"


def test_wfformat_is_read_too():
    recorded = {
        "name": "w",
        "schemaVersion": "1.5",
        "workflow": {
            "specification": {
                "tasks": [
                    {"id": "a", "name": "a", "parents": [], "children": ["b"]},
                    {"id": "b", "name": "b", "parents": ["a", "a"], "children": []},
                ],
            },
            "execution": {"tasks": [{"id": "a", "runtimeInSeconds": 3.5}]},
        },
    }

    [first, second] = traces.document(recorded, template="nothing")["groups"][0]["tasks"]

    assert first["parameters"] == {"seconds": 3.5}
    assert second["parameters"] == {"seconds": 0.0}
    assert second["dependencies"] == [{"key": "t0", "kind": "prerequisite"}]


def test_without_a_template_the_tasks_wait_as_long_as_one_likes():
    document = traces.document(trace(2, 1), scale=0.5)

    assert check(document, KNOWN) == []
    [split, *_] = document["groups"][0]["tasks"]
    assert (split["script"], split["parameters"], split["estimated_seconds"]) == (traces.WAITS, {"seconds": 0.75}, 0.75)


@pytest.mark.parametrize("scale", [-1, 1.5, float("nan")])
def test_recorded_times_are_shortened_only(scale):
    with pytest.raises(InvalidInput):
        traces.document(trace(2, 1), scale=scale)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"tasks": [{"name": "no id"}]},
        {"tasks": [{"id": "a"}, {"id": "a"}]},
        {"tasks": [{"id": "a", "parents": ["nobody"]}]},
        {"tasks": [{"id": ["a"]}]},
        {"tasks": [{"id": "a", "parents": "b"}]},
        {"tasks": [{"id": "a", "parents": [["a"]]}]},
        {"tasks": [{"id": "a", "runtime_s": "long"}]},
        {"workflow": {}},
        {"workflow": {"specification": None, "execution": None}},
        {"workflow": {"specification": {"tasks": [{"id": "a"}]}, "execution": {"tasks": [None]}}},
    ],
)
def test_what_is_no_trace_is_refused(broken):
    with pytest.raises(InvalidInput):
        traces.document(broken, template="nothing")


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded traces are not part of the project")
@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def test_a_recorded_workflow_is_imported_and_has_all_its_tasks_and_edges(path):
    recorded = json.loads(path.read_text(encoding="utf-8"))

    document = traces.document(recorded, template="nothing")

    assert check(document, KNOWN) == []
    graph = reading.load(document)
    assert len(graph.nodes) == len(recorded["tasks"])
    assert sum(map(len, wire(graph).before)) == sum(len(set(task["parents"])) for task in recorded["tasks"])
    assert sum(map(len, plan_of(graph).waves)) == len(graph.nodes)
