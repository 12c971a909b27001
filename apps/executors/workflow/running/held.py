"""Boards that this process has had in its hands: the next attempt here reads only what others have written since."""

import os
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from apps.executors.workflow.running import store
from apps.executors.workflow.running.board import Board
from apps.executors.workflow.running.context import Context
from apps.executors.workflow.running.loaded import Loaded
from apps.tasks.models import Run

MOST_BOARDS = 16
MOST_NODES = 50_000
"""Of all that are held together."""

_held: OrderedDict[str, tuple[Board, int, int]] = OrderedDict()
"""By the task's uid: the board, and the run's version and generation at which it stands."""


def board(uid: str, loaded: Loaded, context: Context, run: Run) -> Board:
    """The board of this run as it is on record."""
    known = _held.get(uid)
    if known is not None and known[1] <= run.version and known[2] == run.generation:
        found, version, _ = known
        found.world, found.loaded = context, loaded
        if version < run.version:
            events = store.events(run.task_id)[len(found.events) :] if loaded.of_event else []
            found.catch_up(store.standings(run.task_id, after=version), events)
        return found
    found = Board(loaded, context, run.began_at)
    events = store.events(run.task_id) if loaded.of_event else []
    found.load(store.standings(run.task_id) if run.version else [], context.inputs, events)
    return found


def keep(uid: str, board: Board, version: int, generation: int) -> None:
    """Of an attempt that has written all it knows."""
    _held[uid] = (board, version, generation)
    _held.move_to_end(uid)
    while len(_held) > MOST_BOARDS or sum(each.loaded.total for each, *_ in _held.values()) > MOST_NODES:
        if len(_held) == 1:
            break
        _held.popitem(last=False)


def forget(uid: str) -> None:
    _held.pop(uid, None)


def is_crowded(percent: int) -> bool:
    """Whether this process has so much of the memory that it may have (WORKER_MEMORY_MB; 0: as much as it likes)."""
    most = settings.WORKER_MEMORY_MB << 20
    return bool(most) and memory() * 100 >= most * percent


def memory() -> int:
    """Bytes that this process occupies; 0 where the system does not say."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def forget_all() -> None:
    """As a process does that is new."""
    _held.clear()
