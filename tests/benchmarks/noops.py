"""Tasks that do nothing, on ours and on bare Django-Q2, in turns on the same cores with two workers each."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.benchmarks import measured
from tests.benchmarks.rows import Row
from tests.benchmarks.sizes import Sizes
from tests.chaos.installation import ROOT, Installation

GOAL = 4.0


def noops(database: str, sizes: Sizes) -> Iterator[Row]:
    """A full queue that only has to be worked off, the same with a limit set, and one client that submits meanwhile."""
    turns: list[tuple[str, Callable[[int], float]]] = [
        ("theirs full", _their_full_queue), ("full", _full_queue), ("limited", _limited),
        ("theirs live", _their_live), ("live", _live),
    ]  # fmt: skip
    best: dict[str, float] = {}
    for _ in range(sizes.rounds):
        for name, measure in turns:
            best[name] = max(best.get(name, 0.0), measure(sizes.noops))
    yield Row(name="bare Django-Q2: no-ops, full queue", database=database, value=best["theirs full"], unit="/s")
    yield Row(name="bare Django-Q2: no-ops, one client submits meanwhile", database=database, value=best["theirs live"],
              unit="/s")  # fmt: skip
    for name, theirs, words in (
        ("full", "theirs full", "full queue"),
        ("limited", "theirs full", "full queue, one limit set"),
        ("live", "theirs live", "one client submits meanwhile"),
    ):
        ratio = best[name] / best[theirs]
        yield Row(
            name=f"recorded no-op tasks, {words}", database=database, value=best[name], unit="/s",
            reference="bare Django-Q2", ratio=ratio, goal=f"≥ {GOAL:.0f} ×", is_met=ratio >= GOAL,
        )  # fmt: skip


def _full_queue(count: int) -> float:
    return _worked_off(count, "fill")


def _limited(count: int) -> float:
    return _worked_off(count, "fill_limited")


def _worked_off(count: int, fill: str) -> float:
    with measured.installation(running=False) as made:
        measured.inside(made, fill, count)
        measured.start(made)
        return count / measured.inside(made, "emptied", count)["seconds"]


def _live(count: int) -> float:
    with measured.installation(running=True) as made:
        return count / measured.inside(made, "noops", count)["seconds"]


def _their_full_queue(count: int) -> float:
    with measured.installation(running=False) as made:
        _migrate_bare(made)
        _bare(made, "fill", count)
        with _bare_cluster(made):
            return count / _bare(made, "emptied", count)


def _their_live(count: int) -> float:
    with measured.installation(running=False) as made:
        _migrate_bare(made)
        with _bare_cluster(made):
            return count / _bare(made, "noops", count)


def _bare(made: Installation, what: str, count: int) -> float:
    answer = measured.run(made, "tests.benchmarks.bare_inside", what, str(count), **_bare_environment(made))
    return float(answer["seconds"])


def _bare_environment(made: Installation) -> dict[str, str]:
    """Bare Django-Q2 keeps its tables beside the installation's own database."""
    url = made.environment.get("DATABASE_URL") or f"sqlite:///{made.home / 'bare.sqlite3'}"
    return {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.bare", "BARE_DATABASE_URL": url}


def _migrate_bare(made: Installation) -> None:
    environment = {**made.environment, **_bare_environment(made)}
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)


@contextmanager
def _bare_cluster(made: Installation) -> Iterator[None]:
    cluster = subprocess.Popen(
        [sys.executable, "-m", "django", "qcluster"], cwd=ROOT, env={**made.environment, **_bare_environment(made)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        os.killpg(cluster.pid, signal.SIGKILL)
        cluster.wait()
