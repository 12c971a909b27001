"""Signatures of the generic webhook: `t=<seconds since 1970>,v1=<hex HMAC-SHA256(secret, t + "." + body)>`."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest, new

from apps.chat.platforms.contract import Refused

HEADER = "X-Chantilly-Signature"
WINDOW = timedelta(minutes=5)
SHORTEST_SECRET = 16
FORM = re.compile(r"t=([0-9]{1,11})((?:,v1=[0-9a-f]{64}){1,4})")
"""Several v1: whoever signs may do so with the old and the new secret while they change it."""


def sign(secret: str, body: bytes, now: datetime) -> str:
    moment = int(now.timestamp())
    return f"t={moment},v1={_mac(secret, moment, body)}"


def verify(secrets: Sequence[str], given: str, body: bytes, now: datetime) -> None:
    """Raises Refused unless one of the secrets signed this body, less than five minutes from now."""
    usable = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    found = FORM.fullmatch(given)
    if not usable or not found:
        raise Refused(f"{HEADER} is missing or not of the form t=…,v1=….")
    moment, marks = int(found[1]), found[2].split(",v1=")[1:]
    wanted = [_mac(secret, moment, body) for secret in usable]
    if not any(compare_digest(mark, one) for mark in marks for one in wanted):
        raise Refused(f"{HEADER} does not fit the body and the secret.")
    if abs(now.timestamp() - moment) > WINDOW.total_seconds():
        raise Refused("The signature is more than five minutes old, or from the future: set the clock, sign anew.")


def _mac(secret: str, moment: int, body: bytes) -> str:
    return new(secret.encode(), f"{moment}.".encode() + body, sha256).hexdigest()
