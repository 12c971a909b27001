"""Limits hold: what may run at once is judged by what runs, and never by a count that could leak."""

import random
import threading
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import override_settings

from apps.core import clock
from apps.tasks import lifecycle
from apps.tasks.claims import claiming
from apps.tasks.limits import gates, guarded
from apps.tasks.limits.gates import Bound, Gate
from apps.tasks.limits.guarded import Group
from apps.tasks.models import Execution, Limit, Queue, Task
from apps.tasks.record.journal import Batch, Lease
from apps.tasks.states import Status
from tests import making
from tests.unit.tasks.standing_at import PASSING, claimed, submitted

pytestmark = pytest.mark.django_db
SCRIPT = "def run(params):\n    return 1\n"


def limit(scope: str, most: int, **group: object) -> Limit:
    made = Limit.objects.create(scope=scope, most=most, **group)
    gates.forget()
    return made


def take(host: str = "oak", queues: tuple[str, ...] = ("default",)) -> int | None:
    claim = claiming.claim(queues, worker="w", cluster="c", host=host)
    return claim and claim.lease.task_id


def take_all() -> list[int]:
    return list(iter(take, None))


def end(task_id: int) -> None:
    execution = Execution.objects.get(pk=task_id)
    lifecycle.complete(Lease(task_id=task_id, token=execution.lease_token, attempt=1), "1", Batch())


def bound(scope: str, most: int, **group: object) -> Bound:
    return Bound(**{"id": 1, "scope": scope, "queue": "", "template_id": None, "user_id": None, "most": most, **group})


def group(**fields: object) -> Group:
    alike = {"template_id": 1, "requester_id": 1, "queue": "q", "limit_key": "", "host": None, "tasks": 1}
    return Group(**{**alike, **fields})


@pytest.mark.parametrize(
    ("limited", "runs", "held"),
    [
        (bound("queue", 1, queue="q"), [group()], {"queues": ("q",)}),
        (bound("queue", 2, queue="q"), [group(), group(queue="r")], {}),
        (bound("template", 2, template_id=1), [group(), group(requester_id=2)], {"templates": (1,)}),
        (bound("template", 1, template_id=2), [group()], {}),
        (bound("user", 1), [group()], {"users": (1,)}),
        (bound("user", 2), [group(), group(requester_id=2)], {}),
        (bound("user", 1, user_id=2), [group()], {}),
        (bound("user", 1, user_id=1), [group()], {"users": (1,)}),
        (bound("user", 1, template_id=1), [group()], {"pairs": ((1, 1),)}),
        (bound("user", 1, template_id=1, user_id=2), [group()], {}),
        (bound("user", 0, template_id=1), [], {"templates": (1,)}),
        (bound("user", 0), [], {"everything": True}),
        (bound("key", 1, template_id=1), [group(limit_key="a"), group()], {"keys": ((1, "a"),)}),
        (bound("key", 1, template_id=2), [group(limit_key="a")], {}),
        (bound("key", 0, template_id=1), [], {"keyed": (1,)}),
    ],
)
def test_a_group_is_full_when_as_many_run_as_its_limit_says(limited, runs, held):
    gate = Gate(queues=("q",), is_narrow=True, bounds=(limited,))
    assert guarded.full(gate, "oak", runs) == guarded.Full(**held)


def test_cores_are_counted_on_the_workers_own_host():
    gate = Gate(queues=("q",), is_narrow=True, cores=2)
    runs = [group(host="oak"), group(host="elm", tasks=5), group()]
    assert not guarded.full(gate, "oak", runs).cpu
    assert guarded.full(gate, "elm", runs).cpu


def test_a_template_limit_holds_its_tasks_back_and_lets_others_pass(template, alice):
    other = making.template(SCRIPT, alice, key="other").key
    tasks = [submitted(template, alice, priority=90) for _ in range(3)]
    free = submitted(other, alice, priority=10)
    limit("template", 2, template=tasks[0].template)
    assert take_all() == [tasks[0].pk, tasks[1].pk, free.pk]
    end(tasks[1].pk)
    assert take_all() == [tasks[2].pk]


def test_a_queue_limit_counts_the_queue_whoever_asked(template, alice, bob):
    making.template(SCRIPT, alice, key="heavy", queue="heavy")
    first, second = (submitted("heavy", alice) for _ in range(2))
    limit("queue", 1, queue="heavy")
    both = ("default", "heavy")
    assert take(queues=both) == first.pk
    assert take(queues=both) is None
    assert submitted(template, alice).pk == take(queues=both)
    end(first.pk)
    assert take(queues=both) == second.pk


def test_a_user_limit_holds_each_user_for_himself(template, alice):
    bob = User.objects.create_superuser("bert")
    hers = [submitted(template, alice) for _ in range(3)]
    his = submitted(template, bob)
    limit("user", 1)
    assert sorted(take_all()) == [hers[0].pk, his.pk]


