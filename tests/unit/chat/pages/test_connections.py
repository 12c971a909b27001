"""Connections in the admin: set up, tested against a platform on loopback, changed on record, and secrets never shown."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.chat import connecting, events, outbox
from apps.chat.connecting import Wish
from apps.chat.content import Content
from apps.chat.models import Account, Connection, ConnectionEvent, Dialog, Incoming, Post
from apps.core import clock
from apps.core.errors import ChantillyError, InvalidInput, NotFound, NotPermitted
from apps.tasks.models import AuditEntry
from tests.platforms import telegram
from tests.platforms.telegram import TOKEN, BotApi
from tests.unit.chat.pages.conftest import EVIL, account, group, own_dialog, post, said

ADD = "/admin/chat/connection/add/"


@pytest.fixture
def desk(client: Client, alice: User) -> Client:
    """An administrator's browser."""
    client.force_login(alice)
    return client


@pytest.fixture
def api() -> Iterator[BotApi]:
    with telegram.serving() as serving:
        yield serving


def form(api_url: str, **more: str) -> dict[str, str]:
    return {
        "platform": "telegram", "key": "finance-bot", "name": "Finance bot", "contexts": "finance, invoices, finance",
        "set_token": TOKEN, "set_mode": "polling", "set_webhook_secret": "", "set_username": "", "set_api_url": api_url,
        **more,
    }  # fmt: skip


def connect(desk: Client, api_url: str, **more: str) -> Connection:
    answer = desk.post(ADD, form(api_url, **more))
    made = Connection.objects.get(key="finance-bot")
    assert answer["Location"] == f"/admin/chat/connection/{made.pk}/change/"
    return made


def page(desk: Client, made: Connection) -> str:
    answer = desk.get(f"/admin/chat/connection/{made.pk}/change/")
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    return answer.content.decode()


def press(desk: Client, made: Connection, verb: str) -> str:
    return desk.post(f"/admin/chat/connection/{made.pk}/{verb}/", follow=True).content.decode()


def test_the_site_s_own_connection_says_so_instead_of_its_name_three_times(desk: Client) -> None:
    own = Connection.objects.create(key="page", platform="page", name="Chat page")
    listed = desk.get(reverse("admin:chat_connection_changelist")).content.decode()
    shown = desk.get(reverse("admin:chat_connection_change", args=[own.pk])).content.decode()
    assert "part of this site" in listed and listed.count(">Chat page<") == 1
    assert "Part of this site" in shown and "Chat page, page" not in shown


def test_a_platform_is_chosen_first_and_the_site_s_own_page_is_none(desk: Client) -> None:
    html = desk.get(ADD).content.decode()
    for name in ("Telegram", "Slack", "Bitrix24", "Microsoft Teams", "Signed webhook"):
        assert f"Connect {name}" in html
    assert "platform=page" not in html and "platform=email" not in html
    assert desk.get(f"{ADD}?platform=page").content.decode().count("Connect Telegram") == 1
    assert 'name="set_token"' in desk.get(f"{ADD}?platform=telegram").content.decode()


def test_what_was_entered_is_kept_the_secret_sealed_and_never_shown(desk: Client, api: BotApi) -> None:
    made = connect(desk, api.url)
    assert (made.name, made.contexts, made.settings["mode"]) == ("Finance bot", ["finance", "invoices"], "polling")
    assert made.secrets == {"token": TOKEN} and TOKEN not in made.sealed
    html = page(desk, made)
    assert TOKEN not in html and "Set: " in html and "Leave it empty to keep it." in html
    assert html.count('type="password"') == 2 and 'autocomplete="new-password"' in html
    assert f"/chat/hooks/{made.key}" in html and "Nothing has come in yet." in html
    kept = json.dumps([entry.data for entry in AuditEntry.objects.all()])
    assert TOKEN not in kept and not any(TOKEN in each.text for each in ConnectionEvent.objects.all())
    entry = AuditEntry.objects.get(verb="connection.added")
    assert (entry.subject, entry.actor_name, entry.data["secrets"]) == ("connection:finance-bot", "alice", ["token"])


