"""What the source designs show, carried out: every short example, the pipeline, the dossier, the eight tasks of a plan."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.tasks.models import Node, Task
from tests.unit.executors.workflow.ran import node, ran, states
from tests.unit.executors.workflow.test_source_examples import CLASSES, DOSSIER, PIPELINE, SHORT, TOOLS

pytestmark = pytest.mark.django_db(transaction=True)

CONDITIONS = [{"name": "tinnitus"}, {"name": "migraine"}]
GIVEN = {
    "items_list": [{"id": 7}, {"id": 8}],
    "customers": [{"id": "A"}, {"id": "B"}],
    "products": [{"id": 1}, {"id": 2}],
}


class Says:
    """Answers its message; as a judge that all is well; of several keys a text for each, and the conditions."""

    permissions = frozenset[str]()

    def run(self, work: Any) -> Any:
        if "result" in work.parameters:
            return {"valid": True}
        if len(work.result_keys) == 1:
            return work.message
        return {key: CONDITIONS if key == "conditions" else key for key in work.result_keys}


@pytest.fixture(autouse=True)
def _installed(settings: Any) -> None:
    """The classes and tools that the designs name."""
    here = f"{Says.__module__}.{Says.__name__}"
    settings.AGENT_CLASSES = dict.fromkeys(CLASSES | TOOLS, here)


SAID = {
    "an expansion with a message": {"handle_items": ["Handle item 7", "Handle item 8"]},
    "two arrays with identifiers": {
        "compare_offers": {
            f"{customer}/{product}": f"Compare {customer} with {product}" for customer in "AB" for product in (1, 2)
        }
    },
    "an output at an index": {
        "customer_data": [{"name": "Read A"}, {"name": "Read B"}],
        "document": {"customers": [{"name": "Read A"}, {"name": "Read B"}]},
    },
    "an aggregation without a mapping": {"aggregate": ['Aggregate {"id": 7}', 'Aggregate {"id": 8}']},
    "a validator": {"validation_result": ""},
    "an optional dependency": {"describe": 'Describe [{"id": "A"}, {"id": "B"}]. '},
}


class SaysObject(Says):
    """Answers an object, where the format wants one."""

    def run(self, work: Any) -> Any:
        return {"name": work.message}


@pytest.mark.parametrize("name", SHORT)
def test_a_short_example_runs(alice: User, settings: Any, name: str) -> None:
    if name == "an output at an index":
        settings.AGENT_CLASSES = {**settings.AGENT_CLASSES, "Agent": f"{SaysObject.__module__}.SaysObject"}
    inputs = {key: {"type": "array", "default": value} for key, value in GIVEN.items()}

    task = ran({"inputs": {**inputs, "optional_data?": "string"}, "tasks": [SHORT[name]]}, alice)

    assert (task.status, task.returned) == ("completed", SAID[name])


def test_the_pipeline_hands_its_keys_from_group_to_group(alice: User) -> None:
    task = ran(PIPELINE, alice)

    assert task.returned == {"segment_analysis": "Find segments in Enrich Validate the batch"}


def test_the_dossier_runs_with_one_task_for_each_condition(alice: User) -> None:
    task = ran(DOSSIER, alice, customer_id="V-1")

    assert set(states(task).values()) == {"completed"}
    assert task.returned == {
        "overall_executive_summary": "Sum up.",
        "condition_sections": [
            "Write the section about Summarise tinnitus, number 0 of 2..",
            "Write the section about Summarise migraine, number 1 of 2..",
        ],
    }
    titles = set(Task.objects.filter(parent=task).values_list("title", flat=True))
    assert {"Letters: tinnitus", "Letters: migraine", "Future: tinnitus", "Overall"} <= titles
    assert len(titles) == 3 + 2 + 1 + 2 + 3 * 2 + 2 + 2 + 1


AUTHENTICATION = {1: [], 2: [1], 3: [2], 4: [3], 5: [3], 6: [2], 7: [6], 8: [4, 5, 7]}
"""The tasks of an authentication system, by number, with those that each depends on."""


def test_the_eight_tasks_of_the_plan_run_in_its_waves(alice: User) -> None:
    task = ran(
        {"tasks": [node(f"t{n}", *(f"t{each}" for each in needs)) for n, needs in AUTHENTICATION.items()]}, alice
    )

    rows = {row.number + 1: row for row in Node.objects.filter(task=task)}
    assert set(states(task).values()) == {"completed"}
    for number, needs in AUTHENTICATION.items():
        assert all(rows[number].began_at >= rows[need].ended_at for need in needs)
