"""Ours and the peers on the same work, in turns on the same cores; the best of each system's turns counts."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median

import psutil

from tests.benchmarks import clusters, measured
from tests.benchmarks.peers.hall import ON, PYTHON, Peer, is_installed, peer
from tests.benchmarks.rows import Row, failed
from tests.benchmarks.rows import percentile as share_of
from tests.benchmarks.sizes import Sizes
from tests.chaos.installation import Installation, wait_for

OURS = "Chantilly"
CHAINS = 20
UNITS = {"no-ops": "/s", "start p50": "ms", "start p95": "ms", "step": "ms", "steps/s of 20": "/s",
         "re-run after kill -9": "s", "idle PSS": "MB"}  # fmt: skip
"""Each figure's unit; those by the second are the better the greater."""
NEVER = float("inf")
OUR_PATIENCE = 30.0
DBOS_GOAL = 10.0
SLOW = "bare Django-Q2"

Figures = dict[str, float]


@dataclass(kw_only=True)
class System:
    name: str
    database: str
    measure: Callable[["System", Sizes, bool], Figures]
    """The last argument: whether a task is killed too, which happens once."""
    best: Figures = field(default_factory=dict)
    is_broken: bool = False

    def keep(self, figures: Mapping[str, float]) -> None:
        for what, value in figures.items():
            better = max if UNITS[what] == "/s" else min
            self.best[what] = better(self.best.get(what, value), value)


def compare(database: str, sizes: Sizes) -> Iterator[Row]:
    systems = [System(name=OURS, database=database, measure=_ours)]
    for name, places in ON.items():
        if database not in places and not (places == ("redis",) and database == "postgresql"):
            continue
        where = database if database in places else places[0]
        if is_installed(name):
            systems.append(System(name=name, database=where, measure=_peer))
        else:
            why = f"not installed ({PYTHON} is missing): run scripts/peers"
            yield failed(f"{name}, all figures", where, why)
    for turn in range(sizes.rounds):
        for system in systems if turn % 2 == 0 else reversed(systems):
            yield from _take_turn(system, sizes, turn == sizes.rounds - 1)
    yield from _rows(systems)


def _take_turn(system: System, sizes: Sizes, kills: bool) -> Iterator[Row]:
    if system.is_broken:
        return
    try:
        system.keep(system.measure(system, sizes, kills))
    except Exception as error:  # whatever a peer does: the others shall be measured
        system.is_broken = True
        yield failed(f"{system.name}, all further figures", system.database, f"{type(error).__name__}: {error}")


def _rows(systems: list[System]) -> Iterator[Row]:
    for system in systems:
        for what in (what for what in UNITS if what in system.best):
            yield _cell(system, what, system.best[what])
    ours, peers = systems[0], systems[1:]
    for what in (what for what in UNITS if what in ours.best):
        others = [value for peer in peers if (value := peer.best.get(what, NEVER)) != NEVER]
        if others:
            yield Row(name=what, system="ours, times the best of them", database=ours.database,
                      value=_times(what, ours.best[what], others), unit="×")  # fmt: skip
    yield from _goals(ours, {peer.name: peer for peer in peers})


def _cell(system: System, what: str, value: float) -> Row:
    if value == NEVER:
        return Row(name=what, system=system.name, database=system.database, note="never")
    return Row(name=what, system=system.name, database=system.database, value=value, unit=UNITS[what])


def _times(what: str, ours: float, others: list[float]) -> float:
    return ours / max(others) if UNITS[what] == "/s" else min(others) / ours


def _goals(ours: System, peers: Mapping[str, System]) -> Iterator[Row]:
    if ours.database != "postgresql":
        return
    for what, name in (
        ("step", "durable step of a running cluster"),
        ("steps/s of 20", "steps/s of 20 scripts at once"),
    ):
        goal = f"≥ {DBOS_GOAL:.0f} ×"
        if "DBOS" not in peers or what not in peers["DBOS"].best or what not in ours.best:
            yield failed(f"{name}, beside DBOS", ours.database, "one of the two was not measured: see the peers' rows")
            continue
        ratio = _times(what, ours.best[what], [peers["DBOS"].best[what]])
        yield Row(name=name, database=ours.database, value=ours.best[what], unit=UNITS[what], reference="DBOS",
                  ratio=ratio, goal=goal, is_met=ratio >= DBOS_GOAL)  # fmt: skip


