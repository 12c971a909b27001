"""Which process is which: identities that survive wrapped pids and reboots, and names that people can say."""

import hashlib
import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
from django.conf import settings

CLUSTER_PID = "CHANTILLY_CLUSTER_PID"

# fmt: off
WORDS = (
    "alder", "apple", "ash", "aspen", "bay", "beech", "birch", "box", "cedar", "cherry", "cypress", "elder",
    "elm", "fig", "fir", "gum", "hazel", "hemlock", "holly", "ivy", "juniper", "larch", "laurel", "lemon",
    "lilac", "lime", "linden", "maple", "medlar", "mulberry", "myrtle", "oak", "olive", "osier", "palm",
    "peach", "pear", "pine", "plane", "plum", "poplar", "quince", "rowan", "rubber", "spruce", "sumac",
    "sycamore", "tamarind", "teak", "thorn", "tulip", "walnut", "willow", "yew",
)
# fmt: on


@dataclass(frozen=True, kw_only=True)
class Process:
    host: str
    boot_id: str
    pid: int
    process_started: float


@cache
def host() -> str:
    return socket.gethostname()


@cache
def boot_id() -> str:
    """One value per start of this machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"booted-{int(psutil.boot_time())}"


def this_process() -> Process:
    return Process(
        host=host(), boot_id=boot_id(), pid=os.getpid(), process_started=psutil.Process(os.getpid()).create_time()
    )


def is_alive(process: Process) -> bool | None:
    """Whether it still runs; None when it is on another host, where only its heartbeats can tell."""
    if process.host != host():
        return None
    if process.boot_id != boot_id():
        return False
    try:
        found = psutil.Process(process.pid)
        return abs(found.create_time() - process.process_started) < 0.02 and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def cluster_word() -> str:
    """The name that people see of this installation's cluster on this host."""
    return WORDS[int(_digest(), 16) % len(WORDS)]


def cluster_queue() -> str:
    """The name of this cluster's own queue of launch messages: the same after each start, shared with no other."""
    return f"{cluster_word()}-{_digest()}"


def cluster_pid() -> int:
    """The main process of the cluster that this process belongs to; its parent where there is none."""
    return int(os.environ.get(CLUSTER_PID, os.getppid()))


def _digest() -> str:
    return hashlib.blake2b(f"{host()}\0{settings.HOME}".encode(), digest_size=4).hexdigest()
