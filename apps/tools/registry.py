"""Tools: host functions that scripts (and later agents) may call, found by module and name.

A tool is one typed, documented function; its stub for the type checker, its schema and its page in the author's
guide come from its signature. A site adds modules of its own in the setting TOOL_MODULES.
"""

import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Protocol, TypedDict

from django.conf import settings

from apps.core.errors import ToolError
from apps.tasks.record.journal import Lease
from apps.tools import signatures


class CallClass(StrEnum):
    """What the journal does with a call (docs/decisions/0004-call-classes.md)."""

    EFFECT = "effect"  # changes something: executed, recorded, then answered
    READ = "read"  # the same; executing it twice would only cost time
    VOLATILE = "volatile"  # time, ids: recorded together with the next effect
    TELEMETRY = "telemetry"  # progress, log: coalesced, never matched on replay
    SUSPENDING = "suspending"  # the task leaves its worker until something happens
    PURE = "pure"  # computes from its arguments only: executed again on replay, not recorded


JOURNALLED = frozenset({CallClass.EFFECT, CallClass.READ, CallClass.VOLATILE, CallClass.SUSPENDING})


class FileHandle(TypedDict):
    """A file that the task made. `size` in bytes, `sha256` in hexadecimal."""

    name: str
    content_type: str
    size: int
    sha256: str


class Call(Protocol):
    """What a tool knows of the call it serves."""

    task_id: int
    index: int
    """Place of the call in the journal: dense, from 0."""
    key: str
    """Idempotency key `task:index`: the same when the call is executed again after a crash."""
    now: datetime
    requester: Any
    """The Django user in whose name the task acts."""
    lease: Lease
    """The attempt's right to write; what a tool writes beside the record is fenced by it."""

    def save_file(self, name: str, content_type: str, data: bytes, kind: str = "file") -> FileHandle:
        """Keep a file of the task; it becomes visible in the transaction that records the call."""
        ...

    def record_usage(self, **counts: int) -> None:
        """Add to the task's counters, for example `model_tokens=120, api_calls=1`."""
        ...

    def report_progress(self, percent: float, stage: str, message: str) -> None: ...

    def log(self, message: str, level: str) -> None: ...

    def admit(self, service: str, *, tokens: int = 0) -> None:
        """Wait until the rate limits of the service let one request, and so many tokens, go.

        ToolError (transient) when that would take too long. For tools whose service or tokens depend on the arguments;
        others declare theirs: `@tool(service="crm")`.
        """
        ...

    def settle(self, *, requests: int, tokens: int) -> None:
        """Say what the admitted request really used; the rest is given back to the rate limits."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """Id, title, requester's name, revision, outputs of the task."""
        ...

    def seed(self) -> str:
        """A text that is the same in every attempt of this call and differs between calls."""
        ...


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often a transient error of a tool is tried again inside its step, and how long to wait in between.

    The wait is `first_delay`, doubled each time up to `max_delay` (seconds), never less than the error's retry_after.
    """

    attempts: int = 5
    first_delay: float = 0.5
    max_delay: float = 30.0

    def delay(self, tries: int, retry_after: float) -> float:
        """Seconds to wait after `tries` failed tries."""
        return max(retry_after, min(self.max_delay, self.first_delay * 2 ** (tries - 1)))


@dataclass(frozen=True, kw_only=True)
class Suspension:
    """What a suspending tool answers: leave the worker until that moment; then its result is None.

    `is_open`: nothing is decided yet. The task sleeps until that moment (None: for as long as it takes) or until
    something wakes it, and then the same call is made again.
    """

    until: datetime | None
    reason: str
    is_open: bool = False
    leaves_worker: typing.ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Tool:
    name: str
    function: Callable[..., Any]
    call_class: CallClass
    permission: str | None
    retry: RetryPolicy
    service: str
    """Each call is one request to it, and waits for its rate limit; "" = none."""
    has_effects: bool
    """It can change something beyond the task that calls it: whoever asks for such work in a chat confirms it first."""
    signature: inspect.Signature
    hints: Mapping[str, Any] = field(repr=False)

    @property
    def is_journalled(self) -> bool:
        return self.call_class in JOURNALLED

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name, checked against the annotations; defaults are left out.

        Raises ToolError (TypeError in the script) that names the argument.
        """
        try:
            bound = self.signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise ToolError(f"{self.name}(): {error}", kind="TypeError") from None
        for name, value in bound.items():
            if wrong := signatures.mismatch(value, self.hints[name]):
                raise ToolError(f"{self.name}(): {name} must be {wrong}", kind="TypeError")
        return dict(bound)


def tool(
    *,
    call_class: str,
    permission: str | None = None,
    retry: RetryPolicy | None = None,
    service: str = "",
    has_effects: bool | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the function a tool. Its first parameter is the Call, the others are the script's.

    An effect counts as one beyond the task unless `has_effects` says no: it makes files of the task, or costs alone.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        if not inspect.getdoc(function):
            raise TypeError(f"{function.__module__}.{function.__name__} is a tool and needs a docstring")
        if service and call_class not in JOURNALLED:
            raise TypeError(f"{function.__module__}.{function.__name__} asks a service: it must be a read or an effect")
        changes = call_class == CallClass.EFFECT if has_effects is None else has_effects
        vars(function)["tool_declaration"] = (
            CallClass(call_class),
            permission,
            retry or RetryPolicy(),
            service,
            changes,
        )
        return function

    return declare


@dataclass(frozen=True, kw_only=True)
class ToolModule:
    name: str
    description: str
    tools: Mapping[str, Tool]
    stub: str


@cache
def module(name: str) -> ToolModule:
    """The tool module that scripts import as `name`. Raises KeyError when the site has none of that name."""
    python = importlib.import_module(settings.TOOL_MODULES[name])
    tools = {
        function_name: _tool(f"{name}.{function_name}", function)
        for function_name, function in vars(python).items()
        if hasattr(function, "tool_declaration")
    }
    return ToolModule(
        name=name,
        description=inspect.getdoc(python) or "",
        tools=tools,
        stub=signatures.stub(python, [item.function for item in tools.values()]),
    )


def names() -> list[str]:
    return sorted(settings.TOOL_MODULES)


def find(full_name: str) -> Tool:
    """The tool called `module.function`. Raises LookupError with what exists."""
    module_name, _, function_name = full_name.partition(".")
    try:
        return module(module_name).tools[function_name]
    except KeyError:
        raise LookupError(f"there is no tool {full_name}; modules are {', '.join(names())}") from None


def _tool(name: str, function: Callable[..., Any]) -> Tool:
    call_class, permission, retry, service, has_effects = vars(function)["tool_declaration"]
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return Tool(
        name=name,
        function=function,
        call_class=call_class,
        permission=permission,
        retry=retry,
        service=service,
        has_effects=has_effects,
        signature=inspect.Signature(parameters),
        hints=typing.get_type_hints(function),
    )
