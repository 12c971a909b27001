"""Which running tasks a rebalance moves: decided from what hosts do, and only where it helps."""

import pytest

from apps.workers.answers.balance import Load, Running, moves


def host(name: str, running: int, idle: int, queue: str = "default", first: int = 0) -> Load:
    tasks = [Running(task_id=first + number, queue=queue, calls=10 * number) for number in range(running)]
    return Load(host=name, running=tasks, idle=[frozenset({queue})] * idle)


@pytest.mark.parametrize(
    ("hosts", "moved"),
    [
        ([host("birch", 4, 0)], 0),
        ([host("birch", 2, 2), host("cedar", 0, 4)], 0),
        ([host("birch", 1, 0), host("cedar", 0, 1)], 0),
        ([host("birch", 1, 0), host("cedar", 0, 3)], 0),
        ([host("birch", 2, 0), host("cedar", 0, 2)], 1),
        ([host("birch", 4, 0), host("cedar", 0, 4)], 2),
        ([host("birch", 4, 0), host("cedar", 4, 0, first=10)], 0),
        ([host("birch", 4, 0), host("cedar", 0, 4, queue="reports")], 0),
        ([host("birch", 6, 0), host("cedar", 0, 3), host("elm", 0, 3)], 2),
        ([], 0),
    ],
    ids=[
        "one host",
        "nobody is full",
        "no gain",
        "alone",
        "one",
        "half",
        "no room",
        "other queue",
        "two takers",
        "no hosts",
    ],
)
def test_tasks_move_from_full_hosts_to_idle_ones_while_that_evens_the_load(hosts, moved):
    assert len(moves(hosts)) == moved


def test_the_task_with_the_least_on_record_goes_first():
    assert moves([host("birch", 4, 0, first=7), host("cedar", 0, 4)]) == [7, 8]


def test_what_was_given_is_left_as_it_was():
    hosts = [host("birch", 4, 0), host("cedar", 0, 4)]
    moves(hosts)
    assert (len(hosts[0].running), len(hosts[1].idle)) == (4, 4)
