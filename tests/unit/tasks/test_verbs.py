"""Every verb of a person × every state × everybody (C8): a legal move with one event, or a clear refusal and no change."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction

from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.tasks import lifecycle
from apps.tasks.models import Task
from apps.tasks.operators import bulk, queues, verbs
from apps.tasks.operators.filters import Filter
from apps.tasks.ranking import rank
from apps.tasks.record import feed
from apps.tasks.states import FINAL, TRANSITIONS, Status
from tests import making
from tests.unit.tasks.standing_at import Standing, standing, submitted
from tests.unit.tasks.test_lifecycle import everything, lifecycle_end

pytestmark = pytest.mark.django_db

PLACES = [
    *Status.values, "pending, later", "paused from waiting", "paused from blocked", "running, pause asked",
    "running, cancel asked",
]  # fmt: skip
GIVEN: dict[str, dict[str, Any]] = {"priority": {"priority": 20}, "queue": {"queue": "gis"}}


@pytest.fixture(autouse=True)
def maps(alice: User) -> None:
    """Everybody may ask for work in queue gis too."""
    making.template("def run(params):\n    return 1\n", alice, key="maps", queue="gis")


@pytest.fixture
def olga(db: None) -> User:
    """Asks for work and owns it, controls nobody else's."""
    user = User.objects.create_user("olga")
    user.user_permissions.set(Permission.objects.filter(codename="run_tasktemplate"))
    return user


@pytest.fixture
def may_run(charlie: User) -> None:
    """Charlie may ask for work, and nothing else."""
    charlie.user_permissions.set(Permission.objects.filter(codename="run_tasktemplate"))


@pytest.fixture
def karl(db: None) -> User:
    """Controls queues, and no tasks."""
    user = User.objects.create_user("karl", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="control_queue"))
    return user


def standing_at(place: str, template: str, alice: User, owner: User) -> Standing:
    status, _, asked = place.partition(", ")
    at = standing(status, template, alice)
    if asked == "pause asked":
        lifecycle.pause(at.task, alice)
    if asked == "cancel asked":
        lifecycle.cancel(at.task, alice)
    if asked == "later":
        Task.objects.filter(pk=at.task_id).update(available_at=clock.now() + timedelta(hours=1))
    Task.objects.filter(pk=at.task_id).update(requester=owner)
    return at


def arguments(name: str) -> dict[str, Any]:
    return verbs.arguments(name, GIVEN.get(name, {}), {"gis"})


def may(name: str, who: User, task: Task) -> bool:
    if name == "clean":
        return who.has_perm("tasks.control_queue")
    return who.pk == task.requester_id or who.has_perm("tasks.control_task")


@pytest.mark.parametrize("name", verbs.VERBS)
def test_a_verb_makes_a_legal_move_or_refuses_and_changes_nothing(name, template, alice, bob, olga, karl):
    for place in PLACES:
        for who in (alice, olga, bob, karl):
            _a_verb_at(name, place, who, template, alice, olga)
            lifecycle_end(alice)


def _a_verb_at(name: str, place: str, who: User, template: str, alice: User, olga: User) -> None:
    at = standing_at(place, template, alice, olga)
    task, before, events = at.task, everything(at.task_id), len(feed.read(at.task_id))
    said = f"{name} at {place} by {who}"
    is_so = name == "start" and task.available_at <= clock.now()
    objection = verbs.objection(name, task.status, task.execution.control, is_so=is_so)
    try:
        with transaction.atomic():
            verbs.VERBS[name].act(task, who, arguments(name), None)
    except NotPermitted:
        assert not may(name, who, task), said
        assert everything(at.task_id) == before, said
    except Conflict as error:
        assert may(name, who, task) and objection, f"{said}: {error.message}"
        assert str(task.pk) in error.message and error.why
        assert everything(at.task_id) == before, said
    else:
        assert may(name, who, task) and not objection, said
        after = at.task
        assert after.status == task.status or after.status in TRANSITIONS[Status(task.status)], said
        assert len(feed.read(at.task_id)) == events + 1, said


@pytest.mark.parametrize("name", verbs.VERBS)
def test_what_a_preview_says_is_what_an_action_does(name, template, alice, bob, olga, karl):
    """A task in every state, of Olga's and of Alice's, acted upon by everybody at once."""
    for who in (alice, olga, bob, karl):
        ids = []
        for owner in (olga, alice):
            for place in PLACES:
                ids.append(standing_at(place, template, alice, owner).task_id)
                _hide(ids[-1])
        chosen = Filter(ids=tuple(ids))
        seen = bulk.preview(chosen, name, who, GIVEN.get(name), served={"gis"})
        action = bulk.start(chosen, name, GIVEN.get(name, {}), who, expected=seen.count, served={"gis"})
        assert (action.status, action.matched) == ("done", seen.count)
        assert (action.done, action.refused, action.skips) == (seen.legal, seen.refused, dict(seen.skips)), who
        lifecycle_end(alice)


def _hide(task_id: int) -> None:
    """Out of the way of the next claim, which must find its own task."""
    Task.objects.filter(pk=task_id, queue="default").update(queue="elsewhere")


def test_cleaning_needs_the_permission_to_control_queues_only(template, karl, alice):
    task = submitted(template, alice)
    with pytest.raises(NotPermitted):
        lifecycle.cancel(task, karl)
    assert lifecycle.clean(task, karl, "stale").status == Status.CANCELLED


