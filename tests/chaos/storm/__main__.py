"""`python -m tests.chaos.storm`, `make storm SEED=… MINUTES=…`: exits with 1 when an invariant was violated."""

import argparse
import signal
import sys
from pathlib import Path

from tests.chaos.storm.plan import WEIGHTS
from tests.chaos.storm.report import as_text, write
from tests.chaos.storm.storm import Options, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="make storm", description="Break everything for some minutes, then check.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--clusters", type=int, help="default: 2 on PostgreSQL, 1 on SQLite")
    parser.add_argument("--workers", type=int, default=2, help="for each cluster")
    parser.add_argument("--rate", type=float, default=6.0, help="tasks submitted a second")
    parser.add_argument("--pause", type=float, default=1.5, help="seconds between faults, on average")
    parser.add_argument("--lease", type=float, default=4.0, help="LEASE_SECONDS")
    parser.add_argument("--store", choices=["files", "database"], default="files", help="where artifacts are kept")
    parser.add_argument("--faults", nargs="*", default=[], choices=list(WEIGHTS), metavar="KIND")
    parser.add_argument("--drain-seconds", type=float, default=120.0, help="without any progress")
    parser.add_argument("--keep", action="store_true", help="leave everything in place to look at: clean up by hand")
    parser.add_argument("--report", type=Path, help="write the report there, as JSON and as text beside it")
    given = vars(parser.parse_args())
    to = given.pop("report")
    given["clusters"] = given["clusters"] or (2 if given["database"] == "postgresql" else 1)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        found = run(Options(**given), lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        print("Interrupted; everything of the storm has been ended and removed.")
        return 130
    print(as_text(found))
    if to:
        write(found, to)
    return 1 if found["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
