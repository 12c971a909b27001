"""`python -m apps.workers.supervisor.web HOST PORT`: the ASGI server, tethered to the supervisor that started it."""

import os
import sys

from apps.core.tether import name_process, tether
from apps.workers.q2 import preload


def main() -> None:
    host, port = sys.argv[1:]
    tether(int(os.environ["CHANTILLY_SUPERVISOR_PID"]))
    name_process("chantilly-web")
    preload.leave_out_unused(preload.UNUSED_BY_PAGES)
    from daphne.cli import CommandLineInterface

    CommandLineInterface().run(["--bind", host, "--port", port, "--verbosity", "0", "config.asgi:application"])


if __name__ == "__main__":
    main()
