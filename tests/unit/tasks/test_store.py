"""The contract of `journal.Store`, run against the fake and against the real thing."""

import errno
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import OperationalError, connections, transaction

from apps.core import codec
from apps.tasks import blobs
from apps.tasks.blobs import files
from apps.tasks.models import Artifact, Event, Execution, Step
from apps.tasks.record import feed, journal, store
from apps.tasks.record.journal import Batch, Diverged, Journal, Lease, LeaseLost, NewEvent, NewFile, NewStep, Progress
from apps.tasks.record.store import DatabaseStore
from tests.unit.executors.memory import MemoryStore
from tests.unit.tasks.standing_at import Standing, running

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def step(
    index: int, try_number: int = 1, result: str = "1", *, succeeded: bool = True, name: str = "sink.put"
) -> NewStep:
    return NewStep(
        index=index, name=name, call_class="effect", digest=codec.digest(name), arguments="{}", succeeded=succeeded,
        result=result, line=3, started_at=NOW, seconds=0.25, try_number=try_number,
    )  # fmt: skip


@pytest.fixture(params=["memory", "database"])
def kept(request) -> tuple[journal.Store, Lease]:
    """A store and the lease that may write to it."""
    if request.param == "memory":
        memory = MemoryStore()
        memory.token = 5
        return memory, Lease(task_id=1, token=5, attempt=1)
    request.getfixturevalue("db")
    at = running(request.getfixturevalue("template"), request.getfixturevalue("alice"))
    return DatabaseStore(), at.lease


def test_an_empty_journal_has_no_index(kept):
    stored, lease = kept
    assert stored.last_index(lease.task_id) == -1
    assert list(stored.records(lease.task_id, 0, 10)) == []


def test_what_was_written_is_read_in_order(kept):
    stored, lease = kept
    stored.write(lease, Batch(steps=[step(0), step(1, result='"a"')]))
    stored.write(lease, Batch(steps=[step(2, result="null", succeeded=False)]))
    records = stored.records(lease.task_id, 0, 10)
    assert [(each.index, each.result, each.succeeded) for each in records] == [
        (0, "1", True),
        (1, '"a"', True),
        (2, "null", False),
    ]
    assert records[0].digest == codec.digest("sink.put")
    assert stored.last_index(lease.task_id) == 2


def test_a_page_holds_a_range_of_indexes(kept):
    stored, lease = kept
    stored.write(lease, Batch(steps=[step(index) for index in range(7)]))
    assert [each.index for each in stored.records(lease.task_id, 2, 3)] == [2, 3, 4]
    assert [each.index for each in stored.records(lease.task_id, 5, 100)] == [5, 6]


def test_the_newest_try_is_the_record(kept):
    stored, lease = kept
    stored.write(lease, Batch(steps=[step(0, 1, '"old"', succeeded=False)]))
    stored.write(lease, Batch(steps=[step(0, 2, '"new"')]))
    (record,) = stored.records(lease.task_id, 0, 10)
    assert (record.try_number, record.result, record.succeeded) == (2, '"new"', True)


def test_nothing_is_written_twice_at_one_index_and_try(kept):
    stored, lease = kept
    stored.write(lease, Batch(steps=[step(0, result='"first"')]))
    with pytest.raises(Exception) as raised:  # the fake asserts, the database has a constraint
        if isinstance(stored, DatabaseStore):
            with transaction.atomic():
                stored.write(lease, Batch(steps=[step(0, result='"second"')]))
        else:
            stored.write(lease, Batch(steps=[step(0, result='"second"')]))
    assert raised.type.__name__ in ("AssertionError", "IntegrityError")
    assert stored.records(lease.task_id, 0, 1)[0].result == '"first"'


@pytest.mark.parametrize("size", [1, 3])
def test_a_stale_lease_is_refused_and_writes_nothing(kept, size):
    stored, lease = kept
    stale = Lease(task_id=lease.task_id, token=lease.token - 1, attempt=1)
    with pytest.raises(LeaseLost):
        stored.write(stale, Batch(steps=[step(index) for index in range(size)]))
    assert stored.last_index(lease.task_id) == -1


