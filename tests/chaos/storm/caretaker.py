"""Leaving nothing behind: `clean` ends and removes all of a storm, whatever state it is in.

`python -m tests.chaos.storm.caretaker DIRECTORY` does so when its standard input ends: that is, also when the storm
itself was killed with -9.
"""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "STORM_DIR"
"""Every process of a storm has this in its environment: the storm's directory."""


def marked(directory: Path) -> list[psutil.Process]:
    """What runs and belongs to the storm of this directory, this process excepted."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and _is_of(process, directory) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _is_of(process: psutil.Process, directory: Path) -> bool:
    """Servers write their title over their environment, and live in their directory instead."""
    return process.environ().get(MARK) == str(directory) or Path(process.cwd()).is_relative_to(directory)


def clean(directory: Path) -> None:
    ends = time.monotonic() + 20
    # Again and again: a supervisor that is not dead yet starts what was killed a moment ago.
    while (running := marked(directory)) and time.monotonic() < ends:
        for process in running:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(0.05)
    disk = directory / "artifacts"
    if disk.is_mount():
        subprocess.run(["umount", "-l", str(disk)], check=False)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    clean(Path(sys.argv[1]))
