"""One verb for many tasks: asked for with a count, done once each, whoever dies meanwhile."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connections

from apps.core.errors import Conflict, InvalidInput, NotPermitted
from apps.tasks import lifecycle
from apps.tasks.models import AuditEntry, BulkAction, Chore, Event, Execution, Task
from apps.tasks.operators import bulk, verbs, walks
from apps.tasks.operators.filters import Filter
from apps.tasks.record import feed
from apps.tasks.retention import chores
from apps.tasks.states import Status
from apps.workers import sweep
from apps.workers.registry import roster
from apps.workers.running.hand import Hand
from tests.unit.tasks.standing_at import standing, submitted

PENDING = Filter(status=(Status.PENDING,))


def copies(task: Task, number: int) -> None:
    fields = {field.attname: getattr(task, field.attname) for field in Task._meta.concrete_fields}
    fields = {name: value for name, value in fields.items() if name not in ("id", "uid")}
    made = Task.objects.bulk_create([Task(**{**fields, "title": f"Copy {n}"}) for n in range(number)])
    Execution.objects.bulk_create([Execution(task=each) for each in made])


@pytest.mark.django_db
def test_an_empty_filter_is_refused(template, alice):
    submitted(template, alice)
    with pytest.raises(InvalidInput) as refused:
        bulk.start(Filter(), "cancel", {}, alice)
    assert refused.value.code == "empty_filter"
    assert not BulkAction.objects.exists()


@pytest.mark.django_db
def test_a_set_that_has_grown_since_it_was_seen_is_refused(template, alice):
    copies(submitted(template, alice), 29)
    with pytest.raises(Conflict, match="12 tasks matched when you looked, 30 do now"):
        bulk.start(PENDING, "cancel", {}, alice, expected=12)
    assert bulk.start(PENDING, "cancel", {}, alice, expected=25).done == 30, "a few more are what was meant"


@pytest.mark.django_db
def test_a_few_are_done_at_once_with_an_event_that_names_the_action_and_an_audit(template, alice):
    task = submitted(template, alice)
    done = lifecycle.cancel(submitted(template, alice), alice)
    action = bulk.start(Filter(ids=(task.pk, done.pk)), "pause", {"reason": "lunch"}, alice)
    assert (action.status, action.done, action.skipped, action.skips) == ("done", 1, 1, {"it is cancelled": 1})
    entry = feed.newest(task.pk, 1)[0]
    assert (entry.kind, entry.actor, entry.data["bulk"], entry.data["reason"]) == (
        "task.paused", "alice", action.pk, "lunch",
    )  # fmt: skip
    audit = AuditEntry.objects.filter(subject=f"bulk:{action.pk}").order_by("pk")
    assert list(audit.values_list("verb", "actor_name")) == [("bulk.started", "alice"), ("bulk.finished", "")]
    assert audit[0].data["filters"] == {"ids": [task.pk, done.pk]}
    assert (audit[0].reason, audit[1].data["done"], audit[1].data["skips"]) == ("lunch", 1, {"it is cancelled": 1})


@pytest.mark.django_db
def test_dead_letters_are_redriven_one_or_all(template, alice):
    ids = [standing("failed", template, alice).task_id for _ in range(3)]
    Task.objects.filter(pk__in=ids).update(is_dead_letter=True)
    assert bulk.start(Filter(ids=(ids[0],)), "retry", {}, alice).done == 1
    assert bulk.start(Filter(dead_letter=True), "retry", {}, alice).done == 2
    assert set(Task.objects.values_list("status", "is_dead_letter")) == {(Status.PENDING, False)}


@pytest.mark.django_db
def test_everybody_acts_on_what_they_may_see_and_control_only(template, alice, bob, charlie):
    mine, foreign = submitted(template, alice), submitted(template, alice)
    Task.objects.filter(pk=mine.pk).update(requester=charlie)
    seen = bulk.start(PENDING, "cancel", {}, bob)
    assert (seen.matched, seen.done, seen.refused, seen.skips) == (2, 0, 2, {bulk.NOT_YOURS: 2})
    own = bulk.start(PENDING, "cancel", {}, charlie)
    assert (own.matched, own.done, own.refused) == (1, 1, 0)
    assert Task.objects.get(pk=foreign.pk).status == Status.PENDING


@pytest.mark.django_db
def test_many_are_left_to_the_sweep_and_newer_tasks_are_left_alone(template, alice):
    copies(submitted(template, alice), 250)
    action = bulk.start(PENDING, "cancel", {"reason": "wrong month"}, alice, expected=251)
    assert (action.status, action.done, action.matched) == ("running", 0, 251)
    newer = submitted(template, alice)
    assert bulk.work_on(100) == 100
    while sweep.sweep().bulk:
        pass
    action.refresh_from_db()
    assert (action.status, action.done, action.skipped) == ("done", 251, 0)
    assert list(Task.objects.filter(status=Status.PENDING)) == [newer]
    assert set(Task.objects.exclude(pk=newer.pk).values_list("status_reason", flat=True)) == {"wrong month"}


def told(kind: str) -> list[int]:
    return list(Event.objects.filter(kind=kind).order_by("at").values_list("task_id", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("number", [20, 250])
def test_a_line_that_is_let_go_again_is_not_turned_round(template, alice, number):
    copies(submitted(template, alice), number - 1)
    Task.objects.update(status=Status.PAUSED, paused_from=Status.PENDING)
    bulk.start(Filter(status=(Status.PAUSED,)), "resume", {}, alice)
    while bulk.work_on(100):
        pass
    assert told("task.resumed") == list(Task.objects.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def hand(template: str, alice: User) -> Iterator[Hand]:
    """Of a worker; 250 tasks wait."""
    copies(submitted(template, alice), 249)
    with Hand(roster.register(["default"])) as hand:
        yield hand


def worked_off(action: BulkAction) -> BulkAction:
    while bulk.work_on(100):
        pass
    action.refresh_from_db()
    return action


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("chosen", [PENDING, Filter(template="sample")], ids=["by status", "by template"])
@pytest.mark.parametrize(
    ("verb", "given", "kind"),
    [("cancel", {}, "task.cancelled"), ("pause", {}, "task.paused"), ("queue", {"queue": "gis"}, "task.queue_moved")],
)
def test_workers_begin_nothing_that_an_action_has_not_reached_yet(template, alice, hand, verb, given, kind, chosen):
    action = bulk.start(chosen, verb, given, alice, served={"gis"})
    newer = submitted(template, alice)
    bulk.work_on(100)
    claim = hand.next(["default"])
    assert claim is not None and claim.lease.task_id == newer.pk, "it was made after the question"
    action = worked_off(action)
    assert (action.status, action.done, action.skips) == ("done", 250, {})
    assert sorted(told(kind)) == sorted(Task.objects.exclude(pk=newer.pk).values_list("pk", flat=True)), "each once"


@pytest.mark.django_db(transaction=True)
def test_what_a_worker_claims_has_its_new_priority_before_it_begins(template, alice, hand):
    bulk.start(PENDING, "priority", {"priority": 20}, alice)
    claim = hand.next(["default"])
    assert claim is not None
    assert Task.objects.get(pk=claim.lease.task_id).priority == 20


@pytest.mark.django_db(transaction=True)
def test_what_an_action_does_not_mean_begins_meanwhile(template, alice, bob, hand):
    first = Task.objects.order_by("pk")[0]
    Task.objects.filter(pk=first.pk).update(rank=1e9, title="Another one")
    bulk.start(Filter(search="Copy"), "pause", {}, alice)
    claim = hand.next(["default"])
    assert claim is not None and claim.lease.task_id == first.pk
    assert list(first.events.order_by("seq").values_list("kind", flat=True)) == ["task.submitted", "task.claimed"]


@pytest.mark.django_db(transaction=True)
def test_what_had_begun_before_is_not_given_back_but_met_as_a_running_one(template, alice, hand):
    begun = Task.objects.order_by("pk")[0]
    Task.objects.filter(pk=begun.pk).update(rank=1e9)
    Execution.objects.filter(pk=begun.pk).update(steps=3)
    action = bulk.start(Filter(template=template), "pause", {}, alice)
    claim = hand.next(["default"])
    assert claim is not None and claim.lease.task_id == begun.pk
    action = worked_off(action)
    assert (action.done, action.skipped, Execution.objects.get(pk=begun.pk).control) == (250, 0, "pause")


@pytest.mark.django_db(transaction=True)
def test_what_a_person_lets_go_after_a_worker_reached_it_stays_so(template, alice, hand):
    action = bulk.start(Filter(template=template), "pause", {}, alice)
    assert hand.next(["default"]) is None
    resumed = Task.objects.order_by("pk")[0]
    assert Task.objects.get(pk=resumed.pk).status == Status.PAUSED
    lifecycle.resume(resumed, alice)
    action = worked_off(action)
    assert (action.status, action.done, Task.objects.get(pk=resumed.pk).status) == ("done", 250, Status.PENDING)


@pytest.mark.django_db
def test_an_action_that_is_stopped_leaves_the_rest_alone(template, alice, bob):
    copies(submitted(template, alice), 250)
    action = bulk.start(PENDING, "cancel", {}, alice)
    bulk.work_on(10)
    with pytest.raises(NotPermitted):
        bulk.stop(action, bob)
    stopped = bulk.stop(action, alice, "wrong ones")
    assert (stopped.status, stopped.done) == ("stopped", 10)
    assert bulk.work_on(100) == 0
    with pytest.raises(Conflict):
        bulk.stop(action, alice)
    assert AuditEntry.objects.filter(verb="bulk.stopped", reason="wrong ones", actor=alice).exists()


@pytest.mark.django_db
def test_permissions_that_are_taken_away_count_from_the_next_batch_on(template, alice):
    dora = User.objects.create_user("dora", is_staff=True)
    permissions = Permission.objects.filter(codename__in=["view_task", "control_task"])
    dora.user_permissions.set(permissions)
    copies(submitted(template, alice), 250)
    action = bulk.start(PENDING, "cancel", {}, dora)
    bulk.work_on(100)
    dora.user_permissions.set(permissions.filter(codename="view_task"))
    bulk.work_on(100)
    action.refresh_from_db()
    assert (action.done, action.refused) == (100, 100)
    User.objects.filter(pk=dora.pk).update(is_active=False)
    bulk.work_on(100)
    action.refresh_from_db()
    assert (action.status, action.done + action.refused) == ("stopped", 200)
    assert "account of dora is disabled" in AuditEntry.objects.get(verb="bulk.stopped").reason


@pytest.mark.django_db
def test_one_bad_task_does_not_strand_the_rest(template, alice, monkeypatch):
    copies(submitted(template, alice), 4)
    bad = Task.objects.order_by("pk")[2].pk
    cancel = lifecycle.cancel

    def broken(task, by, reason, *, bulk):
        cancelled = cancel(task, by, reason, bulk=bulk)
        if task.pk == bad:
            raise RuntimeError("a row that nobody expected")
        return cancelled

    monkeypatch.setattr(lifecycle, "cancel", broken)
    action = bulk.start(PENDING, "cancel", {}, alice)
    assert (action.status, action.done, action.skipped) == ("done", 4, 1)
    assert Task.objects.get(pk=bad).status == Status.PENDING, "nothing of a verb that failed stays"


@pytest.mark.django_db
def test_a_process_that_dies_in_the_middle_leaves_nothing_half_done(template, alice, monkeypatch):
    """Whatever ends it, the task's change and the cursor are one transaction: the next one goes on at the same task."""
    copies(submitted(template, alice), 250)
    action = bulk.start(PENDING, "pause", {}, alice)
    pause, calls = lifecycle.pause, []

    def dies_at_the_seventh(task, by, reason, *, bulk):
        paused = pause(task, by, reason, bulk=bulk)
        calls.append(task.pk)
        if len(calls) == 7:
            raise SystemExit
        return paused

    monkeypatch.setattr(lifecycle, "pause", dies_at_the_seventh)
    with pytest.raises(SystemExit):
        bulk.work_on(100)
    action.refresh_from_db()
    assert (action.done, Task.objects.filter(status=Status.PAUSED).count()) == (6, 6)
    while bulk.work_on(100):
        pass
    action.refresh_from_db()
    assert (action.status, action.done, action.skipped) == ("done", 251, 0)
    assert calls.count(calls[6]) == 2, "the task at which it died, again"


