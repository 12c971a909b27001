"""Is the site alive, and is it ready? For supervisors and load balancers: no login, nothing told that could help anyone."""

import os
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import structlog
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.workers.models import Worker

log = structlog.get_logger(__name__)

HEARD_WITHIN = timedelta(seconds=30)
LEAST_FREE = 1024 * 1024
"""Bytes on the database's disk, below which it counts as full."""
BLOCK = 8192
DISK_FULL = "53100"
"""As PostgreSQL says it (appendix A of its manual)."""


@dataclass(frozen=True, kw_only=True)
class Check:
    name: str
    status: Literal["ok", "degraded", "failed"]
    message: str


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. Asks nothing else, so a database that is down does not get it restarted."""
    return JsonResponse({"status": "ok", "version": settings.VERSION})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, 503 when not. Without workers it is degraded: tasks are accepted and wait."""
    checks = _checks()
    statuses = {check.status for check in checks}
    status = next(word for word in ("failed", "degraded", "ok") if word in statuses)
    told = {check.name: {"status": check.status, "message": check.message} for check in checks}
    return JsonResponse({"status": status, "checks": told}, status=503 if status == "failed" else 200)


def _checks() -> list[Check]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        checks = [_room(), _migrations()]
        return checks if any(check.status == "failed" for check in checks) else [*checks, _workers()]
    except DatabaseError as error:
        log.warning("not_ready", error=str(error))
        return [Check(name="database", status="failed", message="The database does not answer.")]


def _room() -> Check:
    """A full disk still answers questions and takes nothing new."""
    if _is_full():
        return Check(name="database", status="failed", message="The database's disk is full. Make room on it.")
    return Check(name="database", status="ok", message="The database answers.")


def _is_full() -> bool:
    if connection.vendor == "sqlite":
        disk = os.statvfs(Path(connection.settings_dict["NAME"]).parent)
        return disk.f_bavail * disk.f_frsize < LEAST_FREE
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Only the server sees its disk: these rows are more than it may keep in memory, so it writes them to a
            # temporary file, which leaves nothing behind, neither in a table nor in the log of its changes.
            cursor.execute("SET LOCAL work_mem = '64kB'")
            cursor.execute(
                "SELECT count(*) FROM unnest(array_fill(repeat('x', %s), ARRAY[%s]))", [BLOCK, LEAST_FREE // BLOCK]
            )
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == DISK_FULL:
            return True
        raise
    return False


def _migrations() -> Check:
    if _is_migrated():
        return Check(name="migrations", status="ok", message="All migrations are applied.")
    _is_migrated.cache_clear()
    return Check(name="migrations", status="failed", message="Migrations are missing. Run manage.py migrate.")


@cache
def _is_migrated() -> bool:
    """A yes is kept: reading all migration files costs much, and a running site does not lose them."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _workers() -> Check:
    heard = Worker.objects.present().heard_since(clock.now() - HEARD_WITHIN).count()
    if heard:
        return Check(name="workers", status="ok", message=f"{heard} heard of in the last 30 seconds.")
    return Check(name="workers", status="degraded", message="No worker was heard of in the last 30 seconds.")
