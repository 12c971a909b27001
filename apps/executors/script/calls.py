"""Carrying out one host call of a script: the tool's arguments, its permission, its retries, its files."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from apps.core import clock, codec
from apps.core.errors import ChantillyError, InvalidInput, NotFound, NotPermitted, ToolError
from apps.core.masking import mask
from apps.executors.contract import RequesterDisabled, Session
from apps.executors.script import pacing
from apps.executors.script.pacing import Interrupted as Interrupted
from apps.tasks import blobs
from apps.tasks.blobs import BlobUnwritable
from apps.tasks.limits import rates
from apps.tasks.limits.rates import REQUESTS, TOKENS, Reserved
from apps.tasks.record.journal import Lease, LeaseLost, NewFile, Progress
from apps.tools.registry import FileHandle, Suspension, Tool

log = structlog.get_logger(__name__)

MAX_VALUE = 20_000_000
"""Characters of an encoded argument list or result; a tool that would cross more is refused."""


@dataclass(kw_only=True)
class LiveCall:
    """Obeys `tools.registry.Call`."""

    session: Session
    index: int
    now: datetime
    is_repeated: bool = False
    """True for telemetry that was written the first time: only its errors count, nothing is told again."""
    files: list[NewFile] = field(default_factory=list)
    reserved: list[Reserved] = field(default_factory=list)

    @property
    def task_id(self) -> int:
        return self.session.task.id

    @property
    def key(self) -> str:
        return f"{self.session.task.id}:{self.index}"

    @property
    def requester(self) -> Any:
        return self.session.task.requester

    @property
    def lease(self) -> Lease:
        return self.session.journal.lease

    def save_file(self, name: str, content_type: str, data: bytes, kind: str = "file") -> FileHandle:
        named = hashlib.sha256(name.encode()).hexdigest()[:16]
        saved = blobs.save(f"{self.task_id}/files/{self.index}-{named}", data)
        self.files.append(
            NewFile(
                index=self.index, name=name, kind=kind, content_type=content_type, size=len(data),
                sha256=saved.sha256, path=saved.path, created_at=self.now,
            )
        )  # fmt: skip
        return FileHandle(name=name, content_type=content_type, size=len(data), sha256=saved.sha256)

    def record_usage(self, **counts: int) -> None:
        if self.is_repeated:
            return
        for name, addition in counts.items():
            self.session.journal.count(name, addition)

    def admit(self, service: str, *, tokens: int = 0) -> None:
        self.reserved = pacing.admit(self.session, service, {REQUESTS: 1, TOKENS: tokens})

    def settle(self, *, requests: int, tokens: int) -> None:
        used: dict[str, int] = {REQUESTS: requests, TOKENS: tokens}
        reserved, self.reserved = self.reserved, []
        try:
            for each in reserved:
                rates.settle(each, used[each.unit])
        except DatabaseError:
            # The request was made and paid for: it must not be made again for this. The bucket mends itself with time.
            log.warning("rate_not_settled", task_id=self.task_id, exc_info=True)

    def report_progress(self, percent: float, stage: str, message: str) -> None:
        if self.is_repeated:
            return
        self.session.journal.progress(
            Progress(percent=percent, stage=mask(stage, 100), message=mask(message, 300)), self.now
        )

    def log(self, message: str, level: str) -> None:
        if self.is_repeated:
            return
        self.session.journal.log(mask(message), level, self.session.pulse.line, self.now)

    def facts(self) -> Mapping[str, Any]:
        task = self.session.task
        return {
            "id": task.id,
            "title": task.title,
            "requested_by": task.requester.get_full_name() or task.requester.get_username(),
            "revision": task.revision_label,
            "outputs": task.outputs,
            "started_at": task.created_at,
        }

    def seed(self) -> str:
        # Not the seed, which a fork shares with its ancestor: an id that both make anew must not be the same.
        return f"{self.session.task.uid}:{self.index}"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a tool answered: an encoded value, or an encoded error when `succeeded` is False."""

    succeeded: bool
    result: str
    retries: int = 0
    is_transient: bool = False
    suspension: Suspension | None = None