@pytest.mark.django_db
def test_a_task_that_matches_no_longer_when_its_turn_comes_is_left_alone(template, alice, monkeypatch):
    """Who cancels what waits does not want to cancel what a worker has begun meanwhile."""
    copies(submitted(template, alice), 2)
    taken = Task.objects.order_by("pk")[1]
    act = verbs.VERBS["cancel"].act

    def claims_another(task, by, given, bulk):
        Task.objects.filter(pk=taken.pk).update(status=Status.RUNNING)
        return act(task, by, given, bulk)

    monkeypatch.setitem(vars(verbs.VERBS["cancel"]), "act", claims_another)
    action = bulk.start(PENDING, "cancel", {}, alice)
    assert (action.done, action.skips) == (2, {bulk.LEFT: 1})
    assert Execution.objects.get(pk=taken.pk).control == ""


@pytest.mark.django_db
def test_a_preview_costs_three_queries_and_changes_nothing(template, alice, django_assert_max_num_queries):
    standing("failed", template, alice)
    copies(submitted(template, alice), 50)
    alice.has_perm("tasks.view_task")
    with django_assert_max_num_queries(3):
        seen = bulk.preview(Filter(template=template), "cancel", alice)
    assert (seen.count, seen.legal, seen.skips) == (52, 51, {"it is failed": 1})
    assert not BulkAction.objects.exists()


