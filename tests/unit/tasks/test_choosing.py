"""Handfuls under limits: a limit elsewhere costs nothing, a handful takes its share, and no limit is ever exceeded."""

import time
from collections.abc import Callable

import pytest
from django.test import override_settings

from apps.core import clock, hints
from apps.tasks.claims import claiming, taking
from apps.tasks.claims.taking import Claimer
from apps.tasks.lifecycle import handfuls
from apps.tasks.limits import choosing, gates
from apps.tasks.limits.gates import Bound, Gate
from apps.tasks.limits.guarded import Candidate, Group
from apps.tasks.models import Attempt, Limit, Task
from apps.workers.supervisor import progress
from tests import making
from tests.unit.tasks.standing_at import HOUR, submitted

pytestmark = pytest.mark.django_db
SCRIPT = "def run(params):\n    return 1\n"
OAK = Claimer(worker="oak-1", cluster="oak", host="oak")


def limit(scope: str, most: int, **group: object) -> Limit:
    made = Limit.objects.create(scope=scope, most=most, **group)
    gates.forget()
    return made


def handful(most: int = 32, queues: tuple[str, ...] = ("default",)) -> list[int]:
    _, claims = handfuls.swap([], queues, most, OAK)
    return [claim.lease.task_id for claim in claims]


def swapped(task_ids: list[int], most: int = 32) -> list[int]:
    """End these, which were claimed together, and claim as many others in the same transaction."""
    claims = [claim for claim in known if claim.lease.task_id in task_ids]
    done, claims[:] = handfuls.swap([handfuls.ended(claim, "1") for claim in claims], ["default"], most, OAK)
    assert done == set(task_ids)
    known.extend(claims)
    return [claim.lease.task_id for claim in claims]


known: list[claiming.Claim] = []


def bound(scope: str, most: int, **group: object) -> Bound:
    return Bound(**{"id": 1, "scope": scope, "queue": "", "template_id": None, "user_id": None, "most": most, **group})


def candidate(number: int, **fields: object) -> Candidate:
    alike = {"rank": 0.0, "attempts": 0, "template_id": 1, "requester_id": 1, "queue": "q", "limit_key": ""}
    return Candidate(**{**alike, "is_cpu_intensive": False, **fields, "id": number})


def runs(tasks: int, host: str | None = None) -> Group:
    return Group(template_id=1, requester_id=1, queue="q", limit_key="", host=host, tasks=tasks)


@pytest.mark.parametrize(
    ("limited", "groups", "tasks", "chosen"),
    [
        (bound("template", 1, template_id=1), [], [candidate(1), candidate(2), candidate(3, template_id=2)], [1, 3]),
        (bound("template", 8, template_id=1), [], [candidate(n) for n in range(9)], [0, 1, 2, 3]),
        (bound("template", 8, template_id=1), [runs(5)], [candidate(n) for n in range(9)], [0, 1]),
        (bound("template", 8, template_id=1), [runs(8)], [candidate(1), candidate(2, template_id=2)], [2]),
        (bound("queue", 2, queue="q"), [], [candidate(1), candidate(2), candidate(3, queue="r")], [1, 3]),
        (bound("user", 2), [], [candidate(1), candidate(2), candidate(3, requester_id=2)], [1, 3]),
        (bound("user", 2, user_id=2), [], [candidate(1), candidate(2)], [1, 2]),
        (bound("key", 1, template_id=1), [], [candidate(1, limit_key="a"), candidate(2, limit_key="b")], [1, 2]),
        (bound("key", 1, template_id=1), [], [candidate(1, limit_key="a"), candidate(2, limit_key="a")], [1]),
        (bound("key", 1, template_id=1), [], [candidate(1), candidate(2)], [1, 2]),
        (bound("user", 9, user_id=2), [], [candidate(1, attempts=1), candidate(2)], [1]),
        (bound("user", 9, user_id=2), [], [candidate(1), candidate(2, attempts=1), candidate(3)], [1]),
    ],
)
def test_a_handful_takes_half_of_the_free_slots_of_each_group(limited, groups, tasks, chosen):
    gate = Gate(queues=("q",), is_narrow=True, bounds=(limited,))
    assert choosing.share(gate, "oak", groups, tasks, 32) == chosen


