"""Calls of the Bot API, and what its errors mean for us (https://core.telegram.org/bots/api#making-requests)."""

import json
import re
from collections.abc import Mapping
from typing import Any

from apps.chat.platforms import outward
from apps.chat.platforms.contract import PlatformError, Wiring
from apps.core.masking import mask

PUBLIC = "https://api.telegram.org"
TOKEN = re.compile(r"([0-9]{1,20}):[A-Za-z0-9_-]{20,100}")
MOST_BYTES = 16_000_000
UPLOAD_SECONDS = 60.0
BUSY_SECONDS = 15.0
"""Between looks while somebody else asks for the same bot's updates."""


class Moved(PlatformError):
    """The group is a supergroup now, under another id."""

    def __init__(self, chat_id: int) -> None:
        super().__init__("The group has become a supergroup with another id.", is_permanent=True)
        self.chat_id = chat_id


def call(
    wiring: Wiring,
    method: str,
    parameters: Mapping[str, Any],
    *,
    seconds: float = 15.0,
    document: tuple[str, bytes, str] | None = None,
) -> Any:
    """The result of a method. Parameters that are None are left out; a document goes as multipart. Raises PlatformError."""
    given = {name: value for name, value in parameters.items() if value is not None}
    address = f"{wiring.settings.get('api_url', '').rstrip('/') or PUBLIC}/bot{_token(wiring)}/{method}"
    if document is None:
        answered = outward.post(address, json=given, seconds=seconds, most=MOST_BYTES)
    else:
        answered = outward.post(address, data=given, files={"document": document}, seconds=UPLOAD_SECONDS)
    try:
        said = json.loads(answered.body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise PlatformError(
            f"Telegram answered {answered.status} without JSON: is the address of the API right?",
            is_unsure=answered.is_success or answered.status >= 500,
        )
    if said.get("ok") is True:
        return said.get("result")
    raise _error(answered.status, said)


def bot_id(wiring: Wiring) -> str:
    """The bot's own id, which begins its token; '' without a token."""
    found = TOKEN.fullmatch(wiring.secrets.get("token", ""))
    return found[1] if found else ""


def _token(wiring: Wiring) -> str:
    token = wiring.secrets.get("token", "")
    if not TOKEN.fullmatch(token):
        raise PlatformError("Enter the token that @BotFather gave you: 123456:ABC…", is_permanent=True)
    return token


def _error(status: int, said: Mapping[str, Any]) -> PlatformError:
    code = said.get("error_code", status)
    description = mask(str(said.get("description", "")), 200)
    found = said.get("parameters")
    parameters = found if isinstance(found, dict) else {}
    if isinstance(moved := parameters.get("migrate_to_chat_id"), int):
        return Moved(moved)
    if code == 429:
        wait = parameters.get("retry_after")
        seconds = min(float(wait), outward.LONGEST_WAIT) if isinstance(wait, int | float) else BUSY_SECONDS
        return PlatformError(f"Telegram asks us to wait {seconds:g} seconds.", retry_after=seconds)
    if code in (401, 404):
        return PlatformError(
            "Telegram refuses the bot's token: enter the one that @BotFather shows.", is_permanent=True
        )
    if code == 409:
        return PlatformError(f"{description}. Press Install, and let nobody else poll.", retry_after=BUSY_SECONDS)
    if isinstance(code, int) and code >= 500:
        return PlatformError(f"Telegram failed ({code}).", is_unsure=True)
    return PlatformError(description or f"Telegram answered {code}.", is_permanent=True)
