"""One attempt's session: what an executor sees of the task, backed by the database."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.contrib.auth import get_user_model

from apps.core import clock
from apps.executors.contract import Pulse, RequesterDisabled, TaskFacts
from apps.executors.script.sandbox import INTERPRETER
from apps.executors.workflow.running import inline
from apps.tasks import lifecycle
from apps.tasks.claims.claiming import Claim
from apps.tasks.record import checkpoints
from apps.tasks.record.journal import Journal, LoadedCheckpoint
from apps.tasks.record.store import DatabaseStore
from apps.tasks.states import Control

PERMISSIONS_SECONDS = 2.0
"""How long a requester's permissions are believed before they are looked up again."""


class LiveSession:
    """Obeys `executors.contract.Session`."""

    def __init__(self, claim: Claim, *, is_draining: Callable[[], bool] = lambda: False) -> None:
        self.is_settling = False
        """True once the outcome is being written; the lease then ends by our own hand."""
        self._claim = claim
        self._is_draining = is_draining
        self.task = facts(claim)
        self.pulse = Pulse()
        self.journal = Journal(
            DatabaseStore(),
            claim.lease,
            reopened=claim.reopened,
            is_new=claim.steps == 0,
            stage=claim.stage,
            clock=clock.now,
        )
        self._last_index = self.journal.last_index

    def checkpoints(self) -> list[LoadedCheckpoint]:
        if self._claim.lease.attempt == 1 and not self._claim.steps:
            return []
        usable, refused = checkpoints.load(self.task.id, INTERPRETER, self._last_index)
        if refused:
            lifecycle.note(self._claim.lease, "task.checkpoint_refused", {"count": refused})
        return usable

    def resumed(self, *, index: int, line: int | None, checkpoint: int | None) -> None:
        lifecycle.note_resumed(self._claim.lease, index=index, line=line, checkpoint=checkpoint)

    def permits(self, permission: str | None) -> bool:
        person = requester(self._claim.requester_id)
        if not person.is_active:
            raise RequesterDisabled(
                f"{person.get_username()}, in whose name it acts, is disabled. Enable them, then resume it."
            )
        return permission is None or bool(person.has_perm(permission))

    def control(self) -> str:
        return self.journal.control or (Control.DRAIN.value if self._is_draining() else "")


def requester(user_id: int) -> Any:
    """The user, with their permissions, as they were at most PERMISSIONS_SECONDS ago."""
    return _requester(user_id, int(time.monotonic() / PERMISSIONS_SECONDS))


@lru_cache(maxsize=128)
def _requester(user_id: int, period: int) -> Any:
    return get_user_model().objects.get(pk=user_id)


def facts(claim: Claim) -> TaskFacts:
    revision = claim.revision
    return TaskFacts(
        id=claim.lease.task_id,
        uid=claim.uid,
        title=claim.title,
        script=inline.source(claim.branch, revision.pk)
        if inline.is_inline(claim.kind, revision.kind)
        else revision.script,
        revision_id=revision.pk,
        revision_label=f"{revision.version} (revision {revision.number})",
        parameters=claim.parameters,
        outputs=revision.outputs,
        created_at=claim.created_at,
        seed=claim.seed,
        seeded_at=claim.seeded_at,
        requester=requester(claim.requester_id),
        memory_mb=revision.memory_mb,
        cpu_seconds=revision.cpu_seconds,
        max_calls=revision.max_calls,
    )