def test_a_key_limit_holds_each_value_of_the_key_for_itself(alice):
    making.template(SCRIPT, alice, limit_key="{n}")
    ones = [submitted("sample", alice, parameters={"n": 1}) for _ in range(2)]
    two = submitted("sample", alice, parameters={"n": 2})
    assert Task.objects.get(pk=two.pk).limit_key == "2"
    limit("key", 1, template=two.template)
    assert take_all() == [ones[0].pk, two.pk]


def test_a_limit_of_none_stops_the_group_and_a_disabled_one_stops_nobody(template, alice):
    task = submitted(template, alice)
    stop = limit("template", 0, template=task.template)
    assert take() is None
    Limit.objects.filter(pk=stop.pk).update(is_enabled=False)
    gates.forget()
    assert take() == task.pk


@override_settings(CPU_SLOTS=2)
def test_cpu_intensive_tasks_take_as_many_cores_as_the_host_has(template, alice):
    making.template(SCRIPT, alice, key="heavy", is_cpu_intensive=True)
    heavy = [submitted("heavy", alice, priority=90) for _ in range(5)]
    light = submitted(template, alice)
    assert take_all() == [heavy[0].pk, heavy[1].pk, light.pk]
    assert (take("elm"), take("elm"), take("elm")) == (heavy[2].pk, heavy[3].pk, None)


def test_a_worker_leaves_what_needs_a_tool_or_a_kind_that_it_lacks(template, alice, settings):
    making.template(SCRIPT, alice, key="reporting", required_tools=["report.pdf"])
    needy = submitted("reporting", alice, priority=90)
    free = submitted(template, alice)
    has = dict(settings.TOOL_MODULES)
    settings.TOOL_MODULES = {name: path for name, path in has.items() if name != "report"}
    assert take_all() == [free.pk]
    settings.TOOL_MODULES = has
    assert take() == needy.pk


def test_a_worker_leaves_what_it_cannot_serve_also_in_a_queue_that_it_was_moved_to(alice, settings):
    making.template(SCRIPT, alice, key="reporting", queue="reports", required_tools=["report.pdf"])
    moved = submitted("reporting", alice)
    Task.objects.filter(pk=moved.pk).update(queue="default")
    settings.TOOL_MODULES = {"crm": "apps.tools.crm"}
    assert take() is None


def test_nothing_of_a_paused_queue_starts_and_a_live_edit_works_within_a_second(template, alice):
    task = submitted(template, alice)
    assert not gates.gate(["default"]).is_narrow
    queue = Queue.objects.create(name="default", is_paused=True)
    began = time.monotonic()
    while gates.gate(["default"]).queues and time.monotonic() - began < 1:
        time.sleep(0.02)
    assert take() is None
    queue.is_paused = False
    queue.save()
    began = time.monotonic()
    while (claimed_id := take()) is None and time.monotonic() - began < 1:
        time.sleep(0.02)
    assert claimed_id == task.pk


def test_without_limits_a_claim_asks_for_none(template, alice, django_assert_num_queries):
    submitted(template, alice)
    gate = gates.gate(["default"])
    with django_assert_num_queries(0):
        assert gates.gate(["default"]) is gate
    assert not gate.is_narrow
    assert not gates.is_narrow_here()


def test_a_task_that_is_not_due_holds_nobody_up(template, alice):
    later = submitted(template, alice, priority=100, available_at=clock.now() + timedelta(minutes=5))
    held = submitted(template, alice, priority=90)
    other = making.template(SCRIPT, alice, key="other").key
    free = submitted(other, alice)
    limit("template", 0, template=held.template)
    assert take_all() == [free.pk]
    assert later.pk not in take_all()


def test_a_free_task_is_found_behind_more_held_ones_than_are_looked_at(template, alice, monkeypatch):
    held = submitted(template, alice, priority=90)
    blocked_behind(held, guarded.LOOKED_AT + 50)
    free = submitted(making.template(SCRIPT, alice, key="other").key, alice, priority=10)
    limit("template", 0, template=held.template)
    assert take() == free.pk
    assert take() is None


def test_however_many_lanes_of_a_held_template_are_one_step(template, alice, monkeypatch):
    monkeypatch.setattr(guarded, "ALL", "this would look at each of them")
    held = submitted(template, alice, priority=90)
    blocked_behind(held, guarded.LOOKED_AT + guarded.MOST_LANES, keys=True)
    free = submitted(making.template(SCRIPT, alice, key="other").key, alice, priority=10)
    limit("template", 0, template=held.template)
    assert take() == free.pk
    assert take() is None


