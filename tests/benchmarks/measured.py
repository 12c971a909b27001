"""Installations to measure: copies of one that was prepared once for each database; started, ended, removed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.benchmarks.rows import last_line
from tests.chaos.installation import ROOT, Installation, wait_for

SETTINGS = "tests.benchmarks.settings"
_prepared: dict[str, Installation] = {}


@contextmanager
def installation(*, running: bool, **environment: str) -> Iterator[Installation]:
    made = Installation(DJANGO_SETTINGS_MODULE=SETTINGS, **environment)
    try:
        _copy(_original(made), made)
        if running:
            start(made)
        yield made
        if made.supervisor is not None:
            made.stop()
    finally:
        made.destroy()


def start(made: Installation, *, workers: int = 2, pages: bool = False) -> None:
    """`manage.py up`, until so many workers live in their slices."""
    made.start("--workers", str(workers), *([] if pages else ["--no-web"]))
    wait_for(f"{workers} workers", lambda: len(made.workers()) == workers, seconds=180)


def forget() -> None:
    """Remove what installations were copied from."""
    while _prepared:
        _prepared.popitem()[1].destroy()


def _original(like: Installation) -> Installation:
    kind = "postgresql" if like.database else "sqlite"
    if kind not in _prepared:
        made = Installation(DJANGO_SETTINGS_MODULE=SETTINGS)
        try:
            made.create()
            inside(made, "prepare", 0)
        except BaseException:
            made.destroy()
            raise
        _prepared[kind] = made
    return _prepared[kind]


def _copy(original: Installation, made: Installation) -> None:
    """Its files with the keys, and its rows."""
    shutil.copytree(original.home, made.home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("wake", "*.lock"))
    if made.database:
        made._sql_on_server(f'CREATE DATABASE "{made.database}" TEMPLATE "{original.database}"')


def inside(made: Installation, what: str, count: int, **environment: str) -> dict[str, Any]:
    return run(made, "tests.benchmarks.inside", what, str(count), **environment)


def run(made: Installation, module: str, *arguments: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**made.environment, **environment},
        capture_output=True,
        text=True,
        timeout=1_200,
    )
    if done.returncode:
        raise RuntimeError(f"{done.stderr.strip()}\n{module} {' '.join(arguments)} failed: {last_line(done.stderr)}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
