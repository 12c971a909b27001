"""Two hosts on one database: one wakes the other, serves its files, shows its tasks, and goes on with them when it dies."""

import base64
import json
import os
import shutil
import socket
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.chaos.installation import wait_for
from tests.chaos.sharing import Host
from tests.chaos.storm.servers import Redis

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="SQLite serves one host only"
    ),
]

ROUNDS = 10
STEPS = 120
LENGTH = 200
SUBMIT_AND_SEE = """
waits = []
for number in range({rounds}):
    task = ask("quick_south", number)
    at = time.time()
    while not (attempt := task.attempts.first()) and time.time() - at < 20:
        time.sleep(0.002)
    waits.append(attempt.started_at.timestamp() - at)
    time.sleep(0.15)
print(json.dumps(waits))
"""


@pytest.fixture(params=["redis", "notify"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Host, Host]]:
    """north has workers and pages, south too; each has workers of its own queue only, and both serve `default`."""
    place = Path(tempfile.mkdtemp(prefix="ch-redis-", dir="/tmp"))
    server = Redis(place)
    redis_url = ""
    if request.param == "redis":
        if not shutil.which("redis-server"):
            pytest.skip("needs redis-server")
        server.start()
        redis_url = server.url
    common = {"REDIS_URL": redis_url}
    north = Host("north", WORKER_QUEUES="north,default", **common)
    south = Host("south", north, WORKER_QUEUES="south,default", **common)
    try:
        north.create()
        north.create_templates("north", "south", "default")
        for host in (north, south):
            host.start()
        for host in (north, south):
            wait_for("two workers", lambda host=host: len(host.workers()) == 2, seconds=90)
            wait_for("its pages", lambda host=host: _answers(host.port), seconds=90)
        yield north, south
    finally:
        south.destroy()
        north.destroy()
        server.bury()
        shutil.rmtree(place)


def test_hosts_share_work_files_pages_and_the_death_of_one(pair: tuple[Host, Host]):
    north, south = pair
    _one_wakes_the_other(north, south)
    _a_file_made_here_is_served_there(north, south)
    _a_page_there_follows_a_task_here(north, south)
    _when_one_dies_its_tasks_go_on_in_the_other(north, south)


def _one_wakes_the_other(north: Host, south: Host) -> None:
    waits = north.python(SUBMIT_AND_SEE.format(rounds=ROUNDS))
    print(f"from submit on north to claim on south: p50 {statistics.median(waits) * 1e3:.1f} ms, {waits}")
    # Looks happen once a second: half of all tasks would wait for more than half of one.
    assert statistics.median(waits) < 0.25
    bystander = Host("east", north, REDIS_URL=north.environment["REDIS_URL"])
    try:
        waits = bystander.python(SUBMIT_AND_SEE.format(rounds=ROUNDS))
        print(f"from submit where nothing runs to claim on south: p50 {statistics.median(waits) * 1e3:.1f} ms")
        assert statistics.median(waits) < 0.25
    finally:
        bystander.destroy()


def _a_file_made_here_is_served_there(north: Host, south: Host) -> None:
    [task] = north.ask("file_north", 3000)
    wait_for("the file", lambda: north.are_completed([task]))
    [(artifact, size)] = north.sql(f"SELECT id, size FROM tasks_artifact WHERE task_id = {task}")
    assert size > 3_000_000
    shutil.rmtree(north.home / "artifacts", ignore_errors=True)

    address = f"http://127.0.0.1:{south.port}/api/v1/tasks/{task}/artifacts/{artifact}/"
    cookie = {"Cookie": f"sessionid={_session(north)}"}
    with urllib.request.urlopen(urllib.request.Request(address, headers=cookie), timeout=20) as answer:
        whole = answer.read()
    part = urllib.request.Request(address, headers={**cookie, "Range": "bytes=1000000-1000099"})
    with urllib.request.urlopen(part, timeout=20) as answer:
        assert (answer.status, answer.read()) == (206, whole[1_000_000:1_000_100])
    assert len(whole) == size


