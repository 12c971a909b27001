from typing import Any

import pytest
from django.test import Client

from apps.tasks.claims import claiming
from apps.tasks.models import Task
from tests import making

WALK = """\
import task

def run(params):
    task.progress(10, "look", "Looking")
    for number in range(3):
        task.new_id()
    print("found <b>three</b>")
    task.progress(60, "write", "Writing")
    return {"summary": "done"}
"""
STAGES = [{"name": "look", "percent": 10}, {"name": "write", "percent": 60}]


@pytest.fixture
def browse(client: Client, alice: Any) -> Client:
    """Alice's browser."""
    client.force_login(alice)
    return client


@pytest.fixture
def walk(alice: Any) -> Task:
    """A pending task with stages, steps and log lines to come."""
    return making.task(WALK, alice, stages=STAGES)


@pytest.fixture
def broken(alice: Any) -> Task:
    """A task that will fail at line 2."""
    return making.task("def run(params):\n    return 1 / 0\n", alice, key="broken")


def claim_for_a_test(task: Task) -> claiming.Claim:
    claim = claiming.claim([task.queue], worker="birch-1", cluster="birch")
    assert claim is not None
    assert claim.lease.task_id == task.pk
    return claim
