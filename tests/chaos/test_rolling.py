"""A rolling restart: one cluster after the other is drained, stopped and started anew while tasks flow."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.installation import ROOT, Installation, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.long]
TASKS, CALLS = 30, 12


class Pair:
    """Two installations that share one database, as two hosts would."""

    def __init__(self, world: Path) -> None:
        environment = {"DJANGO_SETTINGS_MODULE": "tests.chaos.rolling_settings", "WORLD": str(world)}
        self.oak = Installation(**environment, CLUSTER_NAME="oak", CHANTILLY_HOST="birch")
        self.elm = Installation(**environment, CLUSTER_NAME="elm", CHANTILLY_HOST="cedar")
        self.elm.environment["DATABASE_URL"] = self.oak.environment["DATABASE_URL"]
        for name in ("SECRET_KEY", "CHECKPOINT_KEYS"):
            for installation in (self.oak, self.elm):
                installation.environment[name] = "one key for both hosts, as several hosts need it to be"

    def destroy(self) -> None:
        own, self.elm.database = self.elm.database, ""  # it never made one
        assert own != self.oak.database
        self.elm.destroy()
        self.oak.destroy()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        pytest.skip("several hosts need PostgreSQL")
    made = Pair(tmp_path / "world")
    try:
        made.oak.create()
        submit(made.oak, 0)  # makes the administrator for whom commands act
        yield made
    finally:
        made.destroy()


def submit(oak: Installation, count: int) -> None:
    command = [sys.executable, "-m", "tests.chaos.rolling", str(count)]
    done = subprocess.run(command, cwd=ROOT, env=oak.environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr


def live(oak: Installation, cluster: str) -> int:
    found = json.loads(oak.manage("workers", "clusters", "--json"))["clusters"]
    return sum(each["workers"] for each in found if each["name"] == cluster and each["word"] == "working")


def test_a_rolling_restart_loses_and_repeats_nothing(pair: Pair, tmp_path: Path):
    for installation in (pair.oak, pair.elm):
        installation.start("--no-web")
    for name in ("oak", "elm"):
        wait_for(f"the workers of {name}", lambda name=name: live(pair.oak, name) == 2, seconds=60)
    submit(pair.oak, TASKS)  # 3 s each for four workers: work for longer than a cluster takes to be drained

    for installation, name in ((pair.oak, "oak"), (pair.elm, "elm")):
        pair.oak.manage("workers", "drain", "--cluster", name, "--reason", "new version", "--wait", "40")
        pair.oak.manage("workers", "stop", "--cluster", name)
        assert installation.supervisor is not None
        assert installation.supervisor.wait(40) == 0, "`up` ends with its cluster"
        installation.start("--no-web")
        wait_for(f"the new workers of {name}", lambda name=name: live(pair.oak, name) == 2, seconds=60)

    finished = "SELECT count(*) FROM tasks_task WHERE status = 'completed'"
    wait_for("the end of all tasks", lambda: pair.oak.sql(finished) == [(TASKS,)], seconds=100)

    lines = [json.loads(line) for line in (tmp_path / "world").read_text().splitlines()]
    made = Counter(line["key"] for line in lines)
    assert (len(made), set(made.values())) == (TASKS * CALLS, {1}), "every call once"
    outcomes = Counter(outcome for (outcome,) in pair.oak.sql("SELECT outcome FROM tasks_attempt"))
    assert set(outcomes) <= {"completed", "drained"}, "nobody was killed for it"
    assert outcomes["drained"] >= 1, "tasks flowed while the clusters were restarted"
    print(f"{outcomes['drained']} tasks moved, none lost, no call repeated")
