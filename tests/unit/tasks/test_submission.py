"""The one way to make a task: who may, what is refused, and the same key twice gives one."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connections

from apps.catalog import publishing
from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.tasks.making.submission import Request, Submitted, submit
from apps.tasks.models import Execution, Task
from tests import making

pytestmark = pytest.mark.django_db

HELLO = "def run(params):\n    return 1\n"


def ask(template: str, by: Any, **fields: Any) -> Submitted:
    return submit(Request(template=template, origin="test", **fields), by)


def test_the_same_key_gives_the_same_task(template, alice):
    first = ask(template, alice, idempotency_key="march", parameters={"n": 1})
    again = ask(template, alice, idempotency_key="march", parameters={"n": 1})
    assert (first.is_new, again.is_new, again.task.pk) == (True, False, first.task.pk)
    assert Task.objects.count() == 1


def test_a_key_used_for_something_else_is_a_conflict(template, alice):
    ask(template, alice, idempotency_key="march", parameters={"n": 1})
    with pytest.raises(Conflict) as raised:
        ask(template, alice, idempotency_key="march", parameters={"n": 2})
    assert raised.value.code == "idempotency_key_reused"


def test_a_request_sent_again_gives_its_task_also_when_the_template_has_changed_meanwhile(template, alice):
    first = ask(template, alice, idempotency_key="march", parameters={"n": 1})
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "style": {"type": "string", "default": "new"}}}
    made = making.template("def run(params):\n    return 2\n", alice, key=template, parameter_schema=schema)
    assert ask(template, alice, idempotency_key="march", parameters={"n": 1}).task == first.task
    publishing.withdraw(made, alice)
    assert ask(template, alice, idempotency_key="march", parameters={"n": 1}).task == first.task


def test_two_people_may_use_the_same_key(template, alice):
    other = type(alice).objects.create_superuser("olga", "olga@example.org", "x")
    assert ask(template, alice, idempotency_key="march").task != ask(template, other, idempotency_key="march").task


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_gives_one_task(alice):
    key = making.template(HELLO, alice).key
    barrier = threading.Barrier(6)
    answers: list[Submitted] = []
    raised: list[BaseException] = []

    def go() -> None:
        try:
            barrier.wait(10)
            answers.append(ask(key, alice, idempotency_key="once", parameters={"n": 3}))
        except BaseException as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert raised == []
    assert len({answer.task.pk for answer in answers}) == 1
    assert [answer.is_new for answer in answers].count(True) == 1
    assert (Task.objects.count(), Execution.objects.count()) == (1, 1)


def test_who_may_not_run_templates_is_told_of_none(template, bob, charlie):
    for person in (bob, charlie):
        with pytest.raises(NotFound, match="none that you may start"):
            ask(template, person)
    assert not Task.objects.exists()


def test_a_template_of_another_group_does_not_exist_for_you(template, alice, charlie):
    charlie.user_permissions.add(Permission.objects.get(codename="run_tasktemplate"))
    charlie = type(charlie).objects.get(pk=charlie.pk)
    assert ask(template, charlie).is_new
    from apps.catalog.models import TaskTemplate

    TaskTemplate.objects.get(key=template).run_groups.add(Group.objects.create(name="accountants"))
    with pytest.raises(NotFound):
        ask(template, charlie)


def test_a_tool_that_you_may_not_use_refuses_the_template(alice, charlie):
    key = making.template("import crm\n\ndef run(params):\n    return crm.invoices()['total']\n", alice).key
    charlie.user_permissions.add(Permission.objects.get(codename="run_tasktemplate"))
    with pytest.raises(NotPermitted, match=r"crm\.view_invoice"):
        ask(key, type(charlie).objects.get(pk=charlie.pk))


WRONG: dict[str, dict[str, Any]] = {
    "priority": {"priority": 101},
    "priority as a word": {"priority": "urgent"},
    "priority as a truth": {"priority": True},
    "idempotency_key": {"idempotency_key": ""},
    "idempotency_key of 201": {"idempotency_key": "k" * 201},
    "tags": {"tags": ["x"] * 21},
    "tags of 51": {"tags": ["x" * 51]},
    "n": {"parameters": {"n": "three"}},
    "m": {"parameters": {"m": 1}},
    "deadline": {"deadline": clock.now() - timedelta(days=1)},
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_names_its_field_and_makes_nothing(name, template, alice):
    with pytest.raises(InvalidInput) as raised:
        ask(template, alice, **WRONG[name])
    assert list(raised.value.fields) == [name.split()[0]]
    assert not Task.objects.exists()


NUL: dict[str, dict[str, Any]] = {
    "title": {"title": "a\0b"},
    "instructions": {"instructions": "a\0b"},
    "idempotency_key": {"idempotency_key": "a\0b"},
    "tags": {"tags": ["a\0b"]},
    "s": {"parameters": {"s": "a\0b"}},
    "template": {},
}


@pytest.mark.parametrize("name", NUL)
def test_text_that_the_database_cannot_keep_is_refused_not_a_crash(name, template, alice):
    with pytest.raises(InvalidInput) as raised:
        ask("a\0b" if name == "template" else template, alice, **NUL[name])
    assert name in raised.value.fields


@pytest.mark.parametrize(
    ("asked", "priority"), [(None, 50), ("critical", 90), ("HIGH", 70), ("low", 30), (0, 0), (100, 100)]
)
def test_priority_is_a_number_or_a_word(asked, priority, template, alice):
    assert ask(template, alice, priority=asked).task.priority == priority


def test_the_deadline_of_the_revision_counts_from_now(alice):
    key = making.template(HELLO, alice, deadline_seconds=600).key
    now = clock.now()
    with clock.frozen(now):
        assert ask(key, alice).task.deadline == now + timedelta(seconds=600)


def test_a_task_keeps_the_revision_that_was_published_when_it_was_asked_for(alice):
    key = making.template(HELLO, alice).key
    task = ask(key, alice).task
    making.template("def run(params):\n    return 2\n", alice, key=key)
    task.refresh_from_db()
    assert "return 1" in task.revision.script
    assert "return 2" in ask(key, alice).task.revision.script
