"""`make bench`: what Chantilly costs, held in one run against its goals, the machine's floor and its peers.

Prints a line for each figure, and writes all of them with the machine's description between the markers of
docs/benchmarks.md. A part that fails is a line that says so; the others go on.
"""

import argparse
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.benchmarks import (
    clusters,
    costs,
    crowd,
    door,
    growth,
    guarded,
    machine,
    measured,
    minimum,
    noops,
    page,
    queues,
    sockets,
    starting,
    workflows,
)
from tests.benchmarks.peers import compare
from tests.benchmarks.rows import Row, failed
from tests.benchmarks.sizes import FULL, QUICK, Sizes

POSTGRES = os.environ.get("BENCH_POSTGRES", "postgres://postgres@127.0.0.1/postgres")
PAGE = machine.ROOT / "docs" / "benchmarks.md"
FOREIGN = ("REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SQLITE_SYNCHRONOUS", "WORKERS", "WORKER_QUEUES",
           "TASK_MAX_CONCURRENT", "CHANTILLY_HOST", "GEMINI_API_KEY")  # fmt: skip
"""What must not reach the measured installations from the shell that starts the run."""
EPILOG = """\
BENCH_POSTGRES names the PostgreSQL server (default postgres://postgres@127.0.0.1/postgres); databases are made on it and
dropped. Redis is started for the run. The peers beside bare Django-Q2 come from scripts/peers, which installs them into
.venv-peers; without it their rows say so. All of it takes some 20 minutes, --quick under 4.

  make bench ARGS="--quick --page /tmp/figures.md"      does it run through?
  make bench ARGS="--only noops step --no-page"         only these, printed
"""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One measurement, which yields the rows of a section of the page."""

    title: str
    """Of the section that its rows stand in; those with a goal may have another."""
    measure: Callable[[str, Sizes], Iterator[Row]]
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    goals_title: str = ""


GOALS = "Goals"
PARTS: dict[str, Part] = {
    "step": Part(title=GOALS, measure=costs.step),
    "peers": Part(title="Beside the peers", measure=compare.compare, goals_title=GOALS),
    "noops": Part(title=GOALS, measure=noops.noops),
    "latency": Part(title=GOALS, measure=starting.latency),
    "join": Part(title=GOALS, measure=workflows.join),
    "graphs": Part(title=GOALS, measure=workflows.graphs),
    "kill": Part(title=GOALS, measure=clusters.kill),
    "kill_all": Part(title=GOALS, measure=clusters.kill_all),
    "claims": Part(title=GOALS, measure=queues.claims),
    "memory": Part(title=GOALS, measure=clusters.memory),
    "sockets": Part(title=GOALS, measure=sockets.seen, databases=("sqlite",)),
    "door": Part(title=GOALS, measure=door.door),
    "minimum": Part(title="Minimum figures", measure=minimum.minimum),
    "crowd": Part(title="Minimum figures", measure=crowd.crowd),
    "statements": Part(title="Statements", measure=queues.statements),
    "guarded": Part(title="Claims under limits", measure=guarded.guarded),
    "growth": Part(title="A million finished tasks", measure=growth.growth),
    "report": Part(title="The invoice report", measure=clusters.report),
}
WITH = {"minimum": ("crowd",)}
"""What `--only` brings along."""
ON_REQUEST = ("guarded",)
"""Measured only when `--only` names them."""
NOT_QUICK = ("report",)


def main() -> int:
    options = _options()
    wanted = _wanted(options)
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit("Ended; nothing is written, everything that was started is removed.")
    )
    for name in FOREIGN:
        os.environ.pop(name, None)
    databases = options.databases or _databases()
    facts = machine.describe(POSTGRES if "postgresql" in databases else "")
    for name, value in facts.items():
        print(f"{name}: {value}")
    sections: dict[str, list[Row]] = {part.title: [] for part in PARTS.values()}
    began = time.monotonic()
    try:
        for number, name in enumerate(wanted, 1):
            _say(f"[{number}/{len(wanted)}, {_clock(time.monotonic() - began)}] {name}")
            for row in _measured(name, databases, QUICK if options.quick else FULL):
                print(row, flush=True)
                sections[(row.goal and PARTS[name].goals_title) or PARTS[name].title].append(row)
    finally:
        measured.forget()
    facts["took"] = f"{_clock(time.monotonic() - began)} minutes{', small sizes (--quick)' if options.quick else ''}"
    _write(options, facts, sections)
    print(f"\n{page.summary(sections)}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='make bench ARGS="…"', description=__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[], metavar="PART", help=_parts())
    parser.add_argument("--databases", nargs="+", choices=["sqlite", "postgresql"], help="default: all that answer")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works, not how fast it is")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write (default docs/benchmarks.md)")
    parser.add_argument("--no-page", action="store_true", help="only print")
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    return parser.parse_args()


def _parts() -> str:
    return ", ".join(f"{name} (only when named)" if name in ON_REQUEST else name for name in PARTS)


def _wanted(options: argparse.Namespace) -> list[str]:
    if options.only:
        return [
            name for name in PARTS if name in options.only or any(name in WITH.get(one, ()) for one in options.only)
        ]
    left_out = ON_REQUEST + (NOT_QUICK if options.quick else ())
    return [name for name in PARTS if name not in left_out]


def _measured(name: str, databases: list[str], sizes: Sizes) -> Iterator[Row]:
    for database in databases:
        if database not in PARTS[name].databases:
            continue
        os.environ["DATABASE_URL"] = POSTGRES if database == "postgresql" else ""
        try:
            yield from PARTS[name].measure(database, sizes)
        except Exception as error:  # whatever it is: the others shall be measured
            yield failed(name, database, f"{type(error).__name__}: {error}")


def _write(options: argparse.Namespace, facts: dict[str, str], sections: dict[str, list[Row]]) -> None:
    if options.json:
        rows = [{"section": title, **row.as_json()} for title, rows in sections.items() for row in rows]
        options.json.write_text(json.dumps({"machine": facts, "rows": rows}, indent=1, ensure_ascii=False))
    if options.no_page:
        return
    arguments = shlex.join(sys.argv[1:])
    command = f'make bench ARGS="{arguments}"' if arguments else "make bench"
    page.write(options.page, facts, sections, command)
    _say(f"Written to {options.page}")


def _databases() -> list[str]:
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.OperationalError:
        _say(f"No PostgreSQL answers at {POSTGRES}; only SQLite is measured.")
        return ["sqlite"]
    return ["sqlite", "postgresql"]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


if __name__ == "__main__":
    sys.exit(main())