def _a_page_there_follows_a_task_here(north: Host, south: Host) -> None:
    session = _session(north)
    [task] = north.ask("chain_north", STEPS)
    with _page(south, task, session) as page:
        steps: set[int] = set()
        gaps: list[float] = []
        before = time.monotonic()
        ends = before + 20
        while len(steps) < STEPS and time.monotonic() < ends:
            number, found = page.next()
            page.confirm(number)
            if found:
                gaps.append(time.monotonic() - before)
                before = time.monotonic()
                steps |= found
    assert len(steps) >= STEPS
    print(
        f"a page on south follows a task on north: {len(gaps)} messages, p50 between them {statistics.median(gaps):.3f} s"
    )
    assert statistics.median(gaps) < 0.6, "by looks alone it would have been told once a second"
    wait_for("its end", lambda: north.are_completed([task]))


def _when_one_dies_its_tasks_go_on_in_the_other(north: Host, south: Host) -> None:
    keys = ["chain_default"] * 4 + ["quick_default"] * 4
    tasks = north.python(f"print(json.dumps([ask(key, {LENGTH}).pk for key in {keys}]))")
    wait_for("north to be in the middle of one", lambda: _in_the_middle(north, "north"))
    held = _in_the_middle(north, "north")
    recorded = {task: _last_index(north, task) for task in held}

    north.kill_whole()
    ends = dict(
        south.sql(f"SELECT task_id, lease_until FROM tasks_execution WHERE task_id IN ({','.join(map(str, held))})")
    )

    wait_for("the end of all", lambda: south.are_completed(tasks), seconds=60)
    for task in held:
        [(rescued,)] = south.sql(
            f"SELECT extract(epoch from min(at)) FROM tasks_event WHERE task_id = {task} AND kind = 'task.rescued'"
        )
        late = float(rescued) - float(ends[task])
        print(f"task {task} was given back {late:+.2f} s after the end of its lease")
        assert late < 5
        effects = south.effects(task)
        assert sorted(set(effects)) == list(range(LENGTH))
        repeated = {value for value in effects if effects.count(value) > 1}
        assert len(repeated) <= 1, "only the call that was in flight"
        assert all(value > recorded[task] for value in repeated)


def _in_the_middle(host: Host, name: str) -> list[int]:
    rows = host.sql(
        "SELECT t.id FROM tasks_task t JOIN tasks_execution e ON e.task_id = t.id JOIN workers_worker w ON w.name = e.worker"
        f" WHERE t.status = 'running' AND e.steps BETWEEN 10 AND {LENGTH - 20} AND w.host = '{name}'"
    )
    return [task for (task,) in rows]


def _last_index(host: Host, task: int) -> int:
    return int(host.sql(f'SELECT max("index") FROM tasks_step WHERE task_id = {task}')[0][0])


def _answers(port: int) -> bool:
    with suppress(OSError):
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).status == 200
    return False


def _session(host: Host) -> str:
    return str(
        host.python(
            "from importlib import import_module\n"
            "from django.conf import settings\n"
            "from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY\n"
            "session = import_module(settings.SESSION_ENGINE).SessionStore()\n"
            "session[SESSION_KEY] = str(alice.pk)\n"
            "session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]\n"
            "session[HASH_SESSION_KEY] = alice.get_session_auth_hash()\n"
            "session.save()\n"
            "print(json.dumps(session.session_key))"
        )
    )


class _page:
    """A task's page, as far as its websocket goes."""

    def __init__(self, host: Host, task: int, session: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", host.port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET /ws/tasks/{task}/?seq=0 HTTP/1.1\r\nHost: 127.0.0.1:{host.port}\r\nOrigin: http://127.0.0.1:{host.port}\r\n"
            f"Cookie: sessionid={session}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self._stream = self._socket.makefile("rb")
        status = self._stream.readline()
        assert b"101" in status, status
        while self._stream.readline().strip():
            pass

    def __enter__(self) -> "_page":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def next(self) -> tuple[int, set[int]]:
        """The next message: its number, and the seqs of the feed in it."""
        while True:
            kind, length = self._stream.read(2)
            if length in (126, 127):
                length = int.from_bytes(self._stream.read(2 if length == 126 else 8), "big")
            data = self._stream.read(length)
            if kind & 15 == 1:
                message = json.loads(data)
                return message["number"], {row["seq"] for row in message["feed"]}

    def confirm(self, number: int) -> None:
        data = json.dumps({"type": "seen", "number": number}).encode()
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self._socket.sendall(bytes([0x81, 0x80 | len(data)]) + mask + masked)
