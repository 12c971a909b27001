"""Every refusal and failure of the API in one shape: {"error": {code, message, fields, request_id}}."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.api import request_id
from apps.api.refusals import Internal, TooLarge, Unavailable
from apps.core.errors import ChantillyError, Conflict, Gone, InvalidInput, NotFound, NotPermitted
from apps.tasks.limits.intake import QueueFull

log = structlog.get_logger(__name__)

STATUSES: Mapping[type[ChantillyError], int] = {
    InvalidInput: status.HTTP_400_BAD_REQUEST,
    NotPermitted: status.HTTP_403_FORBIDDEN,
    Gone: status.HTTP_410_GONE,  # before NotFound, which it is a kind of
    NotFound: status.HTTP_404_NOT_FOUND,
    Conflict: status.HTTP_409_CONFLICT,
}
WORDS = {
    "required": "Give a value.",
    "null": "Give a value, not null.",
    "blank": "Give a text that is not empty.",
}
"""What to do, where REST framework only says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    status: int
    code: str
    message: str
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's exception handler: one response for whatever a view raised. Unknown errors are logged."""
    set_rollback()
    request = context["request"]
    refusal = _refusal(error)
    if refusal.status >= 500 and not isinstance(error, QueueFull):
        log.error("api_failed", request_id=request_id.of(request), path=request.path, exc_info=error)
    return Response(body(refusal, request_id.of(request)), status=refusal.status, headers=dict(refusal.headers))


def body(refusal: Refusal, identifier: str) -> dict[str, Any]:
    return {
        "error": {
            "code": refusal.code,
            "message": refusal.message,
            "fields": dict(refusal.fields),
            "request_id": identifier,
        }
    }


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, ChantillyError):
        return _ours(error)
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    return _theirs(_translated(error))


def _ours(error: ChantillyError) -> Refusal:
    status_code = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), None)
    if status_code is None:
        return _theirs(Internal())
    fields = error.fields if isinstance(error, InvalidInput) else {}
    if isinstance(error, QueueFull):
        headers = {"Retry-After": str(error.retry_after)}
        return Refusal(status=503, code=error.code, message=error.message, headers=headers)
    return Refusal(status=status_code, code=error.code, message=error.message, fields=fields)


def _invalid(error: exceptions.ValidationError) -> Refusal:
    fields = dict(_flat(error.detail, ""))
    if list(fields) == [""]:
        return Refusal(status=400, code=InvalidInput.code, message=fields[""])
    names = ", ".join(sorted(fields))
    return Refusal(status=400, code=InvalidInput.code, message=f"The request needs attention: {names}.", fields=fields)


def _flat(detail: Any, path: str) -> Iterator[tuple[str, str]]:
    """(dotted path, what to do) for each leaf of REST framework's nested details."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            here = path if name == "non_field_errors" else f"{path}.{name}" if path else str(name)
            yield from _flat(inner, here)
    elif isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        for index, inner in enumerate(detail):
            yield from _flat(inner, f"{path}.{index}" if path else str(index))
    else:
        leaves = detail if isinstance(detail, list) else [detail]
        yield path, " ".join(WORDS.get(getattr(leaf, "code", ""), str(leaf)) for leaf in leaves)


def _translated(error: Exception) -> exceptions.APIException:
    match error:
        case exceptions.APIException():
            return error
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case RequestDataTooBig():
            return TooLarge("The body is too large.")
        case SuspiciousOperation():
            return exceptions.ParseError("The request cannot be read.")
        case OperationalError() | InterfaceError():
            return Unavailable()
    return Internal()


def _theirs(error: exceptions.APIException) -> Refusal:
    codes = error.get_codes()
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, round(wait)))
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "2"
    return Refusal(
        status=error.status_code,
        code=codes if isinstance(codes, str) else error.default_code,
        message=str(error.detail),
        headers=headers,
    )
