"""`python -m tests.chaos.soak`, `make soak MINUTES=60`: exits with 1 when something grew, stayed held, or was lost."""

import argparse
import signal
import sys
from pathlib import Path

from tests.chaos.soak.report import as_text, write
from tests.chaos.soak.soak import Options, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description="A steady load for an hour; then: is anything left?")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--clusters", type=int, help="default: 2 on PostgreSQL, 1 on SQLite")
    parser.add_argument("--workers", type=int, default=2, help="for each cluster")
    parser.add_argument("--rate", type=float, default=4.0, help="tasks submitted a second")
    parser.add_argument("--every", type=float, default=30.0, help="seconds between samples")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave everything in place to look at: clean up by hand")
    parser.add_argument("--report", type=Path, help="write the report there, as JSON and as text beside it")
    given = vars(parser.parse_args())
    to = given.pop("report")
    given["clusters"] = given["clusters"] or (2 if given["database"] == "postgresql" else 1)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        found = run(Options(**given), lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        print("Interrupted; everything of the soak has been ended and removed.")
        return 130
    print(as_text(found))
    if to:
        write(found, to)
    return 1 if any(verdict["broken"] for verdict in found["verdicts"]) else 0


if __name__ == "__main__":
    sys.exit(main())
