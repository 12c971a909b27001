"""A Redis of the run's own, so that nobody else's is filled or flushed."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis

from tests.chaos.installation import free_port, wait_for


@contextmanager
def own_redis() -> Iterator[str]:
    """Its address. What it acknowledged is on disk within a second, as people run it."""
    if shutil.which("redis-server") is None:
        raise RuntimeError("redis-server is not installed (apt-get install redis-server)")
    home, port = tempfile.mkdtemp(prefix="bench-redis-"), free_port()
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--dir", home],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for("Redis", lambda: _answers(port))
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _answers(port: int) -> bool:
    with suppress(redis.RedisError):
        return bool(redis.Redis(port=port, socket_timeout=2).ping())
    return False
