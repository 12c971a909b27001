"""Tasks that are told of in a chat: one message that changes, then what came of it, where it may be seen."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chat import facts, following, people
from apps.chat.models import Account, Connection, Dialog, Following, Post
from apps.core import clock, codec
from apps.tasks import blobs, lifecycle
from apps.tasks.models import Artifact, Task
from apps.tasks.record.journal import Batch
from tests.making import template
from tests.unit.chat import noted
from tests.unit.chat.conftest import linked, send
from tests.unit.tasks.standing_at import BROKEN, Standing, claimed, running, submitted

pytestmark = pytest.mark.django_db
Say = Callable[..., list[str]]


@pytest.fixture
def report(alice: User) -> str:
    outputs = {
        "attachments": [],
        "notifications": {"channels": ["origin"], "message": "The report for {n} is ready."},
    }
    return template("def run(params): return 1", alice, key="report", outputs=outputs).key


@pytest.fixture
def here(finance: Connection, dana: Account) -> Dialog:
    return Dialog.objects.create(connection=finance, external_id="D-dana", kind="private")


def follow(task: Task, dialog: Dialog, account: Account, locale: str = "en") -> None:
    following.begin(task.pk, dialog, account, locale, clock.now(), "test")


def look(dialog: Dialog) -> None:
    following.look(clock.now())
    send(dialog.connection)


def completed(made: Standing, text: str = "All done.") -> None:
    lifecycle.complete(made.lease, codec.encode({"summary": text}), Batch())


def a_file(task: Task, size: int = 0) -> Artifact:
    saved = blobs.save(f"{task.pk}/1", b"a,b\n1,2\n", ".csv")
    return Artifact.objects.create(
        task=task, index=1, name="report.csv", kind="csv", content_type="text/csv", size=size or 8,
        sha256=saved.sha256, path=saved.path, created_at=clock.now(),
    )  # fmt: skip


def test_a_task_has_one_message_that_changes_and_then_its_end(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    made = running(report, alice, parameters={"n": 3})
    follow(made.task, here, dana)
    look(here)
    assert len(room.shown) == 1
    assert "Running." in room.said()[0]
    a_file(made.task)
    completed(made)
    look(here)
    progress, end = room.said()
    assert "Completed." in progress
    assert "The report for 3 is ready." in end
    assert "All done." in end
    assert f"/tasks/task/{made.task_id}/" in end
    assert room.files == [("D-dana", "report.csv", b"a,b\n1,2\n")]
    assert Following.objects.get().is_over


def test_a_look_without_news_says_nothing(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    follow(running(report, alice).task, here, dana)
    look(here)
    calls = len(room.calls)
    look(here)
    assert len(room.calls) == calls


def test_looks_of_two_services_end_a_task_once(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    made = running(report, alice)
    follow(made.task, here, dana)
    completed(made)
    look(here)
    Following.objects.update(is_over=False, seq=-1)  # as a service that had read the rows before the other ended
    look(here)
    assert len(room.shown) == 2


def test_a_failure_says_why_and_offers_another_try(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    made = running(report, alice)
    follow(made.task, here, dana)
    lifecycle.fail(made.lease, {**BROKEN, "advice": "Correct line 3."}, Batch())
    look(here)
    assert "Broken." in room.said()[-1]
    assert "Correct line 3." in room.said()[-1]
    assert [button.value for button in list(room.shown.values())[-1].buttons] == [f"do:retry:{made.task_id}"]


def test_a_task_that_is_tried_again_is_told_of_again(
    say: Say, report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    made = running(report, alice)
    follow(made.task, here, dana)
    lifecycle.fail(made.lease, BROKEN, Batch())
    look(here)
    say(kind="button", button=f"do:retry:{made.task_id}")
    claim = claimed()
    completed(Standing(task_id=made.task_id, lease=claim.lease), "Now it worked.")
    look(here)
    assert any("Now it worked." in said for said in room.said())


def test_a_file_that_the_platform_does_not_take_is_a_link(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    made = running(report, alice)
    follow(made.task, here, dana)
    artifact = a_file(made.task, size=5_000_000)
    completed(made)
    look(here)
    assert room.files == []
    assert f"/artifact/{artifact.pk}/download/" in room.said()[-1]


def test_in_a_group_the_result_goes_to_the_asker_alone(
    report: str, alice: User, dana: Account, finance: Connection, room: noted.Room
) -> None:
    group = Dialog.objects.create(connection=finance, external_id="G-1", kind="group")
    made = running(report, alice, parameters={"n": 3})
    follow(made.task, group, dana)
    a_file(made.task)
    completed(made, "Northwind owes 4,711.")
    look(group)
    assert all("4,711" not in said for said in room.said("G-1"))
    assert any("4,711" in said for said in room.said("D-dana"))
    assert [place for place, _, _ in room.files] == ["D-dana"]


def test_in_an_open_group_everybody_sees_it(
    report: str, alice: User, dana: Account, finance: Connection, room: noted.Room
) -> None:
    group = Dialog.objects.create(connection=finance, external_id="G-1", kind="group", is_open=True)
    made = running(report, alice)
    follow(made.task, group, dana)
    completed(made, "Northwind owes 4,711.")
    look(group)
    assert any("4,711" in said for said in room.said("G-1"))


def test_a_requester_without_a_private_dialog_gets_nothing_in_a_closed_group_but_its_state(
    report: str, alice: User, dana: Account, finance: Connection, room: noted.Room
) -> None:
    Account.objects.filter(pk=dana.pk).update(private_dialog="")
    dana.refresh_from_db()
    group = Dialog.objects.create(connection=finance, external_id="G-1", kind="group")
    made = running(report, alice)
    follow(made.task, group, dana)
    completed(made, "Northwind owes 4,711.")
    look(group)
    assert len(room.shown) == 1
    assert "Completed." in room.said()[0]


def test_who_is_unlinked_hears_nothing_more(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    made = running(report, alice)
    follow(made.task, here, dana)
    look(here)
    people.unlink(dana, alice)
    completed(made, "Secret.")
    look(here)
    assert all("Secret." not in said for said in room.said())


def test_a_removed_task_is_said_to_be_removed(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    Following.objects.create(task_id=999_999, dialog=here, account=dana, created_at=clock.now())
    look(here)
    assert Following.objects.get().is_over


def test_a_long_run_is_told_anew_now_and_then(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    follow(running(report, alice).task, here, dana)
    look(here)
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        look(here)
    assert "5 m" in room.said()[0]
    assert room.calls[-1] == "edit"


def test_it_is_told_in_the_language_of_who_asked(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    follow(running(report, alice).task, here, dana, "de")
    look(here)
    assert "Läuft." in room.said()[0]


def test_secrets_of_parameters_and_errors_are_masked(
    report: str, alice: User, dana: Account, here: Dialog, room: noted.Room
) -> None:
    made = running(report, alice)
    follow(made.task, here, dana)
    lifecycle.fail(made.lease, {**BROKEN, "message": "refused, password=hunter2hunter2"}, Batch())
    look(here)
    assert all("hunter2" not in json.dumps(content.to_json()) for content in room.shown.values())


def test_the_cost_of_a_look_does_not_grow_with_tasks_that_did_nothing(
    report: str, alice: User, dana: Account, here: Dialog, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        made = running(report, alice)
        follow(made.task, here, dana)
    look(here)
    with django_assert_max_num_queries(3):
        following.look(clock.now())


def test_two_people_follow_one_task(
    report: str, alice: User, bob: User, dana: Account, here: Dialog, finance: Connection, room: noted.Room
) -> None:
    erik = linked(finance, bob, "U-erik")
    there = Dialog.objects.create(connection=finance, external_id="D-U-erik", kind="private")
    made = running(report, alice)
    follow(made.task, here, dana)
    follow(made.task, there, erik)
    completed(made)
    look(here)
    assert len(room.said("D-dana")) == 2
    assert len(room.said("D-U-erik")) == 2


def test_a_task_is_told_of_behind_any_number_of_quiet_ones(
    report: str, alice: User, dana: Account, here: Dialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = running(report, alice, parameters={"n": 0})
    for number in range(8):
        follow(submitted(report, alice, parameters={"n": number}), here, dana)
    follow(made.task, here, dana)
    monkeypatch.setattr(following, "MOST_AT_ONCE", 3)
    for _ in range(4):
        following.look(clock.now())
    completed(made)
    following.look(clock.now())
    assert Following.objects.get(task_id=made.task_id).is_over


def test_quiet_tasks_cost_one_query_however_many_they_are(
    report: str, alice: User, dana: Account, here: Dialog, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        follow(submitted(report, alice, parameters={"n": number}), here, dana)
    look(here)
    with clock.frozen(clock.now() + 3 * following.REFRESH):
        following.look(clock.now())  # their times go on, and nothing has to be said of it
        send(here.connection)
        with django_assert_num_queries(1):
            following.look(clock.now())


def test_a_platform_that_is_not_installed_any_more_holds_up_no_other(
    report: str, alice: User, dana: Account, here: Dialog, finance: Connection
) -> None:
    old = Connection.objects.create(key="old", platform="noted", name="Old bot")
    there = Dialog.objects.create(connection=old, external_id="D-old", kind="private")
    first = running(report, alice, parameters={"n": 1})
    follow(first.task, there, linked(old, alice, "U-old"))
    second = running(report, alice, parameters={"n": 2})
    follow(second.task, here, dana)
    Connection.objects.filter(pk=old.pk).update(platform="telepathy")
    completed(first)
    completed(second)
    following.look(clock.now())
    assert Following.objects.get(task_id=second.task_id).is_over
    Connection.objects.filter(pk=old.pk).update(platform="noted")
    following.look(clock.now())
    assert Following.objects.get(task_id=first.task_id).is_over


def test_what_cannot_be_told_of_one_task_does_not_hold_up_the_next(
    report: str, alice: User, dana: Account, here: Dialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = running(report, alice, parameters={"n": 1})
    follow(broken.task, here, dana)
    fine = running(report, alice, parameters={"n": 2})
    follow(fine.task, here, dana)
    ending = facts.ending

    def fails(task: Task, *given: Any) -> Any:
        return 1 / 0 if task.pk == broken.task_id else ending(task, *given)

    monkeypatch.setattr(facts, "ending", fails)
    completed(broken)
    completed(fine)
    following.look(clock.now())
    assert Following.objects.get(task_id=fine.task_id).is_over


def test_what_always_fails_is_looked_at_ever_more_seldom_and_then_given_up_and_told(
    alice: User, report: str, here: Dialog, dana: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = running(report, alice)
    follow(made.task, here, dana)
    looks: list[Any] = []

    def breaks(*args: Any, **kwargs: Any) -> None:
        looks.append(clock.now())
        raise ValueError("cannot be told")

    monkeypatch.setattr(facts, "progress", breaks)
    now = clock.now() + timedelta(minutes=1)
    for _ in range(4 * 60):
        following.look(now)
        now += timedelta(minutes=1)
        if Following.objects.get().is_over:
            break
    assert len(looks) == following.MOST_TRIES
    following.look(now + timedelta(hours=1))
    assert len(looks) == following.MOST_TRIES
    told = Post.objects.get(key__startswith="untold:")
    assert told.dialog == here
    assert told.content["text"].startswith(f"I cannot tell here any more how task {made.task_id} goes.")
    assert told.content["links"]


def test_a_look_that_goes_well_again_forgets_that_others_failed(
    alice: User, report: str, here: Dialog, dana: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = running(report, alice)
    follow(made.task, here, dana)
    with monkeypatch.context() as broken:
        broken.setattr(facts, "progress", lambda *args, **kwargs: 1 / 0)
        following.look(clock.now() + timedelta(minutes=1))
    row = Following.objects.get()
    assert (row.tries, row.due_at is None) == (1, False)
    following.look(clock.now() + timedelta(minutes=2))
    row = Following.objects.get()
    assert (row.tries, row.due_at, row.is_over) == (0, None, False)
