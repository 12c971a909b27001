"""Following a task: hints wake, a slow look is the safety net, and the end ends it."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.console.terminal import watch as watching
from apps.console.terminal.progress import Snapshot
from apps.console.terminal.watch import NO_WORKER, follow, has_workers, snap, watch
from apps.core import hints
from apps.tasks import lifecycle
from apps.tasks.models import Task
from apps.workers.registry import roster
from apps.workers.running import slice as worker
from tests import making
from tests.unit.executors.workflow.ran import attempts, node, start

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = """
import task

def run(params):
    task.progress(10, 'one', 'begins')
    task.now()
    task.warn('odd')
    print('quiet')
    task.progress(60, 'two', 'goes on')
    task.now()
    return 'fine'
"""
STAGES = [{"name": "one", "percent": 0}, {"name": "two", "percent": 50}]


class Recorder:
    """A display that keeps what it is given."""

    def __init__(self) -> None:
        self.shown: list[Snapshot] = []
        self.told: list[str] = []
        self.is_closed = False

    def show(self, snapshot: Snapshot) -> None:
        self.shown.append(snapshot)

    def tell(self, text: str) -> None:
        self.told.append(text)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(autouse=True)
def _own_sockets(settings: Any, tmp_path: Path) -> None:
    settings.WAKE_DIR = tmp_path


@pytest.fixture
def task(alice: User) -> Task:
    return making.task(SCRIPT, alice, stages=STAGES)


def test_follow_sees_the_end_at_once_by_a_hint(task: Task, alice: User) -> None:
    sights = follow(task.pk, alice)
    assert next(sights).snapshot.status == "pending"
    worker.drain()
    began = time.monotonic()
    last = next(sights)
    assert time.monotonic() - began < 0.5
    assert last.snapshot.is_final and last.snapshot.percent == 100
    kinds = [entry.kind for entry in last.news]
    assert kinds[0] == "task.claimed" and kinds[-1] == "task.completed"
    assert list(sights) == []


def test_follow_looks_by_itself_when_every_hint_is_lost(
    task: Task, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "send", lambda *_: None)
    sights = follow(task.pk, alice)
    next(sights)
    worker.drain()
    assert any(sight.snapshot.is_final for sight in sights)


def test_follow_leaves_no_socket_behind(task: Task, alice: User, tmp_path: Path) -> None:
    sights = follow(task.pk, alice)
    next(sights)
    sockets = tmp_path / hints.FEED
    assert len(list(sockets.iterdir())) == 1
    lifecycle.cancel(task, alice)
    list(sights)
    assert list(sockets.iterdir()) == []


def test_watch_tells_warnings_and_with_talkative_everything(alice: User) -> None:
    for is_talkative, expected in ((False, ["odd"]), (True, ["odd", "quiet"])):
        task = making.task(SCRIPT, alice, stages=STAGES)
        shown = Recorder()
        sights = follow(task.pk, alice)
        next(sights)
        worker.drain()
        for sight in sights:
            shown.told += watching.sayings(sight.news, is_talkative=is_talkative)
        assert [text.rpartition(": ")[2] for text in shown.told] == expected


def test_of_a_workflow_the_progress_of_its_nodes_is_told_and_not_its_wake_ups(alice: User) -> None:
    task = start({"tasks": [node("first"), node("second", "first"), node("third", "second")]}, alice)
    shown = Recorder()
    sights = follow(task.pk, alice)
    assert next(sights).snapshot.nodes == ""
    while not Task.objects.get(pk=task.pk).is_final:
        attempts(1)
        sight = next(sights)
        shown.show(sight.snapshot)
        shown.told += watching.sayings(sight.news, is_talkative=False, is_workflow=bool(sight.snapshot.nodes))
    said = list(dict.fromkeys(each.nodes for each in shown.shown))
    assert said[0] == "0 of 3 nodes done, 1 running" and said[-1] == "3 of 3 nodes done"
    assert shown.told == []


def test_watch_closes_the_display_at_the_end(task: Task, alice: User) -> None:
    shown = Recorder()
    worker.drain()
    watch(task.pk, alice, shown)
    assert shown.is_closed and shown.shown[-1].status == "completed"


def test_watch_says_that_no_worker_is_there(task: Task, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PATIENCE", 0.0)

    class Impatient(Recorder):
        def tell(self, text: str) -> None:
            super().tell(text)
            lifecycle.cancel(task, alice)

    shown = Impatient()
    watch(task.pk, alice, shown)
    assert shown.told == [NO_WORKER]


def test_a_worker_counts_until_it_leaves(db: None) -> None:
    assert not has_workers()
    registered = roster.register(["default"])
    assert has_workers()
    roster.leave(registered)
    assert not has_workers()


def test_a_snapshot_counts_the_stages(task: Task, alice: User) -> None:
    worker.drain()
    shown = snap(task.pk, alice)
    assert (shown.stage, shown.stage_number, shown.stages) == ("two", 2, 2)
