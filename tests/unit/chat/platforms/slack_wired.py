"""A connection to the Slack on loopback, something of everything to say, and how calls fail."""

from collections.abc import Callable

import pytest

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms import contract
from apps.chat.platforms.contract import PlatformError, Wiring
from apps.chat.platforms.slack import Slack
from tests.platforms import slack as loopback

platform: contract.Platform = Slack()
EVERYTHING = Content(
    title="Invoice report",
    text="March is **done**.\n\n<!channel> _look_ :tada: & <@U1>",
    rows=(Row(label="Client", value="Meyer & Sons <gmbh>", note='from "meyer"'), Row(label="Paid", value="")),
    notes=("Takes about a minute.",),
    links=(Link(label="Open", url="https://example.org/t/7"), Link(label="Odd", url="javascript:alert(1)")),
    buttons=(Button(label="Yes", value="confirm:7", style="primary"), Button(label="No", value="x", style="danger")),
    percent=40,
)


def wiring(url: str = "", **settings: str) -> Wiring:
    return Wiring(
        id=1, key="finance", name="Finance bot", hook_url="https://chantilly.example.org/chat/hook/finance",
        settings={"api_url": f"{url}api/", "bot_user_id": loopback.BOT} | settings,
        secrets={"signing_secret": loopback.SECRET, "bot_token": loopback.TOKEN},
    )  # fmt: skip


def failure(call: Callable[[], object]) -> PlatformError:
    with pytest.raises(PlatformError) as raised:
        call()
    assert loopback.TOKEN not in str(raised.value)
    return raised.value
