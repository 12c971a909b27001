"""Structured logs: one line an event, with the task's id where there is one, and nothing secret in it.

Tracebacks are plain text without local variables: those hold customers' data.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from apps.core.masking import mask

MAX_TRACEBACK = 20_000


def configure(*, as_json: bool, level: str) -> None:
    """Set up structlog and the standard library's logging alike. Called once, from the settings."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()  # libraries that set up their own would print every line twice
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("fontTools", "weasyprint", "httpx2", "httpcore2", "asyncio", "daphne.ws_protocol"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("django.security.DisallowedHost").addFilter(as_warning)


def as_warning(record: logging.LogRecord) -> bool:
    """Anybody can send a foreign Host header: that is no error of ours, and its traceback says nothing."""
    record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
    record.exc_info = record.exc_text = None
    return True


def without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every text of the line, tracebacks included."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = mask(value, MAX_TRACEBACK)
    return event
