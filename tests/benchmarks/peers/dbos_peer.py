"""DBOS on PostgreSQL: two processes, queue looked at every 20 ms; started again after a kill, it recovers its own."""

import os
import threading

import psycopg
from dbos import DBOS, DBOSClient

from tests.benchmarks.peers.stamps import naps, stamp

NEEDS = "postgresql"
SERVERS = 2
URL = os.environ.get("PEER_URL", "")
QUEUE = "peer"
POLL = 0.02


@DBOS.workflow(name="noop")
def run_noop() -> None:
    stamp("noop")


@DBOS.step()
def one() -> None:
    stamp("step")


@DBOS.workflow(name="link")
def run_chain(count: int) -> None:
    for _ in range(count):
        one()


@DBOS.workflow(name="long")
def run_long(count: int) -> None:
    naps(count)


def prepare() -> None:
    _configure("prepare")
    DBOS.launch()
    DBOS.destroy()


def _configure(executor: str) -> None:
    DBOS(config={"name": "peer", "system_database_url": URL, "executor_id": executor, "log_level": "ERROR",
                 "application_version": "1"})  # fmt: skip


def serve(number: int) -> None:
    _configure(f"server-{number}")
    DBOS.launch()
    # Its threads may take what they can: bound to one workflow a process as the others are, it would be far slower.
    DBOS.register_queue(QUEUE, polling_interval_sec=POLL)
    threading.Event().wait()


def _enqueue(name: str, *arguments: int, times: int = 1) -> None:
    client = DBOSClient(system_database_url=URL)
    for _ in range(times):
        client.enqueue({"workflow_name": name, "queue_name": QUEUE, "app_version": "1"}, *arguments)
    client.destroy()


def noop(count: int) -> None:
    _enqueue("noop", times=count)


def chain(count: int) -> None:
    _enqueue("link", count)


def long(count: int) -> None:
    _enqueue("long", count)


def recorded() -> int:
    with psycopg.connect(URL) as connection:
        found = connection.execute("SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'").fetchone()
        return int(found[0]) if found else 0
