"""What the bare cluster's tasks do: a line in a file, and their own end."""

import os
import signal
from pathlib import Path


def put(number: int) -> int:
    with Path(os.environ["BASELINE_HOME"], "done").open("a") as file:
        file.write(f"{number}\n")
    return number


def kill_worker() -> None:
    put(-1)
    os.kill(os.getpid(), signal.SIGKILL)
