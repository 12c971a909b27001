"""One attempt's session: what an executor sees of the task, backed by the database."""

import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model

from apps.core import clock
from apps.executors.contract import Pulse, RequesterDisabled, TaskFacts
from apps.executors.script.sandbox import INTERPRETER
from apps.tasks import checkpoints, lifecycle
from apps.tasks.journal import Journal, LoadedCheckpoint
from apps.tasks.lifecycle import Claim
from apps.tasks.states import Control
from apps.tasks.store import DatabaseStore

PERMISSIONS_SECONDS = 2.0
"""How long a requester's permissions are believed before they are looked up again."""


class LiveSession:
    """Obeys `executors.contract.Session`."""

    def __init__(self, claim: Claim, *, is_draining: Callable[[], bool] = lambda: False) -> None:
        execution = claim.task.execution
        reopened = None
        if execution.reopened_index is not None and execution.reopened_try is not None:
            reopened = (execution.reopened_index, execution.reopened_try)
        self.is_settling = False
        """True once the outcome is being written; the lease then ends by our own hand."""
        self._claim = claim
        self._is_draining = is_draining
        self._steps = execution.steps
        self._requester: Any = claim.task.requester
        self._requester_seen = time.monotonic()
        self.task = facts(claim)
        self.pulse = Pulse()
        self.journal = Journal(DatabaseStore(), claim.lease, reopened=reopened, clock=clock.now)
        self._last_index = self.journal.last_index

    def checkpoints(self) -> list[LoadedCheckpoint]:
        if self._last_index < 0:
            return []
        usable, refused = checkpoints.load(self._claim.task, INTERPRETER, self._last_index)
        if refused:
            lifecycle.note(self._claim.lease, "task.checkpoint_refused", {"count": refused})
        return usable

    def resumed(self, *, index: int | None, line: int | None, refused: int) -> None:
        lifecycle.note_resumed(self._claim.lease, index=index, line=line, kept=self._steps, refused=refused)

    def permits(self, permission: str | None) -> bool:
        if time.monotonic() - self._requester_seen > PERMISSIONS_SECONDS:
            self._requester = get_user_model().objects.get(pk=self._requester.pk)
            self._requester_seen = time.monotonic()
        if not self._requester.is_active:
            raise RequesterDisabled(
                f"{self._requester.get_username()}, in whose name it acts, is disabled. Enable them, then resume it."
            )
        return permission is None or bool(self._requester.has_perm(permission))

    def control(self) -> str:
        return self.journal.control or (Control.DRAIN.value if self._is_draining() else "")


def facts(claim: Claim) -> TaskFacts:
    task, revision = claim.task, claim.task.revision
    return TaskFacts(
        id=task.pk,
        uid=str(task.uid),
        title=task.title,
        script=revision.script,
        revision_id=revision.pk,
        revision_label=f"{revision.version} (revision {revision.number})",
        parameters=task.parameters,
        outputs=revision.outputs,
        created_at=task.created_at,
        requester=task.requester,
        memory_mb=revision.memory_mb,
        cpu_seconds=revision.cpu_seconds,
        max_calls=revision.max_calls,
    )
