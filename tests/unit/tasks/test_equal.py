"""Result cache: an equal request is answered by the task that has just completed the same, and by nobody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from apps.core import clock, codec
from apps.core.errors import Conflict
from apps.tasks import lifecycle
from apps.tasks.making import again
from apps.tasks.making.submission import Request, Submitted, submit
from apps.tasks.models import AnsweredKey, Task
from apps.tasks.record.journal import Batch
from tests import making
from tests.unit.tasks.standing_at import claimed

pytestmark = pytest.mark.django_db

HELLO = "def run(params):\n    return 1\n"
HOUR = 3600


@pytest.fixture
def cached(alice: User) -> str:
    return making.template(HELLO, alice, key="cached", cache_seconds=HOUR).key


def ask(by: Any, n: int = 1, template: str = "cached", **fields: Any) -> Submitted:
    return submit(Request(template=template, parameters={"n": n}, origin="test", **fields), by)


def done(submitted: Submitted) -> Task:
    lifecycle.complete(claimed().lease, codec.encode(1), Batch())
    submitted.task.refresh_from_db()
    return submitted.task


def runner(name: str, *codenames: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["run_tasktemplate", *codenames]))
    return user


def test_an_equal_request_is_answered_by_the_task_that_completed_it(cached, alice):
    first = done(ask(alice))
    answer = ask(alice)
    assert (answer.task, answer.is_new, answer.because) == (first, False, "cache")
    assert Task.objects.count() == 1


@pytest.mark.parametrize("other", ["parameters", "later", "start_at", "unfinished", "revision"])
def test_what_is_not_equal_or_no_longer_fresh_makes_a_task(other, cached, alice):
    first = ask(alice)
    if other != "unfinished":
        done(first)
    if other == "revision":
        making.template(HELLO + "\n", alice, key="cached", cache_seconds=HOUR)
    later = clock.now() + timedelta(seconds=HOUR + 1 if other == "later" else 0)
    with clock.frozen(later):
        start = clock.now() + timedelta(hours=1) if other == "start_at" else None
        answer = ask(alice, n=2 if other == "parameters" else 1, available_at=start)
    assert (answer.is_new, answer.because) == (True, "")


def test_defaults_count_as_given(alice):
    schema = {"type": "object", "properties": {"n": {"type": "integer", "default": 7}}}
    making.template(HELLO, alice, key="cached", cache_seconds=HOUR, parameter_schema=schema)
    first = done(submit(Request(template="cached", origin="test"), alice))
    assert ask(alice, n=7).task == first


def test_another_persons_result_is_given_only_to_those_who_may_see_it(cached, alice):
    first = done(ask(alice))
    assert ask(runner("olga")).is_new
    assert ask(runner("vera", "view_task")).task == first


def test_a_template_that_does_not_cache_looks_for_nothing(alice):
    making.template(HELLO, alice, key="plain")
    done(ask(alice, template="plain"))
    answer = ask(alice, template="plain")
    assert answer.is_new and answer.task.request_digest is None


def test_a_key_that_the_cache_answered_gives_that_task_for_ever(cached, alice):
    first = done(ask(alice))
    assert ask(alice, idempotency_key="march").task == first
    with clock.frozen(clock.now() + timedelta(days=1)):
        answer = ask(alice, idempotency_key="march")
    assert (answer.task, answer.because) == (first, "key")
    assert AnsweredKey.objects.count() == 1
    with pytest.raises(Conflict):
        ask(alice, n=2, idempotency_key="march")


def test_a_key_answered_by_anothers_task_is_the_askers_own(cached, alice):
    first = done(ask(alice))
    vera = runner("vera", "view_task")
    assert ask(vera, idempotency_key="march").task == first
    assert AnsweredKey.objects.get().requester == vera
    assert ask(alice, n=2, idempotency_key="march").is_new, "alice never used that key"
    with clock.frozen(clock.now() + timedelta(seconds=HOUR + 1)):
        assert (ask(vera, idempotency_key="march").task, ask(vera).is_new) == (first, True)


def test_a_fork_is_no_fresh_answer(cached, alice):
    first = done(ask(alice))
    forked = again.fork(first, alice, step=0).task
    assert forked.request_digest is None
