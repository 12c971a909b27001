"""How often one may try to sign in, with a password, over the API or on a page.

Counters live in the default cache: shared by all processes with REDIS_URL, else per process. While Redis does not answer
each process counts for itself: nobody is refused for that, and nobody gets in unlimited.
"""

import hashlib
import math
from typing import Any

import structlog
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import AuthenticationForm
from django.core.cache import caches
from django.core.exceptions import ValidationError
from redis.exceptions import RedisError
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

log = structlog.get_logger(__name__)


class SteadyThrottle(SimpleRateThrottle):
    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            return super().allow_request(request, view)
        except (RedisError, OSError) as error:
            log.warning("rates_are_counted_here", error=str(error))
            self.cache = caches["local"]
            return super().allow_request(request, view)


class LoginsPerAddress(SteadyThrottle):
    scope = "login"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class LoginsPerName(SteadyThrottle):
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


class LimitedSignIn(AuthenticationForm):
    """Refuses before it looks at the password, so that guesses cost no hashing either."""

    def clean(self) -> dict[str, Any]:
        if self.request is None:
            raise ValueError("An attempt is counted by its request: give the form one.")
        if not self.data:  # no form was sent, or JSON: nothing is guessed
            return super().clean()
        request = Request(self.request, parsers=[FormParser(), MultiPartParser()])
        for throttle in (LoginsPerAddress(), LoginsPerName()):
            if not throttle.allow_request(request, None):
                seconds = math.ceil(throttle.wait() or 1)
                raise ValidationError(f"Too many attempts to sign in. Try again in {seconds} s.", code="too_many")
        return super().clean()


class LimitedAdminSignIn(LimitedSignIn, AdminAuthenticationForm):
    """For the admin: staff only."""