def test_a_free_task_is_found_when_there_are_more_lanes_than_are_looked_at(template, alice):
    held = submitted(template, alice, priority=90)
    blocked_behind(held, guarded.LOOKED_AT)
    sleeping = making.template(SCRIPT, alice, key="sleeping").key
    later = submitted(sleeping, alice, priority=80, available_at=clock.now() + timedelta(minutes=5))
    blocked_behind(later, guarded.MOST_LANES, keys=True)
    free = submitted(making.template(SCRIPT, alice, key="other").key, alice, priority=10)
    limit("template", 0, template=held.template)
    assert take() == free.pk
    assert take() is None


def blocked_behind(task: Task, count: int, *, keys: bool = False) -> None:
    """More pending tasks like this one; with `keys` each in a lane of its own."""
    fields = {
        field.attname: getattr(task, field.attname)
        for field in Task._meta.concrete_fields
        if field.name not in ("id", "uid")
    }
    more = [Task(**{**fields, "limit_key": str(n) if keys else ""}) for n in range(count)]
    Task.objects.bulk_create(more, batch_size=2_000)


@pytest.mark.django_db(transaction=True)
def test_workers_that_race_for_the_last_slot_never_take_more(alice):
    making.template(SCRIPT, alice)
    tasks = [submitted("sample", alice) for _ in range(60)]
    limit("template", 2, template=tasks[0].template)
    stopped = threading.Event()
    most: list[int] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            while Task.objects.filter(status="pending").exists():
                task_id = take()
                if task_id is not None:
                    most.append(Task.objects.filter(status="running").count())
                    end(task_id)
        except BaseException as error:
            raised.append(error)
        finally:
            stopped.set()
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert raised == []
    assert Task.objects.filter(status="completed").count() == 60
    assert max(most) <= 2


def test_slots_held_are_live_leases_whatever_happens_to_the_tasks(template, alice):
    """I5, C5: no way of ending, pausing, retrying or dying leaves a slot held, and none gives one away twice."""
    chance = random.Random(5)
    other = making.template(SCRIPT, alice, key="other").key
    tasks = [submitted(chance.choice([template, other]), alice) for _ in range(60)]
    by_template = {task.template.key: task.template for task in tasks}
    limit("template", 3, template=by_template[template])
    limit("user", 5)
    for _ in range(400):
        _anything(chance, alice)
        live = Execution.objects.filter(lease_until__isnull=False).values_list("task_id", flat=True)
        runs = Task.objects.filter(status="running")
        assert set(live) == set(runs.values_list("pk", flat=True))
        assert runs.filter(template__key=template).count() <= 3
        assert runs.count() <= 5
    for task in Task.objects.open():
        lifecycle.cancel(task, alice)
    for task_id in list(Task.objects.filter(status="running").values_list("pk", flat=True)):
        end(task_id)
    assert guarded.running() == []
    fresh = [submitted(template, alice) for _ in range(4)]
    assert take_all() == [task.pk for task in fresh[:3]]


def _anything(chance: random.Random, alice: User) -> None:
    held = list(Execution.objects.filter(task__status="running").values_list("task_id", "lease_token"))
    if not held or chance.random() < 0.5:
        take()
        return
    task_id, token = chance.choice(held)
    lease = Lease(task_id=task_id, token=token, attempt=1)
    match chance.randrange(8):
        case 0:
            lifecycle.rescue(task_id, token, "killed", is_proved=True)
        case 1:
            lifecycle.fail(lease, PASSING, Batch())
            Task.objects.filter(status="pending").update(available_at=clock.now())
        case 2:
            lifecycle.pause(Task.objects.get(pk=task_id), alice)
            lifecycle.stop_asked(lease, "pause", Batch())
            lifecycle.resume(Task.objects.get(pk=task_id), alice)
        case 3:
            lifecycle.release(lease, "drain", Batch())
        case 4:
            lifecycle.suspend(lease, clock.now(), "sleep", Batch())
            lifecycle.wake(task_id)
        case 5:
            if (pending := Task.objects.filter(status=Status.PENDING).first()) is not None:
                lifecycle.pause(pending, alice)
                lifecycle.resume(pending, alice)
        case 6:
            lifecycle.fail(lease, {"type": "ValueError", "message": "broken", "code": "x"}, Batch())
            lifecycle.retry_failed(Task.objects.get(pk=task_id), alice)
        case 7 if chance.random() < 0.3:
            lifecycle.cancel(Task.objects.get(pk=task_id), alice)
            lifecycle.stop_cancelled(lease, "asked", Batch())


def test_a_held_back_task_does_not_keep_workers_looking(template, alice):
    task = submitted(template, alice)
    limit("template", 0, template=task.template)
    assert claiming.next_due(["default"]) is None
    Limit.objects.all().delete()
    gates.forget()
    assert claiming.next_due(["default"]) <= clock.now()
    assert claimed().lease.task_id == task.pk
