"""Which process is which: identities that survive wrapped pids, reboots, containers, and names that people can say."""

import hashlib
import os
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


def host() -> str:
    return str(settings.HOST)


@cache
def boot_id() -> str:
    """One value per start of this machine, and per container in it: pids mean nothing outside their namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}.{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return f"booted-{int(psutil.boot_time())}"


def this_process() -> Process:
    return Process(
        host=host(), boot_id=boot_id(), pid=os.getpid(), process_started=psutil.Process(os.getpid()).create_time()
    )


def is_alive(process: Process) -> bool | None:
    """Whether it still runs; None when only its heartbeats can tell.

    That is so on another host, and under this host's name after another boot: two machines or containers may have
    been given one name, and must not declare each other's workers dead. After a real reboot the leases have run out.
    """
    if process.host != host() or process.boot_id != boot_id():
        return None
    try:
        found = psutil.Process(process.pid)
        return abs(found.create_time() - process.process_started) < 0.02 and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def cluster_word() -> str:
    """The name that people see of this cluster: the one it was given, or a word made from host and home."""
    return settings.CLUSTER_NAME or WORDS[int(_digest(), 16) % len(WORDS)]


def cluster_queue() -> str:
    """What this cluster is called beyond doubt: the same after each start, shared with no other (host, home, name).

    Also the name of its own queue of launch messages.
    """
    return f"{cluster_word()}-{_digest()}"


def cluster_pid() -> int:
    """The main process of the cluster that this process belongs to; its parent where there is none."""
    return int(os.environ.get(CLUSTER_PID, os.getppid()))


def _digest() -> str:
    named = f"\0{settings.CLUSTER_NAME}" if settings.CLUSTER_NAME else ""
    return hashlib.blake2b(f"{host()}\0{settings.HOME}{named}".encode(), digest_size=4).hexdigest()
