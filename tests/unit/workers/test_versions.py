"""S2, S3, S6 and Q6: other versions, other keys, older checkpoints, and people who act while one is being written."""

import base64
import io
import json
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from apps.core import clock, codec
from apps.core.errors import Conflict
from apps.executors.script.sandbox import INTERPRETER
from apps.tasks import lifecycle
from apps.tasks.claims import claiming
from apps.tasks.models import Checkpoint, Step, Task
from apps.tasks.record import checkpoints
from apps.tasks.record.journal import Batch, Lease, NewCheckpoint, NewStep
from apps.tasks.record.store import DatabaseStore
from apps.tasks.states import Status
from apps.workers import sweep
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors import make_kept, sink
from tests.unit.workers.test_checkpoints import SLEEPS, _only_where_it_sleeps, awake, resumed, sleeping, usable  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)

KEPT = sorted(make_kept.FOLDER.glob("*.json"))


def test_the_present_interpreter_has_left_its_checkpoint():
    """A release with a new interpreter: python -m tests.unit.executors.make_kept, and keep the file."""
    assert f"{INTERPRETER.replace(' ', '-')}.json" in {path.name for path in KEPT}


def restored(kept: dict[str, Any], alice: Any, *, interpreter: str) -> Task:
    """A task that stands where the kept one stood, with its journal and its checkpoint sealed here."""
    task = making.task(kept["script"], alice, kept["parameters"])
    Task.objects.filter(pk=task.pk).update(seed=kept["seed"], seeded_at=datetime.fromisoformat(kept["seeded_at"]))
    claim = claiming.claim(["default"], worker="elm-1", cluster="elm")
    assert claim is not None
    steps = [
        NewStep(**{**step, "digest": bytes.fromhex(step["digest"])}, call_class="effect", line=1, started_at=clock.now(),
                seconds=0.0)
        for step in kept["steps"]
    ]  # fmt: skip
    dump = base64.b64decode(kept["checkpoint"]["dump"])
    made = NewCheckpoint(
        index=kept["checkpoint"]["index"], line=1, interpreter=interpreter, dump=dump, created_at=clock.now()
    )
    DatabaseStore().write(claim.lease, Batch(steps=steps, checkpoint=made))
    lifecycle.release(claim.lease, "an upgrade", Batch())
    return task


@pytest.mark.parametrize("believed", [False, True], ids=["by its own name", "taken for ours"])
@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_what_another_version_left_is_loaded_or_replayed_to_the_same_result(path: Path, believed, alice):
    kept = json.loads(path.read_text())
    task = restored(kept, alice, interpreter=INTERPRETER if believed else kept["interpreter"])

    slices.drain()

    task.refresh_from_db()
    assert task.status == Status.COMPLETED, task.error
    assert task.result == kept["result"]
    assert sink.effects == [(f"{task.pk}:9", 4)], "only what had not been recorded was done"
    if kept["interpreter"] == INTERPRETER:
        assert resumed(task)["checkpoint"] == kept["checkpoint"]["index"]
    elif not believed:
        assert resumed(task)["checkpoint"] is None


def test_a_record_of_a_newer_codec_is_refused_with_what_to_do_and_kept(alice):
    task = sleeping(alice)
    Checkpoint.objects.all().delete()
    assert set(Step.objects.filter(task=task).values_list("codec_version", flat=True)) == {codec.VERSION}
    Step.objects.filter(task=task, index=2).update(codec_version=codec.VERSION + 1)
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        sweep.sweep()
        slices.drain()
    task.refresh_from_db()
    assert (task.status, task.error["code"]) == (Status.FAILED, "record_too_new")
    assert "newer version" in task.error["message"] and "then retry the task" in task.error["message"]
    Step.objects.filter(task=task, index=2).update(codec_version=codec.VERSION)
    lifecycle.retry_failed(task, alice)
    slices.drain()
    task.refresh_from_db()
    assert task.status == Status.COMPLETED
    assert [value for _, value in sink.effects] == [1, 2], "nothing was lost, nothing was done twice"


def test_a_record_of_an_older_codec_is_read(alice, monkeypatch):
    task = sleeping(alice)
    Checkpoint.objects.all().delete()
    monkeypatch.setattr(codec, "VERSION", codec.VERSION + 1)
    awake(task)
    versions = list(task.steps.order_by("index").values_list("codec_version", flat=True))
    assert versions[0] == codec.VERSION - 1 and versions[-1] == codec.VERSION


TWICE = SLEEPS.replace("task.sleep(60)", "task.sleep(60)\n    sink.put(7)\n    task.sleep(60)")


