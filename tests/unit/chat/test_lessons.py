"""Misunderstood messages: kept with consent, judged by an administrator, taken by the evaluation, gone on demand."""

import json
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from apps.chat import lessons, people
from apps.chat.models import Account, Lesson
from apps.core import clock
from apps.core.errors import InvalidInput, NotPermitted
from apps.language.conversation import Learn
from apps.language.evaluation import collected
from apps.language.evaluation.published import published
from tests.making import template
from tests.unit.chat.conftest import linked

pytestmark = pytest.mark.django_db
SCRIPT = "def run(params):\n    return 1\n"
FORMATS = {
    "type": "object",
    "properties": {"format": {"type": "string", "enum": ["pdf", "csv"]}, "n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
SAID = "the usual paper as csv"


@pytest.fixture
def judge(alice: User) -> User:
    names = ["change_lesson", "view_lesson", "delete_lesson"]
    alice.user_permissions.add(*Permission.objects.filter(content_type__app_label="chat", codename__in=names))
    template(SCRIPT, alice, "report", parameter_schema=FORMATS, triggers={"patterns": ["usual paper"], "examples": []})
    return User.objects.get(pk=alice.pk)


def kept(account: Account | None, text: str = SAID) -> Lesson:
    return Lesson.objects.create(
        text=text, template_key="report", offered=["report"], account=account, language="en",
        said_on=date(2026, 11, 21), timezone="Europe/Berlin",
    )  # fmt: skip


def learn(account: Account) -> None:
    act = Learn(text="password=hunter2 the usual", template_key="report", offered=("report", "other"))
    lessons.keep([act], account, "de", date(2026, 11, 21), "Europe/Berlin", clock.now())


def test_nothing_is_kept_without_consent(dana: Account) -> None:
    learn(dana)
    assert not Lesson.objects.exists()


def test_what_is_kept_has_its_day_language_and_no_secrets(dana: Account) -> None:
    Account.objects.update(may_keep=True)
    learn(dana)
    lesson = Lesson.objects.get()
    assert (lesson.language, lesson.said_on, lesson.timezone) == ("de", date(2026, 11, 21), "Europe/Berlin")
    assert "hunter2" not in lesson.text
    assert "the usual" in lesson.text


def test_who_takes_the_consent_back_takes_the_messages_along(dana: Account, alice: User, bob: User) -> None:
    other = linked(dana.connection, bob, "U-bob")
    kept(dana)
    kept(other)
    people.let_keep(dana, alice, is_wanted=True)
    assert Lesson.objects.count() == 2
    people.let_keep(dana, alice, is_wanted=False)
    assert [each.account_id for each in Lesson.objects.all()] == [other.pk]
    people.unlink(other, bob)
    assert not Lesson.objects.exists()


def test_who_takes_the_consent_back_while_the_message_is_read_has_nothing_kept(dana: Account, alice: User) -> None:
    people.let_keep(dana, alice, is_wanted=True)
    account = Account.objects.get(pk=dana.pk)
    people.let_keep(dana, alice, is_wanted=False)
    learn(account)
    assert account.may_keep
    assert not Lesson.objects.exists()


def test_the_page_of_a_template_reads_the_last_ones_only(
    dana: Account, judge: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collected, "MOST_ON_PAGE", 1)
    for text in ("something else", SAID):
        lessons.judge(kept(dana, text), judge, "report", None, clock.now())
    (card,) = published()
    assert collected.of_template(card, [card], clock.now()) == (1, 1)


def test_a_removed_user_leaves_no_messages(dana: Account, alice: User) -> None:
    kept(dana)
    dana.delete()
    assert not Lesson.objects.exists()


def test_a_judged_one_is_a_line_of_the_evaluation_and_names_nobody(dana: Account, judge: User) -> None:
    lesson = kept(dana)
    assert list(lessons.rows()) == []
    lessons.judge(lesson, judge, "report", {"format": "csv"}, clock.now())
    (row,) = lessons.rows()
    assert row == {
        "text": SAID, "template": "report", "language": "en", "today": "2026-11-21", "timezone": "Europe/Berlin",
        "parameters": {"format": "csv"},
    }  # fmt: skip
    lessons.judge(lesson, judge, "", None, clock.now())
    assert [each["template"] for each in lessons.rows()] == [None]


@pytest.mark.parametrize(
    ("key", "parameters", "said"),
    [
        ("gone", None, "no template “gone”"),
        ("report", {"format": "xls"}, "."),
        ("report", {"wrong": 1}, "."),
        ("", {"n": 1}, "no template is meant"),
    ],
)
def test_a_judgement_that_fits_no_template_is_refused(
    dana: Account, judge: User, key: str, parameters: Any, said: str
) -> None:
    lesson = kept(dana)
    with pytest.raises(InvalidInput, match=said):
        lessons.judge(lesson, judge, key, parameters, clock.now())
    assert Lesson.objects.get().judged_at is None


def test_who_may_not_judge_does_not(dana: Account, bob: User) -> None:
    with pytest.raises(NotPermitted):
        lessons.judge(kept(dana), bob, "", None, clock.now())


def test_the_evaluation_takes_what_was_collected(dana: Account, judge: User) -> None:
    with pytest.raises(CommandError, match="has been judged yet"):
        call_command("evaluate_language", "--collected")
    with pytest.raises(CommandError, match="Name a file"):
        call_command("evaluate_language")
    lessons.judge(kept(dana), judge, "report", {"format": "csv"}, clock.now())
    lessons.judge(kept(dana, "what a day"), judge, "", None, clock.now())
    out = StringIO()
    call_command("evaluate_language", "--collected", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert found["sentences"] == 2
    assert SAID in out.getvalue()


def test_messages_of_templates_that_are_gone_are_left_out(dana: Account, judge: User) -> None:
    lessons.judge(kept(dana), judge, "report", {"format": "csv"}, clock.now())
    assert len(collected.collected(["report"], clock.now())) == 1
    assert collected.collected(["other"], clock.now()) == []


def test_an_administrator_judges_in_the_admin(dana: Account, judge: User, client: Client) -> None:
    lesson = kept(dana)
    client.force_login(judge)
    page = client.get(f"/admin/chat/lesson/{lesson.pk}/change/").content.decode()
    assert SAID in page
    assert "&quot;format&quot;: &quot;csv&quot;" in page
    assert '<option value="report" selected>' in page
    wrong = client.post(f"/admin/chat/lesson/{lesson.pk}/change/", {"meaning": "report", "values": '{"format": "x"}'})
    assert wrong.status_code == 200
    assert Lesson.objects.get().judged_at is None
    client.post(f"/admin/chat/lesson/{lesson.pk}/change/", {"meaning": "report", "values": '{"format": "csv"}'})
    judged = Lesson.objects.get()
    assert (judged.right_key, judged.parameters, judged.judged_by, judged.is_used) == (
        "report",
        {"format": "csv"},
        judge,
        True,
    )
    listed = {"action": "export", "_selected_action": [lesson.pk]}
    answer = client.post("/admin/chat/lesson/", listed)
    assert json.loads(answer.content)["template"] == "report"


def test_the_page_of_a_revision_counts_what_people_really_said(dana: Account, judge: User, client: Client) -> None:
    client.force_login(judge)
    address = "/admin/catalog/tasktemplate/report/revisions/1/examples/"
    assert "nothing of this template is there yet" in client.get(address).content.decode()
    lessons.judge(kept(dana), judge, "report", None, clock.now())
    lessons.judge(kept(dana, "Usual paper!"), judge, "report", None, clock.now())
    assert "2 of 2 that people really said" in client.get(address).content.decode()
