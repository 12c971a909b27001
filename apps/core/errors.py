"""One small tree of errors. The class carries what a caller branches on; the message says what to do."""

from collections.abc import Mapping


class ChantillyError(Exception):
    """Anything that Chantilly refuses or that fails in a known way.

    `code` is stable and meant for programs; the message is meant for people.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class InvalidInput(ChantillyError):
    """The caller's input is wrong. `fields` maps a path such as `period.start` to what to do about it."""

    code = "invalid_input"

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.fields = dict(fields or {})


class NotFound(ChantillyError):
    code = "not_found"


class Gone(NotFound):
    """It was there, and was removed; the message says when and why."""

    code = "gone"


class NotPermitted(ChantillyError):
    code = "not_permitted"


class Conflict(ChantillyError):
    """The thing is not in a state in which this can be done. `why` is the reason alone, for counting equal ones."""

    code = "conflict"

    def __init__(self, message: str, *, code: str | None = None, why: str = "") -> None:
        super().__init__(message, code=code)
        self.why = why


class ToolError(ChantillyError):
    """A tool could not do what a script asked.

    `kind` is the exception a script sees, one of `SCRIPT_EXCEPTIONS`. A `transient` one is worth another try,
    not earlier than `retry_after` seconds from now. `code` is a stable word that a template's retry policy may name.
    """

    code = "tool_error"

    def __init__(
        self,
        message: str,
        *,
        kind: str = "RuntimeError",
        transient: bool = False,
        retry_after: float = 0.0,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code)
        if kind not in SCRIPT_EXCEPTIONS:
            raise ValueError(f"{kind} is not an exception that scripts can receive")
        self.kind = kind
        self.transient = transient
        self.retry_after = retry_after


SCRIPT_EXCEPTIONS = frozenset(
    {"LookupError", "PermissionError", "ValueError", "TimeoutError", "OSError", "RuntimeError", "TypeError"}
)
