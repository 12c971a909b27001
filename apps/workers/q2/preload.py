"""What a cluster imports once, before it forks: its processes then share that memory."""

import logging
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

ALWAYS = ("jsonschema", "pydantic_monty", "apps.executors.script.run", "apps.executors.script.sandbox")
UNUSED = ("rich", "twisted")
UNUSED_BY_PAGES = ("rich",)

log = logging.getLogger(__name__)


def leave_out_unused(names: Sequence[str] = UNUSED) -> None:
    """Call it first. structlog loads these where they are installed, for features that a cluster does not use: 9 MB."""
    modules: dict[str, Any] = sys.modules
    for name in names:
        modules.setdefault(name, None)


def preload() -> None:
    """A module of the site's own that cannot be imported fails the tasks that need it, not the cluster."""
    for path in (*ALWAYS, *settings.TOOL_MODULES.values()):
        _try(import_module, path)
    for path in (*settings.TASK_KINDS.values(), settings.WORKER_SLICE):
        _try(import_string, path)


def _try(load: Callable[[str], object], path: str) -> None:
    try:
        load(path)
    except Exception:
        log.exception("%s could not be loaded.", path)
