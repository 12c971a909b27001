"""`manage.py approvals`: what it lists, shows, decides and refuses, and its exit codes."""

import json
from functools import partial

import pytest
from django.contrib.auth.models import User

from apps.tasks.models import Approval, Task
from tests import making
from tests.unit.console.terminal.conftest import Run
from tests.unit.tasks.asked import AMOUNT, asked, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(run: Run) -> Run:
    """Of `manage.py approvals …`."""
    return partial(run, "approvals")


@pytest.fixture
def task(alice: User) -> Task:
    return making.task("def run(params):\n    return 1\n", alice)


@pytest.fixture
def question(task: Task) -> Approval:
    person("ivan")
    return asked(task, users=["ivan"], form=AMOUNT, data={"amount": 40}, title="Send \x1b[31m14 letters?")


def test_the_list_says_what_is_open_and_for_whom(run: Run, question: Approval) -> None:
    code, out, _ = run()
    assert (code, out.splitlines()[0].split(maxsplit=1)) == (0, [str(question.pk), "Send 14 letters?"])
    assert run("list", "--mine")[1].strip() == "There is none that you may see."
    assert "Send 14 letters?" in run("list", "--mine", "--user", "ivan")[1]
    assert "Send 14 letters?" not in run("list", "--state", "decided")[1]
    assert [row["id"] for row in json.loads(run("list", "--json")[1])["approvals"]] == [question.pk]


def test_show_has_choices_form_and_who_may_decide(run: Run, question: Approval) -> None:
    code, out, _ = run("show", str(question.pk))
    assert code == 0
    for said in (
        "May decide: ivan.",
        "approve (Approve), reject (Reject)",
        '"maximum": 500',
        'Filled in: {"amount": 40}',
    ):
        assert said in out
    assert json.loads(run("show", str(question.pk), "--json")[1])["approval"]["deciders"] == ["ivan"]


def test_decide_decides_as_the_user_and_a_second_one_is_refused(run: Run, question: Approval) -> None:
    number = str(question.pk)
    code, out, _ = run("decide", number, "approve", "--data", '{"amount": 50}', "--comment", "fine", "--user", "ivan")
    assert code == 0 and "ivan decided at" in out
    question.refresh_from_db()
    assert (question.decided_data, question.comment, question.decided_name) == ({"amount": 50}, "fine", "ivan")
    code, _, errors = run("decide", number, "reject", "--user", "alice")
    assert code == 1 and "ivan decided at" in errors


def test_what_is_wrong_in_what_was_given_is_code_2(run: Run, question: Approval) -> None:
    number = str(question.pk)
    for words, said in (
        (("decide",), "Say which"),
        (("decide", number), "Say choice"),
        (("delegate", number), "Say user"),
        (("decide", number, "perhaps"), "Use one of approve, reject."),
        (("decide", number, "approve", "--data", "{"), "--data is not JSON"),
        (("decide", number, "approve", "--data", '{"amount": 900}'), "amount: Give 500 or less"),
        (("delegate", number, "nobody"), "There is no active user"),
    ):
        code, _, errors = run(*words)
        assert code == 2 and said in errors, (words, errors)
    question.refresh_from_db()
    assert question.state == "open"


def test_who_may_not_is_refused(run: Run, question: Approval) -> None:
    person("stranger")
    code, _, errors = run("decide", str(question.pk), "approve", "--user", "stranger")
    assert code == 1 and "There is no approval" in errors


def test_delegate_hands_over(run: Run, question: Approval) -> None:
    helper = person("helper")
    code, out, _ = run("delegate", str(question.pk), "helper", "--user", "ivan")
    assert code == 0 and "ivan handed it over to helper" in out
    assert Approval.objects.of_person(helper).exists()
