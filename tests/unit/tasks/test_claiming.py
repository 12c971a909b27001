"""Who is claimed next, and that everything is claimed once."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from apps.core import clock
from apps.tasks import dbclock, lifecycle
from apps.tasks.claims import claiming
from apps.tasks.models import Attempt, Execution, Task
from apps.tasks.ranking import rank
from apps.tasks.record import leases
from apps.tasks.record.journal import Batch
from apps.tasks.states import AGEING_SECONDS, Status
from tests import making
from tests.unit.tasks.standing_at import claimed, running, submitted

pytestmark = pytest.mark.django_db


def claim_all() -> list[int]:
    order = []
    while (claim := claiming.claim(["default"], worker="w", cluster="c")) is not None:
        order.append(claim.lease.task_id)
    return order


def test_the_higher_priority_goes_first_and_equals_in_order_of_asking(template, alice):
    now = clock.now()
    with clock.frozen(now):
        low, first, second, high = (submitted(template, alice, priority=p) for p in (30, 50, 50, 90))
        assert claim_all() == [high.pk, first.pk, second.pk, low.pk]


def test_waiting_raises_a_task_above_a_stream_of_more_important_ones(template, alice):
    """Nothing starves: 40 points of priority are worth 40 minutes of waiting."""
    now = clock.now()
    with clock.frozen(now):
        old = submitted(template, alice, priority=10)
    with clock.frozen(now + timedelta(minutes=39)):
        young = submitted(template, alice, priority=50)
        assert claimed().lease.task_id == young.pk
    with clock.frozen(now + timedelta(minutes=41)):
        submitted(template, alice, priority=50)
        assert claimed().lease.task_id == old.pk


def test_ageing_is_one_point_a_minute():
    now = clock.now()
    assert rank(50, now) - rank(50, now + timedelta(seconds=AGEING_SECONDS)) == pytest.approx(1.0)


def test_what_is_not_yet_available_or_in_another_queue_is_not_claimed(template, alice):
    other = making.template("def run(params):\n    return 1\n", alice, key="elsewhere", queue="reports").key
    submitted(template, alice, available_at=clock.now() + timedelta(minutes=1))
    task = submitted(other, alice)
    assert claiming.claim(["default"], worker="w", cluster="c") is None
    assert claiming.claim(["default", "reports"], worker="w", cluster="c").lease.task_id == task.pk


@pytest.mark.parametrize("status", [status for status in Status.values if status != "pending"])
def test_only_pending_tasks_are_claimed(status, template, alice):
    task = submitted(template, alice)
    final = {"finished_at": clock.now()} if status in ("completed", "failed", "cancelled") else {}
    Task.objects.filter(pk=task.pk).update(status=status, **final)
    assert claiming.claim(["default"], worker="w", cluster="c") is None


def test_a_claim_carries_what_the_task_is(template, alice):
    task = submitted(template, alice, parameters={"n": 3}, title="Three")
    claim = claimed(worker="elm-7")
    assert (claim.uid, claim.title, claim.kind, claim.parameters) == (task.uid.hex, "Three", "script", {"n": 3})
    assert (claim.requester_id, claim.revision.pk, claim.created_at) == (alice.pk, task.revision_id, task.created_at)
    attempt = Attempt.objects.get(task=task)
    assert (attempt.number, attempt.lease_token, attempt.worker) == (1, claim.lease.token, "elm-7")
    execution = Execution.objects.get(pk=task.pk)
    assert execution.worker == "elm-7"
    assert (claim.seed, claim.seeded_at) == (task.uid.hex, task.created_at)
    assert 5 < execution.lease_until - dbclock.now() <= 10


def test_a_forked_task_has_its_ancestors_seed_and_moment(template, alice):
    task = submitted(template, alice)
    moment = task.created_at - timedelta(days=3)
    Task.objects.filter(pk=task.pk).update(seed="f" * 32, seeded_at=moment)
    claim = claimed()
    assert (claim.uid, claim.seed, claim.seeded_at) == (task.uid.hex, "f" * 32, moment)


def test_the_host_is_on_record_while_the_lease_is_held(template, alice):
    task = submitted(template, alice)
    claim = claiming.claim(["default"], worker="elm-7", cluster="elm", host="north")
    assert Execution.objects.get(pk=task.pk).host == "north"
    lifecycle.complete(claim.lease, "1", Batch())
    assert Execution.objects.get(pk=task.pk).host == ""


def test_a_lease_that_ran_out_may_be_rescued_and_a_live_one_may_not(template, alice):
    at = running(template, alice)
    assert leases.expired(leases.held(), set()) == []
    assert [held.task_id for held in leases.expired(leases.held(), {"elm-1"})] == [at.task_id]
    Execution.objects.filter(pk=at.task_id).update(lease_until=dbclock.now() - 0.1)
    (held,) = leases.expired(leases.held(), set())
    assert (held.task_id, held.token, held.worker) == (at.task_id, at.lease.token, "elm-1")


def test_control_is_heard_under_the_current_lease_only(template, alice):
    at = running(template, alice)
    assert leases.control(at.task_id, at.lease.token) == ""
    Execution.objects.filter(pk=at.task_id).update(control="pause")
    assert leases.control(at.task_id, at.lease.token) == "pause"
    assert leases.control(at.task_id, at.lease.token - 1) is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_claim_two_hundred_tasks_once_each_and_in_order(alice):
    key = making.template("def run(params):\n    return 1\n", alice).key
    for n in range(200):
        submitted(key, alice, priority=n * 37 % 101)
    barrier = threading.Barrier(2)
    claims: list[list[int]] = [[], []]
    raised: list[BaseException] = []

    def work(mine: list[int]) -> None:
        try:
            barrier.wait(10)
            while Task.objects.filter(status="pending").exists():
                claim = claiming.claim(["default"], worker=f"w{id(mine)}", cluster="c")
                if claim is not None:
                    mine.append(claim.lease.task_id)
        except BaseException as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[mine]) for mine in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert raised == []
    every = claims[0] + claims[1]
    assert len(every) == 200
    assert len(set(every)) == 200
    assert Attempt.objects.count() == 200
    ranks = dict(Task.objects.values_list("pk", "rank"))
    for mine in claims:
        assert mine, "both worked"
        order = [ranks[task_id] for task_id in mine]
        assert order == sorted(order, reverse=True), "each took the best that was left"
