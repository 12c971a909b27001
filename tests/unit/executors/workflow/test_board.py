"""What follows from what has ended, without a database: over many graphs, and the same after every loss of memory."""

import copy
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.executors.workflow import checking, reading
from apps.executors.workflow.running import results
from apps.executors.workflow.running.board import Board
from apps.executors.workflow.running.loaded import prepared
from apps.executors.workflow.running.standing import AT_WORK, ENDED, State
from tests.unit.executors.workflow.ran import node

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Values:
    """The context, in a dictionary."""

    def __init__(self):
        self.values = {}

    def context(self, node, standing):
        return self.values

    def write(self, node, standing, values):
        self.values |= values

    def drop(self, keys):
        for key in keys:
            self.values.pop(key, None)


def graph(seed):
    """Up to 14 nodes: joins, conditions, choices, loops, retries, cancels, policies, milestones, events, timeouts, by chance."""
    chance = random.Random(seed)
    nodes = []
    for number in range(chance.randint(3, 14)):
        before = [f"n{n}" for n in range(number)]
        waits = chance.sample(before, min(len(before), chance.randint(0, 3)))
        more = {}
        if len(waits) > 1:
            more["join"] = chance.choice(["all", "all", "any", "structured", {"at_least": 2}])
        if waits and chance.random() < 0.3:
            more["condition"] = {waits[0]: {"minimum": 5}}
        if chance.random() < 0.2:
            more["retry_config"] = {"max_attempts": 2, "delay_ms": 1000}
        if chance.random() < 0.15:
            more["loop"] = {"until": {f"n{number}": {"minimum": 7}}, "most": 3}
        if before and chance.random() < 0.15:
            more["cancels"] = [chance.choice(before)]
        more["on_failure"] = chance.choice(["stop", "continue", "skip", "skip", "default"])
        if more["on_failure"] == "default":
            more["default_result"] = {f"n{number}": 1}
        optional: list[Any] = [f"{key}?" if chance.random() < 0.2 and "join" not in more else key for key in waits]
        if before and chance.random() < 0.2:
            state = chance.choice(["started", "completed", "failed", "skipped", "ended"])
            optional.append({"task": chance.choice(before), "state": state})
        if chance.random() < 0.2:
            late = {"timeout": chance.choice(["5 s", "50 s"])} if chance.random() < 0.5 else {}
            optional.append({"event": chance.choice(["x", "y"]), "keep": chance.random() < 0.6, **late})
        if optional and isinstance(optional[0], str) and chance.random() < 0.2:
            optional[0] = {"key": optional[0].rstrip("?"), "timeout": "5 s"}
        nodes.append({**node(f"n{number}", **more), "dependencies": optional})
    if len(nodes) > 4 and chance.random() < 0.4:
        for each in nodes[-2:]:
            each |= {
                "dependencies": nodes[-2]["dependencies"],
                "choice": {"name": "way", "by": chance.choice(["condition", "first"])},
            }
            each.pop("join", None)
        nodes[-1]["choice"] = nodes[-2]["choice"]
        nodes[-2]["condition"] = {"n0?": {"minimum": 5}}
        nodes[-1].pop("condition", None)
    found = {"tasks": nodes, **({"at_once": 2} if chance.random() < 0.3 else {})}
    return None if any(fault.severity == "error" for fault in checking.check(found)) else prepared(reading.load(found))


def new(loaded, world):
    board = Board(loaded, world, NOW)
    board.load([], frozenset(), [])
    return board


def again(board, world):
    """As a process has it that reads what is on record."""
    found = Board(board.loaded, world, board.began_at)
    found.load(copy.deepcopy(list(board.standings.values())), board.inputs, board.events)
    return found


def look(board):
    """All that decides what happens next."""
    return (
        {n: s.state for n, s in board.standings.items() if s.state != State.WAITING},
        [board.tallies.says(n) for n in range(board.loaded.total) if board._of(n).state == State.WAITING],
        board.is_stopping, sorted(board.at_work), dict(+board.counts), board.is_over, board.next_due,
    )  # fmt: skip


def play(seed, *, forgets):
    """Run a graph to its end with chance results; the states, and how often each node was started."""
    loaded = graph(seed)
    if loaded is None:
        return None
    chance, world, now, starts = random.Random(seed), Values(), NOW, {}
    board = new(loaded, world)
    board.begin()
    for _ in range(1_000):
        board.late(now)
        board.decide(now)
        for number in board.launch():
            board.started(number, now)
            starts[number] = starts.get(number, 0) + 1
        board.withdrawn.clear()
        if forgets:
            fresh = again(board, world)
            assert look(fresh) == look(board)
            board = fresh
        if board.is_over:
            return {n: board._of(n).state for n in range(loaded.total)}, starts, board.is_failed
        if loaded.of_event and chance.random() < 0.15:
            board.heard(chance.choice(sorted(loaded.of_event)))
        elif board.at_work:
            number = chance.choice(sorted(board.at_work))
            if chance.random() < 0.25:
                board.ended_badly(number, results.fault("EXEC_001", loaded.graph.nodes[number], "It failed."), now)
            else:
                board.ended_well(number, chance.randint(0, 9), now)
        elif board.next_due is not None:
            now = board.next_due
        elif loaded.of_event:
            board.heard(chance.choice(sorted(loaded.of_event)))
        if chance.random() < 0.2:
            now += timedelta(seconds=7)
    raise AssertionError("it never ends")


@pytest.mark.parametrize("block", range(20))
def test_losing_all_memory_after_every_step_changes_nothing(block):
    played = 0
    for seed in range(block * 50, block * 50 + 50):
        straight = play(seed, forgets=False)
        assert play(seed, forgets=True) == straight
        played += straight is not None
    assert played > 15


def test_every_run_ends_with_every_node_accounted_for():
    kinds = set()
    for seed in range(400):
        if (played := play(seed, forgets=False)) is None:
            continue
        states, starts, is_failed = played
        kinds |= set(states.values())
        assert not AT_WORK & set(states.values())
        if not is_failed:
            assert set(states.values()) <= ENDED
        for number, state in states.items():
            assert (number in starts) or state not in (State.COMPLETED, State.FAILED)
    assert kinds >= {State.COMPLETED, State.FAILED, State.SKIPPED, State.CANCELLED, State.WAITING}


def test_a_repaired_run_goes_on_where_it_failed():
    """Whatever failed is repeated until it completes: then nothing is left of the failure."""
    for seed in range(300):
        loaded = graph(seed)
        if loaded is None:
            continue
        world, now, fails = Values(), NOW, True
        board = new(loaded, world)
        board.begin()
        completed_before = set()
        for _ in range(400):
            board.late(now)
            board.decide(now)
            for number in board.launch():
                assert number not in completed_before, "it had completed before the repair"
                board.started(number, now)
            board.withdrawn.clear()
            if board.is_over and board.is_failed:
                assert fails
                fails = False
                completed_before = {n for n, s in board.standings.items() if s.state == State.COMPLETED}
                board.mend(now)
            elif board.is_over:
                break
            elif board.at_work:
                number = min(board.at_work)
                if fails and number % 2:
                    board.ended_badly(number, results.fault("EXEC_001", loaded.graph.nodes[number], "It failed."), now)
                else:
                    board.ended_well(number, 9, now)
            else:
                now = board.next_due or now + timedelta(seconds=1)
                for event in loaded.of_event:
                    board.heard(event)
        assert board.is_over and not board.is_failed, seed
        assert fails or not [each for each in board.standings.values() if each.because == "failure"], seed
