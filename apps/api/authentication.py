"""Who is asking: a hashed, expiring token in `Authorization: Token …` (or Bearer), or the session of the admin site."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

SCHEMES = (b"token", b"bearer")
_TOKEN = re.compile(rb"[A-Za-z0-9_]{20,100}")


class Tokens(TokenAuthentication):
    """Refuses what can be no token before the database is asked."""

    def authenticate(self, request: Request) -> Any:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() not in SCHEMES:
            return None
        if len(words) != 2 or not _TOKEN.fullmatch(words[1]):
            raise AuthenticationFailed("The Authorization header is not 'Token ' and a token.")
        return self.authenticate_credentials(words[1])

    def authenticate_credentials(self, token: bytes) -> Any:
        try:
            return super().authenticate_credentials(token)
        except AuthenticationFailed:
            raise AuthenticationFailed("The token is unknown, expired or revoked, or its user is disabled.") from None


class TokensInSchema(OpenApiAuthenticationExtension):
    target_class = "apps.api.authentication.Tokens"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token ` and the token, for example `Token cy_0123…`.",
        }
