"""Keeps the memory that a cluster's processes share shared: what each would write into it is done once, before the forks.

A forked process gets a copy of a page when it writes to it, be it one count of references. Without these steps each
process of an idle cluster copies 4 MB more (`make memory` counts).
"""

import ctypes
import gc
import logging

from django.conf import settings
from django.db import DatabaseError

from apps.executors.script import sandbox
from apps.tasks.claims.claiming import next_due
from apps.tasks.limits import gates
from apps.workers import sweep
from apps.workers.registry import roster

LARGEST_HOLE = 65_536
FINE, COARSE = 16, 512
"""glibc keeps free chunks of the same size together, in steps of 16 bytes up to a kilobyte."""
MOST_CHUNKS = 100_000

log = logging.getLogger(__name__)


class Arena(ctypes.Structure):
    """What `mallinfo2` answers (malloc.h)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "free", "top")
    ]


def rehearse() -> None:
    """Do once what every worker does at its start, so that the code and the SQL of it are there already.

    Each of these may be done by anybody at any time. Nothing that knows this process's number may be among them.
    """
    queues = settings.WORKER_QUEUES
    sandbox.prepare()
    try:
        roster.enter_cluster(queues)
        roster.peers_here(0)
        gates.gate(queues)
        next_due(queues)
        sweep.rescue()
        sweep.wake()
    except DatabaseError as error:
        log.warning("The database does not answer (%s); the workers will try again.", str(error).strip())


def freeze() -> None:
    """The last step before the forks."""
    gc.collect()
    gc.freeze()  # the collector leaves alone what is there
    fill_holes()


def fill_holes() -> int:
    """Take what imports left free between things that stay, for good; answers how many bytes were free there.

    Else the children's small allocations would land in it, each in another shared page: a connection of SQLite takes
    0.3 MB and copied 2 MB. With another C library than glibc nothing happens.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo2"):
        return 0
    libc.mallinfo2.restype = Arena
    libc.malloc.restype = libc.sbrk.restype = ctypes.c_void_p
    libc.malloc.argtypes, libc.free.argtypes, libc.sbrk.argtypes = [ctypes.c_size_t], [ctypes.c_void_p], [ctypes.c_long]
    before = libc.mallinfo2()
    end = libc.sbrk(0) - before.top
    chunks = 0
    for size in (*range(LARGEST_HOLE, 1024, -COARSE), *range(1024 + 8, 0, -FINE)):
        while (address := libc.malloc(size)) is not None and address < end and chunks < MOST_CHUNKS:
            chunks += 1
        libc.free(address)
    return int(before.free - before.top)
