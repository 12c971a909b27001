"""One's own chat accounts: a code that is shown once, and what is one's own to unlink."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.chat import people
from apps.chat.models import Account, LinkCode
from apps.core import clock
from tests.unit.chat.pages.conftest import EVIL, account, group, own_dialog

PAGE = "/admin/chat/me/"
OUTSIDE = "/chat/me/"


def test_a_code_is_shown_once_and_links_the_account_that_says_it(browse: Client, dana: User) -> None:
    assert "No account on a chat platform is linked to you yet." in browse.get(PAGE).content.decode()
    answer = browse.post(f"{PAGE}code/")
    found = re.search(r'<code id="code">([A-Z2-9]{4}-[A-Z2-9]{4})</code>', answer.content.decode())
    assert found is not None and "no-store" in answer["Cache-Control"]
    assert found.group(1) not in browse.get(PAGE).content.decode()
    somebody = account(group().connection, "U7", name=EVIL)
    assert people.redeem(people.code_in(found.group(1)), somebody, clock.now()) == dana
    html = browse.get(PAGE).content.decode()
    assert "id U7" in html and "&lt;img src=x" in html and "<img" not in html


def test_a_new_code_makes_the_old_one_worthless(browse: Client) -> None:
    browse.post(f"{PAGE}code/")
    browse.post(f"{PAGE}code/")
    assert LinkCode.objects.count() == 1


def test_one_s_own_account_is_unlinked_and_nobody_else_s(browse: Client, dana: User, alice: User) -> None:
    bot = group().connection
    mine, theirs, nobodys = account(bot, "U1", dana), account(bot, "U2", alice), account(bot, "U3")
    for each in (theirs, nobodys):
        for verb in ("unlink", "keep"):
            assert browse.post(f"{PAGE}{each.pk}/{verb}/").status_code == 404
    answer: Any = browse.post(f"{PAGE}{mine.pk}/unlink/", follow=True)
    assert "knows you no more" in answer.content.decode()
    assert list(Account.objects.exclude(user=None).values_list("external_id", flat=True)) == ["U2"]


def test_the_account_of_the_page_itself_cannot_be_unlinked(browse: Client, dana: User) -> None:
    own_dialog(dana)
    mine = Account.objects.get(user=dana)
    assert browse.post(f"{PAGE}{mine.pk}/unlink/").status_code == 404
    assert f"/{mine.pk}/unlink/" not in browse.get(PAGE).content.decode()


def test_its_owner_says_whether_misunderstood_messages_may_be_kept(browse: Client, dana: User) -> None:
    mine = account(group().connection, "U1", dana)
    for answer, kept in (("yes", True), ("no", False)):
        browse.post(f"{PAGE}{mine.pk}/keep/", {"keep": answer})
        mine.refresh_from_db()
        assert mine.may_keep is kept


# People who are no staff


@pytest.fixture
def kim(db: None) -> User:
    return User.objects.create_user("kim", "kim@example.org", "correct horse battery")


def test_who_is_no_staff_signs_in_outside_the_admin_and_gets_a_code_that_links(client: Client, kim: User) -> None:
    sent: Any = client.get(OUTSIDE)
    assert (sent.status_code, sent.url) == (302, f"/chat/login/?next={OUTSIDE}")
    wrong: Any = client.post(sent.url, {"username": "kim", "password": "wrong"})
    assert wrong.status_code == 200 and "Please enter a correct username and password" in wrong.content.decode()
    known: Any = client.post(sent.url, {"username": "kim", "password": "correct horse battery"}, follow=True)
    assert known.redirect_chain == [(OUTSIDE, 302)] and "My chat accounts" in known.content.decode()
    assert "/admin/" not in re.sub(r"/static/admin/", "", known.content.decode()), "no way that ends at a closed door"
    answer = client.post(f"{OUTSIDE}code/")
    found = re.search(r'<code id="code">([A-Z2-9]{4}-[A-Z2-9]{4})</code>', answer.content.decode())
    assert found is not None and "no-store" in answer["Cache-Control"]
    mine = account(group().connection, "U7")
    assert people.redeem(people.code_in(found.group(1)), mine, clock.now()) == kim
    for verb in ("keep", "unlink"):
        assert client.post(f"{OUTSIDE}{mine.pk}/{verb}/", {"keep": "yes"}).headers["Location"] == OUTSIDE
    mine.refresh_from_db()
    assert mine.user is None


def test_outside_everything_needs_a_sign_in_and_changes_need_a_post(client: Client, kim: User, alice: User) -> None:
    theirs = account(group().connection, "U1", alice)
    paths = [OUTSIDE, f"{OUTSIDE}code/", f"{OUTSIDE}{theirs.pk}/unlink/", f"{OUTSIDE}{theirs.pk}/keep/"]
    for each in paths:
        assert client.post(each).headers["Location"].startswith("/chat/login/?next="), each
    client.force_login(kim)
    for each in paths[1:]:
        assert client.get(each).status_code == 405, each
    assert [client.post(each).status_code for each in paths[2:]] == [404, 404]
    assert client.post("/chat/login/?next=https://evil.example/").headers["Location"] == OUTSIDE
    assert client.post("/chat/logout/").headers["Location"] == "/chat/login/"
    assert client.get(OUTSIDE).status_code == 302


def test_staff_who_come_by_the_same_address_find_it_in_the_admin(browse: Client) -> None:
    assert browse.get(OUTSIDE).headers["Location"] == PAGE
