"""How soon what is committed is seen by people: hundreds of open pages on the default installation."""

import json
from collections.abc import Iterator

import requests

from tests.benchmarks import measured
from tests.benchmarks.rows import Row, above, at_most, percentile
from tests.benchmarks.sizes import Sizes
from tests.chaos.installation import Installation, wait_for

TASKS = 2
"""One a worker: all pages follow a task that moves."""
PER_USER = 50


def seen(database: str, sizes: Sizes) -> Iterator[Row]:
    """From the commit of a step (its row) to the arrival of the message that names it, at each socket."""
    with measured.installation(running=False) as made:
        measured.start(made, pages=True)
        wait_for("the pages", lambda: _answers(made), seconds=60)
        asked = json.dumps({
            "port": made.port, "sockets": sizes.sockets, "users": -(-sizes.sockets // PER_USER), "tasks": TASKS,
            "seconds": sizes.socket_seconds,
        })  # fmt: skip
        found = measured.run(made, "tests.benchmarks.inside_sockets", asked)
    waits = found["milliseconds"]
    words = f"step committed → seen, {found['open']} websockets"
    yield Row(name=f"{words}, p50", database=database, value=percentile(waits, 0.5), unit="ms",
              note=f"{len(waits):,} arrivals of {found['steps']} steps")  # fmt: skip
    yield at_most(150, "ms", percentile(waits, 0.95), name=f"{words}, p95", database=database)
    yield above(
        99.9, "%", 100 * found["arrived"] / found["expected"], name="steps that reached every page", database=database
    )


def _answers(made: Installation) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{made.port}/healthz", timeout=2).ok
    except requests.RequestException:
        return False