@pytest.mark.django_db
def test_people_see_their_own_actions_and_viewers_all(template, alice, bob, charlie):
    action = bulk.start(PENDING, "cancel", {}, alice)
    assert list(bulk.visible_to(alice)) == list(bulk.visible_to(bob)) == [action]
    assert list(bulk.visible_to(charlie)) == []


@pytest.mark.django_db
def test_one_process_at_a_time_works_at_an_action_and_another_after_it_was_silent(template, alice, monkeypatch):
    copies(submitted(template, alice), 250)
    action = bulk.start(PENDING, "pause", {}, alice)
    turn = chores.take(f"bulk:{action.pk}", 10)
    assert turn is not None
    assert bulk.work_on(10) == 0
    assert chores.keep(f"bulk:{action.pk}", turn, -1), "it is not heard of any more"
    assert bulk.work_on(10) == 10
    assert not chores.keep(f"bulk:{action.pk}", turn, 10), "it comes back, and finds another in its place"


@pytest.mark.django_db
@pytest.mark.parametrize(("verb", "status"), [("pause", "pending"), ("resume", "paused")])
def test_what_matches_is_looked_for_in_a_bounded_number_of_rows_at_a_time(template, alice, monkeypatch, verb, status):
    monkeypatch.setattr(bulk, "WINDOW", 7)
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    copies(submitted(template, alice), 60)
    meant = list(Task.objects.order_by("pk").values_list("pk", flat=True))[1::20]
    Task.objects.filter(pk__in=meant).update(queue="elsewhere", status=status)
    action = bulk.start(Filter(queue="elsewhere"), verb, {}, alice)
    spans, tasks = [], walks.tasks
    monkeypatch.setattr(walks, "tasks", lambda at, *given: spans.append((at.cursor, given[1])) or tasks(at, *given))
    assert bulk.work_on(100) == 3
    action.refresh_from_db()
    assert (action.status, action.done) == ("done", 3)
    looks = [sorted((at, last)) for at, last in spans if last is not None]
    assert max(Task.objects.filter(pk__gt=low, pk__lt=high).count() for low, high in looks) == 6
    assert not Chore.objects.filter(name__startswith="bulk:").exists()


