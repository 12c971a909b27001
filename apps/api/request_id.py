"""The name of a request, which an error answer, its response header and the log share."""

import re
import uuid
from typing import Any

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")


def of(request: Any) -> str:
    """The caller's own id when it is a harmless word, else a new one; the same at every call for one request."""
    plain = getattr(request, "_request", request)
    if not hasattr(plain, "chantilly_id"):
        given = plain.headers.get(HEADER, "")
        plain.chantilly_id = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
    return str(plain.chantilly_id)