def test_the_answer_carries_what_is_asked_of_the_task(kept):
    stored, lease = kept
    assert stored.write(lease, Batch()).control == ""
    if isinstance(stored, MemoryStore):
        stored.control = "pause"
    else:
        Execution.objects.filter(pk=lease.task_id).update(control="pause")
    assert stored.write(lease, Batch(steps=[step(0)])).control == "pause"


# What only the real one does.


@pytest.fixture
def at(db, template, alice) -> Standing:
    return running(template, alice)


def test_a_write_extends_the_lease(at, settings):
    Execution.objects.filter(pk=at.task_id).update(lease_until=1.0)
    DatabaseStore().write(at.lease, Batch(steps=[step(0)]))
    assert at.task.execution.lease_until > 1_000_000_000


@pytest.mark.parametrize("extra", ["nothing", "an event"], ids=["one statement", "a transaction"])
def test_a_step_is_kept_in_full(at, extra):
    events = [NewEvent(kind="task.logged", at=NOW, data={"lines": []})] if extra == "an event" else []
    DatabaseStore().write(at.lease, Batch(steps=[step(0)], events=events))
    row = Step.objects.get(task_id=at.task_id)
    assert (row.name, row.call_class, row.outcome, row.line, row.seconds, row.attempt) == (
        "sink.put", "effect", "succeeded", 3, 0.25, 1,
    )  # fmt: skip
    assert (bytes(row.digest), row.started_at, row.codec_version) == (codec.digest("sink.put"), NOW, codec.VERSION)


def test_steps_and_events_share_one_numbering_without_gaps(at):
    stored = DatabaseStore()
    for index in range(0, 30, 3):
        stored.write(at.lease, Batch(steps=[step(index)]))
        stored.write(
            at.lease,
            Batch(
                steps=[step(index + 1), step(index + 2)],
                events=[NewEvent(kind="task.logged", at=NOW, data={"lines": []})],
            ),
        )
    entries = feed.read(at.task_id)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert len(entries) == 2 + 30 + 10
    assert at.task.execution.steps == 30
    assert feed.read(at.task_id, after=40) == entries[40:]
    assert feed.read(at.task_id, after=5, limit=3) == entries[5:8]
    assert feed.newest(at.task_id, 4) == entries[-4:]


def test_a_batch_is_all_or_nothing(at):
    stored = DatabaseStore()
    stored.write(at.lease, Batch(steps=[step(0)]))
    before = (at.task.execution.seq, Event.objects.count())
    file = NewFile(
        index=0, name="a.txt", kind="file", content_type="text/plain", size=1, sha256="x", path="p", created_at=NOW
    )
    batch = Batch(steps=[step(1), step(0)], events=[NewEvent(kind="task.logged", at=NOW, data={})], files=[file])
    with pytest.raises(Exception, match=r"(?i)unique"), transaction.atomic():
        stored.write(at.lease, batch)
    assert (at.task.execution.seq, Event.objects.count()) == before
    assert stored.last_index(at.task_id) == 0
    assert not Artifact.objects.exists()


def test_progress_goes_forward_only_and_counters_add_up(at):
    stored = DatabaseStore()
    for percent, stage in ((40.0, "fetch"), (30.0, "analyse")):
        batch = Batch(progress=Progress(percent=percent, stage=stage, message="m"), memory_bytes=int(percent))
        batch.count("warnings", 2)
        batch.count("no_such_counter", 1)
        stored.write(at.lease, batch)
    shown = at.task.execution
    assert (shown.percent, shown.stage, shown.warnings, shown.memory_bytes) == (40.0, "analyse", 4, 40)


