"""Who is who: codes, administrators, and the polite answer to everybody else."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from apps.chat import inbox, outbox, people, turns
from apps.chat.content import Content
from apps.chat.models import Account, Connection, Dialog, Following, Incoming, LinkCode, Post, Talk
from apps.core import clock
from apps.core.errors import Conflict, NotFound, NotPermitted
from tests.unit.chat import noted
from tests.unit.chat.conftest import came, linked, send, work

pytestmark = pytest.mark.django_db
Say = Callable[..., list[str]]


def test_an_account_of_nobody_gets_one_polite_answer_an_hour_and_nothing_else(say: Say) -> None:
    first = say("generate the invoice report for last year", sender="U-stranger", dialog="D-1")
    assert len(first) == 1
    assert "not linked to anybody" in first[0]
    assert say("hello?", sender="U-stranger", dialog="D-1") == []
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        assert len(say("hello??", sender="U-stranger", dialog="D-1")) == 1


def test_a_name_or_an_address_never_links(say: Say, alice: User) -> None:
    said = say("list my tasks", sender="U-x", sender_name=alice.username, dialog="D-1")
    assert "not linked" in said[0]
    assert Account.objects.get(external_id="U-x").user is None


def test_a_code_links_once_and_only_within_ten_minutes(say: Say, alice: User) -> None:
    code = people.new_code(alice, clock.now())
    assert alice.username in say(code, sender="U-a", dialog="D-a")[0]
    assert Account.objects.get(external_id="U-a").user == alice
    assert "not known" in say(code, sender="U-b", dialog="D-b")[0]
    late = people.new_code(alice, clock.now())
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert "older than ten minutes" in say(f"link {late.lower()}", sender="U-b", dialog="D-b")[0]
    assert Account.objects.get(external_id="U-b").user is None


def test_only_the_digest_of_a_code_is_kept(alice: User) -> None:
    code = people.new_code(alice, clock.now()).replace("-", "")
    assert code.encode() not in bytes(LinkCode.objects.get().digest)


def test_a_new_code_makes_the_old_one_worthless(say: Say, alice: User) -> None:
    old = people.new_code(alice, clock.now())
    people.new_code(alice, clock.now())
    assert "not known" in say(old, sender="U-a", dialog="D-a")[0]


def test_a_code_that_a_group_has_read_is_burnt(say: Say, alice: User) -> None:
    code = people.new_code(alice, clock.now())
    assert "private" in say(code, sender="U-a", dialog="G-1", dialog_kind="group")[0]
    assert "not known" in say(code, sender="U-a", dialog="D-a")[0]


def test_codes_cannot_be_guessed(finance: Connection, alice: User) -> None:
    account = people.account_of(finance, came(sender="U-thief"))
    for number in range(people.MOST_WRONG):
        with pytest.raises(NotFound):
            people.redeem(f"AAAA222{number + 2}", account, clock.now())
    code = people.new_code(alice, clock.now())
    with pytest.raises(Conflict, match="too many wrong codes"):
        people.redeem(code, account, clock.now())
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        code = people.new_code(alice, clock.now())
        assert people.redeem(code, account, clock.now()) == alice


@pytest.mark.parametrize("text", ["generate", "invoices", "REPORTED", "link me", "start 12", "ABCD-EFG", ""])
def test_ordinary_words_are_no_codes(text: str) -> None:
    assert people.code_in(text) == ""


def test_a_disabled_user_is_told_so_and_obeyed_in_nothing(say: Say, dana: Account, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "disabled" in say("list my tasks")[0]


def test_only_administrators_link_others_and_anybody_unlinks_themselves(
    finance: Connection, alice: User, bob: User, charlie: User
) -> None:
    account = people.account_of(finance, came(sender="U-c"))
    with pytest.raises(NotPermitted):
        people.link(account, charlie, bob, clock.now())
    people.link(account, charlie, alice, clock.now())
    account.refresh_from_db()
    assert (account.user, account.linked_by) == (charlie, alice)
    with pytest.raises(NotPermitted):
        people.unlink(account, bob)
    people.unlink(account, charlie)
    account.refresh_from_db()
    assert account.user is None


def test_strangers_in_a_group_are_not_answered_when_they_press_buttons(say: Say, room: noted.Room) -> None:
    assert say(sender="U-x", dialog="G-1", dialog_kind="group", kind="button", button="do:cancel!:1") == []
    assert Incoming.objects.get().state == "dropped"


def test_the_same_person_may_have_accounts_on_several_platforms(finance: Connection, alice: User) -> None:
    linked(finance, alice, "U-1")
    linked(finance, alice, "U-2")
    assert alice.chat_accounts.count() == 2


@pytest.mark.parametrize("by_code", [True, False])
def test_who_takes_an_account_over_does_not_go_on_with_what_another_talked_of(
    say: Say, dana: Account, finance: Connection, alice: User, bob: User, by_code: bool
) -> None:
    say("hello")
    Account.objects.filter(pk=dana.pk).update(may_keep=True)
    dialog = Dialog.objects.get(external_id="D-dana")
    Following.objects.create(task_id=1, dialog=dialog, account=dana, created_at=clock.now())
    before = Talk.objects.get().pk
    if by_code:
        say(people.new_code(bob, clock.now()))
    else:
        people.link(dana, bob, alice, clock.now())
    dana.refresh_from_db()
    assert (dana.user, dana.may_keep) == (bob, False)
    assert not Talk.objects.filter(pk=before).exists()
    assert Following.objects.get().is_over


def test_the_answer_of_somebody_we_know_is_no_code_because_it_looks_like_one(
    say: Say, dana: Account, alice: User
) -> None:
    assert "not known" not in say("KD-345678")[0]
    assert "not known" in say("link KD-345678")[0]
    assert alice.username in say(people.new_code(alice, clock.now()))[0]


def test_answers_that_look_like_codes_are_no_way_to_guess_one(say: Say, dana: Account, bob: User) -> None:
    for number in range(people.MOST_WRONG):
        say(f"KD-34567{number + 2}")
    assert "too many wrong codes" in say(people.new_code(bob, clock.now()))[0]


def test_a_code_that_the_service_died_over_still_links(
    finance: Connection, room: noted.Room, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.accept(finance.pk, [came(people.new_code(alice, clock.now()), sender="U-a", dialog="D-a")], clock.now())
    with monkeypatch.context() as dying:
        dying.setattr(outbox, "put", lambda *_, **__: 1 / 0)
        turns.attend(turns.due(clock.now(), 1)[0])
    with clock.frozen(clock.now() + timedelta(seconds=30)):
        work(finance)
    assert alice.username in room.said()[0]


def test_what_was_not_said_yet_is_not_said_to_who_comes_after(
    say: Say, finance: Connection, dana: Account, alice: User, room: noted.Room
) -> None:
    dialog = Dialog.objects.create(connection=finance, external_id="D-dana", kind="private")
    outbox.put(dialog, "k", Content(text="Northwind owes 4,711."), clock.now(), account=dana)
    people.unlink(dana, alice)
    send(finance)
    assert room.said() == []
    assert Post.objects.get().state == "dropped"
