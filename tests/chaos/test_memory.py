"""C2: a call that eats memory ends its attempt, with the reason, before the system ends something else.

And a worker that has used much of the processor gives way to a fresh one.
"""

import psutil
import pytest

from apps.tasks.models import Task
from apps.workers.models import ClusterEvent
from tests import making
from tests.chaos.installation import wait_for
from tests.chaos.rig import ask, until
from tests.chaos.test_leases import LEASE

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

EATS = "import world\n\ndef run(params):\n    world.eat(1, 400, below=params['n'] == 1)\n"
COMPUTES = "def run(params):\n    for _ in range(3_000_000):\n        pass\n"


@pytest.mark.parametrize("below", [0, 1], ids=["in the worker", "in a process that it started"])
def test_a_call_that_outgrows_its_worker_is_stopped_and_counted(rig, alice, below):
    key = making.template(EATS, alice, key="eats", retry={"max_attempts": 2, "delays": [1]}).key
    with rig.workers("oak", lease=LEASE, WORKER_MEMORY_MB=300) as [worker]:
        task = ask(key, alice, n=below)
        wait_for("its call", lambda: rig.effects(task.pk), seconds=60)
        children = worker.children(recursive=True)
        wait_for("the worker's end", lambda: not worker.is_running() or worker.status() == "zombie", seconds=60)
    wait_for("the end of all that it had begun", lambda: not psutil.wait_procs(children, timeout=1)[1], seconds=30)
    task.refresh_from_db()
    assert (task.status, task.failures, task.crashes) == ("pending", 1, 0)
    assert task.error["code"] == "worker_memory"
    assert task.error["message"].startswith("Stopped at 300 MB: its worker needed ")
    assert "world.eat" in task.error["message"] and "WORKER_MEMORY_MB" in task.error["advice"]
    told = ClusterEvent.objects.get(kind=ClusterEvent.Kind.WORKER_ERROR)
    assert (told.task_id, told.reason) == (task.pk, task.error["message"])
    assert ClusterEvent.objects.filter(kind=ClusterEvent.Kind.WORKER_RECYCLED, reason__startswith="stopped at").exists()

    with rig.workers("elm", lease=LEASE, WORKER_MEMORY_MB=300):
        until(task, "failed", seconds=60)
    assert (task.failures, task.is_dead_letter) == (2, True)
    assert [key for key, _ in rig.effects(task.pk)] == [f"{task.pk}:0"] * 2, "the same key"


def test_a_worker_that_has_computed_enough_is_replaced_between_two_tasks(rig, alice):
    key = making.template(COMPUTES, alice, key="computes").key
    tasks = [ask(key, alice) for _ in range(200)]
    with rig.workers("oak", lease=LEASE, WORKER_CPU_SECONDS=1) as [worker]:
        wait_for("the worker's end", lambda: not worker.is_running() or worker.status() == "zombie", seconds=60)
    told = ClusterEvent.objects.get(kind=ClusterEvent.Kind.WORKER_RECYCLED)
    assert told.reason.startswith("stopped at 1 s of processor time: it used ")
    statuses = [task.status for task in Task.objects.filter(pk__in=[task.pk for task in tasks])]
    assert {*statuses} == {"completed", "pending"}, "it ends no attempt, and leaves the rest to others"
