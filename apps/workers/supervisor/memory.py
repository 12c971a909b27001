"""What processes need, counted fairly: PSS, where a page that n processes share counts one n-th for each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
CLUSTER_MAIN = "q2-main"


@dataclass(frozen=True, kw_only=True)
class Footprint:
    pid: int
    name: str
    pss_bytes: int
    is_cluster: bool


def footprints(supervisor_pid: int) -> Sequence[Footprint]:
    """The supervisor and everything below it. The cluster's share is Django-Q2's processes and their sandboxes."""
    supervisor = psutil.Process(supervisor_pid)
    found = [_footprint(supervisor, False)]
    for child in supervisor.children():
        is_cluster = child.name() == CLUSTER_MAIN
        found += [_footprint(process, is_cluster) for process in (child, *child.children(recursive=True))]
    return [footprint for footprint in found if footprint is not None]


def _footprint(process: psutil.Process, is_cluster: bool) -> Footprint | None:
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        name = process.name()
    except (OSError, psutil.Error):
        return None  # it has just ended, or it is not ours
    match = PSS.search(rollup)
    kilobytes = int(match[1]) if match else 0
    return Footprint(pid=process.pid, name=name, pss_bytes=kilobytes * 1024, is_cluster=is_cluster)
