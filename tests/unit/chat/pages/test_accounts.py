"""One's own chat accounts: a code that is shown once, and what is one's own to unlink."""

import re
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from apps.chat import people
from apps.chat.models import Account, LinkCode
from apps.core import clock
from tests.unit.chat.pages.conftest import EVIL, account, group, own_dialog

PAGE = "/admin/chat/me/"


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