def test_cores_are_slots_of_the_host_like_any_other():
    gate = Gate(queues=("q",), is_narrow=True, cores=4)
    heavy = [candidate(n, is_cpu_intensive=True) for n in range(9)]
    assert choosing.share(gate, "oak", [runs(9, "elm"), runs(9)], heavy, 32) == [0, 1]
    assert choosing.share(gate, "oak", [runs(3, "oak")], heavy, 32) == [0]


@pytest.mark.parametrize("scope", ["queue", "template", "user", "key"])
def test_a_limit_of_others_leaves_a_handful_whole_and_takes_no_lock(scope, template, alice, bob, monkeypatch):
    monkeypatch.setattr(choosing, "under_lock", None)
    tasks = [submitted(template, alice) for _ in range(12)]
    other = making.template(SCRIPT, alice, key="other", limit_key="{n}")
    group = {"queue": {"queue": "default"}, "user": {"user": bob}}.get(scope, {"template": other})
    if scope == "queue":
        Task.objects.update(queue="reports")
    limit(scope, 1, **group)
    assert gates.gate(["default", "reports"]).is_narrow
    assert handful(8, ("default", "reports")) == [task.pk for task in tasks[:8]]


def test_free_tasks_behind_full_ones_are_claimed_together_and_without_the_lock(template, alice, monkeypatch):
    held = [submitted(template, alice, priority=90) for _ in range(250)]
    limit("template", 1, template=held[0].template)
    assert handful(1) == [held[0].pk]
    free = [submitted(making.template(SCRIPT, alice, key="other").key, alice) for _ in range(5)]
    monkeypatch.setattr(choosing, "under_lock", None)
    assert handful() == [task.pk for task in free]
    assert handful() == []


def test_a_slot_goes_over_to_the_next_task_with_the_end_of_the_last(template, alice):
    tasks = [submitted(template, alice) for _ in range(4)]
    limit("template", 1, template=tasks[0].template)
    known[:] = handfuls.swap([], ["default"], 8, OAK)[1]
    assert [claim.lease.task_id for claim in known] == [tasks[0].pk]
    assert handful() == [], "it is taken"
    assert swapped([tasks[0].pk]) == [tasks[1].pk]
    assert Task.objects.filter(status="running").count() == 1


def test_the_end_of_a_task_that_no_limit_concerns_wakes_nobody(template, alice, monkeypatch):
    woken = []
    monkeypatch.setattr(handfuls.news, "publish", lambda task_id, kind, **how: woken.append((kind, how)))
    free = submitted(making.template(SCRIPT, alice, key="other").key, alice, priority=90)
    held = [submitted(template, alice) for _ in range(2)]
    limit("template", 1, template=held[0].template)
    known[:] = handfuls.swap([], ["default"], 1, OAK)[1]
    assert swapped([free.pk], 1) == [held[0].pk]
    assert swapped([held[0].pk], 1) == [held[1].pk]
    assert [how["frees_slot"] for kind, how in woken if kind == "task.completed"] == [False, True]


def test_what_was_moved_or_put_off_after_the_look_is_not_taken(template, alice, monkeypatch):
    """Others write between a look without a lock and the claim's own writes."""
    moved, later, left = (submitted(template, alice) for _ in range(3))
    meanwhile = {
        moved.pk: {"queue": "elsewhere"},
        later.pk: {"available_at": clock.now() + HOUR},
    }

    def between(*_: object, **__: object) -> None:
        for pk, change in meanwhile.items():
            Task.objects.filter(pk=pk).update(**change)

    gate = gates.gate(["default"])
    if taking.sql.is_sqlite():
        found = taking._candidates(gate.queues, 8, clock.now())
        assert found == [moved.pk, later.pk, left.pk]
        between()
        rows = taking._take_sqlite(found, gate, OAK, clock.now())
    else:
        between()
        ids = [moved.pk, later.pk, left.pk]
        rows = taking._take_named(ids, gate, 8, OAK, clock.now(), None).rows
    assert [row[0] for row in rows] == [left.pk]
    assert list(Attempt.objects.values_list("task_id", flat=True)) == [left.pk]


