"""Websockets are opened by pages of this site only. A browser sends a user's cookies from any site, so this decides."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]


class SameOrigin:
    """Refuses a handshake whose Origin is missing, `null`, or another host than the one it was sent to.

    Stricter than AllowedHostsOriginValidator, which with ALLOWED_HOSTS = * lets every site in.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if is_ours(scope.get("headers", [])):
            return await self._application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def is_ours(headers: list[tuple[bytes, bytes]]) -> bool:
    origins = [value for name, value in headers if name == b"origin"]
    hosts = [value for name, value in headers if name == b"host"]
    if len(origins) != 1 or len(hosts) != 1:
        return False
    origin, host = origins[0].decode("latin1"), hosts[0].decode("latin1").lower()
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
        return False
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    allowed = settings.ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
    return parts.netloc.lower() == host and validate_host(split_domain_port(host)[0], allowed)
