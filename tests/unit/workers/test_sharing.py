"""What a cluster loads before its forks, what it leaves out, and that its forks copy little of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ABSENT = {
    "apps.api", "apps.console", "channels", "daphne", "django.contrib.admin", "django_filters", "drf_spectacular",
    "fontTools", "google.genai", "httpx", "httpx2", "numpy", "pandas", "PIL", "pydantic", "rest_framework.serializers",
    "rest_framework.views", "rich", "tinycss2", "twisted", "uvicorn", "weasyprint",
}  # fmt: skip
PRESENT = {"apps.executors.script.run", "apps.workers.running.slice", "jsonschema", "pydantic_monty"}
LOAD = """
import json, sys, tempfile
from apps.workers.q2 import preload
preload.leave_out_unused()
import django
django.setup()
preload.preload()
from apps.workers.q2 import sharing
from django_q.cluster import Cluster
print(json.dumps([name for name, module in sys.modules.items() if module is not None]))
"""
COPY = """
import gc, json, os, re
import django
django.setup()
from apps.workers.q2 import sharing
gc.collect()
gc.freeze()  # as before the forks: else the collector, at a moment of its own, copies more than what is counted here

def copied(many):
    \"\"\"Pages that a fork copies while it takes many small pieces of memory, in kB.\"\"\"
    reading, writing = os.pipe()
    if os.fork() == 0:
        before = dirty()
        many()
        os.write(writing, str(dirty() - before).encode())
        os._exit(0)
    os.wait()
    return int(os.read(reading, 20))

def dirty():
    return int(re.search(r"Private_Dirty: +(\\d+)", open("/proc/self/smaps_rollup").read())[1])

def many():
    import ctypes
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    for number in range(1000):
        libc.memset(ctypes.c_void_p(libc.malloc(600)), 1, 600)

before = copied(many)
free = sharing.fill_holes()
print(json.dumps([before, copied(many), free, sharing.fill_holes()]))
"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "CHANTILLY_HOME": str(tmp_path),
        "CHANTILLY_WITHOUT_PAGES": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings.development",
    }


def test_a_cluster_loads_what_every_task_needs_and_nothing_that_pages_or_few_tools_need(home):
    loaded = set(_run(LOAD, home))
    assert loaded >= PRESENT
    assert not ABSENT & loaded


def test_a_cluster_on_sqlite_does_without_the_driver_of_postgresql(home):
    home.pop("DATABASE_URL", None)
    home.pop("REDIS_URL", None)
    assert not {"psycopg", "redis"} & set(_run(LOAD, home))


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux")
def test_what_a_fork_allocates_lands_beside_what_is_shared_once_the_holes_are_filled(home):
    before, after, free, left = _run(COPY, home)
    assert free > 100_000
    assert left < free / 10
    assert after < before


def _run(code: str, environment: dict[str, str]) -> list:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
