"""How often one may ask. Counters live in the default cache: shared by all processes with REDIS_URL, else per process."""

import hashlib
from typing import Any

from django.contrib.auth import get_user_model
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle


class PerUser(UserRateThrottle):
    scope = "user"


class PerAddress(AnonRateThrottle):
    scope = "anonymous"


class LoginsPerAddress(SimpleRateThrottle):
    scope = "login"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class LoginsPerName(SimpleRateThrottle):
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