def test_an_older_checkpoint_put_back_is_answered_from_the_record(alice):
    task = making.task(TWICE, alice)
    slices.drain()
    older = Checkpoint.objects.filter(task=task).order_by("index").first()
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        sweep.sweep()
        slices.drain()
    task.refresh_from_db()
    assert task.status == Status.WAITING
    Checkpoint.objects.filter(task=task).delete()
    older.save(force_insert=True)
    with clock.frozen(clock.now() + timedelta(seconds=122)):
        sweep.sweep()
        slices.drain()
    task.refresh_from_db()
    assert task.status == Status.COMPLETED, task.error
    assert [value for _, value in sink.effects] == [1, 7, 2]


NEW, OLD = "the key of this year", "test-only-checkpoint-key"


@pytest.mark.parametrize(("keys", "loads"), [([NEW, OLD], True), ([NEW], False)], ids=["old key kept", "old key gone"])
def test_changing_the_checkpoint_keys_loses_no_work(keys, loads, alice, settings):
    tasks = [sleeping(alice, n=number) for number in range(2)]
    settings.CHECKPOINT_KEYS = keys
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        sweep.sweep()
        slices.drain()
    for number, task in enumerate(tasks):
        task.refresh_from_db()
        assert (task.status, task.returned["kept"]) == (Status.COMPLETED, f"kept in the heap {number}")
        assert (resumed(task)["checkpoint"] is not None) is loads
    assert sorted(value for _, value in sink.effects) == [1, 1, 2, 2]


def test_checkpoints_are_sealed_anew_before_the_old_key_goes(alice, settings):
    task = sleeping(alice)
    settings.CHECKPOINT_KEYS = [NEW, OLD]
    out = io.StringIO()
    call_command("checkpoint_keys", stdout=out)
    assert "1 by key 2 of 2" in out.getvalue().replace("\n", " ")
    call_command("checkpoint_keys", "--reseal", stdout=out)
    assert "Sealed 1 checkpoint anew" in out.getvalue()
    settings.CHECKPOINT_KEYS = [NEW]
    assert usable(task) == 1
    Checkpoint.objects.update(data=b"tampered")
    assert checkpoints.reseal() == 0, "what does not verify is never sealed"
    assert usable(task) == 0


@pytest.mark.parametrize("fallbacks", [["the old secret"], []], ids=["with a fallback", "without"])
def test_changing_the_secret_key_loses_no_work(fallbacks, alice, settings):
    """Q6: tasks are rows, not signed messages."""
    settings.SECRET_KEY = "the old secret"
    waiting, pending = sleeping(alice), making.task(SLEEPS, alice, key="pending")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new secret", fallbacks
    slices.drain()
    with clock.frozen(clock.now() + timedelta(seconds=122)):
        sweep.sweep()
        slices.drain()
    for task in (waiting, pending):
        task.refresh_from_db()
        assert task.status == Status.COMPLETED, task.error
        assert resumed(task)["checkpoint"] is not None
    assert sorted(value for _, value in sink.effects) == [1, 1, 2, 2]


ACTS: dict[str, tuple[list[str], str]] = {
    "pause": (["pause"], "paused"),
    "pause twice": (["pause", "pause"], "paused"),
    "pause, then resume": (["pause", "resume"], "waiting"),
    "resume before the pause": (["resume", "pause"], "paused"),
    "cancel": (["cancel"], "cancelled"),
    "cancel twice": (["cancel", "cancel"], "cancelled"),
    "cancel, then pause": (["cancel", "pause"], "cancelled"),
    "pause, then cancel": (["pause", "cancel"], "cancelled"),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_is_asked_while_a_checkpoint_is_written_is_obeyed(act, alice, monkeypatch):
    """S6: the acts come from another connection, after the checkpoint's row and before its commit."""
    verbs, expected = ACTS[act]
    save, people = checkpoints.save, []

    def asked_meanwhile(lease: Lease, new: NewCheckpoint) -> None:
        save(lease, new)
        if not people:
            people.append(threading.Thread(target=_act, args=(lease.task_id, verbs, alice)))
            people[0].start()
            people[0].join(0.2)  # it waits for our transaction where it must; the commit comes after this

    monkeypatch.setattr(checkpoints, "save", asked_meanwhile)
    task = making.task(SLEEPS, alice)
    slices.drain()
    people[0].join(20)
    assert not people[0].is_alive()
    slices.drain()
    task.refresh_from_db()
    assert task.status == expected
    if expected == "paused":
        lifecycle.resume(task, alice)
    if expected != "cancelled":
        awake(task)
        assert [value for _, value in sink.effects] == [1, 2]
        return
    assert [value for _, value in sink.effects] == [1]
    assert not Checkpoint.objects.filter(task=task).exists()


def _act(task_id: int, verbs: list[str], by: Any) -> None:
    try:
        for verb in verbs:
            try:
                getattr(lifecycle, verb)(Task.objects.get(pk=task_id), by)
            except Conflict:
                continue  # it is so already, or has ended: nothing to do
    finally:
        connections.close_all()
