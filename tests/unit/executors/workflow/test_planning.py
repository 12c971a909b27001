"""Tasks with dependencies become waves, a duration, a critical path; what is wrong is said and the rest planned."""

import pytest

from apps.executors.workflow import reading
from apps.executors.workflow.planning import plan, plan_of

AUTHENTICATION = [
    {"id": 1, "title": "Design the schema of users", "estimated_seconds": 1800},
    {"id": 2, "title": "User model and hashing of passwords", "estimated_seconds": 3600, "dependencies": [1]},
    {"id": 3, "title": "Tokens", "estimated_seconds": 2700, "dependencies": [2]},
    {"id": 4, "title": "Log in and log out", "estimated_seconds": 3600, "dependencies": [3]},
    {"id": 5, "title": "Protect the pages", "estimated_seconds": 1800, "dependencies": [3]},
    {"id": 6, "title": "Forms", "estimated_seconds": 3600, "dependencies": [2]},
    {"id": 7, "title": "Reset a password", "estimated_seconds": 2700, "dependencies": [6]},
    {"id": 8, "title": "Tests", "estimated_seconds": 1800, "dependencies": [4, 5, 7]},
]
"""Eight tasks of an authentication system."""


def test_the_eight_tasks_of_an_authentication_system_run_in_five_waves():
    planned = plan(AUTHENTICATION)

    assert planned.waves == (("1",), ("2",), ("3", "6"), ("4", "5", "7"), ("8",))
    assert planned.critical_path == ("1", "2", "3", "4", "8")
    assert planned.seconds == 1800 + 3600 + 2700 + 3600 + 1800
    assert planned.work == sum(task["estimated_seconds"] for task in AUTHENTICATION)
    assert planned.parallelisation == pytest.approx(21600 / 13500)
    assert planned.complexity == "high"
    assert planned.faults == ()


def test_the_order_of_the_list_does_not_matter():
    assert {frozenset(wave) for wave in plan(AUTHENTICATION[::-1]).waves} == {
        frozenset(wave) for wave in plan(AUTHENTICATION).waves
    }


@pytest.mark.parametrize(("workers", "seconds"), [(1, 21600), (2, 15300), (3, 13500), (None, 13500)])
def test_fewer_workers_take_longer(workers, seconds):
    assert plan(AUTHENTICATION, workers=workers).seconds == seconds


def test_three_tasks_of_ten_seconds_on_three_workers_take_ten_seconds():
    tasks = [{"id": str(number), "estimated_seconds": 10} for number in range(3)]
    assert plan(tasks, workers=3).seconds == 10
    assert plan(tasks, workers=2).seconds == 20


def test_the_critical_path_goes_by_what_ends_last():
    tasks = [
        {"id": "quick", "estimated_seconds": 1},
        {"id": "slow", "estimated_seconds": 9},
        {"id": "end", "dependencies": ["quick", "slow"], "estimated_seconds": 1},
    ]
    assert plan(tasks).critical_path == ("slow", "end")
    assert plan(tasks).seconds == 10


def test_workers_begin_what_most_depends_on():
    after = {"dependencies": ["root"], "estimated_seconds": 1}
    tasks = [
        {"id": "root", "estimated_seconds": 1},
        {"id": "a", **after},
        {"id": "b", **after},
        {"id": "c", **after},
        {"id": "long", "dependencies": ["c"], "estimated_seconds": 10},
    ]
    assert plan(tasks, workers=2).seconds == 1 + 1 + 10


def test_a_task_without_a_duration_is_estimated_by_its_complexity():
    tasks = [{"id": "a", "complexity": "low"}, {"id": "b", "complexity": "high", "dependencies": ["a"]}, {"id": "c"}]
    assert plan(tasks).seconds == 300 + 1800
    assert plan(tasks).work == 300 + 1800 + 900


def test_all_that_is_wrong_is_said_and_the_rest_is_planned():
    planned = plan([
        {"id": "a"},
        {"id": "a"},
        {"id": "b", "dependencies": ["a", "nobody"]},
        {"id": "c", "dependencies": ["e"]},
        {"id": "d", "dependencies": ["c"]},
        {"id": "e", "dependencies": ["d"], "estimated_seconds": -1},
        {"id": "f", "dependencies": ["e"], "complexity": "huge"},
        {"titel": "no id"},
    ])  # fmt: skip

    assert not planned.is_valid
    assert {(fault.code, fault.place) for fault in planned.faults} == {
        ("CFG_003", "tasks.1.id"),
        ("DEP_001", "tasks.2.dependencies.1"),
        ("DEP_003", "tasks.3.dependencies"),
        ("CFG_001", "tasks.5.estimated_seconds"),
        ("CFG_001", "tasks.6.complexity"),
        ("CFG_002", "tasks.7.titel"),
        ("CFG_001", "tasks.7.id"),
        ("DEP_004", "tasks"),
    }
    assert planned.waves == (("a", "a", "tasks.7"), ("b",))
    circle = next(fault for fault in planned.faults if fault.code == "DEP_003")
    assert "c → d → e → c" in circle.message
    unknown = next(fault for fault in planned.faults if fault.code == "DEP_001")
    assert unknown.suggestions == ("Use the id of a task of this list, or add that task.",)


def test_of_two_tasks_with_the_same_id_others_wait_for_the_first():
    after = {"id": "b", "dependencies": ["a"], "estimated_seconds": 1}
    assert plan([{"id": "a", "estimated_seconds": 1}, {"id": "a", "estimated_seconds": 50}, after]).seconds == 50


def test_a_plan_in_which_nothing_runs_at_once_is_remarked():
    planned = plan([{"id": str(n), "dependencies": [str(n - 1)] if n else []} for n in range(4)])
    assert planned.is_valid
    assert [fault.code for fault in planned.faults] == ["DEP_007"]
    assert planned.parallelisation == 1


@pytest.mark.parametrize(
    "tasks", [None, [], {}, "tasks", [None], [1], [{"id": []}], [{"id": "a", "dependencies": "b"}]]
)
def test_nothing_breaks_it(tasks):
    assert not plan(tasks).is_valid


def test_a_graph_is_planned_by_its_dependencies():
    graph = reading.load({
        "tasks": [
            {"name": "A", "template": "t", "result_keys": ["a"], "estimated_seconds": 5},
            {"name": "B", "template": "t", "dependencies": ["a"], "estimated_seconds": 5},
            {"name": "C", "template": "t", "dependencies": ["a"], "estimated_seconds": 7},
        ]
    })  # fmt: skip

    planned = plan_of(graph)

    assert planned.waves == (("A",), ("B", "C"))
    assert planned.critical_path == ("A", "C")
    assert planned.seconds == 12
