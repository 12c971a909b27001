"""A task made from another: run again with other parameters, forked at any step, on the same or another revision."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted, ToolError
from apps.tasks import lifecycle, standing
from apps.tasks.making import again, lineage
from apps.tasks.models import Checkpoint, Execution, Step, Task
from apps.tasks.record import feed
from apps.tasks.states import Status
from apps.workers import sweep
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors import sink

pytestmark = pytest.mark.django_db(transaction=True)

WORK = """\
import random, sink, task, report
from datetime import datetime, timezone

def run(params):
    seen = [task.new_id(), task.random(), random.random()]
    task.progress(10, "fetch")
    print("fetching")
    big = sink.large()
    report.json(name="data.json", data={"n": params.get("n", 0)})
    task.progress(60, "send")
    task.warn("almost there")
    sent = sink.put(1)
    late = [task.new_id(), random.random(), datetime.now(timezone.utc)]
    last = sink.put(params.get("n", 0) + 100)
    return {"seen": seen, "size": len(big), "sent": sent, "last": last, "late": late}
"""
SENT = 4
"""The call that sends; before it: id, chance, the large result, the file."""


def done(alice: Any, n: int = 1) -> Task:
    task = making.task(WORK, alice, {"n": n})
    return drained(task)


def drained(task: Task) -> Task:
    slices.drain()
    task = Task.objects.select_related("execution", "revision", "template").get(pk=task.pk)
    assert task.status == Status.COMPLETED, task.error
    return task


def kinds(task: Task) -> list[str]:
    return [entry.kind for entry in feed.read(task.pk)]


def numbers(task: Task) -> list[int]:
    return [entry.seq for entry in feed.read(task.pk)]


def test_a_fork_takes_over_the_calls_before_its_step_and_makes_the_others(alice):
    old = done(alice)
    assert sink.effects == [(f"{old.pk}:4", 1), (f"{old.pk}:6", 101)]

    made = again.fork(old, alice, step=SENT).task

    assert (made.ancestor_id, made.ancestry, made.ancestor_step) == (old.pk, "fork", SENT)
    standing_now = Execution.objects.get(pk=made.pk)
    assert (standing_now.steps, standing_now.stage, standing_now.percent) == (SENT, "fetch", 10)
    new = drained(made)
    assert sink.effects[2:] == [(f"{new.pk}:4", 1), (f"{new.pk}:6", 101)], "with keys of its own"
    assert new.returned["seen"] == old.returned["seen"]
    assert new.returned["size"] == 1_500_000
    assert new.returned["late"][1:] == old.returned["late"][1:], (
        "chance and clock of the script go on as in the old one"
    )
    assert new.returned["late"][0] != old.returned["late"][0], "an id that both make anew is not the same"


def test_a_fork_has_files_results_output_and_stages_of_its_own(alice):
    old = done(alice)
    new = drained(again.fork(old, alice, step=SENT).task)
    (file,), (old_file,) = new.artifacts.all(), old.artifacts.all()
    assert (file.name, file.sha256, file.index) == (old_file.name, old_file.sha256, old_file.index)
    assert file.path.startswith(f"{new.pk}/") and old_file.path.startswith(f"{old.pk}/")
    assert Step.objects.get(task_id=new.pk, index=2).result.partition(":")[2].partition(":")[2].startswith(f"{new.pk}/")
    assert [line.text for line in standing.log(new.pk)] == ["fetching", "almost there"]
    assert new.execution.warnings == 1
    assert [entry.data["stage"] for entry in feed.read(new.pk) if entry.kind == "task.stage_started"] == [
        "fetch",
        "send",
    ]


def test_both_feeds_tell_of_the_fork(alice):
    old = done(alice)
    before = kinds(old)
    made = again.fork(old, alice, step=SENT).task
    assert kinds(old) == [*before, "task.was_forked"]
    assert feed.read(old.pk)[-1].data == {"task": made.pk, "step": SENT}
    assert kinds(made)[0] == "task.submitted" and kinds(made)[-1] == "task.forked"
    assert numbers(made) == list(range(1, len(numbers(made)) + 1)), "what was taken over has no gap"
    drained(made)
    assert numbers(made) == sorted(set(numbers(made)))
    taken = [entry.data["attempt"] for entry in feed.read(made.pk) if entry.kind == "step"]
    assert taken == [0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("step", range(8))
def test_a_fork_at_any_step_comes_to_the_same_result(step, alice):
    old = done(alice)
    new = drained(again.fork(old, alice, step=step).task)
    same = {name: value for name, value in old.returned.items() if name not in ("late", "seen")}
    assert {name: new.returned[name] for name in same} == same
    made = [value for _, value in sink.effects[2:]]
    assert made == [1, 101][sum(step > at for at in (4, 6)) :]


def test_a_fork_of_a_fork_keeps_the_first_ones_chance(alice):
    old = done(alice)
    young = drained(again.fork(drained(again.fork(old, alice, step=2).task), alice, step=5).task)
    assert young.returned["seen"] == old.returned["seen"]
    assert young.returned["late"][1:] == old.returned["late"][1:]
    chain = lineage.ancestors(young, alice)
    assert [(each.ancestry, each.step) for each in chain] == [("fork", 5), ("fork", 2)]
    assert chain[-1].id == old.pk
    assert [each.id for each in lineage.descendants(old, alice)] == [chain[0].id]


def test_a_fork_beyond_the_record_is_refused_and_makes_nothing(alice):
    old = done(alice)
    with pytest.raises(Conflict, match="has 7 calls on record; fork it at step 7 or before"):
        again.fork(old, alice, step=8)
    with pytest.raises(InvalidInput):
        again.fork(old, alice, step=-1)
    assert Task.objects.count() == 1
    assert "task.was_forked" not in kinds(old)


def test_a_fork_with_other_parameters_goes_on_until_they_matter(alice):
    old = done(alice)
    new = drained(again.fork(old, alice, step=SENT + 1, parameters={"n": 1}).task)
    assert new.returned["last"] == old.returned["last"]
    other = again.fork(old, alice, step=SENT, parameters={"n": 2}).task
    slices.drain()
    other.refresh_from_db()
    assert (other.status, other.error["code"], other.error["line"]) == (Status.FAILED, "diverged", 9)
    assert '{"n":2}' in other.error["message"] and '{"n":1}' in other.error["message"], "both calls are shown"
    assert "call 3" in other.error["message"] and "Fork it at step 3 or before" in other.error["message"]
    assert other.error["will_retry"] is False
    assert other.attempts.count() == 1


def published(old: Task, by: Any, script: str) -> int:
    revision = publishing.save_draft(old.template, by, Definition.with_fields({"script": script}, Definition.of(old.revision)),
                                     version="2.0.0", note="corrected")  # fmt: skip
    publishing.publish(revision, by)
    return int(revision.number)


def test_a_failed_task_is_forked_at_the_mistake_on_a_corrected_revision(alice):
    broken = making.task(WORK.replace('params.get("n", 0) + 100', 'params["nothing"]'), alice, {"n": 1})
    slices.drain()
    broken.refresh_from_db()
    assert broken.status == Status.FAILED
    broken = Task.objects.select_related("template", "revision").get(pk=broken.pk)
    number = published(broken, alice, WORK)

    new = drained(again.fork(broken, alice, step=6, revision=number).task)

    assert new.revision.number == number
    assert new.returned["last"] == 202
    assert [key for key, _ in sink.effects] == [f"{broken.pk}:4", f"{new.pk}:6"], "nothing was sent twice"
    with pytest.raises(NotFound, match="no published revision 9"):
        again.fork(broken, alice, step=6, revision=9)


def test_a_draft_is_nobodys_to_run(alice):
    old = done(alice)
    publishing.save_draft(old.template, alice, Definition.with_fields({"script": WORK + "\n"}, Definition.of(old.revision)),
                          version="2.0.0", note="not yet")  # fmt: skip
    for verb in (lambda: again.fork(old, alice, step=0, revision=2), lambda: again.run_again(old, alice, revision=2)):
        with pytest.raises(NotFound, match="no published revision 2"):
            verb()


def test_running_again_starts_from_the_beginning_with_edited_parameters(alice):
    old = done(alice)
    made = again.run_again(old, alice, parameters={"n": 5}).task
    assert (made.ancestor_id, made.ancestry, made.ancestor_step, made.seed) == (old.pk, "again", None, "")
    assert kinds(old)[-1] == "task.was_run_again"
    new = drained(made)
    assert new.returned["last"] == 210
    assert new.returned["seen"] != old.returned["seen"], "another task has its own chance"
    with pytest.raises(InvalidInput):
        again.run_again(old, alice, parameters={"n": "many"})


def test_running_again_takes_the_revision_in_service_or_a_named_one(alice):
    old = done(alice)
    number = published(old, alice, WORK.replace("+ 100", "+ 200"))
    assert drained(again.run_again(old, alice).task).returned["last"] == 402
    assert drained(again.run_again(old, alice, revision=1).task).returned["last"] == 202
    assert number == 2


WAITS = """\
import random, sink, task