def test_a_priority_changes_the_place_and_keeps_the_age(template, alice):
    old, new = submitted(template, alice), submitted(template, alice)
    lifecycle.change_priority(new, alice, "high")
    new.refresh_from_db()
    assert new.priority == 70 and new.rank == pytest.approx(rank(70, new.available_at))
    assert list(Task.objects.claimable(["default"], clock.now())) == [new, old]
    entry = feed.newest(new.pk, 1)[0]
    assert (entry.kind, entry.actor, entry.data) == ("task.priority_changed", "alice", {"before": 50, "after": 70})


def test_a_task_keeps_its_turn_when_its_priority_changes(template, alice):
    task = submitted(template, alice)
    turn = clock.now() + (clock.now() - task.created_at) + (task.created_at - task.available_at)
    Task.objects.filter(pk=task.pk).update(turn_at=turn)
    lifecycle.change_priority(task, alice, 60)
    task.refresh_from_db()
    assert (task.turn_at, task.rank) == (turn, pytest.approx(rank(60, turn)))


def test_a_requester_lowers_a_priority_and_raises_it_up_to_the_templates(template, alice, olga):
    task = submitted(template, alice)
    Task.objects.filter(pk=task.pk).update(requester=olga)
    task.refresh_from_db()
    assert lifecycle.change_priority(task, olga, "low").priority == 30
    assert lifecycle.change_priority(task, olga, 50).priority == 50
    with pytest.raises(NotPermitted, match="up to 50"):
        lifecycle.change_priority(task, olga, 51)


def test_who_may_ask_for_which_priority_is_the_same_for_a_new_task(template, alice, charlie, may_run):
    assert submitted(template, charlie, priority=50).priority == 50
    assert submitted(template, charlie, priority="low").priority == 30
    with pytest.raises(NotPermitted, match="up to 50"):
        submitted(template, charlie, priority="high")
    assert submitted(template, alice, priority="critical").priority == 90


def test_a_requester_moves_a_task_where_they_can_ask_for_work(template, alice, charlie, may_run):
    task = submitted(template, charlie)
    with pytest.raises(NotPermitted, match="runs in queue heavy"):
        lifecycle.move_queue(task, charlie, "heavy")
    assert lifecycle.move_queue(task, charlie, "gis").queue == "gis"
    assert lifecycle.move_queue(task, alice, "heavy").queue == "heavy"


def test_a_requester_does_not_get_round_a_pause_of_the_queue(template, alice, charlie, may_run):
    task = submitted(template, charlie)
    queues.pause("default", alice, "the printer burns")
    with pytest.raises(NotPermitted, match="Queue default is paused"):
        lifecycle.move_queue(task, charlie, "gis")
    action = bulk.start(Filter(ids=(task.pk,)), "queue", {"queue": "gis"}, charlie)
    seen = bulk.preview(Filter(ids=(task.pk,)), "queue", charlie, {"queue": "gis"})
    assert (action.done, action.refused, seen.legal, seen.refused) == (0, 1, 0, 1)
    assert lifecycle.move_queue(task, alice, "gis").queue == "gis"


@pytest.mark.parametrize("wrong", [101, -1, "urgent", True, None, 50.5, ""])
def test_a_priority_that_is_none_is_refused(wrong, template, alice):
    with pytest.raises(InvalidInput) as refused:
        lifecycle.change_priority(submitted(template, alice), alice, wrong)
    assert list(refused.value.fields) == ["priority"]


def test_a_moved_task_is_claimed_in_its_new_queue_only(template, alice):
    task = submitted(template, alice)
    lifecycle.move_queue(task, alice, "gis")
    assert not Task.objects.claimable(["default"], clock.now()).exists()
    assert list(Task.objects.claimable(["gis"], clock.now())) == [task]
    entry = feed.newest(task.pk, 1)[0]
    assert (entry.kind, entry.data) == ("task.queue_moved", {"before": "default", "after": "gis"})


def test_a_running_task_moves_at_its_next_claim(template, alice):
    at = standing("running", template, alice)
    lifecycle.move_queue(at.task, alice, "gis")
    assert (at.task.status, at.task.execution.control) == (Status.RUNNING, "")
    lifecycle.rescue(at.task_id, at.lease.token, "died", is_proved=True)
    assert (at.task.status, at.task.queue) == (Status.PENDING, "gis")


@pytest.mark.parametrize("wrong", ["", "a/b", "x" * 51, "a\nb", 5, None])
def test_a_name_that_no_queue_can_have_is_refused(wrong, template, alice):
    with pytest.raises(InvalidInput):
        lifecycle.move_queue(submitted(template, alice), alice, wrong)


def test_a_misspelt_queue_is_refused_with_those_that_there_are(template):
    with pytest.raises(NotFound, match="There are: default, gis"):
        verbs.arguments("queue", {"queue": "gsi"}, {"gis"})


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("priority", {}),
        ("priority", {"priority": "urgent"}),
        ("queue", {}),
        ("resume", {"reason": "x"}),
        ("pause", {"reason": "x" * 301}),
        ("pause", {"reason": 5}),
        ("explode", {}),
    ],
)
def test_wrong_arguments_are_refused(name, given):
    with pytest.raises(InvalidInput):
        verbs.arguments(name, given)


def test_every_final_state_but_a_failure_is_left_alone_by_every_verb():
    for status in FINAL:
        allowed = [name for name in verbs.VERBS if not verbs.objection(name, status)]
        assert allowed == (["retry"] if status == Status.FAILED else [])