# A peer's turn


def _peer(system: System, sizes: Sizes, kills: bool) -> Figures:
    name, database = system.name, system.database
    found: Figures = {}
    with peer(name, database, serving=False) as one:
        one.run("noop", sizes.peer_noops)
        one.serve()
        one.run("wait", sizes.peer_noops)
        first, last = one.stamps("noop")[0], one.stamps("recorded")[0]
        found["no-ops"] = sizes.peer_noops / (last.at - first.at)
    with peer(name, database, serving=True) as one:
        found["idle PSS"] = _idle(one.processes())
        one.run("one-by-one", sizes.peer_starts)
        sent, ran = one.wait("sent", sizes.peer_starts), one.wait("noop", sizes.peer_starts)
        found |= _starts([b.at - a.at for a, b in zip(sent, ran, strict=True)])
        found |= _steps(one, sizes)
        if kills:
            found["re-run after kill -9"] = _after_kill(one, sizes.patience)
    return found


def _steps(one: Peer, sizes: Sizes) -> Figures:
    part = 5 if one.name == SLOW else 1
    chain, chain_of_many = sizes.chain // part, max(2, sizes.chain_of_many // part)
    one.run("chain", chain)
    steps = one.wait("step", chain)
    found = {"step": (steps[-1].at - steps[0].at) / (chain - 1) * 1000}
    one.forget()
    one.run("chains", chain_of_many)
    steps = one.wait("step", CHAINS * chain_of_many)
    return found | {"steps/s of 20": len(steps) / (steps[-1].at - steps[0].at)}


def _after_kill(one: Peer, patience: float) -> float:
    one.run("long", int(patience / 0.05) + 40)  # it is still at work when the patience ends
    first = one.wait("long", 1)[0]
    time.sleep(0.5)
    os.kill(first.pid, signal.SIGKILL)
    at = time.time()
    for number, server in enumerate(one.servers):
        if server.pid == first.pid:  # nothing else would start it again
            one.serve_one(number)
    try:
        return one.wait("long", 2, seconds=patience)[1].at - at
    except AssertionError:
        return NEVER


def _starts(waits: list[float]) -> Figures:
    return {f"start p{share * 100:.0f}": share_of(waits, share) * 1000 for share in (0.5, 0.95)}


def _idle(processes: list[psutil.Process]) -> float:
    return sum(clusters.pss(process) for process in processes) / 2**20


# Our turn


def _ours(system: System, sizes: Sizes, kills: bool) -> Figures:
    found: Figures = {}
    with measured.installation(running=False) as made:
        measured.inside(made, "fill", sizes.peer_noops)
        measured.start(made)
        found["no-ops"] = sizes.peer_noops / measured.inside(made, "emptied", sizes.peer_noops)["seconds"]
    with measured.installation(running=True) as made:
        measured.inside(made, "noops", 1)
        time.sleep(1)
        main = made.main()
        found["idle PSS"] = _idle([main, *main.children(recursive=True)])
        found |= _starts(measured.inside(made, "latency", sizes.peer_starts)["waits"])
        found["step"] = measured.inside(made, "chain", sizes.chain)["seconds"] * 1000
        found["steps/s of 20"] = measured.inside(made, "chains", sizes.chain_of_many)["per_second"]
        if kills:
            found["re-run after kill -9"] = median(_killed(made) for _ in range(min(3, sizes.kills)))
    return found


def _killed(made: Installation) -> float:
    started = measured.inside(made, "long_task", 60)
    at = made.kill(started["pid"])
    query = f"SELECT 1 FROM tasks_attempt WHERE task_id = {started['task']} AND number = 2"
    try:
        wait_for("the second attempt", lambda: made.sql(query), seconds=OUR_PATIENCE)
    except AssertionError:
        return NEVER
    return time.monotonic() - at
