"""Limits with real worker processes: one slot is never held twice, and a freed one is taken at once."""

from datetime import timedelta
from itertools import pairwise

import pytest

from apps.tasks.models import Attempt, Limit, Task
from apps.tasks.states import Status
from tests import making
from tests.chaos.installation import wait_for
from tests.chaos.rig import ask

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

SCRIPT = "import world\n\ndef run(params):\n    return world.wait(params['n'], 0.05)\n"
LOOSE = timedelta(seconds=3)


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
