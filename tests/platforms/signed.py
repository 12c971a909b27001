"""The least platform there can be: JSON, signed as a whole. For tests of what all platforms share."""

import hashlib
import hmac
import json
from typing import Any

from apps.chat.content import Content
from apps.chat.platforms.contract import Answer, Arrived, Hook, Limits, Received, Refused, Wiring

HEADER = "x-signature"


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Signed:
    key = "signed"
    name = "Signed"
    limits = Limits(text=4_000, buttons=5, file_bytes=0, per_second=50, burst=50)
    fields = ()
    polls = False

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        said = hook.headers.get(HEADER, "")
        secret = wiring.secrets.get("secret", "")
        if not secret or not hmac.compare_digest(said.encode(), signature(secret, hook.body).encode()):
            raise Refused("The signature is wrong.")
        try:
            data: dict[str, Any] = json.loads(hook.body)
            arrived = [Arrived(**each) for each in data.get("arrived", [])]
        except (ValueError, TypeError, AttributeError):
            raise Refused("The body is not understood.", status=400) from None
        return Received(
            arrived=arrived, answer=Answer(body=b"heard", status=200), settings=data.get("settings", {}),
            secrets=data.get("secrets", {}),
        )  # fmt: skip


class Answering(Signed):
    """It wants the reply in the answer to its request."""

    key = "answering"
    limits = Limits(text=4_000, buttons=0, file_bytes=0, per_second=50, burst=50, answers_in_response=True)

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        return Answer(body=json.dumps({"text": content.plain()}).encode(), content_type="application/json")
