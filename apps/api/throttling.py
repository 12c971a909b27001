"""How often one may ask. Where the counters live: `core.logins`, which counts attempts to sign in, too."""

from rest_framework.throttling import AnonRateThrottle, UserRateThrottle

from apps.core.logins import SteadyThrottle


class PerUser(SteadyThrottle, UserRateThrottle):
    scope = "user"


class PerAddress(SteadyThrottle, AnonRateThrottle):
    scope = "anonymous"
