"""S3 and S5: only our own checkpoint, for this very place, is ever loaded; without one the task replays. No secrets."""

import random
import zlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.core import clock, masking
from apps.core.errors import ToolError
from apps.executors.script import run
from apps.executors.script.sandbox import INTERPRETER
from apps.tasks.models import Checkpoint, Task
from apps.tasks.record import checkpoints, feed
from apps.tasks.record.journal import Lease, NewCheckpoint
from apps.tasks.record.store import DatabaseStore
from apps.tasks.states import Status
from apps.workers import sweep
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors import sink

pytestmark = pytest.mark.django_db(transaction=True)

SLEEPS = """\
import random, sink, task

def run(params):
    seen = [task.new_id(), task.random(), task.now(), random.random(), sink.put(1)]
    secret = "kept in the heap " + str(params.get("n", 0))
    task.sleep(60)
    return {"seen": seen, "more": [task.new_id(), task.random(), random.random(), sink.put(2)], "kept": secret}
"""


@pytest.fixture(autouse=True)
def _only_where_it_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes further checkpoints by budget, which most of these tests do not ask about."""
    monkeypatch.setattr(run, "REPLAY_BUDGET", 1e9)


def sleeping(alice: Any, n: int = 0) -> Task:
    """A task that has suspended itself, with its checkpoint."""
    made = making.task(SLEEPS, alice, {"n": n})
    slices.drain()
    made.refresh_from_db()
    assert made.status == Status.WAITING
    return made


def awake(task: Task) -> Task:
    """The task after its wait, run to its end."""
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert sweep.sweep().woken >= 1
        slices.drain()
    task.refresh_from_db()
    assert task.status == Status.COMPLETED, task.error
    return task


def resumed(task: Task) -> dict[str, Any]:
    (data,) = [entry.data for entry in feed.read(task.pk) if entry.kind == "task.resumed_at"]
    return data


def usable(task: Task) -> int:
    return len(checkpoints.load(task.pk, INTERPRETER, DatabaseStore().last_index(task.pk))[0])


def test_a_checkpoint_is_used(alice):
    task = awake(sleeping(alice))
    assert resumed(task)["checkpoint"] == 4
    assert [value for _, value in sink.effects] == [1, 2]


def test_any_flipped_bit_of_a_checkpoint_is_refused(alice):
    task = sleeping(alice)
    row = Checkpoint.objects.get(task=task)
    assert usable(task) == 1
    data, mac = bytes(row.data), bytes(row.mac)
    random.seed(7)
    last = DatabaseStore().last_index(task.pk)
    for place in range(len(data)):
        row.data, row.mac = _flipped(data, place), mac
        assert not checkpoints._is_usable(row, INTERPRETER, last), f"byte {place} of {len(data)}"
    for place in range(len(mac)):
        row.data, row.mac = data, _flipped(mac, place)
        assert not checkpoints._is_usable(row, INTERPRETER, last), f"byte {place} of the seal"
    row.data, row.mac = data, mac
    assert checkpoints._is_usable(row, INTERPRETER, last)
    for harmed in (data[:-1], data + b"\0", b"", data[::-1]):
        _replace(row, harmed, mac)
        assert usable(task) == 0
    _replace(row, data, b"")
    assert usable(task) == 0
    _replace(row, data, mac)
    assert usable(task) == 1


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << random.randrange(8))]) + data[place + 1 :]


def _replace(row: Checkpoint, data: bytes, mac: bytes) -> None:
    Checkpoint.objects.filter(pk=row.pk).update(data=data, mac=mac)


def _large_task(alice: Any) -> Task:
    source = SLEEPS.replace("secret = ", "numbers = [hash(str(i)) for i in range(20000)]\n    secret = ")
    made = making.task(source, alice, key="large")
    slices.drain()
    return made


def test_sampled_bits_of_a_large_checkpoint_are_refused(alice):
    task = _large_task(alice)
    row = Checkpoint.objects.get(task=task)
    data, mac = bytes(row.data), bytes(row.mac)
    assert len(data) > 100_000
    random.seed(11)
    for place in random.sample(range(len(data)), 60):
        _replace(row, _flipped(data, place), mac)
        assert usable(task) == 0


HARMS: dict[str, Any] = {
    "a flipped bit": lambda row: {"data": _flipped(bytes(row.data), len(row.data) // 2)},
    "another index": lambda row: {"index": row.index - 1},
    "another generation": lambda row: {"generation": row.generation + 1},
    "an older interpreter": lambda row: {"interpreter": "monty 1.3.0"},
    "an older interpreter, sealed": lambda row: {
        "interpreter": "monty 1.3.0",
        "mac": _seal(row, interpreter="monty 1.3.0"),
    },
    "a call beyond the journal, sealed": lambda row: {"index": 900, "mac": _seal(row, index=900)},
    "the seal of another key": lambda row: {"mac": _seal(row, key="somebody else's")},
    "no seal": lambda row: {"mac": b""},
}


def _seal(row: Checkpoint, key: str = "test-only-checkpoint-key", **changes: Any) -> bytes:
    fields = {"index": row.index, "interpreter": row.interpreter, **changes}
    return checkpoints._seal(key, row.task_id, fields["index"], row.generation, fields["interpreter"], bytes(row.data))


@pytest.mark.parametrize("harm", HARMS)
def test_a_checkpoint_that_cannot_be_trusted_is_refused_and_the_task_replays(harm, alice):
    task = sleeping(alice)
    row = Checkpoint.objects.get(task=task)
    Checkpoint.objects.filter(pk=row.pk).update(**HARMS[harm](row))
    seen = [step.value for step in task.steps.order_by("index")][:3]

    task = awake(task)

    assert resumed(task)["checkpoint"] is None
    assert [entry.data for entry in feed.read(task.pk) if entry.kind == "task.checkpoint_refused"] == [{"count": 1}]
    assert task.returned["seen"][:3] == seen
    assert [value for _, value in sink.effects] == [1, 2]


def test_the_checkpoint_of_another_task_is_refused(alice):
    first, second = sleeping(alice, n=1), sleeping(alice, n=2)
    rows = [Checkpoint.objects.get(task=task) for task in (first, second)]
    for row, other in (rows, rows[::-1]):
        _replace(row, bytes(other.data), bytes(other.mac))
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        sweep.sweep()
        slices.drain()
    for task, n in ((first, 1), (second, 2)):
        task.refresh_from_db()
        assert (task.status, task.returned["kept"]) == (Status.COMPLETED, f"kept in the heap {n}")
        assert [entry.kind for entry in feed.read(task.pk)].count("task.checkpoint_refused") == 1


@pytest.mark.parametrize("dump", [b"", b"garbage", b"\0" * 5000], ids=["nothing", "words", "zeros"])
def test_a_sealed_dump_that_the_interpreter_cannot_read_is_replayed(dump, alice):
    task = sleeping(alice)
    index, token = task.checkpoints.get().index, task.execution.lease_token
    new = NewCheckpoint(index=index, line=1, interpreter=INTERPRETER, dump=dump, created_at=clock.now())
    Checkpoint.objects.filter(task=task).delete()
    checkpoints.save(Lease(task_id=task.pk, token=token, attempt=1), new)
    task = awake(task)
    assert [value for _, value in sink.effects] == [1, 2]


def test_a_checkpoint_sealed_with_the_previous_key_still_loads(alice, settings):
    task = sleeping(alice)
    settings.CHECKPOINT_KEYS = ["the-new-key-of-this-year", "test-only-checkpoint-key"]
    assert usable(task) == 1
    settings.CHECKPOINT_KEYS = ["the-new-key-of-this-year"]
    assert usable(task) == 0


def test_chance_time_and_ids_are_the_same_with_and_without_the_checkpoint(alice):
    kept = sleeping(alice)
    Task.objects.filter(pk=kept.pk).update(uid="4f1c1f52-9d0b-4c43-9f57-5d0a9a2f3c11")
    before = [step.value for step in kept.steps.order_by("index")]
    Checkpoint.objects.all().delete()
    task = awake(kept)
    assert task.returned["seen"][:3] == before[:3]
    assert [step.value for step in task.steps.order_by("index")][: len(before)] == before
    again = awake(sleeping(alice))
    assert again.returned["seen"][0] != task.returned["seen"][0], "another task, other ids"
    assert again.returned["seen"][3] != task.returned["seen"][3], "and another chance"


def test_chance_does_not_repeat_itself_after_a_resume(alice):
    whole = making.task(SLEEPS.replace("task.sleep(60)", "task.sleep(0)"), alice, key="whole")
    Task.objects.filter(pk=whole.pk).update(uid="4f1c1f52-9d0b-4c43-9f57-5d0a9a2f3c11")
    slices.drain()
    whole.refresh_from_db()
    made = making.task(SLEEPS, alice, key="parts")
    Task.objects.filter(pk=made.pk).update(uid="4f1c1f52-9d0b-4c43-9f57-5d0a9a2f3c11")
    slices.drain()
    parts = awake(made)
    assert parts.returned["more"] == whole.returned["more"]
    assert parts.returned["seen"][3] == whole.returned["seen"][3]


FAILS_ONCE = """\
import sink, task

