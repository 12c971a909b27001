"""Numbers in the place of buttons: what "1" means depends on what was said last, and on whether a value was asked for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chat import asking, buttons, connecting, following
from apps.chat.models import Account, Connection, Dialog
from apps.core import clock
from apps.tasks.models import Approval, Task
from tests.making import template
from tests.unit.chat import noted
from tests.unit.chat.conftest import linked, send
from tests.unit.tasks.asked import asked, listening, person

pytestmark = pytest.mark.django_db
Say = Callable[..., list[str]]
TRIGGERS = {"patterns": ["rent"], "keywords": ["rent"], "contexts": [], "examples": ["Pay the rent", "Rent"]}
MONTHS = {"type": "integer", "title": "Months", "minimum": 1, "maximum": 24}


def rent(by: User, properties: dict[str, Any], *required: str) -> None:
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    script = "def run(params): return params"
    template(script, by, key="rent", parameter_schema={**schema, "x-confirm": True}, triggers=TRIGGERS)


@pytest.fixture
def ivan(finance: Connection) -> Account:
    return linked(finance, person("ivan"), "U-ivan")


@pytest.fixture
def question(alice: User, ivan: Account) -> Approval:
    return asked(listening(template("def run(params): return 1", alice).key, alice), users=["ivan", "alice"])


@pytest.fixture
def fixed(room: noted.Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what was said, nothing can be changed."""
    monkeypatch.setattr(noted.Noted, "limits", replace(noted.Noted.limits, can_edit=False))


def look(connection: Connection) -> None:
    following.look(clock.now())
    asking.look(clock.now())
    send(connection)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), (" 2. ", 2), ("3)", 3), ("(4)", 4), ("#5", 5), ("eins", 1), ("Zwei!", 2), ("три", 3), ("dos", 2),
        ("trois", 3), ("one", 1), ("1 2", None), ("1.5", None), ("123", None), ("a hundred", None), ("", None),
        ("task 1", None), ("1st quarter", None), ("-1", None),
    ],
)  # fmt: skip
def test_numbers_are_read_alone(text: str, number: int | None) -> None:
    assert buttons.number(text) == number


@pytest.mark.parametrize(("text", "decision"), [("1", "approve"), ("2.", "reject"), ("zwei", "reject")])
def test_a_number_decides_what_was_asked_last(
    say: Say, question: Approval, finance: Connection, text: str, decision: str
) -> None:
    look(finance)
    assert "Recorded" in say(text, sender="U-ivan", dialog="D-U-ivan")[0]
    question.refresh_from_db()
    assert question.decision == decision


def test_a_number_that_stands_before_nothing_decides_nothing(say: Say, question: Approval, finance: Connection) -> None:
    look(finance)
    assert "Recorded" not in say("3", sender="U-ivan", dialog="D-U-ivan")[0]
    question.refresh_from_db()
    assert question.is_open


def test_a_number_that_was_asked_for_is_the_value(
    say: Say, question: Approval, dana: Account, alice: User, finance: Connection
) -> None:
    rent(alice, {"months": MONTHS}, "months")
    assert "Months" in say("pay the rent")[0]
    look(finance)  # the question of the approval is what was said last
    card = "\n".join(say("1"))
    assert "Months: 1" in card
    question.refresh_from_db()
    assert question.is_open
    say("1")
    assert Task.objects.latest("pk").parameters == {"months": 1}


def test_a_number_that_can_mean_two_things_is_asked_about(
    say: Say, question: Approval, dana: Account, alice: User, finance: Connection
) -> None:
    rent(alice, {})
    assert "Rent" in say("pay the rent")[0]
    look(finance)
    asked_back = say("1")
    assert "two things" in asked_back[0]
    room = noted.ROOM
    labels = [button.label for button in list(room.shown.values())[-1].buttons]
    assert labels == ["Start", "Approve · Send 14 letters?"]
    assert "Recorded: Approve." in say("2")
    say("1")
    assert Task.objects.latest("pk").template.key == "rent"


def test_a_number_is_of_what_people_see_where_nothing_can_be_changed(
    say: Say, fixed: None, dana: Account, alice: User, finance: Connection, room: noted.Room
) -> None:
    rent(alice, {})
    say("pay the rent")
    say("1")
    task = Task.objects.get()
    send(finance)
    assert [button.label for button in list(room.shown.values())[-1].buttons] == ["Pause", "Stop…"]
    say(f"pause task {task.pk}")
    look(finance)
    said = "\n".join(say("1"))
    task.refresh_from_db()
    assert task.status == "paused", "it was Pause that was shown, not Go on"
    assert "goes on" not in said


def test_a_number_is_never_of_what_somebody_else_was_answered(
    say: Say, fixed: None, question: Approval, dana: Account, alice: User, finance: Connection, room: noted.Room
) -> None:
    """In a channel Ivan is asked, then Dana gets a list of her own, below it; his 2 may be of that one."""
    group = {"dialog": "G-1:1", "dialog_kind": "group"}
    Account.objects.filter(user__username="ivan").update(private_dialog="")
    say("help", **group)
    connecting.set_dialog(alice, Dialog.objects.get(external_id="G-1:1"), contexts=[], is_open=True)
    say(f"tell me when task {question.task_id} is done", **group)
    look(finance)
    assert room.dialogs[max(room.dialogs, key=int)] == "G-1:1"
    rent(alice, {})
    say("pay the rent", **group)
    assert "two things" in say("2", sender="U-ivan", **group)[0]
    question.refresh_from_db()
    assert question.is_open
    say("2", sender="U-ivan", **group)
    question.refresh_from_db()
    assert question.decision == "reject"
