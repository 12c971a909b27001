"""Hosts that share one database, each an installation with a home and a name of its own; and servers to break."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.installation import PATIENCE, ROOT, Installation

CHAIN = """\
import world

def run(params):
    total = 0
    for number in range(params["n"]):
        total += world.wait(number, 0.05)
    return total
"""
QUICK = "def run(params):\n    return params['n']\n"
FILE = (
    "import report\n\ndef run(params):\n    return report.json(name='made', data=['A' * 1000] * params['n'])['size']\n"
)
SET_UP = """
import django, json, sys, time
django.setup()
from django.contrib.auth.models import User
from apps.tasks.models import Task
from apps.tasks.making.submission import Request, submit
from tests import making
from tests.chaos import sharing
alice, _ = User.objects.get_or_create(username="alice", defaults={"is_superuser": True, "is_staff": True})
def ask(key, n):
    return submit(Request(template=key, parameters={"n": n}, origin="test"), alice).task
"""


class Host(Installation):
    """`shares`: another host, whose database, keys and world this one uses too."""

    def __init__(self, name: str, shares: "Host | None" = None, url: str = "", **environment: str) -> None:
        world = shares.world if shares else Path(tempfile.mkdtemp(prefix="world-")) / "world.jsonl"
        self.world = world
        super().__init__(
            CHANTILLY_HOST=name, WORLD=str(world), SECRET_KEY="one for all hosts", CHECKPOINT_KEYS="one",
            CHAOS_LEASE="3", CHAOS_FIRST_PATIENCE="60", **environment,
        )  # fmt: skip
        self.shares = shares
        if shares:
            self.database, self.environment["DATABASE_URL"] = shares.database, shares.environment["DATABASE_URL"]
        self.is_elsewhere = bool(url)
        if url:
            self._server, self.database = url, url.rsplit("/", 1)[1]
            self.environment["DATABASE_URL"] = url

    def create_templates(self, *queues: str) -> None:
        """For each queue one of each script: `chain_<queue>`, `quick_<queue>`, `file_<queue>`."""
        self.python(
            f"for queue in {queues}:\n"
            "    for key in ('chain', 'quick', 'file'):\n"
            "        making.template(getattr(sharing, key.upper()), alice, key=f'{key}_{queue}', queue=queue)\n"
            "print(0)"
        )

    def python(self, code: str) -> Any:
        """Run it in a process of this host, whether or not a supervisor runs; answers the JSON of its last line."""
        done = subprocess.run(
            [sys.executable, "-c", SET_UP + code], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            timeout=100 * PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def ask(self, key: str, n: int, times: int = 1) -> list[int]:
        return list(self.python(f"print(json.dumps([ask({key!r}, {n}).pk for _ in range({times})]))"))

    @contextmanager
    def asker(self) -> Iterator[Callable[[str, int], int]]:
        """Somebody who submits (template, n) without starting a process for each; answers the task's id."""
        code = "for line in sys.stdin:\n    print(ask(*json.loads(line)).pk, flush=True)\n"
        asking = subprocess.Popen(
            [sys.executable, "-c", SET_UP + code], cwd=ROOT, env=self.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

        def ask(key: str, n: int) -> int:
            assert asking.stdin is not None
            assert asking.stdout is not None
            asking.stdin.write(json.dumps([key, n]) + "\n")
            asking.stdin.flush()
            return int(asking.stdout.readline())

        try:
            yield ask
        finally:
            asking.kill()
            asking.communicate()

    def template(self, key: str, script: str, **fields: Any) -> None:
        self.python(f"making.template({script!r}, alice, key={key!r}, **{fields!r})\nprint(0)")

    def effect_count(self) -> int:
        """How many calls have reached the world, of all tasks."""
        return self.world.read_bytes().count(b"\n") if self.world.exists() else 0

    def statuses(self, ids: list[int]) -> list[str]:
        found = self.sql(f"SELECT status FROM tasks_task WHERE id IN ({','.join(map(str, ids))})")
        return [status for (status,) in found]

    def are_completed(self, ids: list[int]) -> bool:
        return self.statuses(ids) == ["completed"] * len(ids)

    def effects(self, task_id: int) -> list[int]:
        """What reached the world for this task, in order."""
        lines = map(json.loads, self.world.read_text().splitlines() if self.world.exists() else [])
        return [line["value"] for line in lines if line["key"].startswith(f"{task_id}:")]

    def kill_whole(self) -> None:
        """As when its power fails: everything at once, the supervisor first."""
        assert self.supervisor is not None
        self.kill(self.supervisor.pid)
        for process in self.processes():
            process.kill()
        self.supervisor.wait(10)

    def destroy(self) -> None:
        """A shared database goes with the host that made it, one on a server of the test's own with that."""
        if self.shares or self.is_elsewhere:
            self.database = ""
        super().destroy()
