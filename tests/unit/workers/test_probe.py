"""How long the supervisor waits for a cluster that does not come."""

from datetime import UTC, datetime
from types import SimpleNamespace

from apps.workers import sweep
from apps.workers.supervisor import probe, progress
from apps.workers.supervisor.progress import Look, Seen


def test_a_start_that_failed_gets_twice_the_time_until_one_succeeds(monkeypatch, settings):
    settings.CLUSTER_FIRST_PATIENCE, settings.CLUSTER_PATIENCE, settings.CLUSTER_SILENCE = 20.0, 10.0, 100.0
    clock = SimpleNamespace(at=0.0)
    workers: list[Seen] = []
    stalls: list[str] = []
    monkeypatch.setattr(probe, "time", SimpleNamespace(monotonic=lambda: clock.at))
    monkeypatch.setattr(progress, "look", lambda pid: Look(workers=workers))
    monkeypatch.setattr(sweep, "rescue", lambda: None)
    watcher = probe.Probe(1, lambda pid, reason: stalls.append(reason))

    def after(seconds: float) -> int:
        clock.at += seconds
        watcher._look()
        return len(stalls)

    watcher.watch(7)
    assert (after(19), after(2)) == (0, 1)
    watcher.watch(8)
    assert (after(39), after(2)) == (1, 2), "twice as long"
    watcher.watch(9)
    workers.append(Seen(worker_id=1, heartbeat_at=datetime(2026, 1, 1, tzinfo=UTC), is_idle=False))
    assert after(70) == 2
    workers.clear()
    assert after(11) == 3, "a lost worker is another matter"
    watcher.watch(10)
    assert (after(19), after(2)) == (3, 4), "the first patience again"
