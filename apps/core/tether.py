"""Processes that do not outlive the one that started them (Linux: PR_SET_PDEATHSIG; prctl(2))."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)
_parent = 0


def tether(parent_pid: int) -> None:
    """Die by SIGKILL as soon as the parent does, and at once if it is gone already.

    The kernel watches the *thread* that forked: start tethered processes from a thread that stays.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def tether_every_fork() -> None:
    """From now on whatever this process forks, and whatever those fork, is tethered to its own parent."""
    os.register_at_fork(before=_remember, after_in_child=_tether_to_remembered)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent dies, so that they can be found and ended."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def name_process(name: str) -> None:
    """What `ps` and `top` show for this process; at most 15 bytes."""
    _libc.prctl(PR_SET_NAME, ctypes.c_char_p(name.encode()[:15]), 0, 0, 0)


def _remember() -> None:
    global _parent
    _parent = os.getpid()


def _tether_to_remembered() -> None:
    tether(_parent)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")
