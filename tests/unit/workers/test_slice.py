"""A slice claims, runs and settles; told without Django-Q2."""

import pytest

from apps.tasks import lifecycle
from apps.tasks.models import Task
from apps.tasks.record import feed
from apps.tasks.states import Status
from apps.workers.running import slice as slices
from tests import making

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = """\
import task

def run(params):
    task.progress(10, "greeting", "saying hello")
    print("hello")
    name = task.new_id()
    task.log("made " + str(len(name)))
    return {"n": params.get("n", 1) * 2}
"""


def test_a_task_runs_to_its_result(alice):
    made = making.task(HELLO, alice, {"n": 21})

    assert slices.drain() == 1

    task = Task.objects.get(pk=made.pk)
    assert task.status == Status.COMPLETED
    assert task.returned == {"n": 42}
    kinds = [entry.kind for entry in feed.read(task.pk)]
    assert kinds == [
        "task.submitted",
        "task.claimed",
        "task.stage_started",
        "task.logged",
        "step",
        "task.completed",
    ] or (kinds[0] == "task.submitted" and kinds[-1] == "task.completed")
    seqs = [entry.seq for entry in feed.read(task.pk)]
    assert seqs == list(range(1, len(seqs) + 1)), "the feed has no gaps"


def test_the_error_of_a_script_names_its_line_and_is_not_retried(alice):
    made = making.task("def run(params):\n    x = 1\n    return x / 0\n", alice)

    assert slices.drain() == 1

    task = Task.objects.get(pk=made.pk)
    assert task.status == Status.FAILED
    assert not task.is_dead_letter
    assert task.error["line"] == 3
    assert task.error["type"] == "ZeroDivisionError"
    assert task.error["will_retry"] is False


def test_a_failed_task_is_tried_again_by_a_person(alice):
    made = making.task("def run(params):\n    return 1 / 0\n", alice)
    slices.drain()

    lifecycle.retry_failed(Task.objects.get(pk=made.pk), alice)
    slices.drain()

    task = Task.objects.get(pk=made.pk)
    assert [attempt.outcome for attempt in task.attempts.all()] == ["failed", "failed"]
    assert task.status == Status.FAILED