@pytest.mark.django_db(transaction=True)
def test_another_process_goes_on_where_one_was_killed(template, alice, monkeypatch):
    monkeypatch.setattr(bulk, "HELD_SECONDS", 600.0)
    copies(submitted(template, alice), 230)
    action = bulk.start(PENDING, "pause", {}, alice)
    connections.close_all()
    if not (pid := os.fork()):
        _work_until_killed(lifecycle.pause)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL

    action.refresh_from_db()
    assert (action.status, action.done) == ("running", 6), "the seventh was rolled back"
    assert Task.objects.filter(status=Status.PAUSED).count() == 6
    assert bulk.work_on(100) == 0, "the dead one still has its turn"
    Chore.objects.filter(name=f"bulk:{action.pk}").update(due_at=0)  # as when that time is over
    assert bulk.work_on(1000) == 225
    action.refresh_from_db()
    assert (action.status, action.done, action.skipped) == ("done", 231, 0)
    kinds = Event.objects.filter(kind="task.paused").values_list("task_id", flat=True)
    assert sorted(kinds) == sorted(Task.objects.values_list("pk", flat=True)), "each once"


def _work_until_killed(pause: Callable[..., Any]) -> None:
    """In a forked process: it does not return."""
    calls: list[int] = []

    def dies_at_the_seventh(task: Task, *given: Any, **named: Any) -> Task:
        paused: Task = pause(task, *given, **named)
        calls.append(task.pk)
        if len(calls) == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return paused

    try:
        lifecycle.pause = dies_at_the_seventh
        bulk.work_on(100)
    finally:
        os._exit(1)


@pytest.mark.django_db(transaction=True)
def test_four_processes_at_once_do_each_task_once(template, alice):
    copies(submitted(template, alice), 250)
    action = bulk.start(PENDING, "pause", {}, alice)
    errors: list[Exception] = []

    def work() -> None:
        try:
            while BulkAction.objects.filter(pk=action.pk, status="running").exists():
                if not bulk.work_off(action.pk, 30):
                    time.sleep(0.05)  # another has its turn
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not errors
    action.refresh_from_db()
    assert (action.status, action.done, action.skipped) == ("done", 251, 0)
    paused = [feed.newest(task_id, 1)[0].kind for task_id in Task.objects.values_list("pk", flat=True)]
    assert paused == ["task.paused"] * 251
    assert AuditEntry.objects.filter(verb="bulk.finished").count() == 1
