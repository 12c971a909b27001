"""A claimed task, and how a worker gets one: `taking` writes, this says what the worker then holds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from apps.catalog.models import TemplateRevision
from apps.core import clock
from apps.tasks import news, sql
from apps.tasks.claims import taking
from apps.tasks.claims.taking import Claimer, Taken
from apps.tasks.limits import gates
from apps.tasks.record.journal import Lease


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A task that this worker now holds, with all that carrying it out needs."""

    lease: Lease
    uid: str
    title: str
    kind: str
    parameters: Mapping[str, Any]
    requester_id: int
    revision: TemplateRevision
    created_at: datetime
    seed: str
    """Of chance and ids: the task's uid, or that of the ancestor whose record it goes on from."""
    seeded_at: datetime
    """Where the script's clock stands still: the creation of the task, or of that ancestor."""
    steps: int
    """Steps on record from earlier attempts."""
    stage: str
    """The stage that earlier attempts had reached."""
    reopened: tuple[int, int] | None
    """(index, try) of the failed step that a retry executes again."""
    branch: str = ""
    """Of a child: the name of what its parent waits for."""
    together: int = 1
    """How many tasks the worker claimed at once."""
    is_limited: bool = False
    """Whether a limit was about any of those: then its end may let another begin."""


def claim(queues: Sequence[str], *, worker: str, cluster: str, host: str = "") -> Claim | None:
    """Take the best pending task of these queues, or None when there is none or another worker was first."""
    by = Claimer(worker=worker, cluster=cluster, host=host)
    return next(iter(announced(taking.take(gates.gate(queues), 1, by))), None)


def announced(taken: Taken) -> list[Claim]:
    """The claims of what was taken; the world hears of them."""
    claims = [_claim(row, len(taken.rows), taken.is_limited) for row in taken.rows]
    for claim in claims:
        news.publish(claim.lease.task_id, "task.claimed")
    return claims


def next_due(queues: Sequence[str]) -> datetime | None:
    """The earliest moment at which a task of these queues becomes claimable, or is or was to be woken; None without one.

    Where limits or a pause hold tasks back, those that could start by their time do not count: a hint tells when they
    can, and looking all the time would not help.
    """
    places = ", ".join(["%s"] * len(queues))
    earliest = f"SELECT min(available_at) FROM tasks_task WHERE queue IN ({places}) AND status"
    gate = gates.gate(queues)
    if not gate.is_narrow and gate.queues == tuple(queues):
        row = sql.run(f"{earliest} IN ('waiting', 'pending')", list(queues))
    else:
        row = sql.run(
            f"SELECT ({earliest} = 'waiting'), ({earliest} IN ('waiting', 'pending') AND available_at > %s)",
            [*queues, *queues, sql.moment(clock.now())],
        )
    return min((_moment(due) for due in row if due is not None), default=None)


def _claim(row: Sequence[Any], together: int, is_limited: bool) -> Claim:
    task_id, attempt, uid, title, kind, parameters, requester_id, revision_id, created_at, *more = row
    seed, seeded_at, parent_id, branch, *lease = more
    _, token, _, steps, stage, index, try_number, *_ = lease
    uid = str(uid).replace("-", "")
    return Claim(
        lease=Lease(task_id=task_id, token=token, attempt=attempt, is_child=parent_id is not None),
        uid=uid,
        title=title,
        kind=kind,
        parameters=json.loads(parameters) if isinstance(parameters, str) else parameters,
        requester_id=requester_id,
        revision=revision(revision_id),
        created_at=_moment(created_at),
        seed=seed or uid,
        seeded_at=_moment(seeded_at or created_at),
        steps=steps,
        stage=stage,
        reopened=None if index is None else (index, try_number),
        branch=branch,
        together=together,
        is_limited=is_limited,
    )


@lru_cache(maxsize=64)
def revision(revision_id: int) -> TemplateRevision:
    """The revision, remembered by this process: revisions never change."""
    return TemplateRevision.objects.select_related("template").get(pk=revision_id)


def _moment(value: Any) -> datetime:
    """SQLite keeps moments in UTC, without saying so."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