def run(params):
    first = sink.put(1)
    second = sink.put(2)
    task.sleep(60)
    return [first, second, sink.put(3)]
"""


def test_checkpoints_are_used_again_after_a_retry_has_gone_through(alice):
    task = making.task(FAILS_ONCE, alice)
    sink.faults.extend([None, *[ToolError("busy", kind="OSError", transient=True)] * 4])
    slices.drain()
    with clock.frozen(clock.now() + timedelta(seconds=5)):
        slices.drain()
        task.refresh_from_db()
        assert task.status == Status.WAITING, task.error
        awake(task)
    assert [value for _, value in sink.effects] == [1, 2, 3]
    last = [entry.data for entry in feed.read(task.pk) if entry.kind == "task.resumed_at"][-1]
    assert last["checkpoint"] == 2


def test_a_dump_that_is_too_large_is_not_kept_and_the_task_replays(alice, monkeypatch):
    monkeypatch.setattr(checkpoints, "MAX_BYTES", 100)
    task = sleeping(alice)
    assert not Checkpoint.objects.exists()
    task = awake(task)
    assert [value for _, value in sink.effects] == [1, 2]


def test_checkpoints_are_made_by_budget_not_at_each_call(alice, monkeypatch):
    made: list[int] = []
    save = checkpoints.save

    def counted(lease: Lease, new: NewCheckpoint) -> None:
        made.append(new.index)
        save(lease, new)

    monkeypatch.setattr(checkpoints, "save", counted)
    monkeypatch.setattr(run, "REPLAY_BUDGET", 0.05)
    source = "import sink\n\ndef run(params):\n    return sum([sink.put(n) for n in range(600)])\n"
    making.task(source, alice, key="cheap")
    slices.drain()
    assert 1 <= len(made) <= 30
    made.clear()
    monkeypatch.setattr(run, "REPLAY_BUDGET", 1e9)
    making.task(source, alice, key="cheaper")
    slices.drain()
    assert made == []


CANARIES = {
    "SECRET_KEY": "canary-secret-key-7d1f0a",
    "GEMINI_API_KEY": "canary-gemini-key-92c4be",
    "CHECKPOINT_KEYS": ["canary-checkpoint-key-11ae5d"],
}


def test_no_secret_of_the_installation_reaches_a_row(alice, settings):
    for name, value in CANARIES.items():
        setattr(settings, name, value)
    masking._secrets.cache_clear()
    told = " ".join(str(value) for value in CANARIES.values())
    sink.faults.extend([
        ToolError(f"refused: {told}", transient=True),
        RuntimeError(f"unexpected: {told}"),
    ])  # fmt: skip
    source = (
        "import sink, task\n\ndef run(params):\n    try:\n        sink.put(1)\n    except RuntimeError as e:\n"
        "        task.log(str(e), 'error')\n        task.progress(10, str(e), str(e))\n        print(e)\n"
        "    task.sleep(60)\n    raise ValueError(params['n'])\n"
    )
    task = making.task(source, alice)
    slices.drain()
    sink.faults.extend([ToolError(told)])
    making.task("import sink\n\ndef run(params):\n    return sink.put(1)\n", alice, key="fails")
    slices.drain()
    with connection.cursor() as cursor:
        rows = ""
        for table in ("task", "execution", "step", "event", "attempt", "artifact"):
            cursor.execute(f"SELECT * FROM tasks_{table}")
            rows += repr(cursor.fetchall())
    heaps = b"".join(zlib.decompress(bytes(row.data)) for row in Checkpoint.objects.all())
    assert heaps, "there is a checkpoint to look into"
    for canary in ("7d1f0a", "92c4be", "11ae5d"):
        assert canary not in rows
        assert canary.encode() not in heaps
    logged = [line["text"] for event in task.events.filter(kind="task.logged") for line in event.data["lines"]]
    assert any(masking.MASK in text for text in logged)
    masking._secrets.cache_clear()
