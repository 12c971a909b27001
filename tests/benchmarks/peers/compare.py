"""Ours beside the peers on the same work, one after another on the same cores, in one run."""

import os
import signal
import time
from collections.abc import Iterator
from statistics import median

import psutil

from tests.benchmarks import clusters, measured
from tests.benchmarks.peers.hall import ON, PYTHON, Peer, peer
from tests.benchmarks.rows import Row, percentile
from tests.chaos.installation import wait_for

NOOPS = 1_000
STARTS = 40
CHAIN = 100
CHAINS, CHAIN_LENGTH = 20, 25
NAPS = 100
PATIENCE = 20.0
"""Seconds that a task whose worker was killed is waited for."""


def compare(database: str) -> Iterator[Row]:
    """One block of rows a system; a ratio above 1 on our rows says how much better ours is than the best peer."""
    if not PYTHON.exists():
        raise SystemExit("The peers are not installed. Run: scripts/peers")
    best: dict[str, float] = {}
    for name, places in ON.items():
        if database not in places and not (places == ("redis",) and database == "postgresql"):
            continue
        where = database if database in places else places[0]
        for row in _peer(name, where):
            best[row.name.partition(": ")[2]] = _better(row, best)
            yield row
    for row in _ours(database):
        yield _beside(row, best)


def _better(row: Row, best: dict[str, float]) -> float:
    what = row.name.partition(": ")[2]
    if what not in best:
        return row.value
    return max(best[what], row.value) if row.unit == "/s" else min(best[what], row.value)


def _beside(row: Row, best: dict[str, float]) -> Row:
    other = best.get(row.name.partition(": ")[2])
    if not other or not row.value:
        return row
    ratio = row.value / other if row.unit == "/s" else other / row.value
    return Row(**{**row.as_json(), "reference": "as good as the best peer", "ratio": ratio})  # type: ignore[arg-type]


def _row(name: str, database: str, what: str, value: float, unit: str) -> Row:
    return Row(name=f"{name}: {what}", database=database, value=value, unit=unit)


def _peer(name: str, database: str) -> Iterator[Row]:
    with peer(name, database, serving=False) as one:
        one.run("noop", NOOPS)
        one.serve()
        one.run("wait", NOOPS)
        first, last = one.stamps("noop")[0], one.stamps("recorded")[0]
        yield _row(name, database, "no-ops", NOOPS / (last.at - first.at), "/s")
    with peer(name, database, serving=True) as one:
        yield _row(name, database, "idle PSS", _idle(one.processes()), "MB")
        one.run("one-by-one", STARTS)
        sent, ran = one.wait("sent", STARTS), one.wait("noop", STARTS)
        waits = [(b.at - a.at) * 1000 for a, b in zip(sent, ran, strict=True)]
        yield _row(name, database, "start p50", percentile(waits, 0.5), "ms")
        yield _row(name, database, "start p95", percentile(waits, 0.95), "ms")
        one.run("chain", CHAIN)
        steps = one.wait("step", CHAIN)
        yield _row(name, database, "step", (steps[-1].at - steps[0].at) / (CHAIN - 1) * 1000, "ms")
        one.forget()
        one.run("chains", CHAIN_LENGTH)
        steps = one.wait("step", CHAINS * CHAIN_LENGTH)
        yield _row(name, database, "steps/s of 20", len(steps) / (steps[-1].at - steps[0].at), "/s")
        one.run("long", NAPS)
        first = one.wait("long", 1)[0]
        time.sleep(0.5)
        os.kill(first.pid, signal.SIGKILL)
        at = time.time()
        for number, server in enumerate(one.servers):
            if server.pid == first.pid:  # nothing else would start it again
                one.serve_one(number)
        yield _after_kill(name, database, one, at)


def _after_kill(name: str, database: str, one: Peer, at: float) -> Row:
    try:
        again = one.wait("long", 2, seconds=PATIENCE)[1].at - at
    except AssertionError:
        return Row(name=f"{name}: never ran again", database=database, value=PATIENCE, unit="s waited")
    return _row(name, database, "after kill -9", again, "s")


def _idle(processes: list[psutil.Process]) -> float:
    return sum(clusters.pss(process) for process in processes) / 2**20


def _ours(database: str) -> Iterator[Row]:
    name = "Chantilly"
    with measured.installation(running=False) as made:
        measured.inside(made, "fill", NOOPS)
        made.up()
        yield _row(name, database, "no-ops", NOOPS / measured.inside(made, "emptied", NOOPS)["seconds"], "/s")
    with measured.installation(running=True) as made:
        measured.inside(made, "noops", 1)
        time.sleep(1)
        main = made.main()
        yield _row(name, database, "idle PSS", _idle([main, *main.children(recursive=True)]), "MB")
        waits = [wait * 1000 for wait in measured.inside(made, "latency", STARTS)["waits"]]
        yield _row(name, database, "start p50", percentile(waits, 0.5), "ms")
        yield _row(name, database, "start p95", percentile(waits, 0.95), "ms")
        yield _row(name, database, "step", measured.inside(made, "chain", CHAIN)["seconds"] * 1000, "ms")
        yield _row(name, database, "steps/s of 20", measured.inside(made, "chains", CHAIN_LENGTH)["per_second"], "/s")
        again = []
        for _ in range(3):
            started = measured.inside(made, "long_task", 60)
            at = made.kill(started["pid"])
            query = f"SELECT 1 FROM tasks_attempt WHERE task_id = {started['task']} AND number = 2"
            wait_for("the second attempt", lambda query=query: made.sql(query), seconds=PATIENCE)
            again.append(time.monotonic() - at)
        yield _row(name, database, "after kill -9", median(again), "s")