def execute(session: Session, tool: Tool, bound: Mapping[str, Any], call: LiveCall) -> Answered:
    """Call the tool, and again while its errors are transient and its policy allows.

    Raises only LeaseLost, RequesterDisabled, and Interrupted when something is asked of the task between two tries, or
    while the service's rate limit is waited for.
    """
    tries = 0
    while True:
        tries += 1
        try:
            _permit(session, tool)
            if tool.service:
                call.admit(tool.service)
            value = tool.function(call, **bound)
        except (LeaseLost, RequesterDisabled, Interrupted):
            raise
        except Exception as error:
            failure = as_tool_error(error, tool.name)
            if not failure.transient or tries >= tool.retry.attempts:
                return failed(failure, retries=tries - 1)
            call.files.clear()
            if isinstance(error, OperationalError | InterfaceError):
                connection.close_if_unusable_or_obsolete()  # else every further try would fail on the dead one
            _wait(session, tool, failure, tries)
            if session.control() and tool.is_journalled:
                raise Interrupted from error
            continue
        if isinstance(value, Suspension):
            return Answered(succeeded=True, result=codec.encode(None), retries=tries - 1, suspension=value)
        return _encoded(tool, value, tries - 1)


def failed(error: ToolError, retries: int = 0) -> Answered:
    """The answer that delivers this error to the script, live and replayed alike."""
    data: dict[str, Any] = {"exc_type": error.kind, "message": mask(error.message), "is_transient": error.transient}
    if error.code != ToolError.code:
        data["code"] = error.code
    if error.retry_after > 0:
        data["retry_after"] = error.retry_after
    return Answered(succeeded=False, result=codec.encode(data), retries=retries, is_transient=error.transient)


def encode_arguments(tool: Tool, bound: Mapping[str, Any]) -> str:
    """The canonical text of a call's arguments. Raises ToolError when they cannot be recorded."""
    try:
        text = codec.encode(bound)
    except codec.NotEncodable as error:
        raise ToolError(f"{tool.name}(): {error}", kind="TypeError") from None
    if len(text) > MAX_VALUE:
        raise ToolError(f"{tool.name}(): the arguments are larger than 20 MB; pass less.", kind="ValueError")
    return text


def as_tool_error(error: Exception, name: str) -> ToolError:
    """The error as a script may see it; what is nobody's intention is logged and told without details."""
    if isinstance(error, ToolError):
        return error
    if isinstance(error, BlobUnwritable):
        return ToolError(f"{name}: {error.message}", kind="OSError", transient=True)
    for kind, script_kind in SCRIPT_KINDS.items():
        if isinstance(error, kind):
            return ToolError(_text(error), kind=script_kind)
    if isinstance(error, OperationalError | InterfaceError | ConnectionError | TimeoutError):
        return ToolError(f"{name}: {type(error).__name__}: {error}", kind="OSError", transient=True)
    log.exception("tool_failed_unexpectedly", tool=name)
    return ToolError(f"{name} failed unexpectedly ({type(error).__name__}); the server's log has the details.")


def _text(error: Exception) -> str:
    if isinstance(error, InvalidInput) and error.fields:
        return f"{error.message} " + " ".join(f"{name}: {what}" for name, what in error.fields.items())
    return error.message if isinstance(error, ChantillyError) else str(error)


SCRIPT_KINDS: dict[type[Exception], str] = {
    InvalidInput: "ValueError",
    NotFound: "LookupError",
    NotPermitted: "PermissionError",
    ChantillyError: "RuntimeError",
}


def _permit(session: Session, tool: Tool) -> None:
    if not session.permits(tool.permission):
        who = session.task.requester.get_username()
        raise ToolError(f"{tool.name}: {who} may not use it (lacks {tool.permission}).", kind="PermissionError")


def _encoded(tool: Tool, value: Any, retries: int) -> Answered:
    try:
        text = codec.without_halves(codec.encode(value))
    except codec.NotEncodable as error:
        return failed(ToolError(f"{tool.name}: its result cannot be recorded: {error}"), retries)
    if len(text) > MAX_VALUE:
        return failed(
            ToolError(f"{tool.name}: its result is larger than 20 MB; ask for less.", kind="ValueError"), retries
        )
    return Answered(succeeded=True, result=text, retries=retries)


def _wait(session: Session, tool: Tool, failure: ToolError, tries: int) -> None:
    delay = tool.retry.delay(tries, failure.retry_after)
    what = failure.message.rstrip(".")
    message = f"{tool.name}: {what}. Try {tries + 1} of {tool.retry.attempts} in {delay:.1f} s."
    # Not call.log: the call's moment stands still, and these lines say when each try failed.
    session.journal.log(mask(message), "warning", session.pulse.line, clock.now())
    session.pulse.call, session.pulse.is_resting = f"{tool.name} (waits {delay:.1f} s for try {tries + 1})", True
    pacing.sleep(delay, session.control)
    session.pulse.call, session.pulse.is_resting = tool.name, False
