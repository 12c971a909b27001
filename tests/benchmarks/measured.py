"""Installations to measure: made, prepared, started, ended."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.chaos.installation import ROOT, Installation

SETTINGS = "tests.benchmarks.settings"


@contextmanager
def installation(*, running: bool, **environment: str) -> Iterator[Installation]:
    made = Installation(DJANGO_SETTINGS_MODULE=SETTINGS, **environment)
    try:
        made.create()
        inside(made, "prepare", 0)
        if running:
            made.up()
        yield made
        if made.supervisor is not None:
            made.stop()
    finally:
        made.destroy()


def inside(made: Installation, what: str, count: int) -> dict[str, Any]:
    return run(made, "tests.benchmarks.inside", what, str(count))


def run(made: Installation, module: str, *arguments: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**made.environment, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
