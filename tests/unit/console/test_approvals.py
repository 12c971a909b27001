"""The inbox and the page of one question: what they show to whom, and what their buttons do."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.tasks import approvals, blobs, lifecycle, outbox
from apps.tasks.models import Approval, Artifact, Task
from tests import making
from tests.unit.tasks.asked import AMOUNT, asked, person

pytestmark = pytest.mark.django_db
INBOX = "/admin/tasks/approval/"


@pytest.fixture
def ivan(db: None) -> User:
    return person("ivan", "finance", is_staff=True)


@pytest.fixture
def ivans(ivan: User) -> Client:
    """The browser of one who may decide, and sees no task."""
    client = Client()
    client.force_login(ivan)
    return client


@pytest.fixture
def task(alice: User) -> Task:
    return making.task("def run(params):\n    return 1\n", alice)


@pytest.fixture
def question(task: Task, ivan: User) -> Approval:
    return asked(task, users=["ivan"], form=AMOUNT, data={"amount": 40}, text="14 clients owe <b>us</b>.")


def page(client: Client, path: str, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200, path
    return answer.content.decode()


def url(approval: Approval, verb: str = "") -> str:
    return f"{INBOX}{approval.pk}/{verb}"


def test_an_empty_inbox_says_what_approvals_are(ivans):
    shown = page(ivans, INBOX)
    assert "Nothing is asked of you." in shown and "asks here, leaves its worker and waits" in shown
    assert "to decide</span>" not in shown, "the menu counts nothing"


def test_the_inbox_has_what_is_asked_of_me_and_of_my_groups_and_the_menu_counts_both(ivans, task, question):
    group = asked(task, place="8", title="Of the group", groups=["finance"])
    mine, groups, everything = (page(ivans, INBOX, of=of) for of in ("", "groups", "open"))
    assert "Send 14 letters?" in mine and "Of the group" not in mine
    assert "Of the group" in groups and "Send 14 letters?" not in groups
    assert "Of the group" in everything and "Send 14 letters?" in everything
    assert '<span class="n">2<span class="visually-hidden"> to decide</span></span>' in mine
    approvals.decide(group.pk, User.objects.get(username="ivan"), "reject")
    decided = page(ivans, INBOX, of="decided")
    assert "Of the group" in decided and "ivan decided at" in decided


def test_the_first_list_with_something_is_shown(ivans, task, ivan):
    asked(task, title="Of the group", groups=["finance"])
    assert "Of the group" in page(ivans, INBOX)


def test_what_people_were_reminded_of_is_overdue(ivans, question):
    assert "Nothing that you may decide is late." in page(ivans, INBOX, of="overdue")
    Approval.objects.update(reminded_at=question.asked_at)
    assert '<span class="tag">reminded</span>' in page(ivans, INBOX, of="overdue")


def test_the_queries_of_an_inbox_do_not_grow(ivans, task, question, django_assert_max_num_queries):
    for number in range(30):
        asked(task, place=f"p{number}", users=["ivan"])
    with django_assert_max_num_queries(14):
        assert page(ivans, INBOX).count("data-row") == 31


def test_a_question_shows_all_that_is_needed_to_decide_it(ivans, task, ivan):
    table = {"columns": ["Client", "Days"], "rows": [["Northwind & Sons", 91]]}
    approval = asked(
        task, users=["ivan"], form=AMOUNT, data={"amount": 40}, text="14 clients owe <b>us</b>.", four_eyes=True,
        expires_after="1 h", at_expiry="reject", evidence=[{"table": table, "title": "Overdue"}, {"text": "As agreed"}],
    )  # fmt: skip
    shown = page(ivans, url(approval))
    for said in ("14 clients owe &lt;b&gt;us&lt;/b&gt;.", "Northwind &amp; Sons", "As agreed", "“Reject” is taken",
                 "not Alice, who asked for the task (four eyes)", "The task asked, and waits", "Hand over…",
                 'name="decision" value="approve"', 'data-django-jsonform="'):  # fmt: skip
        assert said in shown, said
    assert f"/admin/tasks/task/{task.pk}/change/" not in shown, "he may not see the task"


def test_opening_it_in_any_way_decides_nothing(ivans, question):
    for path in (url(question), url(question, "decide/"), url(question, "delegate/")):
        for ask in (ivans.get, ivans.head, ivans.options):
            ask(path, {"decision": "approve", "to": "alice"})
    question.refresh_from_db()
    assert (question.state, question.delegated_to) == ("open", None)


def test_without_the_forms_own_token_nothing_is_decided(ivan, question):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ivan)
    assert strict.post(url(question, "decide/"), {"decision": "approve"}).status_code == 403
    question.refresh_from_db()
    assert question.state == "open"


def test_the_button_decides_with_what_the_form_holds(ivans, question):
    answer = ivans.post(
        url(question, "decide/"), {"decision": "approve", "filled": '{"amount": 50}', "comment": "fine"}
    )
    assert answer["Location"] == INBOX
    question.refresh_from_db()
    assert (question.decision, question.decided_data, question.comment) == ("approve", {"amount": 50}, "fine")
    assert "“Send 14 letters?”: Approve. The task goes on." in page(ivans, INBOX)
    shown = page(ivans, url(question))
    assert "ivan decided at" in shown and "changed: amount" in shown and 'name="decision"' not in shown


def test_a_double_click_is_one_decision(ivans, question):
    for _ in range(2):
        fields = {"decision": "approve", "filled": '{"amount": 50}', "comment": ""}
        assert ivans.post(url(question, "decide/"), fields)["Location"] == INBOX
    assert [entry.verb for entry in approvals.acts.history(question)] == ["approval.asked", "approval.decided"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"decision": "approve", "filled": '{"amount": 900}'}, "900 is too high"),
        ({"decision": "approve", "filled": "{"}, "This is not valid JSON."),
        ({"decision": "perhaps", "filled": '{"amount": 50}'}, "Use one of approve, reject."),
        ({"filled": '{"amount": 50}'}, "Use one of approve, reject."),
    ],
)
def test_what_was_typed_survives_a_refusal(fields, said, ivans, question):
    answer = ivans.post(url(question, "decide/"), {**fields, "comment": "my comment"})
    shown = answer.content.decode()
    assert answer.status_code == 200 and said in shown and "Nothing was decided." in shown and "my comment" in shown
    question.refresh_from_db()
    assert question.state == "open"


def test_who_comes_second_is_told_who_was_first(ivans, alice, question):
    approvals.decide(question.pk, alice, "reject")
    answer = ivans.post(url(question, "decide/"), {"decision": "approve", "filled": '{"amount": 5}'}, follow=True)
    assert "alice decided at" in answer.content.decode()
    question.refresh_from_db()
    assert question.decided_name == "alice"


def test_who_asked_for_the_task_reads_why_not_they(browse, task, ivan):
    approval = asked(task, users=["ivan"], four_eyes=True)
    shown = page(browse, url(approval))
    assert "somebody else has to decide (four eyes)" in shown and 'name="decision"' not in shown
    assert "four eyes" in browse.post(url(approval, "decide/"), {"decision": "approve"}, follow=True).content.decode()


def test_who_is_not_asked_does_not_find_it(question):
    stranger = Client()
    stranger.force_login(person("stranger", is_staff=True))
    for path in (url(question), url(question, "decide/"), url(question, "delegate/")):
        assert stranger.post(path, {"decision": "approve"}).status_code in (404, 405)
    assert stranger.get(url(question)).status_code == 404


def test_it_is_handed_over(ivans, question):
    helper = person("helper")
    answer = ivans.post(url(question, "delegate/"), {"to": "helper", "comment": "she knows"}, follow=True)
    assert (
        "is handed over to helper" in answer.content.decode()
        and "ivan handed it over to helper" in answer.content.decode()
    )
    assert Approval.objects.of_person(helper).get() == question
    wrong = ivans.post(url(question, "delegate/"), {"to": "nobody"}, follow=True)
    assert "There is no active user" in wrong.content.decode()


def test_a_file_of_the_evidence_can_be_fetched_and_no_other(ivans, task, ivan, settings, tmp_path):
    settings.ARTIFACT_ROOT = tmp_path
    files = {}
    for number, name in enumerate(("letters.pdf", "secret.pdf")):
        saved = blobs.save(f"{task.pk}/files/{number}", b"content")
        files[name] = Artifact.objects.create(
            task=task, index=number, name=name, kind="pdf", content_type="application/pdf", size=7, sha256=saved.sha256,
            path=saved.path, created_at=task.created_at,
        )  # fmt: skip
    approval = asked(task, users=["ivan"], evidence=[{"file": "letters.pdf"}, {"file": "gone.pdf"}])
    shown = page(ivans, url(approval))
    link = url(approval, f"file/{files['letters.pdf'].pk}/")
    assert link in shown and "is not there (any more)" in shown
    answer = ivans.get(link)
    assert b"".join(answer) == b"content" and answer["Content-Disposition"].startswith("attachment")
    assert ivans.get(url(approval, f"file/{files['secret.pdf'].pk}/")).status_code == 404


def test_the_tasks_page_shows_its_open_question_with_a_link_and_the_feed_says_what_happened(
    browse, alice, task, question
):
    shown = page(browse, f"/admin/tasks/task/{task.pk}/change/")
    assert "Waits for a decision" in shown and url(question) in shown
    approvals.decide(question.pk, alice, "reject", comment="too many")
    shown = page(browse, f"/admin/tasks/task/{task.pk}/change/")
    assert "Waits for a decision" not in shown
    assert "alice decided: Reject" in shown and "too many" in shown


def test_the_question_of_a_cancelled_task_leaves_inbox_and_page(browse, ivans, alice, task, question):
    lifecycle.cancel(task, alice)
    assert "Nothing is asked of you." in page(ivans, INBOX)
    shown = page(ivans, url(question))
    assert "needs no answer any more" in shown and 'name="decision"' not in shown
    assert "Waits for a decision" not in page(browse, f"/admin/tasks/task/{task.pk}/change/")


def test_the_overview_greets_with_what_is_to_be_decided(ivans, task, question):
    shown = page(ivans, "/admin/")
    assert (
        "One thing needs you." in shown
        and "0 failed tasks, 1 to decide" in shown
        and url(question) in shown
        and "To decide" in shown
    )
    approvals.decide(question.pk, User.objects.get(username="ivan"), "reject")
    shown = page(ivans, "/admin/")
    assert "Nothing needs you." in shown and "To decide" not in shown


def test_the_inbox_says_whether_its_reader_is_told_by_mail_and_lets_them_choose(ivans, ivan, settings):
    settings.EMAIL_HOST = ""
    assert "has no mail server, so nobody is told" in page(ivans, INBOX)
    settings.EMAIL_HOST = "mail.example.org"
    assert "your account has no address" in page(ivans, INBOX)
    User.objects.filter(pk=ivan.pk).update(email="ivan@example.org")
    assert "You are told of approvals by e-mail, to ivan@example.org." in page(ivans, INBOX)
    for choice, said, can_be in (("off", "You get no e-mails", False), ("on", "from now on", True)):
        answer = ivans.post(f"{INBOX}mails/", {"mails": choice}, follow=True)
        assert said in answer.content.decode()
        assert outbox.wants(ivan) is can_be
    ivans.post(f"{INBOX}mails/", {"mails": "nonsense"})
    assert outbox.wants(ivan)


def test_an_administrator_sets_it_on_the_page_of_the_account(browse, ivan):
    shown = page(browse, f"/admin/auth/user/{ivan.pk}/change/")
    assert "told by e-mail" in shown.lower()
    fields = {
        "username": "ivan", "date_joined_0": "2026-11-22", "date_joined_1": "09:00:00",
        "notice_choice-TOTAL_FORMS": "1", "notice_choice-INITIAL_FORMS": "0", "notice_choice-MIN_NUM_FORMS": "0",
        "notice_choice-MAX_NUM_FORMS": "1", "notice_choice-0-person": str(ivan.pk),
    }  # fmt: skip
    assert browse.post(f"/admin/auth/user/{ivan.pk}/change/", fields).status_code == 302
    assert not outbox.wants(ivan)


def test_the_outbox_is_listed_to_who_may_see_it_as_far_as_they_see_the_questions(browse, ivans, ivan, task, settings):
    settings.EMAIL_HOST = "mail.example.org"
    User.objects.filter(pk=ivan.pk).update(email="ivan@example.org")
    approval = asked(task, users=["ivan"])
    assert f"Send 14 letters? (approval {approval.pk})" in page(browse, "/admin/tasks/notice/")
    assert ivans.get("/admin/tasks/notice/").status_code == 403
    looker = person("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_notice"))
    client = Client()
    client.force_login(looker)
    assert "Send 14 letters?" not in page(client, "/admin/tasks/notice/")
