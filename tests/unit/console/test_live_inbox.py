"""The socket of the menu's number and of the inbox: each person hears of what they may see, and of nothing else."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.console.approvals import inbox
from apps.console.live import followers, hub
from apps.core import clock
from apps.tasks import approvals, lifecycle
from apps.tasks.models import Approval, Task
from tests import making
from tests.unit.console.test_live import closed_with, heard, is_refused, opened, socket
from tests.unit.tasks.asked import asked, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
ADDRESS = "/ws/approvals/"


@pytest.fixture(autouse=True)
def served_here(settings: Any, tmp_path: Path) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.WAKE_DIR = tmp_path


@pytest.fixture
def ivan(db: None) -> User:
    """In finance; sees no task."""
    return person("ivan", "finance", is_staff=True)


@pytest.fixture
def task(alice: User) -> Task:
    return making.task("def run(params):\n    return 1\n", alice)


now_ask = database_sync_to_async(asked)
now_decide = database_sync_to_async(approvals.decide)


async def test_who_is_no_staff_or_nobody_is_refused(charlie: User) -> None:
    assert await is_refused(await socket(charlie, ADDRESS))
    assert await is_refused(await socket(None, ADDRESS))
    assert await is_refused(await socket(charlie, ADDRESS, origin=(b"origin", b"http://evil.example")))


async def test_the_number_follows_what_is_asked_and_decided(ivan: User, task: Task) -> None:
    async with opened(ivan, ADDRESS) as communicator:
        first = await heard(communicator)
        approval = await now_ask(task, groups=["finance"])
        second = await heard(communicator)
        await now_decide(approval.pk, ivan, "approve")
        third = await heard(communicator)
    assert [each["count"] for each in (first, second, third)] == ["", "1", ""]
    assert first["type"] == "approvals"
    assert first["mark"] == third["mark"] != second["mark"]


async def test_a_page_drawn_before_has_the_mark_of_the_socket(ivan: User, task: Task) -> None:
    await now_ask(task, groups=["finance"])
    page = await database_sync_to_async(inbox.gather)(ivan, "mine")
    async with opened(ivan, ADDRESS) as communicator:
        assert (await heard(communicator))["mark"] == page.mark


async def test_what_is_handed_over_reminded_or_has_lapsed_is_news(ivan: User, task: Task) -> None:
    helper = await database_sync_to_async(person)("helper", is_staff=True)
    approval = await now_ask(task, users=["ivan"], remind_after="1 h", expires_after="2 h")

    def later(hours: float) -> None:
        with clock.frozen(clock.now() + timedelta(hours=hours)):
            approvals.due()

    async with opened(helper, ADDRESS) as theirs, opened(ivan, ADDRESS) as communicator:
        marks = [(await heard(communicator))["mark"]]
        assert (await heard(theirs))["count"] == ""
        await database_sync_to_async(approvals.delegate)(approval.pk, ivan, "helper")
        marks.append((await heard(communicator))["mark"])
        assert (await heard(theirs))["count"] == "1"
        await database_sync_to_async(later)(1.5)
        marks.append((await heard(communicator))["mark"])
        assert (await heard(theirs))["count"] == "1"
        await database_sync_to_async(later)(3)
        last = await heard(communicator)
    assert last["count"] == "" and len({*marks, last["mark"]}) == 4


async def test_the_question_of_a_cancelled_task_leaves_the_number(alice: User, ivan: User, task: Task) -> None:
    await now_ask(task, users=["ivan"])
    async with opened(ivan, ADDRESS) as communicator:
        assert (await heard(communicator))["count"] == "1"
        await database_sync_to_async(lifecycle.cancel)(task, alice)
        assert (await heard(communicator))["count"] == ""


async def test_who_is_not_asked_hears_nothing_of_it(ivan: User, task: Task) -> None:
    stranger = await database_sync_to_async(person)("stranger", is_staff=True)
    async with opened(stranger, ADDRESS) as theirs, opened(ivan, ADDRESS) as his:
        assert (await heard(theirs))["count"] == ""
        await heard(his)
        await now_ask(task, users=["ivan"])
        assert (await heard(his))["count"] == "1"
        assert await theirs.receive_nothing(timeout=1.5)


async def test_under_four_eyes_the_requester_sees_it_come_and_has_nothing_to_decide(ivan: User, task: Task) -> None:
    requester = await database_sync_to_async(person)("requester", is_staff=True)
    await database_sync_to_async(Task.objects.filter(pk=task.pk).update)(requester=requester)
    await task.arefresh_from_db()
    async with opened(requester, ADDRESS) as communicator:
        first = await heard(communicator)
        await now_ask(task, users=["ivan"], four_eyes=True)
        second = await heard(communicator)
    assert (first["count"], second["count"]) == ("", "") and first["mark"] != second["mark"]


async def test_a_change_of_groups_is_seen_by_itself(ivan: User, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "INBOX_SECONDS", 0.5)
    group = await Group.objects.acreate(name="board")
    await now_ask(task, groups=["board"])
    async with opened(ivan, ADDRESS) as communicator:
        assert (await heard(communicator))["count"] == ""
        await ivan.groups.aadd(group)
        assert (await heard(communicator))["count"] == "1"


async def test_who_loses_the_pages_loses_the_socket(ivan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.console.live import consumers

    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.2)
    async with opened(ivan, ADDRESS) as communicator:
        await heard(communicator)
        await User.objects.filter(pk=ivan.pk).aupdate(is_staff=False)
        assert await closed_with(communicator) == consumers.NOT_FOUND


async def test_a_page_that_confirms_nothing_is_sent_no_more_and_then_the_newest(ivan: User, task: Task) -> None:
    async with opened(ivan, ADDRESS) as communicator:
        for number in range(8):
            await now_ask(task, place=str(number), users=["ivan"])
            await asyncio.sleep(0.6)
        counts = []
        while not await communicator.receive_nothing(timeout=2.5):
            counts.append(await heard(communicator))
        assert len(counts) < 9 and counts[-1]["count"] == "8"


async def test_while_nothing_is_asked_all_sockets_together_cost_one_query_a_look(ivan: User, alice: User) -> None:
    class Ear:
        async def send_text(self, text: str) -> None: ...

    each = hub.Hub()
    joined = [followers.InboxFollower(socket=Ear(), user_id=user.pk) for user in (ivan, alice, ivan, alice)]
    for follower in joined:
        each.add(follower)
    async with asyncio.timeout(10):
        while any(follower.shown is None for follower in joined):
            await asyncio.sleep(0.01)
    asks: list[int] = []
    plain = each._ask

    async def counted(question: Any) -> Any:
        def seen() -> Any:
            with CaptureQueriesContext(connection) as queries:
                answer = question()
            asks.append(len(queries))
            return answer

        return await plain(seen)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(each, "_ask", counted)
        await each._look_at_inboxes()
    assert asks == [1]
    for follower in joined:
        each.remove(follower)
    await asyncio.wait_for(each.closed(), 10)


async def test_a_round_looks_at_few_people_those_who_wait_longest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ear:
        async def send_text(self, text: str) -> None:
            told.append(text)

    def standing(user_id: int) -> dict[str, str]:
        asks.append(user_id)
        return {"count": "", "mark": marks[-1]}

    async def answered(question: Any) -> Any:
        return question()

    told: list[str] = []
    asks: list[int] = []
    marks = ["first"]
    monkeypatch.setattr(hub.reading, "standing", standing)
    monkeypatch.setattr(hub.inbox, "mark", lambda: marks[-1])
    each = hub.Hub()
    monkeypatch.setattr(each, "_ask", answered)
    each._inboxes = {followers.InboxFollower(socket=Ear(), user_id=user_id) for user_id in range(25)}
    numbers = []
    await each._round(lists=True)
    numbers.append(len(asks))
    for _ in range(3):  # goes on at once, with no regard to the pace of lists, and then stops
        await asyncio.wait_for(each._rest(60), 1) if each._inboxes_wait else None
        await each._round(lists=False)
        numbers.append(len(asks))
    assert numbers == [10, 20, 25, 25] and len(told) == 25 and sorted(asks) == list(range(25))
    marks.append("second")
    await each._round(lists=True)
    assert sorted(asks[25:]) == sorted(asks[:10])
    marks.append("third")
    await each._round(lists=False)
    assert sorted(asks[35:]) == sorted(asks[10:20]), "who was just looked at is not before those who wait"


async def test_the_mark_is_of_what_is_open_only(ivan: User, task: Task) -> None:
    approval = await now_ask(task, users=["ivan"])
    before = await database_sync_to_async(inbox.mark)(ivan)
    await now_decide(approval.pk, ivan, "reject")
    empty = await database_sync_to_async(inbox.mark)(ivan)
    await Approval.objects.filter(pk=approval.pk).aupdate(comment="x")
    assert before != empty == await database_sync_to_async(inbox.mark)(ivan)
