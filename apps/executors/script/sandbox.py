"""The sandbox: one interpreter process per worker process, bound to it by the kernel and by limits.

The interpreter is started through a small wrapper, so that it dies with its worker even on SIGKILL (an orphan in a
pure loop would burn a core for ever), gains no privileges, writes no files, and has hard limits besides its own.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from pydantic_monty import ExternalModule, Monty, MontySession, OSPolicy, ResourceLimits, __version__
from pydantic_monty._binary import find_monty_binary

from apps.tools import registry

INTERPRETER = f"monty {__version__}"
"""Stored with every checkpoint: a dump is loaded only by the interpreter that made it."""
WRAPPER = """\
#!/bin/sh
exec {setpriv} --pdeathsig KILL --no-new-privs -- \\
  {prlimit} --core=0 --fsize=0 --nofile=64 --as={address_space} -- {monty} "$@"
"""
ADDRESS_SPACE = 4 * 1024**3
"""Bytes of address space at most, whatever a revision allows: the last fence behind the interpreter's own limit."""
ENTRY = "\n\nrun(params)\n"
"""Follows every script: its `run` is called with the parameters."""
TRACING = "opentelemetry"
MIB = 1024 * 1024

_pools: dict[int, Monty] = {}


def limits(*, memory_mb: int, cpu_seconds: int, max_calls: int) -> ResourceLimits:
    # Imports and name lookups count as suspensions too; calls are counted by us.
    return ResourceLimits(
        max_memory=memory_mb * MIB,
        max_feed_duration_secs=float(cpu_seconds),
        max_suspensions=2 * max_calls + 10_000,
        max_recursion_depth=500,
    )


def determined(moment: datetime, seed: str) -> OSPolicy:
    """Time stands still at `moment` and chance follows `seed`: the same in every attempt."""
    return OSPolicy(
        datetime=moment, timezone="utc", sleep="call_host", process_time="zero", random_start={"seed": seed}
    )


@contextmanager
def session(limit: ResourceLimits, policy: OSPolicy | None = None, **options: Any) -> Iterator[MontySession]:
    """A fresh interpreter session of this process's sandbox."""
    checkout = _pool().checkout(
        limits=limit, os_policy=policy or OSPolicy(), external_modules=_modules(), print_flush_interval=0.05, **options
    )
    with checkout as fresh:
        yield fresh


def prepare() -> None:
    """Load what sandboxes need, without starting one: children may be forked afterwards."""
    if find_spec(TRACING) is None:
        # The interpreter looks for it at every start of a script, and looking for what is not there takes 0.1 ms.
        modules: dict[str, Any] = sys.modules
        modules.setdefault(TRACING, None)
    _modules()
    _binary()


def warm() -> None:
    """Start this process's sandbox and load the tools, so that the first task need not wait for them."""
    prepare()
    _pool()


def close() -> None:
    """End this process's sandbox."""
    if pool := _pools.pop(os.getpid(), None):
        pool.__exit__(None, None, None)


def _pool() -> Monty:
    """This process's pool; a forked child makes its own."""
    pool = _pools.get(os.getpid())
    if pool is None:
        pool = Monty(binary_path=_binary(), min_processes=1, max_processes=1)
        pool.__enter__()
        _pools.clear()
        _pools[os.getpid()] = pool
    return pool


@cache
def _binary() -> Path:
    """The wrapper where the system has what it needs (Linux), else the bare interpreter.

    The pool hands the interpreter no environment, so the wrapper is written with absolute paths, once a home.
    """
    monty = Path(find_monty_binary())
    setpriv, prlimit = shutil.which("setpriv"), shutil.which("prlimit")
    if not (setpriv and prlimit):
        return monty
    text = WRAPPER.format(setpriv=setpriv, prlimit=prlimit, monty=monty, address_space=ADDRESS_SPACE)
    wrapper = Path(settings.HOME) / f"sandbox-{hashlib.sha256(text.encode()).hexdigest()[:12]}.sh"
    if not wrapper.exists():
        part = wrapper.with_suffix(f".{os.getpid()}")
        part.write_text(text)
        part.chmod(0o700)
        part.replace(wrapper)
    return wrapper


@cache
def _modules() -> Mapping[str, ExternalModule]:
    return {name: _module(registry.module(name)) for name in registry.names()}


def _module(module: registry.ToolModule) -> ExternalModule:
    attributes = {tool.name.rpartition(".")[2]: _never_called for tool in module.tools.values()}
    return ExternalModule(attrs=attributes, stubs=module.stub)


def _never_called(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("a tool is called through its snapshot, never by the pool")
