"""C9: whoever gives back a dead worker's task dies at it, or loses the database: the next one does it, once."""

import random
from collections import Counter

import pytest

from apps.tasks.models import Execution, Task
from apps.tasks.states import Status
from tests import making
from tests.chaos.installation import wait_for
from tests.chaos.ordeal import SEED, rounds, tell
from tests.chaos.rig import ACCIDENTS, ask, end, is_running, until

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

SCRIPT = "import world\n\ndef run(params):\n    return world.put(1) + world.wait(2, 0.5) + world.put(3)\n"
LEASE = 1.0


@rounds(3, 100, minutes=60)
def test_a_recovery_that_is_interrupted_is_done_by_the_next_one(rig, alice, rounds):
    key = making.template(SCRIPT, alice).key
    chance = random.Random(SEED)
    met: Counter[str] = Counter()
    for number in range(rounds):
        task = ask(key, alice)
        with rig.workers("oak", lease=LEASE) as [oak]:
            wait_for("its second call", lambda task=task: len(rig.effects(task.pk)) == 2)
            oak.kill()
        what = ACCIDENTS[number % len(ACCIDENTS)]
        recoverer = rig.accident(chance.choice(("oak", "elm")), what, LEASE)
        _wait_for_the_accident(recoverer.pid, what, task)
        met[what] += 1
        with rig.workers("ash", lease=LEASE):
            until(task, Status.COMPLETED, seconds=60)
        end(recoverer)
        _assert_recovered_once(rig, task)
    tell("C9", recoveries=rounds, **met)


def _wait_for_the_accident(pid: int, what: str, task: Task) -> None:
    if what == "loses its database":  # it lives on, or a fresh process takes its place
        wait_for("a recovery after it", lambda: not is_running(pid) or _is_given_back(task), seconds=60)
        return
    wait_for("its end", lambda: not is_running(pid), seconds=60)
    assert _is_given_back(task) == (what == "dies after the commit"), "all of it, or nothing"


def _is_given_back(task: Task) -> bool:
    return task.events.filter(kind="task.rescued").exists()


def _assert_recovered_once(rig, task: Task) -> None:
    assert task.returned == 12
    assert task.attempts.get(number=1).outcome == "crashed"
    assert task.events.filter(kind="task.rescued").count() == task.attempts.filter(outcome="crashed").count()
    made = [value for _, value in rig.effects(task.pk)]
    assert sorted(set(made)) == [1, 2, 3]
    assert made.count(1) == 1, "what is on record is not made again"
    assert len(made) <= 3 + task.attempts.filter(outcome="crashed").count()
    assert Execution.objects.get(pk=task.pk).lease_until is None
