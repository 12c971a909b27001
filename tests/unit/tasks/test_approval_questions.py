"""What scripts and graphs may ask, and what is refused before anybody is asked."""

from datetime import timedelta

import pytest

from apps.core.errors import InvalidInput
from apps.tasks import approvals
from tests.unit.tasks.asked import AMOUNT

WHO = {"title": "Go on?", "users": ["ivan"]}


def test_a_title_is_enough():
    question = approvals.read({"title": "Go on?"})
    assert [each["name"] for each in question.choices] == ["approve", "reject"]
    assert (question.at_expiry, question.expires_after, question.form, question.is_four_eyes) == (
        "fail",
        None,
        {},
        False,
    )
    assert not question.who


def test_everything_that_can_be_said_is_read():
    question = approvals.read({
        **WHO, "text": "Why", "groups": ["finance", "finance"], "four_eyes": True, "form": AMOUNT, "data": {"amount": 3},
        "choices": [{"name": "send_all"}, {"name": "none", "label": "Send none", "takes_data": False}],
        "expires_after": "2 d", "at_expiry": "none", "remind_after": 3600, "remind_every": "1 h",
        "escalate_after": 1.5, "escalate_to": {"groups": ["board"]},
        "evidence": [{"text": "a"}, {"table": {"columns": ["A"], "rows": [[1], [None]]}}, {"file": "a.pdf", "task": 4}],
    })  # fmt: skip
    assert (question.who.users, question.who.groups, question.escalate_to.groups) == (
        ("ivan",),
        ("finance",),
        ("board",),
    )
    assert question.choices[0] == {"name": "send_all", "label": "Send all", "takes_data": True}
    assert (question.expires_after, question.remind_after) == (timedelta(days=2), timedelta(hours=1))
    assert question.escalate_after == timedelta(seconds=1.5)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"tittle": "Go on?"}, "tittle"),
        ({"users": "ivan"}, "users"),
        ({"four_eyes": "yes"}, "four_eyes"),
        ({"users": [], "four_eyes": True}, "four_eyes"),
        ({"choices": [{"name": "Yes!"}]}, "choices.0.name"),
        ({"choices": [{"name": "a"}, {"name": "a"}]}, "choices"),
        ({"choices": [{"name": "fail"}]}, "choices"),
        ({"expires_after": "soon"}, "expires_after"),
        ({"expires_after": 0}, "expires_after"),
        ({"remind_every": "1 h"}, "remind_every"),
        ({"escalate_after": "1 h"}, "escalate_after"),
        ({"escalate_to": {"users": ["boss"]}}, "escalate_after"),
        ({"at_expiry": "approve"}, "at_expiry"),
        ({"at_expiry": "perhaps", "expires_after": "1 h"}, "at_expiry"),
        ({"form": AMOUNT, "at_expiry": "approve", "expires_after": "1 h"}, "data"),
        ({"form": {"type": "string"}}, "form"),
        ({"form": {"type": "object", "properties": {"a": {"type": "text"}}}}, "form.properties.a.type"),
        ({"data": [1]}, "data"),
        ({"data": {"a": float("nan")}}, "data.a"),
        ({"evidence": {"text": "a"}}, "evidence"),
        ({"evidence": [{"text": "a", "file": "b"}]}, "evidence.0"),
        ({"evidence": [{"text": ""}]}, "evidence.0.text"),
        ({"evidence": [{"text": "a", "task": 3}]}, "evidence.0.task"),
        ({"evidence": [{"file": "a", "task": "3"}]}, "evidence.0.task"),
        ({"evidence": [{"text": "a"}] * 21}, "evidence"),
        ({"evidence": [{"table": {"columns": [], "rows": []}}]}, "evidence.0.table.columns"),
        ({"evidence": [{"table": {"columns": ["A"], "rows": [[1, 2]]}}]}, "evidence.0.table.rows.0"),
        ({"evidence": [{"table": {"columns": ["A"], "rows": [[{}]]}}]}, "evidence.0.table.rows.0"),
        ({"evidence": [{"text": "x" * 200_001}]}, "evidence"),
    ],
)
def test_what_cannot_be_asked_is_named(given, field):
    with pytest.raises(InvalidInput) as refused:
        approvals.read({**WHO, **given})
    assert field in refused.value.fields


def test_everything_wrong_is_said_at_once():
    with pytest.raises(InvalidInput) as refused:
        approvals.read({**WHO, "expires_after": "soon", "form": {"type": "string"}, "evidence": [{}]})
    assert set(refused.value.fields) == {"expires_after", "form", "evidence.0"}
