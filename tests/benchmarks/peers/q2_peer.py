"""Bare Django-Q2 on PostgreSQL or SQLite with its defaults (tests/benchmarks/bare.py), two workers."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.bare"
os.environ.setdefault("BARE_DATABASE_URL", os.environ.get("PEER_URL", "sqlite://:memory:"))

import django

django.setup()

from django.core.management import call_command
from django_q.models import Success
from django_q.tasks import async_task

from tests.benchmarks.peers.stamps import naps, stamp

NEEDS = "any"
SERVERS = 1
HERE = "tests.benchmarks.peers.q2_peer"


def run_noop() -> None:
    stamp("noop")


def run_link(left: int) -> None:
    stamp("step")
    if left > 1:
        async_task(f"{HERE}.run_link", left - 1)


def run_long(count: int) -> None:
    naps(count)


def prepare() -> None:
    call_command("migrate", verbosity=0)


def serve(number: int) -> None:
    call_command("qcluster")


def noop(count: int) -> None:
    for _ in range(count):
        async_task(f"{HERE}.run_noop")


def chain(count: int) -> None:
    async_task(f"{HERE}.run_link", count)


def long(count: int) -> None:
    async_task(f"{HERE}.run_long", count)


def recorded() -> int:
    return Success.objects.count()
