"""Approvals through the API: who finds what, one decision, and files of the evidence."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from apps.tasks import approvals, lifecycle
from apps.tasks.models import Approval, Artifact, Task
from tests.unit.tasks.asked import AMOUNT, asked

pytestmark = pytest.mark.django_db
LIST = "/api/v1/approvals/"


@pytest.fixture
def oscar(other: User, client_of: Callable[[User], APIClient]) -> APIClient:
    """May decide, and sees no task."""
    return client_of(other)


@pytest.fixture
def olga(owner: User, client_of: Callable[[User], APIClient]) -> APIClient:
    """Has asked for the task."""
    return client_of(owner)


@pytest.fixture
def question(owned: Task, other: User) -> Approval:
    return asked(owned, users=["oscar"], form=AMOUNT, data={"amount": 40}, text="14 clients", expires_after="1 h")


def ids(client: APIClient, **query: Any) -> list[int]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def decide(client: APIClient, approval: Approval, **body: Any) -> Any:
    return client.post(f"{LIST}{approval.pk}/decide/", body, format="json")


def test_the_whole_question_is_shown_to_who_may_decide_it(oscar: APIClient, question: Approval) -> None:
    shown = oscar.get(f"{LIST}{question.pk}/").json()
    assert (shown["title"], shown["text"], shown["form"], shown["data"]) == (
        "Send 14 letters?", "14 clients", AMOUNT, {"amount": 40},
    )  # fmt: skip
    assert [each["name"] for each in shown["choices"]] == ["approve", "reject"]
    assert (shown["deciders"], shown["why_not"], shown["requester"]) == (["oscar"], "", "olga")
    assert "expires" in shown["if_nobody"]
    assert [act["act"] for act in shown["history"]] == ["asked"]
    assert oscar.get(shown["links"]["task"]).status_code == 404


def test_to_read_decides_nothing(oscar: APIClient, question: Approval) -> None:
    for path in ("", "decide/", "delegate/"):
        for method in ("get", "head", "options"):
            getattr(oscar, method)(f"{LIST}{question.pk}/{path}", {"decision": "approve"})
    question.refresh_from_db()
    assert question.state == "open"


def test_a_decision_is_answered_with_what_was_decided_and_its_repetition_with_the_same(
    oscar: APIClient, question: Approval
) -> None:
    first = decide(oscar, question, decision="approve", data={"amount": 50}, comment="fine")
    assert first.status_code == 200
    said = first.json()
    assert (said["state"], said["decision"], said["decided_by"], said["decided_data"], said["comment"]) == (
        "decided", "approve", "oscar", {"amount": 50}, "fine",
    )  # fmt: skip
    again = decide(oscar, question, decision="approve", data={"amount": 50}, comment="fine")
    assert (again.status_code, again.json()) == (200, said)
    other = decide(oscar, question, decision="reject")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "already_decided")
    assert "oscar decided" in other.json()["error"]["message"]


def test_what_is_wrong_is_named_by_its_place_in_the_body(oscar: APIClient, question: Approval) -> None:
    for body, field in (
        ({"decision": "approve", "data": {"amount": 0}}, "data.amount"),
        ({"decision": "perhaps"}, "decision"),
        ({}, "decision"),
        ({"decision": "approve", "data": [1]}, "data"),
        ({"decision": "approve", "dta": {}}, "dta"),
    ):
        refused = decide(oscar, question, **body)
        assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, [field])


def test_who_asked_for_the_task_sees_the_question_and_why_not_to_decide_it(
    olga: APIClient, owned: Task, other: User, question: Approval
) -> None:
    eyes = asked(owned, place="8", users=["olga", "oscar"], four_eyes=True)
    assert "four eyes" in olga.get(f"{LIST}{eyes.pk}/").json()["why_not"]
    refused = decide(olga, eyes, decision="approve")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_permitted")
    assert "four eyes" in refused.json()["error"]["message"]


def test_the_list_is_narrowed_by_whom_it_concerns_by_state_and_by_task(
    oscar: APIClient, olga: APIClient, owned: Task, other: User, question: Approval
) -> None:
    other.groups.add(Group.objects.create(name="finance"))
    group = asked(owned, place="8", groups=["finance"])
    own = asked(owned, place="9")
    assert ids(oscar) == [group.pk, question.pk]
    assert (ids(oscar, of="mine"), ids(oscar, of="groups")) == ([question.pk], [group.pk])
    assert (ids(olga), ids(olga, of="mine")) == ([own.pk, group.pk, question.pk], [own.pk])
    approvals.decide(group.pk, other, "approve")
    assert (ids(oscar, state="open"), ids(oscar, state="decided")) == ([question.pk], [group.pk])
    assert (ids(oscar, task=owned.pk), ids(oscar, task=owned.pk + 1)) == ([group.pk, question.pk], [])
    assert ids(oscar, of="overdue") == []
    Approval.objects.filter(pk=question.pk).update(reminded_at=question.asked_at)
    assert ids(oscar, of="overdue") == [question.pk]
    assert oscar.get(LIST, {"of": "everybody"}).status_code == 400


def test_pages_follow_each_other(oscar: APIClient, owned: Task, question: Approval) -> None:
    made = [question.pk, *(asked(owned, place=f"p{n}", users=["oscar"]).pk for n in range(4))]
    first = oscar.get(LIST, {"limit": 2, "state": "open"}).json()
    second = oscar.get(first["next"]).json()
    third = oscar.get(second["next"]).json()
    assert [row["id"] for page in (first, second, third) for row in page["results"]] == made[::-1]
    assert third["next"] is None


def test_the_number_of_queries_of_a_list_does_not_grow(
    oscar: APIClient, owned: Task, question: Approval, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        asked(owned, place=f"p{number}", users=["oscar"])
    with django_assert_max_num_queries(8):
        assert len(ids(oscar)) == 21


def test_it_is_handed_over_by_name(oscar: APIClient, charlie: User, client_of: Any, question: Approval) -> None:
    charlies = client_of(charlie)
    assert charlies.get(f"{LIST}{question.pk}/").status_code == 404
    body = {"to": "charlie", "comment": "he knows them"}
    assert oscar.post(f"{LIST}{question.pk}/delegate/", body, format="json").status_code == 200
    assert ids(charlies, of="mine") == [question.pk]
    assert decide(charlies, question, decision="reject").json()["decided_by"] == "charlie"


def test_a_file_of_the_evidence_is_for_the_deciders_and_no_other_file_is(
    oscar: APIClient, owned: Task, other: User, keep_file: Callable[..., Artifact]
) -> None:
    shown, hidden = keep_file(owned, "letters.pdf", b"letters"), keep_file(owned, "secret.pdf", b"secret!!")
    approval = asked(owned, users=["oscar"], evidence=[{"file": "letters.pdf", "title": "Letters"}, {"file": "no.pdf"}])
    first, second = oscar.get(f"{LIST}{approval.pk}/").json()["evidence"]
    assert b"".join(oscar.get(first["url"])) == b"letters"
    assert second["url"] is None
    assert oscar.get(f"{LIST}{approval.pk}/files/{hidden.pk}/").status_code == 404
    assert oscar.get(f"/api/v1/tasks/{owned.pk}/artifacts/{shown.pk}/").status_code == 404


def test_a_cancelled_tasks_question_is_a_conflict(olga: APIClient, oscar: APIClient, owner: User, owned: Task,
                                                  question: Approval) -> None:  # fmt: skip
    lifecycle.cancel(owned, owner)
    refused = decide(oscar, question, decision="approve")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_withdrawn")
