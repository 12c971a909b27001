"""Messages from chats: how many a second are accepted, how soon they are acknowledged, and whether one is ever lost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.benchmarks import measured
from tests.benchmarks.rows import Row, above, at_most, percentile
from tests.benchmarks.sizes import Sizes
from tests.chaos.installation import ROOT, Installation, wait_for

RATE = 200
SLOWEST = 1_000


def door(database: str, sizes: Sizes) -> Iterator[Row]:
    """Of a web server alone, without workers beside it: the door is all that is measured."""
    with measured.installation(running=False) as made, serving(made):
        asked = {"port": made.port, "rate": RATE, "seconds": sizes.door_seconds, "locked_seconds": sizes.door_seconds}
        found = measured.run(made, "tests.benchmarks.inside_door", json.dumps(asked))
    yield above(
        RATE, "/s", found["most"]["rate"], name="chat messages accepted, as many as there come", database=database,
        note=_spread(found["most"]["milliseconds"]),
    )  # fmt: skip
    for name, words in (("steady", f"{RATE} chat messages/s"), ("locked", f"{RATE}/s, database locked throughout")):
        part = found[name]
        yield at_most(
            SLOWEST, "ms", max(part["milliseconds"]), name=f"{words}: slowest answer", database=database,
            note=_spread(part["milliseconds"]),
        )  # fmt: skip
        yield _none(f"{words}: acknowledged and lost, or doubled", database, part)
    yield _none("all that came: acknowledged and lost, or doubled", database, found["most"])


@contextmanager
def serving(made: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """The web server as `manage.py up` starts it."""
    with (made.home / "web.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "apps.workers.supervisor.web", "127.0.0.1", str(made.port)], cwd=ROOT,
            env={**made.environment, "CHANTILLY_SUPERVISOR_PID": str(os.getpid())}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_for("the web server", lambda: _answers(made.port), seconds=60)
        yield server
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


def _none(name: str, database: str, part: dict[str, Any]) -> Row:
    refused = {answer: count for answer, count in part["answers"].items() if answer != "200"}
    wrong = part["lost"] + part["doubled"]
    note = f"{part['acknowledged']:,} acknowledged" + (f", others: {refused}" if refused else "")
    return Row(name=name, database=database, value=wrong, goal="0", is_met=wrong == 0 and not refused, note=note)


def _spread(milliseconds: list[float]) -> str:
    parts = (f"p{round(100 * share)} {percentile(milliseconds, share):.0f}" for share in (0.5, 0.95, 0.99))
    return ", ".join(parts) + " ms"
