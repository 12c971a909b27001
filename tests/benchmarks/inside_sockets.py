"""Pages that watch: `python -m tests.benchmarks.inside_sockets '{"port": …}'`. Prints one JSON object.

It makes users, their sessions and tasks that record a step now and then, opens all the websockets as the pages do,
confirms every message, and compares when each step arrived at each of them with the step's row.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any

import django

django.setup()

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Step
from tests import making
from tests.benchmarks.inside import admin

BEAT = 500
"""Milliseconds between two steps of a task."""
BEATS = "import sink\n\ndef run(params):\n    for n in range(params['n']):\n        sink.nap(500)\n    return None\n"
AT_ONCE = 20
"""Handshakes in flight."""
SETTLE = 3.0

Arrival = tuple[int, int, float]


def main() -> None:
    asked = json.loads(sys.argv[1])
    making.template(BEATS, admin(), key="beats", max_calls=100_000)
    cookies = [_cookie(number) for number in range(asked["users"])]
    # Time to open all the sockets, then the measured time.
    beats = int((asked["seconds"] + 2 * SETTLE + asked["sockets"] / 10) * 1000 / BEAT)
    tasks = [
        submit(Request(template="beats", parameters={"n": beats}, origin="bench"), admin()).task.pk
        for _ in range(asked["tasks"])
    ]
    while Step.objects.filter(task_id__in=tasks).values("task_id").distinct().count() < len(tasks):
        time.sleep(0.05)
    connections.close_all()
    arrivals, count, since, until = asyncio.run(_watch(asked, cookies, tasks))
    print(json.dumps(_compared(arrivals, tasks, count, since, until, asked["sockets"])))


def _cookie(number: int) -> str:
    user, _ = User.objects.get_or_create(
        username=f"watcher-{number}", defaults={"is_superuser": True, "is_staff": True}
    )
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


async def _watch(
    asked: dict[str, Any], cookies: list[str], tasks: list[int]
) -> tuple[list[Arrival], int, float, float]:
    """What arrived, at how many sockets, and between which moments all of them were open."""
    arrivals: list[Arrival] = []
    gate = asyncio.Semaphore(AT_ONCE)
    opened = [
        _open(gate, asked["port"], tasks[number % len(tasks)], cookies[number % len(cookies)])
        for number in range(asked["sockets"])
    ]
    sockets = await asyncio.gather(*opened)
    readers = [
        asyncio.create_task(_read(socket, tasks[number % len(tasks)], arrivals))
        for number, socket in enumerate(sockets)
    ]
    await asyncio.sleep(SETTLE)
    since = time.time()
    await asyncio.sleep(asked["seconds"])
    until = time.time()
    await asyncio.sleep(SETTLE)
    count = sum(not reader.done() for reader in readers)
    for socket in sockets:
        socket.transport.abort()
    await asyncio.gather(*readers)
    return arrivals, count, since, until


async def _open(gate: asyncio.Semaphore, port: int, task: int, cookie: str) -> ClientConnection:
    async with gate:
        return await connect(
            f"ws://127.0.0.1:{port}/ws/tasks/{task}/", origin=Origin(f"http://127.0.0.1:{port}"),
            additional_headers={"Cookie": cookie}, compression=None, ping_interval=None, open_timeout=60, proxy=None,
        )  # fmt: skip


async def _read(socket: ClientConnection, task: int, arrivals: list[Arrival]) -> None:
    try:
        async for text in socket:
            at = time.time()
            message = json.loads(text)
            arrivals.extend((task, row["seq"], at) for row in message["feed"])
            await socket.send(json.dumps({"type": "seen", "number": message["number"]}))
    except ConnectionClosed:
        return


def _compared(
    arrivals: list[Arrival], tasks: list[int], count: int, since: float, until: float, sockets: int
) -> dict[str, Any]:
    """Milliseconds from each step's end to each of its arrivals, of the time in which all sockets were open."""
    rows = Step.objects.filter(task_id__in=tasks).values_list("task_id", "seq", "started_at", "seconds")
    # The call's end: its commit follows at once, and is part of what is measured.
    ends = {(task, seq): started.timestamp() + seconds for task, seq, started, seconds in rows}
    measured = {key: at for key, at in ends.items() if since <= at <= until}
    waits = [(at - measured[task, seq]) * 1000 for task, seq, at in arrivals if (task, seq) in measured]
    each = {task: sum(number % len(tasks) == place for number in range(sockets)) for place, task in enumerate(tasks)}
    return {
        "milliseconds": waits, "open": count, "steps": len(measured), "arrived": len(waits),
        "expected": sum(each[task] for task, _ in measured),
    }  # fmt: skip


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
