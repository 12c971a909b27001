"""Tokens of a local application: how they come, and how they are renewed.

They come with the event ONAPPINSTALL, once, to an address that only Bitrix24 was told:
https://apidocs.bitrix24.com/settings/app-installation/local-apps/installation-callback.html. Whoever guessed it could send
others; so nothing is believed of them until Bitrix24's authorization server has renewed them for our application's key, and
says that they are of this portal: https://apidocs.bitrix24.com/settings/oauth/auto-renewal.html
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from apps.chat.platforms import outward
from apps.chat.platforms.contract import ARRIVED, PlatformError, Received, Refused, Secrets, Wiring
from apps.chat.platforms.texts import clean
from apps.core import clock

SERVER = "https://oauth.bitrix24.tech/oauth/token/"
TOKEN = re.compile(r"[A-Za-z0-9._-]{8,500}")
KEPT = ("access_token", "refresh_token", "expires_at", "application_token")
MARGIN = 60
"""Seconds before its end from which on an access token is not used any more."""
HOUR = 3600
AGAIN_SECONDS = 300.0
"""Until what waits for a person is tried again."""
ENDED = "ended"
WRONG = {
    "invalid_client": "enter the application's code and key as Bitrix24 shows them",
    "invalid_grant": "its access has run out: remove the application in Bitrix24, press Install, and add it anew",
    "insufficient_scope": "give the application the permission imbot",
    "invalid_scope": "give the application the permission imbot",
    "PAYMENT_REQUIRED": "the application's trial or paid time is over",
}


def is_application(wiring: Wiring) -> bool:
    return wiring.settings.get("way") == "application"


def is_confirmed(wiring: Wiring) -> bool:
    """Whether the authorization server has said that the tokens are this portal's."""
    return wiring.settings.get("confirmed") == "yes"


def installed(wiring: Wiring, host: str, auth: Mapping[str, Any], now: datetime) -> Received:
    """What an installation brings, to be confirmed. Raises Refused.

    Where one is confirmed already, only the bearer of its application token brings another.
    """
    token = {name: clean(auth.get(name), 500) for name in ("access_token", "refresh_token", "application_token")}
    member, domain = clean(auth.get("member_id"), 100), clean(auth.get("domain"), 200).lower()
    if not member or not all(TOKEN.fullmatch(each) for each in token.values()):
        raise Refused("The installation brings no tokens.", status=400)
    if wiring.settings.get("installation") == ENDED:
        raise Refused("The application was removed: press Install here first, then add it anew.", status=403)
    if domain not in (host, host.partition(":")[0]):
        raise Refused("The installation is of another Bitrix24 than this connection's.")
    if is_confirmed(wiring) and not (
        compare_digest(wiring.secrets.get("application_token", "").encode(), token["application_token"].encode())
        and member == wiring.settings.get("member_id")
    ):
        raise Refused("An application is installed already: only its own token changes that.")
    ends = str(int(now.timestamp()) + _seconds(auth.get("expires_in")))
    return Received(
        settings={"installation": ARRIVED, "member_id": member}, secrets={**token, "expires_at": ends},
    )  # fmt: skip


def removed() -> Received:
    """Nothing of it is kept: whoever finds the tokens later finds nothing."""
    return Received(
        settings={"installation": ENDED, "confirmed": "", "member_id": "", "bot_id": ""},
        secrets=dict.fromkeys(KEPT, ""),
    )


def current(wiring: Wiring) -> str:
    """An access token that is still good for a minute. Raises PlatformError."""
    ends = wiring.secrets.get("expires_at", "")
    is_good = ends.isdigit() and int(ends) - MARGIN > clock.now().timestamp()
    found = wiring.secrets.get("access_token", "")
    return found if found and is_good else renewed(wiring)["access_token"]


def renewed(wiring: Wiring) -> Secrets:
    """The connection's secrets, with new tokens. Raises PlatformError."""
    if not wiring.secrets.get("refresh_token"):
        if wiring.settings.get("installation") == ENDED:
            raise PlatformError("The application was removed in Bitrix24. Press Install, then add it anew there.")
        raise PlatformError("Bitrix24 has not told its tokens yet: add the local application there.")
    return wiring.renew(wiring, "access_token", lambda secrets: _exchanged(wiring, secrets))


def _exchanged(wiring: Wiring, secrets: Secrets) -> Secrets:
    code, key = wiring.settings.get("application_id", ""), secrets.get("application_key", "")
    if not code or not key:
        raise PlatformError("Enter the code and the key of the local application, as Bitrix24 shows them.")
    # By GET, as documented. The key goes to the authorization server alone, whatever a portal calls its server.
    asked = {
        "grant_type": "refresh_token", "client_id": code, "client_secret": key,
        "refresh_token": secrets.get("refresh_token", ""),
    }  # fmt: skip
    answered = outward.get(wiring.settings.get("oauth_url") or SERVER, asked)
    try:
        answer = json.loads(answered.body)
    except (ValueError, RecursionError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    if error := clean(answer.get("error"), 60):
        why = WRONG.get(error, error)
        raise PlatformError(f"Bitrix24's authorization server refuses it: {why}.", retry_after=AGAIN_SECONDS)
    if not answered.is_success:
        raise answered.refusal(clock.now())
    return _read(wiring, answer)


def _read(wiring: Wiring, answer: Mapping[str, Any]) -> Secrets:
    """Only what is this portal's. Raises PlatformError."""
    token = {name: clean(answer.get(name), 500) for name in ("access_token", "refresh_token")}
    if not all(TOKEN.fullmatch(each) for each in token.values()):
        raise PlatformError("The authorization server's answer cannot be understood.")
    portal = urlsplit(wiring.settings.get("portal_url", "")).netloc.lower()
    told = urlsplit(clean(answer.get("client_endpoint"), 300)).netloc.lower()
    if answer.get("member_id") != wiring.settings.get("member_id") or told != portal:
        raise PlatformError(
            "The tokens that arrived are of another Bitrix24: is its address here right? Add the application anew."
        )
    ends = int(clock.now().timestamp()) + _seconds(answer.get("expires_in"))
    return {**token, "expires_at": str(ends)}


def _seconds(found: object) -> int:
    """How long an access token lives; texts in forms, numbers in JSON."""
    text = str(found)
    return min(int(text), HOUR) if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else HOUR
