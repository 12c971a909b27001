"""Bitrix24 as a local application: how its tokens come, are confirmed, renewed and wiped. Against a Bitrix24 on loopback."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.chat.content import Content
from apps.chat.platforms.contract import Received, Refused, Wiring
from apps.core import clock
from tests.platforms import bitrix24 as loopback
from tests.platforms.loopback import Given
from tests.unit.chat.platforms.bitrix24_wired import failure, hook, merged, platform

END = "an-end-of-24-bytes-or-more"
HOOK = "https://chantilly.example.org/chat/hooks/finance"


@pytest.fixture
def portal() -> Iterator[loopback.Bitrix24]:
    with loopback.serving() as server:
        yield server


def bare(portal: loopback.Bitrix24, mode: str = "fetch", **settings: str) -> Wiring:
    """As an administrator has entered it."""
    known = {
        "way": "application", "mode": mode, "portal_url": portal.url, "application_id": loopback.CLIENT,
        "oauth_url": f"{portal.url}/oauth/token/", "address_end": END,
    }  # fmt: skip
    return Wiring(
        id=1, key="finance", name="Finance bot", hook_url=HOOK, settings=known | settings,
        secrets={"application_key": loopback.KEY},
    )  # fmt: skip


def told(wired: Wiring, body: bytes, rest: str = END) -> Received:
    return platform.receive(wired, hook(body, rest=rest, now=datetime.now(UTC)))


def remembered(wired: Wiring, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Wiring:
    return replace(wired, settings={**wired.settings, **settings}, secrets={**wired.secrets, **secrets})


def arrived(portal: loopback.Bitrix24, wired: Wiring) -> Wiring:
    """Somebody adds the application in Bitrix24."""
    found = told(wired, portal.installs(HOOK)[1])
    return remembered(wired, found.settings, found.secrets)


@pytest.fixture
def kept() -> dict[str, str]:
    """What was kept of renewed tokens."""
    return {}


@pytest.fixture
def installed(portal: loopback.Bitrix24, kept: dict[str, str]) -> Wiring:
    """All the way; renewed tokens are kept as `renewing` keeps them."""

    def renew(wiring: Wiring, name: str, exchange: Any) -> Mapping[str, str]:
        known = {**wiring.secrets, **kept}
        if known[name] == wiring.secrets[name]:
            kept.update(exchange(known))
        return {**known, **kept}

    wired = replace(arrived(portal, bare(portal)), renew=renew)
    made = platform.install(wired)
    return remembered(wired, made["settings"], {**made["secrets"], **kept})


def test_what_an_installation_brings_is_kept_and_waits_to_be_completed(portal: loopback.Bitrix24) -> None:
    found = told(bare(portal), portal.installs(HOOK)[1])
    auth = loopback.documented("ONAPPINSTALL")["auth"]
    assert found.settings == {"installation": "arrived", "member_id": auth["member_id"]}
    assert {name: found.secrets[name] for name in ("access_token", "refresh_token", "application_token")} == {
        name: auth[name] for name in ("access_token", "refresh_token", "application_token")
    }
    assert abs(int(found.secrets["expires_at"]) - time.time() - 3600) < 60
    assert portal.requests == [], "who receives asks nobody"


def test_the_callback_need_not_name_its_event(portal: loopback.Bitrix24) -> None:
    auth = loopback.documented("ONAPPINSTALL")["auth"] | {"domain": portal.host}
    assert told(bare(portal), loopback.form({"auth": auth})).settings["installation"] == "arrived"


def test_the_installation_is_confirmed_by_the_authorization_server_and_registers_the_bot(
    portal: loopback.Bitrix24, installed: Wiring, kept: dict[str, str]
) -> None:
    assert (installed.settings["bot_id"], installed.settings["confirmed"]) == (str(loopback.BOT_ID), "yes")
    assert portal.renewals == 1 and kept["access_token"] == portal.access
    assert portal.handlers == [{"event": "ONAPPUNINSTALL", "handler": f"{HOOK}/{END}"}]
    assert "knows our bot as number 456; its events are fetched" in platform.check(installed)
    platform.install(installed)
    assert len(portal.bots) == len(portal.handlers) == 1, "it may be repeated"


def test_events_that_are_sent_go_to_the_end_of_the_address(portal: loopback.Bitrix24) -> None:
    platform.install(arrived(portal, bare(portal, "webhook")))
    assert portal.bots[loopback.BOT_ID]["webhookUrl"] == f"{HOOK}/{END}"


@pytest.mark.parametrize("changed", [{"rest": "guessed"}, {"rest": ""}])
def test_an_installation_at_another_address_is_refused(portal: loopback.Bitrix24, changed: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        told(bare(portal), portal.installs(HOOK)[1], **changed)
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"auth": {"domain": "evil.bitrix24.ru"}},
        {"auth": {"refresh_token": ""}},
        {"auth": {"access_token": "<script>"}},
        {"auth": {"application_token": ""}},
        {"auth": {"member_id": ""}},
        {"ts": "1466439714"},
    ],
)
def test_an_installation_of_another_portal_without_tokens_or_of_long_ago_is_refused(
    portal: loopback.Bitrix24, changes: dict[str, Any]
) -> None:
    event = loopback.documented("ONAPPINSTALL") | {"ts": str(int(time.time()))}
    event["auth"]["domain"] = portal.host
    with pytest.raises(Refused):
        told(bare(portal), loopback.form(merged(event, changes)))


def test_tokens_that_the_authorization_server_does_not_know_or_of_another_portal_register_nothing(
    portal: loopback.Bitrix24,
) -> None:
    wired = arrived(portal, bare(portal))
    forged = replace(wired, secrets={**wired.secrets, "refresh_token": "somebodyelses"})
    assert "has run out" in failure(lambda: platform.install(forged)).message
    portal.member = "0" * 32
    assert "another Bitrix24" in failure(lambda: platform.install(wired)).message
    assert portal.bots == {}


def test_what_is_said_before_the_installation_is_confirmed_is_refused(portal: loopback.Bitrix24) -> None:
    wired = arrived(portal, bare(portal, "webhook"))
    auth = loopback.documented("ONAPPINSTALL")["auth"]
    kind, known = "ONIMBOTV2MESSAGEADD", (auth["application_token"], auth["member_id"])
    body = loopback.form(loopback.sent(kind, loopback.documented(kind), time.time(), portal.host, *known))
    with pytest.raises(Refused):
        told(wired, body)
    assert told(remembered(wired, {"confirmed": "yes"}, {}), body).arrived


def test_a_confirmed_installation_is_changed_by_its_own_token_alone(
    portal: loopback.Bitrix24, installed: Wiring
) -> None:
    _, body = portal.installs(HOOK)
    assert told(installed, body).settings["installation"] == "arrived"
    token = loopback.documented("ONAPPINSTALL")["auth"]["application_token"].encode()
    with pytest.raises(Refused):
        told(installed, body.replace(token, b"0" * 32))


def test_a_token_that_has_run_out_is_renewed_and_the_call_repeated_once(
    portal: loopback.Bitrix24, installed: Wiring, kept: dict[str, str]
) -> None:
    portal.expires()
    assert platform.send(installed, "1", Content(text="hello"), key="k")
    assert [message["message"] for message in portal.messages.values()] == ["hello"]
    assert portal.renewals == 2 and kept["access_token"] == portal.access
    platform.send(installed, "1", Content(text="again"), key="k")
    assert portal.renewals == 2, "what another has renewed is taken as it is"


def test_a_token_is_renewed_before_it_runs_out(portal: loopback.Bitrix24, installed: Wiring) -> None:
    with clock.frozen(clock.now() + timedelta(minutes=59, seconds=30)):
        platform.send(installed, "1", Content(text="hello"), key="k")
    assert portal.renewals == 2
    assert not any(b"expired" in request.body for request in portal.requests)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"application_id": "local.other"}, "code and key"),
        ({"application_id": ""}, "Enter the code and the key"),
        ({"portal_url": "https://other.bitrix24.ru"}, "is its address here right?"),
    ],
)
def test_what_was_entered_wrongly_is_said(portal: loopback.Bitrix24, change: dict[str, str], why: str) -> None:
    wired = arrived(portal, bare(portal))
    error = failure(lambda: platform.install(remembered(wired, change, {})))
    assert why in error.message and loopback.KEY not in error.message


def test_a_removal_wipes_all_tokens_and_nothing_is_asked_any_more(portal: loopback.Bitrix24, installed: Wiring) -> None:
    [(address, body)] = portal.removes(clean=1)
    assert address == f"{HOOK}/{END}"
    found = told(installed, body)
    assert not any(found.secrets.values())
    assert found.secrets.keys() == {"access_token", "refresh_token", "expires_at", "application_token"}
    ended, asked = remembered(installed, found.settings, found.secrets), len(portal.requests)
    assert "removed in Bitrix24" in failure(lambda: platform.check(ended)).message
    platform.uninstall(ended)
    assert len(portal.requests) == asked
    with pytest.raises(Refused):
        told(ended, portal.installs(HOOK)[1])
    waits = platform.install(ended)
    assert "waits for Bitrix24" in waits["said"]
    assert (
        told(remembered(ended, waits["settings"], {}), portal.installs(HOOK)[1]).settings["installation"] == "arrived"
    )


def test_a_forged_removal_wipes_nothing(portal: loopback.Bitrix24, installed: Wiring) -> None:
    [(_, body)] = portal.removes()
    token = loopback.documented("ONAPPUNINSTALL")["auth"]["application_token"].encode()
    with pytest.raises(Refused):
        told(installed, body.replace(token, b"0" * 32))


@pytest.mark.parametrize("answer", [Given(status=502), Given(body=b"[]"), Given(body=b"{}"), Given(body=b"[" * 90_000)])
def test_an_authorization_server_that_answers_nonsense_is_an_error_that_passes(
    portal: loopback.Bitrix24, answer: Given
) -> None:
    wired = arrived(portal, bare(portal))
    portal.faults = [answer]
    assert not failure(lambda: platform.install(wired)).is_permanent


def test_the_guide_tells_the_address_and_no_secret(portal: loopback.Bitrix24, installed: Wiring) -> None:
    steps = "\n".join(platform.guide(installed))
    assert f"{HOOK}/{END}" in steps and "imbot" in steps
    assert not any(secret in steps for secret in installed.secrets.values())
