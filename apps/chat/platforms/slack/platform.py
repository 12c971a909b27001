"""Calls of the Web API, and how an app is set up. What Slack sends is read in `events`, what we say is drawn in `blocks`."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from typing import Any, ClassVar
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from apps.chat.content import Content
from apps.chat.platforms import outward
from apps.chat.platforms.contract import (
    Answer,
    Field,
    Hook,
    Limits,
    PlatformError,
    Polled,
    Received,
    Refused,
    Wiring,
)  # fmt: skip
from apps.chat.platforms.slack import events
from apps.chat.platforms.slack.blocks import MAX_BUTTONS, MAX_TEXT, blocks, fallback
from apps.chat.platforms.texts import clean
from apps.core import clock

API = events.API
SCOPES = (
    "app_mentions:read", "channels:history", "channels:read", "chat:write", "files:write", "groups:history",
    "groups:read", "im:history", "mpim:history",
)  # fmt: skip
EVENTS = (
    "app_mention", "member_joined_channel", "member_left_channel", "message.channels", "message.groups", "message.im",
    "message.mpim",
)  # fmt: skip
COMMAND = "/chantilly"
COMMANDS = "commands"
"""The permission for it, without which all else works: apps of before it came lack it."""
LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
PASSING = frozenset({"service_unavailable", "team_added_to_org", "org_login_required", "external_channel_migrating"})
UNSURE = frozenset({"fatal_error", "internal_error", "request_timeout", "update_failed"})
"""Slack says of these: some aspect of the operation may have succeeded."""
TIMEOUT = 20


# The SDK logs what it sends when it may: what people are told is nobody's business in a log.
_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.setLevel(logging.WARNING)


class Slack:
    key: ClassVar[str] = "slack"
    name: ClassVar[str] = "Slack"
    polls: ClassVar[bool] = False
    # https://docs.slack.dev/apis/web-api/rate-limits: a message a second and channel; chat.update 50 a minute and more.
    limits: ClassVar[Limits] = Limits(
        text=MAX_TEXT, buttons=MAX_BUTTONS, file_bytes=100_000_000, per_second=2.0, burst=20, dialog_seconds=1.0,
        edit_seconds=3.0, thread_mark=":",
    )  # fmt: skip
    fields: ClassVar[Sequence[Field]] = (
        Field(
            name="signing_secret", label="Signing secret", is_secret=True,
            help="Basic Information → App Credentials. Requests that are not signed with it are refused.",
        ),
        Field(
            name="bot_token", label="Bot token", is_secret=True,
            help="OAuth & Permissions → Bot User OAuth Token; it begins with xoxb-.",
        ),
        Field(
            name="api_url", label="Address of the API", is_required=False, default=API,
            help="Only where Slack is reached through a proxy of yours.",
        ),
    )  # fmt: skip

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        if hook.method != "POST":
            raise Refused("Slack sends POST requests.", status=405)
        events.verified(wiring, hook)
        found = events.payload(hook)
        if found.get("type") == "url_verification":
            return Received(answer=Answer(body=clean(found.get("challenge"), 1_000).encode()))
        return Received(arrived=tuple(events.arrived(wiring, found)))

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        return Answer()

    def send(self, wiring: Wiring, dialog: str, content: Content, *, key: str, about: str = "") -> str:
        if "/" in dialog:
            return _responded(wiring, about, content)
        channel, thread = _place(dialog)
        client = _client(wiring)
        answer = _asked(lambda: client.chat_postMessage(
            channel=channel, thread_ts=thread, text=fallback(content), blocks=blocks(content), **_PLAIN,
            unfurl_links=False, unfurl_media=False, mrkdwn=False,
        ))  # fmt: skip
        return str(answer.get("ts") or "")

    def edit(self, wiring: Wiring, dialog: str, message_id: str, content: Content) -> None:
        channel, _ = _place(dialog)
        client = _client(wiring)
        _asked(lambda: client.chat_update(
            channel=channel, ts=message_id, text=fallback(content), blocks=blocks(content), **_PLAIN,
        ))  # fmt: skip

    def send_file(self, wiring: Wiring, dialog: str, name: str, media_type: str, data: bytes, *, key: str) -> str:
        """The id is the file's: Slack makes the message later."""
        channel, thread = _place(dialog)
        if not data:
            raise PlatformError("Slack takes no empty files.", is_permanent=True)
        client = _client(wiring)
        shown = " ".join(clean(name, 200).split()) or "file"
        answer = _asked(lambda: client.files_upload_v2(
            channel=channel, thread_ts=thread, filename=shown, title=shown, content=data,
        ))  # fmt: skip
        return str((answer.get("file") or {}).get("id") or "")

    def poll(self, wiring: Wiring, cursor: str, *, seconds: float) -> Polled:
        raise PlatformError("Slack is not asked for news: it sends them.", is_permanent=True)

    def check(self, wiring: Wiring) -> str:
        answer = _who(wiring)
        return f"Slack knows us as {answer.get('user')} in {answer.get('team')}."

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        """Nothing is registered by calls: the app's page does that. It learns who we are, for loops and mentions."""
        answer = _who(wiring)
        known = {"bot_user_id": answer.get("user_id"), "team_id": answer.get("team_id")}
        return {"settings": {name: clean(value, 60) for name, value in known.items()}, "secrets": {}}

    def uninstall(self, wiring: Wiring) -> None:
        """Nothing: who manages the app removes it from its page."""

    def guide(self, wiring: Wiring) -> Sequence[str]:
        return (
            "Open https://api.slack.com/apps, choose Create New App, From a manifest, your workspace, and paste this:",
            json.dumps(manifest(wiring), indent=2, ensure_ascii=False),
            "On the app's page, under Basic Information, App Credentials, copy the Signing Secret and enter it here.",
            "Under Install App install it to the workspace; copy the Bot User OAuth Token (xoxb-…) and enter it here.",
            "Save this connection, and press Install here: it asks Slack who we are.",
            f"Under Event Subscriptions press Retry beside the Request URL {wiring.hook_url} until it says Verified.",
            "Write to the app under Apps in Slack. In channels: /invite it, then mention it with @.",
            f"Anywhere: {COMMAND} and a sentence. Others do not see it; the app answers in its private chat.",
        )