@override_settings(CPU_SLOTS=1)
def test_a_core_is_kept_free_also_of_a_revision_that_the_gate_has_not_heard_of(template, alice, monkeypatch):
    monkeypatch.setattr(gates, "REMEMBERED_SECONDS", 60.0)  # no time passes, however slow the machine
    assert not gates.gate(["default"]).is_narrow
    making.template(SCRIPT, alice, key="heavy", is_cpu_intensive=True)
    heavy = [submitted("heavy", alice) for _ in range(3)]
    handful()
    assert Task.objects.filter(status="running").count() <= 1
    gates.forget()
    handful()
    assert Task.objects.filter(status="running").count() == 1
    assert Task.objects.filter(pk__in=[task.pk for task in heavy], status="pending").count() == 2


def test_a_task_of_a_revision_published_just_now_is_given_back_where_it_cannot_be_served(alice, settings, monkeypatch):
    monkeypatch.setattr(gates, "REMEMBERED_SECONDS", 60.0)  # no time passes, however slow the machine
    has = dict(settings.TOOL_MODULES)
    lacks = {name: path for name, path in has.items() if name != "report"}
    settings.TOOL_MODULES = lacks
    assert not gates.gate(["default"]).is_narrow
    settings.TOOL_MODULES = has
    making.template(SCRIPT, alice, key="reporting", required_tools=["report.pdf"])
    task = submitted("reporting", alice)
    settings.TOOL_MODULES = lacks
    assert not gates.gate(["default"]).is_narrow, "this worker has not heard of it"
    assert handful() == []
    task.refresh_from_db()
    assert (task.status, task.failures, task.crashes) == ("pending", 0, 0)
    assert "a tool or a kind" in task.status_reason
    assert gates.gate(["default"]).closed == {task.revision_id}
    assert handful() == [], "and not taken again"


@pytest.mark.django_db(transaction=True)
def test_publishing_has_every_waiting_worker_look_at_its_gate(alice, settings, tmp_path):
    settings.WAKE_DIR = tmp_path
    assert not gates.gate(["default"]).is_narrow
    listener = hints.Listener(hints.WORK)
    making.template(SCRIPT, alice, key="heavy", is_cpu_intensive=True)
    heard = listener.drain()
    listener.close()
    assert 0 in heard, "which is what forgets the gate in a worker that waits"
    assert gates.gate(["default"]).is_narrow


@pytest.mark.parametrize("scope", ["queue", "template", "user", "key"])
def test_a_limit_set_edited_or_removed_elsewhere_is_in_effect_within_a_second(scope, alice):
    """Another process commits it; nobody tells this one."""
    template = making.template(SCRIPT, alice, key="keyed", limit_key="{n}")
    tasks = [submitted("keyed", alice, parameters={"n": 1}) for _ in range(3)]
    assert not gates.gate(["default"]).is_narrow
    group = {"queue": {"queue": "default"}, "user": {"user": alice}}.get(scope, {"template": template})
    made = Limit.objects.create(scope=scope, most=0, **group)
    within_a_second(lambda: gates.gate(["default"]).is_narrow)
    assert handful() == []
    Limit.objects.filter(pk=made.pk).update(most=1)
    within_a_second(lambda: [bound.most for bound in gates.gate(["default"]).bounds] == [1])
    assert handful() == [tasks[0].pk]
    Limit.objects.all().delete()
    within_a_second(lambda: not gates.gate(["default"]).is_narrow)
    assert handful() == [task.pk for task in tasks[1:]]


def within_a_second(look: Callable[[], bool]) -> None:
    assert gates.REMEMBERED_SECONDS < 1
    ends = time.monotonic() + 30
    while not look():
        assert time.monotonic() < ends
        time.sleep(0.01)
    # How long that took is the machine's affair; that nothing older than this is believed is ours.
    assert all(until - time.monotonic() <= gates.REMEMBERED_SECONDS for until, _ in gates._gates.values())


def test_the_probe_names_a_task_that_may_start_and_none_that_a_limit_holds_back(template, alice):
    held = [submitted(template, alice, priority=90) for _ in range(2)]
    limit("template", 1, template=held[0].template)
    assert progress.look(0).next_task == held[0].pk
    assert handful() == [held[0].pk]
    assert progress.look(0).next_task is None
    free = submitted(making.template(SCRIPT, alice, key="other").key, alice)
    assert progress.look(0).next_task == free.pk
