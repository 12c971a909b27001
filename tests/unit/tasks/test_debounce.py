"""Debounce: what follows before a task has started takes its place; nothing is lost, and nothing waits for ever."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from apps.core import clock
from apps.core.errors import Conflict
from apps.tasks import lifecycle
from apps.tasks.claims.claiming import Claim, claim
from apps.tasks.making import debounce
from apps.tasks.making.submission import Request, Submitted, submit
from apps.tasks.models import AnsweredKey, Event, Task, Window
from apps.tasks.ranking import rank
from apps.tasks.record.journal import Batch
from apps.tasks.states import Status
from tests import making
from tests.unit.tasks.standing_at import claimed

pytestmark = pytest.mark.django_db

HELLO = "def run(params):\n    return 1\n"
WINDOW = timedelta(seconds=30)


@pytest.fixture
def debounced(alice: User) -> str:
    return making.template(HELLO, alice, key="debounced", debounce_seconds=30).key


def ask(by: Any, n: int = 1, **fields: Any) -> Submitted:
    return submit(Request(template="debounced", parameters={"n": n}, origin="test", **fields), by)


def test_a_first_request_waits_for_the_window_too(debounced, alice):
    task = ask(alice).task
    assert task.available_at == task.created_at + WINDOW


def test_a_request_that_follows_takes_the_place_of_the_one_that_waits(debounced, alice):
    first = ask(alice, n=1, title="one").task
    with clock.frozen(clock.now() + timedelta(seconds=20)):
        again = ask(alice, n=2, title="two", instructions="the second", priority="high")
        moment = clock.now()
    assert (again.task, again.is_new, again.because) == (first, False, "debounce")
    first.refresh_from_db()
    assert (first.parameters, first.title, first.instructions, first.priority) == ({"n": 2}, "two", "the second", 70)
    assert first.available_at == moment + WINDOW
    assert first.rank == pytest.approx(rank(first.priority, first.available_at))
    event = Event.objects.get(kind="task.merged")
    assert (event.data["count"], event.data["before"] != event.data["after"]) == (2, True)
    assert Task.objects.count() == 1


def test_the_deadline_counts_from_the_last_request(alice):
    making.template(HELLO, alice, key="debounced", debounce_seconds=30, deadline_seconds=60)
    first = ask(alice).task
    with clock.frozen(clock.now() + timedelta(seconds=20)):
        ask(alice, n=2)
        moment = clock.now()
    first.refresh_from_db()
    assert first.deadline == moment + timedelta(seconds=60)


@pytest.mark.parametrize("state", ["running", "cancelled", "paused", "waiting again"])
def test_what_follows_a_task_that_does_not_wait_for_its_first_start_makes_a_new_one(state, debounced, alice):
    first = ask(alice).task
    if state in ("running", "waiting again"):
        with clock.frozen(clock.now() + WINDOW):
            lease = claimed().lease
            if state == "waiting again":
                lifecycle.release(lease, "drained", Batch())
    elif state == "cancelled":
        lifecycle.cancel(first, alice)
    else:
        lifecycle.pause(first, alice)
    again = ask(alice, n=2)
    assert (again.is_new, again.task != first) == (True, True)
    first.refresh_from_db()
    assert first.parameters == {"n": 1}


def test_requests_of_two_people_never_merge(debounced, alice):
    olga = User.objects.create_superuser("olga")
    assert ask(olga).task != ask(alice).task


def test_a_debounce_key_says_which_requests_follow_one_another(alice):
    making.template(HELLO, alice, key="debounced", debounce_seconds=30, debounce_key="{n}")
    first = ask(alice, n=1)
    assert ask(alice, n=2).is_new
    assert ask(alice, n=1).task == first.task


def test_a_stream_that_never_pauses_still_runs(debounced, alice):
    first = ask(alice).task
    began = first.created_at
    for seconds in range(20, 400, 20):
        with clock.frozen(began + timedelta(seconds=seconds)):
            ask(alice, n=seconds)
    first.refresh_from_db()
    assert Task.objects.count() == 1
    assert first.available_at == max(began + debounce.MOST_WINDOWS * WINDOW, began + timedelta(seconds=380))


def test_every_key_of_merged_requests_gives_their_task(debounced, alice):
    first = ask(alice, n=1, idempotency_key="one").task
    ask(alice, n=2, idempotency_key="two")
    ask(alice, n=3)
    again = [ask(alice, n=1, idempotency_key="one"), ask(alice, n=2, idempotency_key="two")]
    assert [(each.task, each.because) for each in again] == [(first, "key"), (first, "key")]
    first.refresh_from_db()
    assert first.parameters == {"n": 3}
    with pytest.raises(Conflict):
        ask(alice, n=1, idempotency_key="two")


def at_once(asked: list[Any]) -> list[Any]:
    barrier = threading.Barrier(len(asked))
    answers: list[Any] = []

    def go(call: Any) -> None:
        try:
            barrier.wait(10)
            answers.append(call())
        except BaseException as error:
            answers.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=[call]) for call in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_moment_give_one_task(debounced, alice):
    answers = at_once([lambda n=n: ask(alice, n=n) for n in range(6)])
    assert {answer.task.pk for answer in answers} == set(Task.objects.values_list("pk", flat=True))
    assert [answer.is_new for answer in answers].count(True) == 1
    assert Window.objects.get().requests == 6


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_is_kept_once(debounced, alice):
    answers = at_once([lambda: ask(alice, n=1, idempotency_key="once") for _ in range(6)])
    assert [type(answer) for answer in answers] == [Submitted] * 6
    assert (len({answer.task.pk for answer in answers}), AnsweredKey.objects.count()) == (1, 1)
    assert Window.objects.get().requests == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_that_races_with_the_claim_is_merged_before_it_or_makes_its_own_task(debounced, alice):
    for n in range(15):
        ask(alice, n=1000 + n)
        Task.objects.filter(status=Status.PENDING).update(available_at=clock.now())
        taking = lambda: claim(["default"], worker="elm-1", cluster="elm")  # noqa: E731
        answers = at_once([taking, lambda n=n: ask(alice, n=n)])
        taken = next((answer for answer in answers if isinstance(answer, Claim)), None)
        asked = next(answer for answer in answers if isinstance(answer, Submitted))
        task = Task.objects.get(pk=asked.task.pk)
        assert task.parameters == {"n": n}
        assert asked.is_new == (taken is not None and taken.parameters == {"n": 1000 + n})
        Task.objects.filter(status=Status.PENDING).update(status=Status.PAUSED)
