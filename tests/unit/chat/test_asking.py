"""Approvals in the chat: who may decide is asked in private, once; a press decides with their own rights."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chat import asking, connecting, following
from apps.chat.models import Account, Connection, Dialog, Told
from apps.core import clock
from apps.tasks import approvals, lifecycle
from apps.tasks.models import Approval, Task
from tests.making import template
from tests.unit.chat import noted
from tests.unit.chat.conftest import linked, send
from tests.unit.tasks.asked import AMOUNT, asked, listening, person

pytestmark = pytest.mark.django_db
Say = Callable[..., list[str]]


@pytest.fixture
def waiting(alice: User) -> Task:
    return listening(template("def run(params): return 1", alice).key, alice)


@pytest.fixture
def ivan(finance: Connection) -> Account:
    return linked(finance, person("ivan"), "U-ivan")


def look(connection: Connection) -> None:
    asking.look(clock.now())
    send(connection)


def press(say: Say, value: str, who: str = "U-ivan") -> list[str]:
    return say(kind="button", button=value, sender=who, dialog=f"D-{who}")


def test_who_may_decide_is_asked_once_in_private(
    waiting: Task, ivan: Account, finance: Connection, room: noted.Room
) -> None:
    asked(waiting, users=["ivan"], text="14 letters to clients")
    look(finance)
    look(finance)
    assert len(room.shown) == 1
    assert room.dialogs["1"] == "D-U-ivan"
    assert "Send 14 letters?" in room.said()[0]
    assert "14 letters to clients" in room.said()[0]
    assert [button.label for button in room.shown["1"].buttons] == ["Approve", "Reject"]


def test_who_may_not_decide_is_not_asked(
    waiting: Task, ivan: Account, dana: Account, finance: Connection, room: noted.Room
) -> None:
    asked(waiting, users=["ivan"])
    look(finance)
    assert room.said("D-dana") == []


def test_a_press_decides_and_the_question_loses_its_buttons(
    say: Say, waiting: Task, ivan: Account, finance: Connection, room: noted.Room
) -> None:
    approval = asked(waiting, users=["ivan"])
    look(finance)
    assert press(say, f"decide:{approval.pk}:approve") == ["Recorded: Approve."]
    look(finance)
    approval.refresh_from_db()
    assert (approval.decision, approval.decided_name) == ("approve", "ivan")
    assert room.shown["1"].buttons == ()
    assert "ivan" in room.shown["1"].text


def test_two_presses_are_one_decision(say: Say, waiting: Task, ivan: Account) -> None:
    approval = asked(waiting, users=["ivan"])
    press(say, f"decide:{approval.pk}:approve")
    assert "Recorded" in press(say, f"decide:{approval.pk}:approve")[0]
    assert "Not done" in press(say, f"decide:{approval.pk}:reject")[0]
    approval.refresh_from_db()
    assert approval.decision == "approve"


def test_a_forged_press_of_somebody_else_decides_nothing(
    say: Say, waiting: Task, ivan: Account, finance: Connection
) -> None:
    linked(finance, person("mallory"), "U-mallory")
    approval = asked(waiting, users=["ivan"])
    assert "Not done" in press(say, f"decide:{approval.pk}:approve", "U-mallory")[0]
    assert press(say, f"decide:{approval.pk}:approve", "U-nobody") != ["Recorded: Approve."]
    approval.refresh_from_db()
    assert approval.is_open


def test_the_requester_cannot_decide_with_four_eyes(say: Say, waiting: Task, dana: Account) -> None:
    person("zoe")
    approval = asked(waiting, users=["zoe"], four_eyes=True)
    assert "Not done" in press(say, f"decide:{approval.pk}:approve", "U-dana")[0]
    approval.refresh_from_db()
    assert approval.is_open


def test_a_reminder_is_a_new_post(waiting: Task, ivan: Account, finance: Connection, room: noted.Room) -> None:
    asked(waiting, users=["ivan"], remind_after="1 h")
    look(finance)
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        approvals.due()
        look(finance)
    assert len(room.shown) == 2
    assert "Still open" in room.said()[1]


def test_a_question_that_is_over_says_how_it_ended(
    waiting: Task, ivan: Account, alice: User, finance: Connection, room: noted.Room
) -> None:
    approval = asked(waiting, users=["ivan"])
    look(finance)
    approvals.decide(approval.pk, alice, "reject")
    look(finance)
    assert "alice" in room.shown["1"].text
    assert Told.objects.get().is_over


def test_a_choice_that_needs_a_form_leads_to_its_page(
    say: Say, waiting: Task, ivan: Account, finance: Connection, room: noted.Room
) -> None:
    approval = asked(waiting, users=["ivan"], form=AMOUNT)
    look(finance)
    labels = [button.label for button in room.shown["1"].buttons]
    assert "Approve" not in labels
    assert f"/approval/{approval.pk}/" in press(say, f"decide:{approval.pk}:approve")[0]
    assert Approval.objects.get().is_open


def test_who_need_not_be_asked_costs_no_query(
    waiting: Task, ivan: Account, finance: Connection, room: noted.Room, django_assert_max_num_queries: Any
) -> None:
    for number in range(15):
        linked(finance, person(f"person-{number}"), f"U-{number}")
    asked(waiting, users=["ivan"])
    look(finance)
    assert len(room.shown) == 1
    with django_assert_max_num_queries(7):
        asking.look(clock.now())


def test_a_question_is_closed_behind_any_number_of_open_ones(
    waiting: Task, ivan: Account, finance: Connection, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_AT_ONCE", 1)
    asked(waiting, users=["ivan"])
    look(finance)
    other = listening(template("def run(params): return 1", alice, key="other").key, alice)
    asked(other, users=["ivan"])
    look(finance)
    lifecycle.cancel(other, alice, "not needed")
    look(finance)
    assert [told.is_over for told in Told.objects.order_by("pk")] == [False, True]


def test_nobody_is_asked_where_others_have_come_in(
    waiting: Task, ivan: Account, finance: Connection, room: noted.Room
) -> None:
    Dialog.objects.create(connection=finance, external_id="D-U-ivan", kind="group")
    asked(waiting, users=["ivan"])
    look(finance)
    assert room.shown == {}


def test_who_has_no_private_dialog_is_asked_once_where_the_task_was_asked_for_if_that_is_open(
    say: Say, waiting: Task, ivan: Account, dana: Account, alice: User, finance: Connection, room: noted.Room
) -> None:
    linked(finance, person("zoe"), "U-zoe")
    Account.objects.exclude(pk=dana.pk).update(private_dialog="")
    asked(waiting, users=["ivan", "zoe"], text="14 letters to clients")
    group = {"dialog": "G-1:1", "dialog_kind": "group"}
    say("help", **group)
    thread = Dialog.objects.get(external_id="G-1:1")
    connecting.set_dialog(alice, thread, contexts=[], is_open=True)
    say(f"tell me when task {waiting.pk} is done", **group)
    connecting.set_dialog(alice, thread, contexts=[], is_open=False)
    look(finance)
    assert not any("14 letters" in text for text in room.said()), "it is not open"

    connecting.set_dialog(alice, thread, contexts=[], is_open=True)
    look(finance)
    look(finance)
    [question] = [text for text in room.said("G-1:1") if "14 letters to clients" in text]
    assert "alice asks ivan, zoe to decide" in question.replace("Alice", "alice")
    assert any("no decision" in text.lower() or "nothing" in text.lower() for text in say("approve", **group)), (
        "not hers"
    )
    say("approve", sender="U-ivan", **group)
    assert "Recorded: Approve." in say("yes", sender="U-ivan", **group)
    assert Approval.objects.get().decided_name == "ivan"


def test_a_thread_is_as_open_as_its_channel(say: Say, dana: Account, alice: User) -> None:
    for name in ("G-1:1", "G-1:2", "G-11:1"):
        say("help", dialog=name, dialog_kind="group")
    connecting.set_dialog(alice, Dialog.objects.get(external_id="G-1:1"), contexts=["letters"], is_open=True)
    say("help", dialog="G-1:3", dialog_kind="group")
    say("help", dialog="g-1:4", dialog_kind="group")
    names = Dialog.objects.filter(is_open=True).values_list("external_id", flat=True)
    assert set(names) == {"G-1:1", "G-1:2", "G-1:3"}
    connecting.set_dialog(alice, Dialog.objects.get(external_id="G-1:3"), contexts=[], is_open=False)
    assert not Dialog.objects.filter(is_open=True).exists()


def test_who_asked_for_the_task_hears_what_was_decided_once(
    say: Say, waiting: Task, ivan: Account, dana: Account, finance: Connection, room: noted.Room
) -> None:
    approval = asked(waiting, users=["ivan", "alice"])
    say(f"tell me when task {waiting.pk} is done")
    approvals.decide(approval.pk, ivan.user, "reject", comment="too dear")
    for _ in range(2):
        following.look(clock.now())
        send(finance)
    told = [text for text in room.said("D-dana") if "ivan decided" in text]
    assert len(told) == 1
    assert "“Send 14 letters?”" in told[0] and "Reject" in told[0] and "too dear" in told[0]


def test_who_decided_is_not_told_what_they_decided(
    say: Say, waiting: Task, dana: Account, alice: User, finance: Connection, room: noted.Room
) -> None:
    approval = asked(waiting, users=["alice"])
    say(f"tell me when task {waiting.pk} is done")
    approvals.decide(approval.pk, alice, "reject")
    following.look(clock.now())
    send(finance)
    assert not any("alice decided “" in text for text in room.said("D-dana"))
