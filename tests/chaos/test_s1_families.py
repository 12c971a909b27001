"""S1 for tasks of tasks: kill -9 at every write of a script that starts tasks, waits and asks, and of a workflow.

Whichever of a family's tasks makes the write, and whether the death comes before it, in it or after it: the family
completes with the same result, and has the same tasks, questions and events, each once.
"""

import json
from collections import Counter
from typing import Any

import pytest

from apps.tasks.models import Approval, Message, Node, Task, Value
from tests import making
from tests.chaos import test_s1
from tests.chaos.rig import ask
from tests.chaos.test_s1 import IS_FULL, SECONDS
from tests.chaos.writes import POINTS

pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.django_db(transaction=True)]

rig = test_s1.rig
EVERY = 1 if IS_FULL else 9
"""Of the places of death, in the suite."""
LEAF = "import world\n\ndef run(params):\n    return world.put(params['n'])\n"
SCRIPT = """\
import task, world

def run(params):
    world.put(1)
    both = task.gather([{"template": "leaf", "parameters": {"n": n}} for n in (10, 20)])
    child = task.spawn("leaf", {"n": 30})
    world.put(2)
    [third] = task.join([child])
    said = task.approve("Go on?")
    told = task.wait_for_event("go")
    return {"sums": [each["result"] for each in both] + [third["result"]], "said": said["decision"], "told": told}
"""
ANSWER = {"sums": [20, 40, 60], "said": "approve", "told": {"far": True}}


def node(name: str, *waits_for: str, n: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "tool": "world.put", "parameters": {"value": n}, "result_keys": [name],
            "dependencies": list(waits_for), **more}  # fmt: skip


GRAPH = {
    "inputs": ["n?", "point?"],
    "tasks": [
        node("a", n=1),
        node("b", n=2),
        node("each", "a", n="{n}", expansion_config={"array_mapping": {"n": [10, 20, 30]}, "at_once": 2}),
        node("high", "b", n=5, choice="size", condition={"b": {"minimum": 100}}),
        node("low", "b", n=6, choice="size"),
        node("last", "each", "low", n=7),
    ],
    "outputs": ["a", "b", "each", "low", "last"],
}
RETURNED = {"a": 2, "b": 4, "each": [20, 40, 60], "low": 12, "last": 14}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}, "point": {"type": "string"}}}
MODULE = "tests.chaos.writes"


def written(rig: Any, task: Task) -> int:
    """Writes of a family that nothing happens to."""
    return int((rig.home / f"written-{task.pk}").stat().st_size)


def places(writes: int) -> list[tuple[int, str]]:
    return [(n, point) for n in range(1, writes + 1) for point in POINTS][::EVERY]


def effects(rig: Any) -> Counter[str]:
    """How often each call reached the world."""
    return Counter(json.loads(line)["key"] for line in rig.world.read_text().splitlines())


def family(task: Task) -> list[tuple[str, str, int]]:
    """Its tasks: result, status and how often each has completed."""
    found = Task.objects.filter(parent=task).order_by("pk")
    return sorted(
        (each.result, each.status, each.events.filter(kind="task.completed").count())
        for each in found.prefetch_related("events")
    )


def die_everywhere(rig: Any, key: str, by: Any) -> tuple[Task, list[Task]]:
    """One that nothing happens to, and one for each place of death."""
    calm = ask(key, by)
    assert rig.work(MODULE)["killed"] == 0
    asked = [ask(key, by, n=n, point=point).pk for n, point in places(written(rig, calm))]
    killed = rig.work(MODULE)["killed"]
    print(f"{killed} kills, {written(rig, calm)} writes")
    tasks = list(Task.objects.filter(pk__in=asked).order_by("pk"))
    # A workflow that takes note of two ends at once makes a write less, and may be over before its last one.
    spared = [task for task in tasks if not (rig.home / f"dead-{task.pk}").exists()]
    assert killed == len(tasks) - len(spared) >= 0.9 * len(tasks), "nearly every family had its death"
    assert [task.pk for task in spared if written(rig, task) >= task.parameters["n"]] == []
    calm.refresh_from_db()
    return calm, tasks


def assert_nothing_is_repeated_but_what_was_in_flight(rig: Any, tasks: list[Task]) -> None:
    reached = effects(rig)
    for task in tasks:
        members = {task.pk, *task.children.values_list("pk", flat=True)}
        again = {key: times for key, times in reached.items() if int(key.split(":")[0]) in members and times > 1}
        assert sum(again.values()) <= 2, f"task {task.pk}, killed {task.parameters}: {again}"


@pytest.mark.timeout(SECONDS)
def test_a_script_with_tasks_questions_and_events_survives_a_death_at_any_write(rig: Any, alice: Any) -> None:
    making.template(LEAF, alice, key="leaf", parameter_schema=SCHEMA)
    key = making.template(SCRIPT, alice, key="family", parameter_schema=SCHEMA).key

    calm, tasks = die_everywhere(rig, key, alice)

    assert calm.returned == ANSWER
    for task in tasks:
        where = str(task.parameters)
        assert (task.status, task.returned) == ("completed", ANSWER), where
        assert family(task) == family(calm), where
        assert task.events.filter(kind="task.completed").count() == 1, where
        assert Approval.objects.filter(task=task).count() == 1, where
        assert Message.objects.filter(task=task, index__isnull=False, told_at__isnull=False).count() == 1, where
    assert_nothing_is_repeated_but_what_was_in_flight(rig, tasks)


@pytest.mark.timeout(SECONDS)
def test_a_workflow_survives_a_death_at_any_write(rig: Any, alice: Any) -> None:
    made = making.template("", alice, key="flow", kind="workflow", graph=GRAPH, parameter_schema=SCHEMA)

    calm, tasks = die_everywhere(rig, made.key, alice)

    assert calm.returned == RETURNED
    for task in tasks:
        where = str(task.parameters)
        assert (task.status, task.returned) == ("completed", RETURNED), where
        assert family(task) == family(calm), where
        assert states(task) == states(calm), where
        assert values(task) == values(calm), where
    assert_nothing_is_repeated_but_what_was_in_flight(rig, tasks)


def states(task: Task) -> list[tuple[int, str, int, int]]:
    return sorted(Node.objects.filter(task=task).values_list("number", "state", "tries", "generation"))


def values(task: Task) -> list[tuple[str, str | None, bool]]:
    return sorted(Value.objects.filter(task=task).values_list("key", "text", "is_current"))