@pytest.mark.parametrize(
    ("change", "said_so"),
    [
        ({"set_mode": "carrier pigeon"}, "Select a valid choice"),
        ({"set_api_url": "javascript:alert(1)"}, "begins with https://"),
        ({"key": "Finance Bot"}, "small letters"),
        ({"key": "page"}, "small letters"),
        ({"name": " "}, "This field is required"),
        ({"contexts": ",".join("abcdefghijklmnopqrstuvwxyz")}, "at most 20 words"),
        ({"set_token": "x" * 5000}, "at most 4,000 characters"),
        ({"set_username": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_kept(
    desk: Client, change: dict[str, str], said_so: str
) -> None:
    answer = desk.post(ADD, form("https://api.example", **change))
    assert answer.status_code == 200 and not Connection.objects.exists()
    assert said_so in answer.content.decode() and "Nothing was saved" in answer.content.decode()
    assert TOKEN not in answer.content.decode()


def test_what_the_platform_tells_later_can_be_entered_later_and_is_named_until_then(desk: Client, api: BotApi) -> None:
    made = connect(desk, api.url, set_token="")
    assert made.secrets == {} and "Not set: Bot token. Until then it hears and says nothing." in page(desk, made)
    assert 'class="error"' in press(desk, made, "test")
    desk.post(f"/admin/chat/connection/{made.pk}/change/", form(api.url))
    assert "Not set" not in page(desk, made)


def test_a_key_that_is_taken_is_refused(desk: Client, api: BotApi) -> None:
    connect(desk, api.url)
    assert "Another connection has the key finance-bot." in desk.post(ADD, form(api.url)).content.decode()
    assert Connection.objects.count() == 1


def test_an_empty_secret_keeps_the_old_one_a_new_one_takes_its_place_and_a_tick_takes_it_away(
    desk: Client, api: BotApi
) -> None:
    made = connect(desk, api.url, set_webhook_secret="a-secret_of-16-or-more")
    path = f"/admin/chat/connection/{made.pk}/change/"
    assert "Take away: " in page(desk, made)
    desk.post(path, form(api.url, name="Money bot", set_token=""))
    made.refresh_from_db()
    assert made.name == "Money bot" and made.secrets["token"] == TOKEN and made.key == "finance-bot"
    entry = AuditEntry.objects.get(verb="connection.changed")
    assert entry.data["before"] == {"name": "Finance bot"} and entry.data["secrets"] == []
    desk.post(path, form(api.url, name="Money bot", set_token="123:new", forget_webhook_secret="on"))
    made.refresh_from_db()
    assert made.secrets == {"token": "123:new"}
    assert AuditEntry.objects.order_by("-id")[0].data["secrets"] == ["token", "webhook_secret"]
    count = AuditEntry.objects.count()
    desk.post(path, form(api.url, name="Money bot", set_token=""))
    assert AuditEntry.objects.count() == count, "nothing changed, nothing on record"


def test_the_test_button_says_who_the_platform_says_we_are(desk: Client, api: BotApi) -> None:
    made = connect(desk, api.url)
    html = press(desk, made, "test")
    assert "finance_bot" in html and ConnectionEvent.objects.filter(kind="checked").exists()


def test_the_test_button_says_what_is_wrong_and_it_stays_among_what_happened(desk: Client, api: BotApi) -> None:
    made = connect(desk, api.url, set_token="6067617432:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    html = press(desk, made, "test")
    assert 'class="error"' in html and "token" in html.lower()
    failed = ConnectionEvent.objects.get(kind="failed")
    assert "AAAAAAAA" not in failed.text and "AAAAAAAA" not in html
    assert "Failed" in page(desk, made)


def test_install_tells_the_platform_our_address_and_uninstall_takes_it_back(
    desk: Client, api: BotApi, settings: Any
) -> None:
    settings.SITE_URL = "https://chantilly.example"
    made = connect(desk, api.url, set_mode="webhook", set_webhook_secret="a-secret_of-16-or-more")
    press(desk, made, "install")
    assert api.webhook["url"] == "https://chantilly.example/chat/hooks/finance-bot"
    press(desk, made, "uninstall")
    assert not api.webhook.get("url")
    verbs = list(AuditEntry.objects.order_by("id").values_list("verb", flat=True))
    assert verbs == ["connection.added", "connection.installed", "connection.uninstalled"]


def test_one_that_is_off_says_so_and_is_enabled_again(desk: Client, api: BotApi) -> None:
    made = connect(desk, api.url)
    assert "Off: it hears and says nothing." in press(desk, made, "disable")
    made.refresh_from_db()
    assert not made.is_enabled
    press(desk, made, "disable")
    press(desk, made, "enable")
    made.refresh_from_db()
    assert (
        made.is_enabled
        and AuditEntry.objects.filter(verb__in=["connection.enabled", "connection.disabled"]).count() == 2
    )


def test_secrets_that_cannot_be_read_any_more_are_a_warning_and_can_be_entered_anew(
    desk: Client, api: BotApi, settings: Any
) -> None:
    made = connect(desk, api.url)
    settings.CHECKPOINT_KEYS = ["another key, of the same length and more"]
    assert "cannot be read" in page(desk, made)
    assert "cannot be read" in press(desk, made, "test")
    desk.post(f"/admin/chat/connection/{made.pk}/change/", form(api.url))
    made.refresh_from_db()
    assert made.secrets == {"token": TOKEN}


def test_saving_once_seals_with_the_new_key_so_that_the_old_one_can_go(
    desk: Client, api: BotApi, settings: Any
) -> None:  # fmt: skip
    old = settings.CHECKPOINT_KEYS
    made = connect(desk, api.url)
    new = ["a new key, of the same length and more"]
    settings.CHECKPOINT_KEYS = [*new, *old]
    desk.post(f"/admin/chat/connection/{made.pk}/change/", form(api.url, set_token=""))
    settings.CHECKPOINT_KEYS = new
    made.refresh_from_db()
    assert made.secrets == {"token": TOKEN}


def test_the_page_counts_what_waits_and_what_failed(desk: Client, api: BotApi) -> None:
    made = connect(desk, api.url)
    talk = Dialog.objects.create(connection=made, external_id="7", kind="private")
    row = said(talk, "help", "7", 1)
    Incoming.objects.filter(pk=row.pk).update(state="waiting", due_at=clock.now(), ended_at=None)
    outbox.put(talk, "w", Content(text="waits"), clock.now())
    lost = post(talk, "f", Content(text="lost"))
    Post.objects.filter(pk=lost.pk).update(state="failed", remark="gone")
    html = page(desk, made)
    assert html.count('<span class="v">1</span>') == 3
    for query in (
        f"incoming/?connection__id__exact={made.pk}&amp;state=waiting",
        f"post/?dialog__connection__id__exact={made.pk}&amp;state=failed",
    ):
        assert query in html
        assert desk.get(f"/admin/chat/{query.replace('&amp;', '&')}").status_code == 200


def test_silence_for_long_is_a_warning(desk: Client, api: BotApi) -> None:
    made = connect(desk, api.url)
    events.note(made, ConnectionEvent.Kind.RECEIVED, "Messages came in.")
    assert "Nothing has come in" not in page(desk, made)
    ConnectionEvent.objects.update(at=clock.now() - timedelta(days=9))
    assert "Nothing has come in for 9 d" in page(desk, made)


def test_markup_in_what_happened_and_in_names_stays_text(desk: Client, api: BotApi) -> None:
    made = connect(desk, api.url, name=EVIL)
    events.note(made, ConnectionEvent.Kind.FAILED, EVIL)
    for path in (f"/admin/chat/connection/{made.pk}/change/", "/admin/chat/connection/", "/admin/chat/me/"):
        html = desk.get(path).content.decode()
        assert "<img src=x" not in html and "<script>alert" not in html and "&lt;img src=x" in html, path


def test_removing_asks_first_and_takes_all_of_it(desk: Client, api: BotApi) -> None:
    made = connect(desk, api.url)
    talk = Dialog.objects.create(connection=made, external_id="7", kind="private")
    account(made, "7")
    post(talk, "f", Content(text="hello"))
    path = f"/admin/chat/connection/{made.pk}/remove/"
    assert "1 dialog with all that was said there" in desk.get(path).content.decode()
    assert Connection.objects.exists()
    desk.post(path)
    assert not Connection.objects.exists() and not Dialog.objects.exists() and not Account.objects.exists()
    assert AuditEntry.objects.filter(verb="connection.removed").exists()
    own_dialog(User.objects.get(username="alice"))
    page_one = Connection.objects.get(key="page")
    assert (
        "cannot be removed" in desk.post(f"/admin/chat/connection/{page_one.pk}/remove/", follow=True).content.decode()
    )
    assert desk.get(f"/admin/chat/connection/{page_one.pk}/change/").status_code == 200


def test_the_number_of_queries_does_not_depend_on_how_much_happened(
    desk: Client, api: BotApi, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    made = connect(desk, api.url)
    talk = Dialog.objects.create(connection=made, external_id="7", kind="private")
    for number in range(30):
        events.add(made.pk, "failed", f"error {number}", 2)
        said(talk, "help", "7", number)
        outbox.put(talk, f"p{number}", Content(text="x"), clock.now())
    page(desk, made)
    with django_assert_max_num_queries(14):
        page(desk, made)


# Whose ---------------------------------------------------------------------------------------------------------------


def test_without_the_permission_nothing_of_it_is_seen_or_done(
    browse: Client, dana: User, alice: User, api: BotApi
) -> None:
    wish = Wish(name="Finance bot", values={"mode": "polling", "api_url": api.url}, secrets={"token": TOKEN})
    made = connecting.add(alice, "telegram", "finance-bot", wish)
    base = f"/admin/chat/connection/{made.pk}"
    for path in (ADD, f"{base}/change/", f"{base}/remove/", "/admin/chat/connection/"):
        assert browse.get(path).status_code == 403, path
    for verb in ("test", "install", "uninstall", "enable", "disable"):
        assert browse.get(f"{base}/{verb}/").status_code == 405
        assert browse.post(f"{base}/{verb}/").status_code == 403, verb
    dana.user_permissions.add(Permission.objects.get(codename="view_connection"))
    html = browse.get(f"{base}/change/").content.decode()
    assert "What happened" in html and 'name="set_token"' not in html and "/test/" not in html
    assert browse.post(f"{base}/change/", form(api.url)).status_code == 403
    assert api.calls == []
    for call in (lambda: connecting.switch(dana, made, is_on=False), lambda: connecting.remove(dana, made),
                 lambda: connecting.check(dana, made, ""), lambda: connecting.add(dana, "telegram", "x", wish)):  # fmt: skip
        with pytest.raises(NotPermitted):
            call()


def test_the_page_of_a_local_application_shows_the_whole_address_that_was_made_and_what_is_missing(
    desk: Client, alice: User
) -> None:
    values = {"way": "application", "mode": "fetch", "portal_url": "https://acme.bitrix24.com"}
    made = connecting.add(alice, "bitrix24", "app", Wish(name="Finance bot", values=values))
    end = made.settings["address_end"]
    html = desk.get(f"/admin/chat/connection/{made.pk}/change/").content.decode()
    assert len(end) >= 24 and f'<code id="hook">http://testserver/chat/hooks/app/{end}</code>' in html
    assert html.count(f"/chat/hooks/app/{end}") == 2, "there, and in the step"
    assert "Not set: Application&#x27;s code, Application&#x27;s key." in html and "https addresses only" in html
    assert 'name="set_address_end"' not in html and f"/chat/hooks/app/{end}/" not in html
    connecting.change(alice, made, Wish(name="Finance bot", values=values))
    made.refresh_from_db()
    assert made.settings["address_end"] == end, "it stays"
    connecting.change(alice, made, Wish(name="Finance bot", values=values | {"way": "webhook"}))
    html = desk.get(f"/admin/chat/connection/{made.pk}/change/").content.decode()
    assert "Not set: Incoming webhook." in html and end not in html


def test_slack_s_manifest_is_there_to_be_copied_as_it_is(desk: Client, alice: User) -> None:
    made = connecting.add(alice, "slack", "slack", Wish(name="Finance <b>bot"))
    html = desk.get(f"/admin/chat/connection/{made.pk}/change/").content.decode()
    found = re.search(r'<pre id="(step-\d)" tabindex="0">(.*?)</pre>', html, re.DOTALL)
    assert found is not None and f'data-copy="{found[1]}"' in html
    assert json.loads(unescape(found[2]))["features"]["slash_commands"][0]["url"].endswith("/chat/hooks/slack")
    assert "Address of the API (optional)" in html


def test_a_platform_that_is_none_is_refused(alice: User) -> None:
    for key in ("page", "email", "irc", ""):
        with pytest.raises(NotFound):
            connecting.add(alice, key, "bot", Wish(name="x"))
    with pytest.raises(InvalidInput) as caught:
        connecting.add(alice, "telegram", "bot", Wish(name=""))
    assert caught.value.fields.keys() == {"name"}


# Accounts, dialogs and posts ------------------------------------------------------------------------------------------


def test_an_administrator_links_an_account_by_its_id_and_it_is_on_record(desk: Client, dana: User) -> None:
    somebody = account(group().connection, "U7", name="dana")
    path = f"/admin/chat/account/{somebody.pk}/change/"
    html = desk.get(path).content.decode()
    assert "U7" in html and "no proof" not in html
    desk.post(path, {"user": str(dana.pk)})
    somebody.refresh_from_db()
    assert somebody.user == dana and somebody.linked_by is not None and somebody.linked_by.username == "alice"
    desk.post(path, {"user": ""})
    somebody.refresh_from_db()
    assert somebody.user is None
    verbs = list(AuditEntry.objects.order_by("id").values_list("verb", flat=True))
    assert verbs == ["account.linked", "account.unlinked"]


def test_an_account_of_the_chat_page_is_nobody_elses(desk: Client, alice: User, dana: User) -> None:
    own_dialog(dana)
    theirs = Account.objects.get(user=dana)
    assert desk.post(f"/admin/chat/account/{theirs.pk}/change/", {"user": str(alice.pk)}).status_code == 403
    for user in (alice, None):
        with pytest.raises(ChantillyError, match="everybody is themselves"):
            connecting.link_account(alice, theirs, user)
    theirs.refresh_from_db()
    assert theirs.user == dana


def test_a_disabled_user_cannot_be_linked_and_the_page_says_so(desk: Client, dana: User) -> None:
    somebody = account(group().connection, "U7")
    User.objects.filter(pk=dana.pk).update(is_active=False)
    answer = desk.post(f"/admin/chat/account/{somebody.pk}/change/", {"user": str(dana.pk)}, follow=True)
    assert "This user is disabled" in answer.content.decode()
    somebody.refresh_from_db()
    assert somebody.user is None


def test_a_group_is_opened_by_an_administrator_on_record(desk: Client) -> None:
    team = group()
    path = f"/admin/chat/dialog/{team.pk}/change/"
    assert "everybody here may see results" in desk.get(path).content.decode().lower()
    desk.post(path, {"is_open": "on", "words": "finance, invoices"})
    team.refresh_from_db()
    assert team.is_open and team.contexts == ["finance", "invoices"]
    entry = AuditEntry.objects.get()
    assert entry.verb == "dialog.changed" and entry.data["after"]["is_open"] is True


def test_posts_that_failed_are_sent_again_and_others_are_not(desk: Client) -> None:
    team = group()
    lost, sent = post(team, "a", Content(text=EVIL)), post(team, "b", Content(text="fine"))
    Post.objects.filter(pk=lost.pk).update(state="failed", due_at=None, remark="gone")
    html = desk.get("/admin/chat/post/").content.decode()
    assert "&lt;img src=x" in html and "<img src=x" not in html
    chosen = {"action": "send_again", "_selected_action": [str(lost.pk), str(sent.pk)]}
    assert "1 post is sent again." in desk.post("/admin/chat/post/", chosen, follow=True).content.decode()
    lost.refresh_from_db(), sent.refresh_from_db()
    assert (lost.state, sent.state) == ("waiting", "sent")
    assert AuditEntry.objects.get().verb == "posts.sent_again"


def test_lists_are_to_read(desk: Client, browse: Client, dana: User) -> None:
    team = group()
    row, sent = said(team, EVIL, "U1", 1), post(team, "b", Content(text="fine"))
    desk.force_login(User.objects.get(username="alice"))
    for path in ("incoming", "post", "dialog", "account", "connection"):
        assert desk.get(f"/admin/chat/{path}/").status_code == 200, path
    for path in (f"incoming/{row.pk}", f"post/{sent.pk}"):
        assert desk.get(f"/admin/chat/{path}/change/").status_code == 200
        assert desk.post(f"/admin/chat/{path}/change/", {"text": "changed"}).status_code == 403
        assert desk.get(f"/admin/chat/{path}/delete/").status_code == 403
    assert "&lt;img src=x" in desk.get("/admin/chat/incoming/").content.decode()
    desk.force_login(dana)
    for path in ("incoming", "post", "dialog", "account", "connection"):
        assert desk.get(f"/admin/chat/{path}/").status_code == 403, path
