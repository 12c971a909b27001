"""Keeping secrets out of messages, journals, checkpoints and pages."""

import re
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

MASK = "•••"
MAX_MESSAGE = 2_000
_KEY_LIKE = re.compile(
    r"(?i)\b(?:AIza[\w-]{20,}|bearer\s+[\w.~+/-]{16,}|(?:api[_-]?key|token|password)\s*[=:]\s*\S{6,})"
)


def mask(text: str, limit: int = MAX_MESSAGE) -> str:
    """The text without this installation's secrets and without anything that looks like a key, shortened."""
    text = storable(text)
    for secret in _secrets():
        text = text.replace(secret, MASK)
    text = _KEY_LIKE.sub(MASK, text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def storable(text: str) -> str:
    """As any database can hold it.

    NUL, which PostgreSQL can keep neither in text nor in JSON, is shown as its symbol; half of a surrogate pair, which
    is no character anywhere, as U+FFFD.
    """
    text = text.replace("\0", "␀")
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


@cache
def _secrets() -> tuple[str, ...]:
    values: list[object] = [
        settings.SECRET_KEY,
        settings.GEMINI_API_KEY,
        settings.EMAIL_HOST_PASSWORD,
        *settings.CHECKPOINT_KEYS,
    ]
    values += [database.get("PASSWORD") for database in settings.DATABASES.values()]
    values.append(urlsplit(settings.REDIS_URL).password)
    return tuple(value for value in values if isinstance(value, str) and len(value) >= 6)