def manifest(wiring: Wiring) -> dict[str, Any]:
    """https://docs.slack.dev/reference/app-manifest"""
    name = " ".join(wiring.name.split()) or "Chantilly"
    return {
        "display_information": {"name": name[:35]},
        "features": {
            "app_home": {"messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": name[:80], "always_online": True},
            "slash_commands": [
                {
                    "command": COMMAND,
                    "url": wiring.hook_url,
                    "description": "Ask for work; only you see it",
                    "usage_hint": "invoice report for last year",
                    "should_escape": False,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": [*SCOPES, COMMANDS]}},
        "settings": {
            "event_subscriptions": {"request_url": wiring.hook_url, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, "request_url": wiring.hook_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }


_PLAIN: dict[str, Any] = {"parse": "none", "link_names": False}


def _place(dialog: str) -> tuple[str, str | None]:
    if "/" in dialog:
        raise PlatformError("What answers a command can be neither changed nor a file.", is_permanent=True)
    channel, _, thread = dialog.partition(":")
    return channel, thread or None


def _responded(wiring: Wiring, url: str, content: Content) -> str:
    """To who gave a command, alone: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses"""
    try:
        address = events.response_url(wiring, url)
    except Refused:
        raise PlatformError("There is no command here that could be answered.", is_permanent=True) from None
    said = {"response_type": "ephemeral", "text": fallback(content), "blocks": blocks(content), "mrkdwn": False}
    answered = outward.post(address, json=said, seconds=TIMEOUT, most=10_000)
    if answered.status in (404, 410):
        raise PlatformError("Slack takes no answer to this command any more.", is_permanent=True)
    if not answered.is_success:
        raise answered.refusal(clock.now())
    return ""


def _client(wiring: Wiring) -> WebClient:
    """Without the SDK's own retries: it repeats what it may have sent. Raises PlatformError."""
    token, url = wiring.secrets.get("bot_token", "").strip(), wiring.settings.get("api_url") or API
    if not token:
        raise PlatformError("This connection has no bot token: enter Slack's.", is_permanent=True)
    if url != API:
        outward.check(url)
    return WebClient(token=token, base_url=url, timeout=TIMEOUT, logger=_quiet, retry_handlers=[])


def _who(wiring: Wiring) -> SlackResponse:
    client = _client(wiring)
    answer = _asked(client.auth_test)
    granted = next((value for name, value in answer.headers.items() if name.lower() == "x-oauth-scopes"), None)
    missing = [] if granted is None else sorted(set(SCOPES) - {each.strip() for each in granted.split(",")})
    if missing:
        raise PlatformError(
            f"The token lacks {', '.join(missing)}: add them under OAuth & Permissions, and install the app anew.",
            is_permanent=True,
        )
    return answer


def _asked(call: Callable[[], SlackResponse]) -> SlackResponse:
    """The answer, or a PlatformError that says what is to be done."""
    try:
        return call()
    except SlackApiError as error:
        raise _refusal(error.response) from error
    except URLError as error:
        # urllib wraps what happens until the request has been written. Refused, or no such host: nobody was reached.
        is_unsure = isinstance(error.reason, (TimeoutError, ConnectionResetError, BrokenPipeError))
        raise PlatformError(f"Slack cannot be reached: {error.reason}", is_unsure=is_unsure) from error
    except (OSError, HTTPException) as error:
        raise PlatformError("Slack's answer was lost on the way.", is_unsure=True) from error
    except (SlackClientError, ValueError, TypeError, AttributeError, LookupError) as error:
        # The SDK does not look at what JSON it was answered: a proxy's page or list comes out as any of these.
        raise PlatformError("Slack's answer cannot be understood.", is_unsure=True) from error


def _refusal(response: SlackResponse) -> PlatformError:
    data = response.data if isinstance(response.data, dict) else {}
    code = clean(data.get("error"), 100) or f"HTTP {response.status_code}"
    said = f"Slack refused it: {code}"
    if response.status_code == 429 or code in LIMITED:
        return PlatformError(said, retry_after=_seconds(response.headers))
    if response.status_code >= 500 or code in UNSURE:
        return PlatformError(said, is_unsure=True)
    if response.status_code != 200 or code in PASSING:
        return PlatformError(said)
    return PlatformError(said, is_permanent=True)


def _seconds(headers: Mapping[str, str]) -> float:
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(float(value), 3_600.0) if value.isascii() and value.isdigit() else 30.0
