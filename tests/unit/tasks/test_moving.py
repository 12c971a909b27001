"""A task's row is locked again and again: what a lock reads must not grow with what the task is made from."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.tasks import lifecycle
from apps.tasks.lifecycle.moving import locked
from apps.tasks.models import Task
from tests.unit.executors.workflow.ran import attempts, node, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lock_is_one_statement_that_reads_no_graph(alice):
    task = start({"tasks": [node("a")]}, alice)
    with CaptureQueriesContext(connection) as asked:
        lifecycle.pause(task, alice)
        lifecycle.resume(task, alice)
        lifecycle.change_priority(task, alice, 70)
        with transaction.atomic():
            held = locked(Task(pk=task.pk))
        assert held.execution.steps == 0
    assert [query["sql"] for query in asked if "lease_token" in query["sql"]], "the execution comes with it"
    assert not [query["sql"] for query in asked if '"graph"' in query["sql"]]


def test_the_end_of_a_part_reads_no_graph_of_its_workflow(alice):
    task = start(
        {"tasks": [node("a"), node("b"), node("broken", script="def run(params):\n    return 1 / 0\n")]}, alice
    )
    attempts(1)
    with CaptureQueriesContext(connection) as asked:
        attempts(8)
    assert set(Task.objects.filter(parent=task).values_list("status", flat=True)) == {"completed", "failed"}
    assert not [query["sql"] for query in asked if '"graph"' in query["sql"]]
