"""Limits with real worker processes: one slot is never held twice, and a freed one is taken at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import accumulate, pairwise
from typing import Any

import pytest
from django.db import connection, connections

from apps.tasks.models import Attempt, Event, Limit, Task
from apps.tasks.states import Status
from tests import making
from tests.chaos.installation import wait_for
from tests.chaos.rig import ask

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

SCRIPT = "import world\n\ndef run(params):\n    return world.wait(params['n'], 0.05)\n"
LOOSE = timedelta(seconds=3)
SETTLING = timedelta(milliseconds=2)


def test_two_workers_that_race_for_one_slot_never_hold_it_both(rig, alice):
    template = making.template(SCRIPT, alice)
    Limit.objects.create(scope="template", template=template, most=1)
    for n in range(20):
        ask(template.key, alice, n=n)

    with rig.workers("oak", "elm"):
        wait_for("all", lambda: not Task.objects.open().exists(), seconds=60)

    assert set(Task.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    held = list(Attempt.objects.order_by("started_at").values_list("started_at", "ended_at"))
    assert len(held) == 20
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(held)), "two held the one slot"
    assert all(later[0] - earlier[1] < LOOSE for earlier, later in pairwise(held)), "a freed slot waited for a poll"


NOTHING = "def run(params):\n    return None\n"
MOST_RUNNING = "SELECT count(*) FROM tasks_task WHERE status = 'running' AND template_id = %s"


@contextmanager
def watched(template_id: int) -> Iterator[list[int]]:
    """How many tasks of the template ran at once, in every committed state that could be seen meanwhile."""
    seen: list[int] = []
    over = threading.Event()

    def look() -> None:
        with connection.cursor() as cursor:
            while not over.is_set():
                cursor.execute(MOST_RUNNING, [template_id])
                seen.append(cursor.fetchone()[0])
        connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join(30)


def test_handfuls_of_short_tasks_never_exceed_a_limit_and_free_ones_pass_them_by(rig, alice):
    limited = making.template(NOTHING, alice, key="limited")
    free = making.template(NOTHING, alice, key="free")
    Limit.objects.create(scope="template", template=limited, most=3)
    for n in range(300):
        ask(free.key if n % 3 else limited.key, alice)

    with watched(limited.pk) as seen, rig.workers("oak", "elm", "ash"):
        wait_for("all", lambda: not Task.objects.open().exists(), seconds=120)

    assert set(Task.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    assert len(seen) > 100
    assert max(seen) <= 3
    assert most_at_once(Attempt.objects.filter(task__template=limited)) <= 3
    together = Event.objects.filter(kind="task.claimed", data__together__gt=1)
    assert together.filter(task__template=limited).exists(), "limited ones share commits too"


def most_at_once(attempts: Any) -> int:
    """By their own times; an end is dated a little before the commit that frees its slot."""
    times = []
    for began, ended in attempts.values_list("started_at", "ended_at"):
        times += [(began, 1), (max(began, ended - SETTLING), -1)]
    return max(accumulate(step for _, step in sorted(times, key=lambda each: (each[0], each[1]))))
