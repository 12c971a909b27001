"""What moves on a task's page: the legal verbs, stages, and the difference between two moments."""

import pytest

from apps.console import holds, state, views
from apps.core import clock
from apps.core.errors import Conflict
from apps.tasks import lifecycle, sight, standing
from apps.tasks.limits import gates
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Limit, Task
from apps.tasks.record.journal import Batch, NewEvent, Progress
from apps.tasks.record.store import DatabaseStore
from apps.workers.answers import reasons
from apps.workers.registry import roster
from apps.workers.running import slice as slices
from tests import making
from tests.unit.console.conftest import claim_for_a_test

pytestmark = pytest.mark.django_db(transaction=True)


def brought_to(status: str, walk: Task, alice) -> Task:
    if status == "paused":
        lifecycle.pause(walk, alice)
    if status == "cancelled":
        lifecycle.cancel(walk, alice)
    if status in ("running", "pausing", "stopping", "failed", "waiting", "completed"):
        claim = claim_for_a_test(walk)
        if status == "pausing":
            lifecycle.pause(walk, alice)
        if status == "stopping":
            lifecycle.cancel(walk, alice)
        if status == "failed":
            lifecycle.fail(claim.lease, {"type": "X", "message": "no", "code": "script_error"}, Batch())
        if status == "waiting":
            lifecycle.suspend(claim.lease, clock.now().replace(year=2999), "sleeps", Batch())
        if status == "completed":
            lifecycle.complete(claim.lease, "null", Batch())
    return Task.objects.select_related(*state.RELATED).get(pk=walk.pk)


@pytest.mark.parametrize("status", ["pending", "running", "paused", "waiting", "failed", "cancelled", "completed"])
@pytest.mark.parametrize("verb", list(views.VERBS))
def test_a_verb_is_offered_exactly_when_the_lifecycle_would_take_it(status, verb, walk, alice):
    task = brought_to(status, walk, alice)

    is_offered = verb in standing.legal(task)

    if is_offered:
        views.VERBS[verb](task, alice, "")
    else:
        with pytest.raises(Conflict):
            views.VERBS[verb](task, alice, "")


def test_a_pause_that_was_asked_can_be_taken_back_and_a_cancel_cannot(walk, alice):
    assert standing.legal(brought_to("pausing", walk, alice)) == ["resume", "cancel"]


def test_a_task_that_is_stopping_offers_nothing(walk, alice):
    assert standing.legal(brought_to("stopping", walk, alice)) == []


def test_stages_are_done_now_or_to_come_with_their_share(walk, alice):
    claim = claim_for_a_test(walk)
    now = clock.now()
    batch = Batch(progress=Progress(percent=35, stage="look", message="Looking"), line=4)
    batch.events.append(NewEvent(kind="task.stage_started", at=now, data={"stage": "look", "percent": 10}))
    DatabaseStore().write(claim.lease, batch)

    shown = state.load(walk.pk, now, alice)

    assert [(stage["name"], stage["look"], stage["percent"]) for stage in shown["stages"]] == [
        ("look", "now", 50.0),
        ("write", "todo", 0),
    ]
    assert shown["fields"]["stage"] == "1 of 2"
    assert shown["now"] == {"line": 4, "call": "", "seconds": None}
    assert shown["lines"]["4"]["look"] == "now"


def test_the_changes_of_a_state_lead_from_one_to_the_other(walk, alice):
    before = state.load(walk.pk, clock.now(), alice)
    slices.drain()
    after = state.load(walk.pk, clock.now(), alice)

    changed = state.changes(before, after)

    assert {**before["fields"], **changed["fields"]} == after["fields"]
    assert changed["status"] == after["status"] == "completed"
    assert changed["version"] != before["version"]
    assert set(state.changes(after, after)) == {"seq", "elapsed"}


def test_a_mark_that_went_away_is_null_in_the_changes(walk, alice):
    shown = state.load(walk.pk, clock.now(), alice)
    marked = {**shown, "lines": {"4": {"look": "now", "icon": "running", "note": ""}}}

    assert state.changes(marked, shown)["lines"] == {"4": None}


def test_a_template_without_stages_has_no_stages(alice):
    task = making.task("def run(params):\n    return 1\n", alice)

    assert state.load(task.pk, clock.now(), alice)["stages"] == []


def test_the_version_that_pages_get_names_no_task_that_the_reader_may_not_see(walk, alice):
    roster.register(["default"])
    claim_for_a_test(walk)
    Limit.objects.create(scope="template", template=walk.template, most=1)
    gates.forget()
    waiting = submit(Request(template=walk.template.key, parameters=walk.parameters, origin="test"), alice).task
    now = clock.now()

    seen = holds.mark(waiting, reasons.around([waiting], now, alice))
    hidden = holds.mark(waiting, reasons.around([waiting], now, sight.NOBODY))

    assert str(walk.pk) in seen.split(".")
    assert str(walk.pk) not in hidden.split(".")
