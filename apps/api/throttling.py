"""How often one may ask. Counters live in the default cache: shared by all processes with REDIS_URL, else per process.

While Redis does not answer each process counts for itself: nobody is refused for that, and nobody gets in unlimited.
"""

import hashlib
from typing import Any

import structlog
from django.contrib.auth import get_user_model
from django.core.cache import caches
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

log = structlog.get_logger(__name__)


class _Steady(SimpleRateThrottle):
    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            return super().allow_request(request, view)
        except (RedisError, OSError) as error:
            log.warning("rates_are_counted_here", error=str(error))
            self.cache = caches["local"]
            return super().allow_request(request, view)


class PerUser(_Steady, UserRateThrottle):
    scope = "user"


class PerAddress(_Steady, AnonRateThrottle):
    scope = "anonymous"


class LoginsPerAddress(_Steady):
    scope = "login"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class LoginsPerName(_Steady):
    """Many addresses guessing one account's password are one too."""

    scope = "login_name"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        data = request.data
        name = data.get("username") if isinstance(data, dict) else None
        if not isinstance(name, str):
            return None
        name = get_user_model().normalize_username(name[:150]).lower()
        ident = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}
