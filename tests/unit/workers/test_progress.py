"""When a cluster that lives is judged not to progress."""

from datetime import UTC, datetime, timedelta

from apps.workers.supervisor.progress import Look, Progress, Seen

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def judge() -> Progress:
    return Progress(expected=2, started_at=100.0, first_patience=20.0, patience=10.0, silence=15.0)


def look(*beats: float, coming: int = 0, next_task: int | None = None, idle: bool = True) -> Look:
    workers = [
        Seen(worker_id=number, heartbeat_at=BEGIN + timedelta(seconds=beat), is_idle=idle)
        for number, beat in enumerate(beats)
    ]
    return Look(workers=workers, coming=coming, next_task=next_task)


def test_a_starting_cluster_gets_its_time():
    progress = judge()
    assert progress.stalled(look(), 119.0) is None
    assert progress.stalled(look(), 121.0) == "0 of 2 workers for 21 s"


def test_a_cluster_that_lost_a_worker_gets_less_time():
    progress = judge()
    assert progress.stalled(look(1, 1), 105.0) is None
    assert progress.stalled(look(2), 114.0) is None
    assert progress.stalled(look(3), 116.0) == "1 of 2 workers for 11 s"


def test_workers_that_are_being_started_get_the_time_of_a_start():
    """C3: both killed at once on a busy machine, new ones there at once and long on their way."""
    progress = judge()
    progress.stalled(look(1, 1), 105.0)
    for at in (106.0, 116.0, 124.0):
        assert progress.stalled(look(coming=2), at) is None
    assert progress.stalled(look(coming=2), 126.0) == "0 of 2 workers for 21 s, 2 coming"


def test_nobody_in_a_lost_worker_s_place_is_a_stall_though_another_is_coming():
    progress = judge()
    progress.stalled(look(1, 1), 105.0)
    assert progress.stalled(look(coming=2), 106.0) is None
    assert progress.stalled(look(coming=1), 116.0) is None
    assert progress.stalled(look(coming=1), 117.0) == "0 of 2 workers for 12 s, 1 coming"


def test_a_replaced_worker_makes_it_whole_again():
    progress = judge()
    progress.stalled(look(1, 1), 105.0)
    progress.stalled(look(2), 114.0)
    assert progress.stalled(look(3, 3), 115.0) is None
    assert progress.stalled(look(4), 124.0) is None


def test_a_worker_whose_heartbeat_stands_still_is_silent_and_does_not_count():
    progress = judge()
    for at in (105.0, 110.0, 115.0, 120.0):
        assert progress.stalled(look(1, at), at) is None
    assert progress.silent(look(1, 120), 120.0) == []
    assert progress.stalled(look(1, 121), 121.0) is None
    assert progress.silent(look(1, 121), 121.0) == [0]


def test_the_walls_clock_may_jump():
    progress = judge()
    progress.stalled(look(1, 1), 105.0)
    assert progress.stalled(look(99_999, 99_999), 106.0) is None
    assert progress.stalled(look(2, 2), 107.0) is None
    assert progress.silent(look(2, 2), 107.0) == []


def test_a_task_that_idle_workers_leave_lying_is_a_stall():
    progress = judge()
    assert progress.stalled(look(1, 1, next_task=7), 105.0) is None
    assert progress.stalled(look(2, 2, next_task=7), 114.0) is None
    assert progress.stalled(look(3, 3, next_task=7), 116.0) == "task 7 waited for 11 s while 2 workers were idle"


def test_a_task_that_waits_for_busy_workers_is_no_stall():
    progress = judge()
    for at in (105.0, 115.0, 125.0, 135.0):
        assert progress.stalled(look(at, at, next_task=7, idle=False), at) is None


def test_a_task_that_waited_while_the_cluster_started_gets_its_worker_time():
    """On a machine that is busy a start takes longer than the patience: killed then, it would start for ever."""
    progress = judge()
    for at in (100.0, 105.0, 110.0, 115.0):
        assert progress.stalled(look(next_task=7), at) is None
    assert progress.stalled(look(1, next_task=7), 118.0) is None
    assert progress.stalled(look(2, 2, next_task=7), 127.0) is None
    assert progress.stalled(look(3, 3, next_task=7), 129.0) == "task 7 waited for 11 s while 2 workers were idle"


def test_a_queue_that_moves_is_no_stall():
    progress = judge()
    for number, at in enumerate((105.0, 112.0, 119.0, 126.0)):
        assert progress.stalled(look(at, at, next_task=number), at) is None