def test_a_file_of_a_repeated_call_replaces_the_first(at):
    stored = DatabaseStore()
    for index, sha in ((0, "aaa"), (1, "bbb")):
        file = NewFile(
            index=0, name="a.txt", kind="file", content_type="text/plain", size=3, sha256=sha, path="p", created_at=NOW
        )
        stored.write(at.lease, Batch(steps=[step(index)], files=[file]))
    assert [each.sha256 for each in Artifact.objects.filter(task_id=at.task_id)] == ["bbb"]


# Large results live in files.


@pytest.fixture
def large(at, settings, tmp_path, monkeypatch) -> str:
    settings.ARTIFACT_ROOT = tmp_path
    monkeypatch.setattr(store, "MAX_RESULT", 1000)
    return codec.encode("x" * 5000 + "\u00fc\0")


def spilled(root: Path) -> Path:
    (file,) = [each for each in root.rglob("*") if each.is_file()]
    return file


def test_a_large_result_spills_to_a_file_and_comes_back(at, large, tmp_path):
    DatabaseStore().write(at.lease, Batch(steps=[step(0, result=large)]))
    assert len(Step.objects.get(task_id=at.task_id).result) < 300
    assert spilled(tmp_path).stat().st_size == len(large)
    assert DatabaseStore().records(at.task_id, 0, 1)[0].result == large


def test_a_storage_without_room_says_so_and_keeps_no_part_of_the_step(at, large, tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(blobs.BlobUnwritable, match="No space left on device"):
        DatabaseStore().write(at.lease, Batch(steps=[step(0, result=large)]))
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]
    assert DatabaseStore().last_index(at.task_id) == -1
    monkeypatch.undo()
    monkeypatch.setattr(store, "MAX_RESULT", 1000)
    DatabaseStore().write(at.lease, Batch(steps=[step(0, result=large)]))
    assert DatabaseStore().records(at.task_id, 0, 1)[0].result == large


@pytest.mark.parametrize("harm", ["changed", "cut", "gone", "swapped"])
def test_a_spilled_result_that_is_not_what_was_written_is_refused(at, large, tmp_path, harm):
    DatabaseStore().write(at.lease, Batch(steps=[step(0, result=large)]))
    file = spilled(tmp_path)
    data = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes({"changed": data.replace(b"x", b"y", 1), "cut": data[:-1], "swapped": b'"other"'}[harm])
    with pytest.raises(blobs.BlobUnreadable):
        DatabaseStore().records(at.task_id, 0, 1)


def test_a_worker_that_lost_its_lease_leaves_the_recorded_file_alone(at, large, tmp_path):
    DatabaseStore().write(at.lease, Batch(steps=[step(0, result=large)]))
    stale = Lease(task_id=at.task_id, token=at.lease.token - 1, attempt=0)
    with pytest.raises(LeaseLost):
        DatabaseStore().write(stale, Batch(steps=[step(0, result=codec.encode("y" * 5000))]))
    assert DatabaseStore().records(at.task_id, 0, 1)[0].result == large


def test_the_same_large_result_written_again_leaves_one_file(at, large, tmp_path):
    assert blobs.write(at.task_id, 0, large) == blobs.write(at.task_id, 0, large)
    assert spilled(tmp_path).stat().st_size == len(large)


# The journal over the store.


def journal_over(at: Standing) -> Journal:
    return Journal(DatabaseStore(), at.lease, clock=lambda: NOW)


def test_volatile_steps_and_log_lines_ride_along_with_the_next_effect(at):
    kept = journal_over(at)
    kept.keep(step(0, name="task.now"))
    kept.log("hello", "warning", 3, NOW)
    assert DatabaseStore().last_index(at.task_id) == -1
    kept.beat(DatabaseStore(), line=3, call="", call_started_at=None)
    assert DatabaseStore().last_index(at.task_id) == -1, "a heartbeat writes no steps"
    assert at.task.execution.warnings == 1
    kept.record(step(1))
    assert [entry.kind for entry in feed.read(at.task_id)[2:]] == ["task.logged", "step", "step"]
    assert DatabaseStore().last_index(at.task_id) == 1


