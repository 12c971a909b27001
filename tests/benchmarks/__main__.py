"""`make bench`: what Chantilly costs, as ratios in one run against bare Django-Q2 and the machine's floor.

    python -m tests.benchmarks [--only NAME …] [--databases sqlite postgresql] [--json FILE]

PostgreSQL is measured where a server answers at BENCH_POSTGRES (default postgres://postgres@127.0.0.1/postgres).
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from tests.benchmarks import clusters, costs, growth, guarded, queues
from tests.benchmarks.peers import compare
from tests.benchmarks.rows import Row

POSTGRES = os.environ.get("BENCH_POSTGRES", "postgres://postgres@127.0.0.1/postgres")

BENCHMARKS: dict[str, Callable[[str], Iterator[Row]]] = {
    "step": costs.step,
    "latency": clusters.latency,
    "noops": clusters.noops,
    "claims": queues.claims,
    "guarded": guarded.guarded,
    "statements": queues.statements,
    "kill": clusters.kill,
    "kill_all": clusters.kill_all,
    "memory": clusters.memory,
    "report": clusters.report,
    "growth": growth.growth,
    "peers": compare.compare,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=BENCHMARKS, default=[name for name in BENCHMARKS if name != "peers"]
    )
    parser.add_argument("--databases", nargs="+", choices=["sqlite", "postgresql"], default=_databases())
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    rows = []
    for name in options.only:
        for database in options.databases:
            os.environ["DATABASE_URL"] = POSTGRES if database == "postgresql" else ""
            for row in BENCHMARKS[name](database):
                print(row, flush=True)
                rows.append(row)
    if options.json:
        options.json.write_text(json.dumps([row.as_json() for row in rows], indent=1))
    missed = [row for row in rows if row.is_met is False]
    print(f"{len(rows)} figures, {len(missed)} goals missed.")
    return 0


def _databases() -> list[str]:
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.OperationalError:
        print(f"No PostgreSQL answers at {POSTGRES}; only SQLite is measured.", file=sys.stderr)
        return ["sqlite"]
    return ["sqlite", "postgresql"]


if __name__ == "__main__":
    sys.exit(main())
