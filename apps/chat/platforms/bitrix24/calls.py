"""Calls of Bitrix24's REST API, through an incoming webhook or as a local application, and what its errors mean.

Not by the vendor's SDK (b24pysdk 1.3.2): it reaches nothing but https://<domain>, repeats by itself what a busy portal
may have done, and follows a portal that says it has moved, with the webhook's secret, wherever that is.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from apps.chat.platforms import outward
from apps.chat.platforms.bitrix24 import tokens
from apps.chat.platforms.contract import PlatformError, Wiring
from apps.chat.platforms.texts import clean
from apps.core import clock

SECONDS = 20.0
FILE_SECONDS = 60.0
MOST = 5_000_000
WEBHOOK = re.compile(r"https?://[^/\s?#]+/rest/[0-9]+/[A-Za-z0-9]+/?")
WAITS = {"QUERY_LIMIT_EXCEEDED": 5.0, "OPERATION_TIME_LIMIT": 60.0, "OVERLOAD_LIMIT": 300.0}
"""https://apidocs.bitrix24.com/limits.html: the bucket leaks two a second; the time of a method is counted by minutes."""
PASSING = frozenset({"SENDING_FAILED", "FILE_FOLDER_ERROR", "FILE_UPLOAD_FAILED", "FILE_SEND_FAILED", "PORTAL_DELETED"})
GONE = "BOT_NOT_FOUND"
EXPIRED = "expired_token"
PORTAL = re.compile(r"https?://[^/\s?#@]+/?")


class Said(PlatformError):
    """Bitrix24 answered with this error."""

    def __init__(self, error: str, message: str, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.error = error


@dataclass(frozen=True)
class Portal:
    """Where calls go; the address is a secret, its host is none."""

    wiring: Wiring

    @property
    def address(self) -> str:
        """Raises PlatformError."""
        if tokens.is_application(self.wiring):
            return f"{self._portal}/rest"
        found = self.wiring.secrets.get("webhook_url", "").strip()
        if not WEBHOOK.fullmatch(found):
            raise PlatformError(
                "Enter the address of an incoming webhook of Bitrix24: https://<portal>/rest/<user>/<code>/.",
                is_permanent=True,
            )
        return found.rstrip("/")

    @property
    def _portal(self) -> str:
        found = self.wiring.settings.get("portal_url", "").strip()
        if not PORTAL.fullmatch(found):
            raise PlatformError("Enter the address of your Bitrix24: https://<portal>.", is_permanent=True)
        return found.rstrip("/")

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc.lower()

    def call(self, method: str, arguments: dict[str, Any], seconds: float = SECONDS) -> dict[str, Any]:
        """The result. Raises PlatformError.

        A token that has run out did nothing: it is renewed, and the same asked once more.
        """
        if not tokens.is_application(self.wiring):
            return self._call(method, arguments, seconds)
        token = tokens.current(self.wiring)
        try:
            return self._call(method, {**arguments, "auth": token}, seconds)
        except Said as error:
            if error.error != EXPIRED:
                raise
        secrets = {**self.wiring.secrets, "access_token": token}
        fresh = tokens.renewed(replace(self.wiring, secrets=secrets))["access_token"]
        return self._call(method, {**arguments, "auth": fresh}, seconds)

    def _call(self, method: str, arguments: dict[str, Any], seconds: float) -> dict[str, Any]:
        answered = outward.post(f"{self.address}/{method}", json=arguments, seconds=seconds, most=MOST)
        try:
            answer = json.loads(answered.body)
        except (ValueError, RecursionError):  # RecursionError: brackets without end
            answer = None
        answer = answer if isinstance(answer, dict) else {}
        if answer.get("error") or not answered.is_success:
            raise _refusal(answered, answer)
        result = answer.get("result")
        if not isinstance(result, dict | bool):
            raise PlatformError("Bitrix24's answer cannot be understood.", is_unsure=True)
        return result if isinstance(result, dict) else {}


def _refusal(answered: outward.Answered, answer: dict[str, Any]) -> PlatformError:
    code = clean(answer.get("error"), 60) or f"HTTP {answered.status}"
    said = f"Bitrix24 refused it: {code}"
    if answered.status == 429 or code in WAITS:
        return Said(code, said, retry_after=answered.retry_after(clock.now()) or WAITS.get(code, 5.0))
    if code in PASSING:
        return Said(code, said)
    if 300 <= answered.status < 400:
        return Said(code, "The portal has moved: enter the webhook of its new address.", is_permanent=True)
    if answered.status >= 500:
        return Said(code, said, is_unsure=True)
    return Said(code, said, is_permanent=True)
