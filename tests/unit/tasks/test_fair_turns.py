"""Fair turns: who asks for much waits behind it himself, and holds up nobody else."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from apps.core import clock
from apps.tasks.claims import claiming
from apps.tasks.models import Task
from apps.tasks.ranking import rank
from tests import making
from tests.unit.tasks.standing_at import submitted

pytestmark = pytest.mark.django_db
SCRIPT = "def run(params):\n    return 1\n"


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_superuser("bert")


def order(count: int) -> list[int]:
    claims = [claiming.claim(["default"], worker="w", cluster="c") for _ in range(count)]
    return [claim.lease.task_id for claim in claims if claim is not None]


@pytest.mark.parametrize("seconds", [1, 300, 100_000])
def test_one_task_passes_a_thousand_of_somebody_else(seconds, alice, bert):
    making.template(SCRIPT, alice, estimated_seconds=seconds)
    with clock.frozen(clock.now()):
        for _ in range(1_000):
            submitted("sample", alice)
        his = submitted("sample", bert)
    assert his.pk in order(3)


def test_what_one_user_asks_for_goes_in_the_order_of_asking(alice):
    making.template(SCRIPT, alice, estimated_seconds=500)
    making.template(SCRIPT, alice, key="quick", estimated_seconds=1)
    tasks = [submitted(key, alice).pk for key in ("sample", "quick", "sample", "quick", "quick")]
    assert order(9) == tasks


def test_a_critical_task_passes_its_requesters_own_backlog(template, alice):
    backlog = [submitted(template, alice) for _ in range(20)]
    critical = submitted(template, alice, priority="critical")
    assert order(2) == [critical.pk, backlog[0].pk]


def test_two_users_take_turns(template, alice, bert):
    now = clock.now()
    with clock.frozen(now):
        hers = [submitted(template, alice) for _ in range(6)]
        his = [submitted(template, bert) for _ in range(3)]
    order_of = order(9)
    assert order_of[:6] == [hers[0].pk, his[0].pk, hers[1].pk, his[1].pk, hers[2].pk, his[2].pk]


def test_a_backlog_does_not_starve_behind_a_stream_of_others(alice, bert):
    """A task is claimed when its turn has come, however many others with an equal priority keep coming."""
    making.template(SCRIPT, alice, estimated_seconds=60)
    now = clock.now()
    with clock.frozen(now):
        last = [submitted("sample", alice) for _ in range(10)][-1]
    assert abs(last.turn_at - now - timedelta(seconds=540)) < timedelta(milliseconds=2)
    with clock.frozen(last.turn_at + timedelta(seconds=1)):
        stream = submitted("sample", bert)
        assert order(11)[-1] == stream.pk


def test_the_first_task_has_its_turn_at_once_and_a_later_one_none(template, alice):
    now = clock.now()
    with clock.frozen(now):
        first = submitted(template, alice)
        later = submitted(template, alice, available_at=now + timedelta(hours=1))
    assert abs(first.turn_at - now) < timedelta(milliseconds=1)
    assert first.rank == rank(50, now)
    assert (later.turn_at, later.rank) == (None, rank(50, now + timedelta(hours=1)))
    for task in (first, later):
        kept = Task.objects.get(pk=task.pk)
        assert (kept.turn_at, kept.rank) == (task.turn_at, task.rank)


def test_a_backlog_in_one_queue_or_priority_does_not_count_in_another(template, alice):
    making.template(SCRIPT, alice, key="reporting", queue="reports")
    now = clock.now()
    with clock.frozen(now):
        for _ in range(3):
            submitted(template, alice)
        others = [submitted("reporting", alice), submitted(template, alice, priority=51)]
    assert all(abs(task.turn_at - now) < timedelta(milliseconds=1) for task in others)