def test_a_heartbeat_that_cannot_write_loses_no_count_and_no_progress(at, monkeypatch):
    journal = journal_over(at)
    journal.progress(Progress(percent=40, stage="", message="half"), NOW)
    journal.count("model_tokens", 12)

    def away(*_: object) -> None:
        raise OperationalError("the database is away")

    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(DatabaseStore, "write", away)
        journal.beat(DatabaseStore(), line=1, call="", call_started_at=None)
    journal.beat(DatabaseStore(), line=1, call="", call_started_at=None)
    shown = at.task.execution
    assert (shown.percent, shown.message, shown.model_tokens) == (40.0, "half", 12)


def test_a_journal_longer_than_a_page_is_replayed_page_by_page(at, monkeypatch):
    monkeypatch.setattr(journal, "PAGE", 4)
    DatabaseStore().write(at.lease, Batch(steps=[step(index, result=str(index)) for index in range(11)]))
    asked: list[int] = []
    real = DatabaseStore.records

    def records(self, task_id, start, limit):
        asked.append(start)
        return real(self, task_id, start, limit)

    monkeypatch.setattr(DatabaseStore, "records", records)
    again = journal_over(at)
    found = [again.find(index, "sink.put", codec.digest("sink.put"), "{}") for index in range(12)]
    assert [each.result for each in found if each] == [str(index) for index in range(11)]
    assert found[11] is None
    assert asked == [0, 4, 8]


def test_another_call_at_a_recorded_place_is_a_divergence(at):
    DatabaseStore().write(at.lease, Batch(steps=[step(0)]))
    with pytest.raises(Diverged, match=r"crm\.invoices.*sink\.put"):
        journal_over(at).find(0, "crm.invoices", codec.digest("sink.put"), "{}")
    with pytest.raises(Diverged, match=r'asks for sink\.put {"value":7}, but the journal has sink\.put {} there'):
        journal_over(at).find(0, "sink.put", codec.digest("else"), '{"value":7}')


def test_a_flood_of_log_lines_is_counted_not_kept(at):
    kept = journal_over(at)
    for n in range(2000):
        kept.log(str(n), "info", None, NOW)
    kept.record(step(0))
    (event,) = Event.objects.filter(task_id=at.task_id, kind="task.logged")
    assert (len(event.data["lines"]), event.data["dropped"]) == (journal.MAX_LOG_LINES, 2000 - journal.MAX_LOG_LINES)


def test_a_long_log_line_is_cut(at):
    kept = journal_over(at)
    kept.log("x" * 5000, "info", None, NOW)
    kept.record(step(0))
    (event,) = Event.objects.filter(task_id=at.task_id, kind="task.logged")
    assert [len(line["text"]) for line in event.data["lines"]] == [journal.MAX_LOG_LINE]


@pytest.mark.django_db(transaction=True)
def test_a_writer_and_its_heartbeat_at_once_leave_no_gap_and_lose_nothing(template, alice):
    at = running(template, alice)
    kept = journal_over(at)
    stop = threading.Event()
    raised: list[Exception] = []

    def beat() -> None:
        try:
            while not stop.is_set():
                kept.count("warnings", 1)
                kept.beat(DatabaseStore(), line=1, call="", call_started_at=None)
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat)
    thread.start()
    for index in range(150):
        kept.count("errors", 1)
        kept.record(step(index))
    stop.set()
    thread.join()
    assert raised == []
    assert at.task.execution.errors == 150
    assert [entry.data["index"] for entry in feed.read(at.task_id) if entry.kind == "step"] == list(range(150))


def test_a_page_of_the_log_stays_small_however_long_its_lines_are(at):
    kept = journal_over(at)
    for _ in range(400):
        kept.log("x" * 2000, "info", None, NOW)
    kept.record(step(0))
    (logged,) = [entry for entry in feed.read(at.task_id) if entry.kind == "task.logged"]
    assert sum(len(line["text"]) for line in logged.data["lines"]) <= journal.MAX_LOG_SIZE + journal.MAX_LOG_LINE
    assert logged.data["dropped"] == 400 - len(logged.data["lines"])
