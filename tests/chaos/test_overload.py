"""C11: ten times more is asked than can be done; what is too much is refused in words, what was accepted ends."""

import time

import pytest
from django.contrib.auth.models import User

from apps.core import clock
from apps.tasks.limits import intake
from apps.tasks.limits.intake import QueueFull
from apps.tasks.models import Queue, Task
from apps.tasks.operators import queues
from apps.tasks.states import Status
from tests import making
from tests.chaos.installation import wait_for
from tests.chaos.ordeal import rounds, tell
from tests.chaos.rig import ask

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

SCRIPT = "import world\n\ndef run(params):\n    return world.wait(params['n'], 1.0)\n"
WORKERS = ("oak", "elm")
CAPACITY = len(WORKERS)
"""Tasks a second that the workers can do at best: a call of each takes one second."""
MOST_WAITING = 8
REFUSAL = (
    f"Queue default is full: {MOST_WAITING} tasks in it that wait or are planned for later, and it takes"
    f" {MOST_WAITING}. Ask again later, or ask an operator to raise its length."
)


@rounds(3, 120, minutes=30)
def test_a_queue_that_is_asked_for_ten_times_too_much_refuses_visibly_and_catches_up(rig, alice, rounds):
    """`rounds`: seconds of overload, longer where a busy machine cannot ask that fast."""
    key = making.template(SCRIPT, alice).key
    Queue.objects.create(name="default", max_length=MOST_WAITING)
    intake.forget()
    accepted: list[int] = []
    refused: list[str] = []
    oldest = 0.0
    with rig.workers(*WORKERS):
        began = time.monotonic()
        for number in range(10 * CAPACITY * rounds):
            _submit(key, number, alice, accepted, refused)
            if number % 10 == 0:
                oldest = max(oldest, _oldest())
            time.sleep(max(0.0, began + (number + 1) / (10 * CAPACITY) - time.monotonic()))
        wait_for("the end of all that was accepted", lambda: not Task.objects.open().exists(), seconds=120)
        assert _oldest() == 0.0
        assert ask(key, alice, n=1).pk, "what was refused may come again"

    assert refused
    assert set(refused) == {REFUSAL}
    ended = Task.objects.filter(pk__in=accepted, status=Status.COMPLETED).count()
    assert ended == len(accepted)
    assert len(rig.effects(*accepted)) == len(accepted), "each once"
    tell("C11", seconds=rounds, capacity=CAPACITY, accepted=len(accepted), refused=len(refused), ended=ended,
         oldest_seconds=round(oldest, 1), oldest_after=0)  # fmt: skip


def _submit(key: str, number: int, by: User, accepted: list[int], refused: list[str]) -> None:
    try:
        accepted.append(ask(key, by, n=number).pk)
    except QueueFull as refusal:
        refused.append(refusal.message)


def _oldest() -> float:
    """Seconds for which the oldest task of the queue has waited, as the page of queues says."""
    [standing] = queues.standing(clock.now(), names=("default",))
    return standing.oldest_seconds or 0.0