def run(params):
    first = [random.random(), sink.put(1)]
    heap = list(range(1000))
    task.sleep(3600)
    return [first, len(heap), random.random(), sink.put(2)]
"""


def test_a_waiting_task_is_forked_from_its_checkpoint_and_goes_on_when_the_wait_ends(alice):
    task = making.task(WAITS, alice)
    slices.drain()
    task.refresh_from_db()
    assert task.status == Status.WAITING

    made = again.fork(task, alice, step=2).task

    assert made.available_at == task.available_at
    assert Checkpoint.objects.filter(task=made).values_list("index", flat=True).get() == 1
    with clock.frozen(clock.now() + timedelta(seconds=3601)):
        sweep.sweep()
        slices.drain()
    old, new = (Task.objects.get(pk=pk) for pk in (task.pk, made.pk))
    assert (old.status, new.status) == (Status.COMPLETED, Status.COMPLETED), new.error
    assert new.returned == old.returned
    (resumed,) = [entry.data for entry in feed.read(new.pk) if entry.kind == "task.resumed_at"]
    assert (resumed["checkpoint"], resumed["kept"]) == (1, 2)
    assert "task.checkpoint_refused" not in kinds(new)


def test_a_fork_before_the_wait_makes_it_again_and_needs_no_checkpoint(alice):
    task = making.task(WAITS, alice)
    slices.drain()
    made = again.fork(task, alice, step=0).task
    assert not Checkpoint.objects.filter(task=made).exists()
    slices.drain()
    made.refresh_from_db()
    assert made.status == Status.WAITING
    assert [value for _, value in sink.effects] == [1, 1]


def test_other_parameters_take_no_checkpoint_along(alice):
    task = making.task(WAITS, alice, {"n": 1})
    slices.drain()
    assert not Checkpoint.objects.filter(task=again.fork(task, alice, step=1, parameters={"n": 2}).task).exists()
    assert Checkpoint.objects.filter(task=again.fork(task, alice, step=1).task).exists()


def test_a_tampered_checkpoint_is_not_passed_on(alice):
    task = making.task(WAITS, alice)
    slices.drain()
    row = Checkpoint.objects.get(task=task)
    Checkpoint.objects.filter(pk=row.pk).update(data=bytes(row.data)[:-1] + b"\0")
    assert not Checkpoint.objects.filter(task=again.fork(task, alice, step=1).task).exists()


def test_a_paused_and_a_cancelled_task_can_be_forked_too(alice):
    for verb in (lifecycle.pause, lifecycle.cancel):
        task = making.task(WAITS, alice, key=f"to_{verb.__name__}")
        slices.drain()
        verb(task, alice)
        again.fork(task, alice, step=1)
        slices.drain()
    assert [value for _, value in sink.effects] == [1, 1]


def test_a_failed_call_before_the_step_stays_failed_and_the_failed_one_itself_is_made_again(alice):
    source = (
        "import sink\n\ndef run(params):\n    try:\n        sink.put(1)\n    except OSError:\n        pass\n"
        "    return sink.put(2)\n"
    )
    sink.faults.extend([ToolError("closed", kind="OSError"), ToolError("closed", kind="OSError")])
    task = making.task(source, alice)
    slices.drain()
    task.refresh_from_db()
    assert task.status == Status.FAILED
    new = drained(again.fork(task, alice, step=1).task)
    assert sink.effects == [(f"{new.pk}:1", 2)]


def test_who_may_not_see_the_task_or_not_run_the_template_makes_nothing(alice, bob, charlie):
    old = done(alice)
    for verb in (lambda by: again.run_again(old, by), lambda by: again.fork(old, by, step=1)):
        with pytest.raises(NotFound, match="no task"):
            verb(charlie)
        with pytest.raises(NotFound, match="no template"):
            verb(bob)
    bob.user_permissions.add(Permission.objects.get(codename="run_tasktemplate"))
    made = again.fork(old, type(bob).objects.get(pk=bob.pk), step=1).task
    assert made.requester == bob, "it acts in the name of who forked it"


def test_a_fork_of_what_its_maker_lacks_a_tools_permission_for_is_refused(alice, bob):
    source = "import sink\n\ndef run(params):\n    return [sink.put(1), sink.guarded()]\n"
    task = making.task(source, alice)
    slices.drain()
    bob.user_permissions.set(Permission.objects.filter(codename__in=["run_tasktemplate", "view_task"]))
    with pytest.raises(NotPermitted, match=r"crm\.view_invoice"):
        again.fork(task, type(bob).objects.get(pk=bob.pk), step=1)


def test_a_chain_ends_at_what_its_reader_may_not_see_and_says_what_was_removed(alice, charlie):
    old = done(alice)
    mid = again.fork(old, alice, step=1).task
    Task.objects.filter(pk=mid.pk).update(requester=charlie)
    mid.refresh_from_db()
    (seen,) = lineage.ancestors(mid, charlie)
    assert (seen.id, seen.title, seen.is_removed) == (old.pk, "", False)
    Task.objects.filter(pk=mid.pk).update(ancestor_id=999_999)
    mid.refresh_from_db()
    (gone,) = lineage.ancestors(mid, alice)
    assert (gone.id, gone.is_removed) == (999_999, True)


def test_a_fork_whose_script_ends_before_what_it_took_over_says_so(alice):
    script = (
        "import task\n\ndef run(params):\n    for n in range(params['n']):\n        task.spawn('nothing')\n"
        "    return 'done'\n"
    )
    making.template("def run(params):\n    return None\n", alice, key="nothing")
    old = drained(making.task(script, alice, {"n": 3}, key="starts"))
    assert old.returned == "done"

    made = again.fork(old, alice, step=3, parameters={"n": 1}).task
    slices.drain()

    made.refresh_from_db()
    assert (made.status, made.error["code"]) == ("failed", "diverged")
    assert "ended after 1 call, but the journal has task.spawn" in made.error["message"]
    same = drained(again.fork(old, alice, step=1, parameters={"n": 1}).task)
    assert same.returned == "done"
