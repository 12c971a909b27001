"""Where and when a run was measured: what a reader needs to compare it with another."""

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg

ROOT = Path(__file__).resolve().parents[2]


def describe(postgres: str) -> dict[str, str]:
    """By what it is about, in the order in which it is shown. `postgres`: the server's address, or nothing."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit(),
        "processor": f"{cpu_model()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "SQLite": f"{sqlite3.sqlite_version}, WAL, synchronous FULL where the row says nothing else",
        **({"PostgreSQL": _postgres(postgres)} if postgres else {}),
        "load before the run": " ".join(f"{load:.2f}" for load in os.getloadavg()) + " (1, 5, 15 minutes)",
    }


def commit() -> str:
    """The commit that was measured, and whether files differed from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown (no repository)"
    is_changed = any(not line.endswith("docs/benchmarks.md") for line in _git("status", "--porcelain").splitlines())
    return f"{head}{' with changes that are not committed' if is_changed else ''}"


def cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _postgres(url: str) -> str:
    with psycopg.connect(url) as connection:
        found = [connection.execute(f"SHOW {name}").fetchone() for name in ("server_version", "fsync",
                                                                            "synchronous_commit")]  # fmt: skip
    version, fsync, synchronous = (str(row[0]) if row else "unknown" for row in found)
    return f"{version.split()[0]}, fsync {fsync}, synchronous_commit {synchronous}"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
