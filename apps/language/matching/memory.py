"""Memory that a fit needed and messages do not: given back to the system at once, for the process lives on for days."""

import ctypes
import re
from pathlib import Path

DONT_NEED = 4
"""MADV_DONTNEED of <sys/mman.h>."""
_MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) r--p .*?(/\S*)$", re.MULTILINE)


def give_back(model: str = "") -> None:
    """Freed memory, and the pages of the file `model` that are only read: they come again from the file if needed."""
    system = ctypes.CDLL(None)
    if not hasattr(system, "malloc_trim"):
        return  # not glibc
    system.malloc_trim(0)
    for first, behind, path in _MAPPING.findall(Path("/proc/self/maps").read_text(encoding="utf-8")):
        if model and path.endswith(model):
            start = int(first, 16)
            system.madvise(ctypes.c_void_p(start), ctypes.c_size_t(int(behind, 16) - start), DONT_NEED)
