"""Why a task does not run: who or what holds it, since when, which place it has and when it will start."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.tasks.limits import gates
from apps.tasks.limits.places import starts_in
from apps.tasks.models import Execution, Limit, Task
from apps.tasks.operators import queues
from apps.workers.answers import reasons
from apps.workers.models import Cluster, Worker
from apps.workers.registry import roster
from tests import making
from tests.unit.tasks.standing_at import claimed, submitted

pytestmark = pytest.mark.django_db
SCRIPT = "def run(params):\n    return 1\n"


@pytest.fixture
def worker(db: None) -> Worker:
    return roster.register(["default"])


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_superuser("bert")


def limit(most: int, scope: str = "template", **group: object) -> None:
    Limit.objects.create(scope=scope, most=most, **group)
    gates.forget()


def sentence(task: Task, viewer: User | None = None) -> str:
    found = Task.objects.select_related("revision", "execution").get(pk=task.pk)
    return reasons.why(found, reasons.around([found], clock.now(), viewer or task.requester))


def start(task: Task) -> float | None:
    found = Task.objects.select_related("revision", "execution").get(pk=task.pk)
    now = clock.now()
    when = reasons.expected_start(found, reasons.around([found], now, task.requester))
    return when and (when - now).total_seconds()


def halfway(task: Task, seconds: float) -> None:
    """It has run for so long, and is half done."""
    Task.objects.filter(pk=task.pk).update(started_at=clock.now() - timedelta(seconds=seconds))
    Execution.objects.filter(pk=task.pk).update(percent=50)


def completed_in(template: str, by: User, seconds: float) -> None:
    done = submitted(template, by)
    now = clock.now()
    Task.objects.filter(pk=done.pk).update(
        status="completed", started_at=now - timedelta(seconds=seconds), finished_at=now
    )


@pytest.fixture
def template(alice: User) -> str:
    return making.template(SCRIPT, alice, key="crm").key


def test_a_full_limit_names_its_holders_the_place_and_the_time(template, alice, worker):
    titles = ("Year end", "Month end", "Week end")
    with clock.frozen(clock.now()):
        first, second, third = (submitted(template, alice, title=title) for title in titles)
        limit(1, template=first.template)
        claimed()
        halfway(first, 20)
        held = f"Limit 1 of 1 of template “Crm” is held by Year end (task {first.pk})."
        assert sentence(second) == f"{held} Place 1, about 20 s."
        assert sentence(third) == f"{held} Place 2."
        completed_in(template, alice, 30)
        assert sentence(third) == f"{held} Place 2, about 50 s."
        assert start(third) == pytest.approx(50)


def test_tasks_of_others_are_named_to_those_who_may_see_them(template, alice, bert, worker, charlie):
    first = submitted(template, alice, title="Secret")
    second = submitted(template, bert)
    limit(1, template=first.template)
    claimed()
    assert sentence(second, charlie).startswith("Limit 1 of 1 of template “Crm” is held by 1 task of others.")
    assert f"Secret (task {first.pk})" in sentence(second, alice)


@pytest.mark.parametrize(
    ("scope", "group", "words"),
    [
        ("queue", {"queue": "default"}, "Limit 1 of 1 of queue default is held by"),
        ("user", {}, "Limit 1 of 1 of its requester is held by"),
        ("key", {"template": True}, "Limit 1 of 1 of its key in template “Crm” is held by"),
    ],
)
def test_each_kind_of_limit_says_which_group_is_full(scope, group, words, alice, worker):
    made = making.template(SCRIPT, alice, key="crm", limit_key="{n}")
    for _ in range(2):
        task = submitted("crm", alice, parameters={"n": 1})
    limit(1, scope, **{name: made if name == "template" else value for name, value in group.items()})
    claimed()
    assert sentence(task).startswith(words)


def test_a_limit_of_none_says_what_ends_it(template, alice, worker):
    task = submitted(template, alice)
    limit(0, template=task.template)
    assert sentence(task) == "Limit 0 of template “Crm” stops it until it is raised. Place 1."
    assert start(task) is None


def test_taken_cores_name_their_holders(alice, worker, settings):
    Cluster.objects.update(cpu_slots=1)
    settings.CPU_SLOTS = 8  # of whoever looks: what counts is that of the worker's host
    making.template(SCRIPT, alice, key="crm", is_cpu_intensive=True)
    first, second = (submitted("crm", alice, title="Crunch") for _ in range(2))
    Execution.objects.filter(pk=claimed().lease.task_id).update(host=worker.host)
    words = f"All 1 core slots of {worker.host} are held by Crunch (task {first.pk}). Place 1."
    assert sentence(second) == words


def test_a_paused_queue_says_by_whom_since_when_and_why(template, alice, worker):
    first, second = (submitted(template, alice) for _ in range(2))
    queues.pause("default", alice, "printer change")
    assert sentence(first).startswith("Queue default is paused by alice since ")
    assert sentence(first).endswith("(“printer change”). First in line then.")
    assert sentence(second).endswith("Place 2 then.")
    assert start(first) is None


def test_workers_that_lack_a_tool_are_no_help(alice, worker):
    making.template(SCRIPT, alice, key="crm", required_tools=["report.pdf"])
    task = submitted("crm", alice)
    cluster = Cluster.objects.create(
        key="k", host="oak", name="oak", kinds=["script"], tools=["crm"], started_at=clock.now()
    )
    Worker.objects.update(belongs_to=cluster)
    assert sentence(task) == ("No live worker of queue default has the tools “report”. It starts as soon as one does.")


def test_the_place_counts_only_what_could_start_before(template, alice, worker):
    other = making.template(SCRIPT, alice, key="other").key
    held = [submitted(template, alice, priority=90) for _ in range(3)]
    limit(0, template=held[0].template)
    free = [submitted(other, alice) for _ in range(2)]
    assert sentence(free[1]) == "Waits for a free worker of queue default. Place 2."


def test_a_start_is_expected_from_what_runs_and_what_is_ahead(template, alice, worker):
    with clock.frozen(clock.now()):
        tasks = [submitted(template, alice) for _ in range(3)]
        claimed(worker=worker.name)
        assert start(tasks[1]) is None, "nothing is known of the pace"
        completed_in(template, alice, 40)
        halfway(tasks[0], 10)
        assert start(tasks[1]) == pytest.approx(10)
        assert start(tasks[2]) == pytest.approx(50)


@pytest.mark.parametrize(
    ("first", "expected"), [("limited", {"limited": (1, 10), "free": (2, 50)}),
                            ("free", {"free": (1, 10), "limited": (2, 50)})],
)  # fmt: skip
def test_those_behind_a_limit_and_those_that_are_free_wait_for_the_same_worker(
    template, alice, worker, first, expected
):
    other = making.template(SCRIPT, alice, key="other").key
    with clock.frozen(clock.now()):
        running = submitted(template, alice)
        claimed(worker=worker.name)
        completed_in(template, alice, 40)
        completed_in(other, alice, 40)
        halfway(running, 10)
        limit(1, template=running.template)
        ranks = {name: 60 if name == first else 40 for name in ("limited", "free")}
        tasks = {"limited": submitted(template, alice, priority=ranks["limited"]),
                 "free": submitted(other, alice, priority=ranks["free"])}  # fmt: skip
        assert {name: start(task) for name, task in tasks.items()} == {
            name: pytest.approx(seconds) for name, (_, seconds) in expected.items()
        }
        for name, (place, _) in expected.items():
            assert f"Place {place}, about " in sentence(tasks[name])


@pytest.mark.parametrize(
    ("place", "slots", "seconds", "expected"),
    [
        (1, [5.0], None, 5.0),
        (2, [5.0], 10.0, 15.0),
        (3, [5.0, 8.0], 10.0, 15.0),
        (2, [5.0], None, None),
        (1, [5.0, None], 10.0, None),
        (1, [], 10.0, None),
    ],
)
def test_slots_free_up_one_after_the_other(place, slots, seconds, expected):
    assert starts_in(place, slots, seconds) == expected


def test_any_number_of_tasks_needs_the_same_queries(template, alice, worker):
    making.template(SCRIPT, alice, key="heavy", is_cpu_intensive=True)
    tasks = [submitted(key, alice) for key in (template, "heavy") for _ in range(30)]
    limit(2, template=tasks[0].template)
    limit(1, "user")
    claimed()
    every = list(Task.objects.select_related("revision", "execution"))

    def counted(some: list[Task]) -> int:
        with CaptureQueriesContext(connection) as captured:
            facts = reasons.around(some, clock.now(), alice)
            assert all(reasons.why(task, facts) or task.status == "running" for task in some)
        return len(captured)

    few = [tasks[1], tasks[31]]
    assert counted(every) == counted([task for task in every if task in few]) <= 12


def test_where_all_workers_are_drained_it_says_by_whom_and_why(alice, worker):
    making.template(SCRIPT, alice)
    task = submitted("sample", alice)
    Worker.objects.update(wish="drain", wish_by="olga", wish_reason="deploy", wished_at=clock.now())

    said = sentence(task)

    assert said.startswith("The workers of queue default were drained by olga at ")
    assert said.endswith("(“deploy”). It starts when they are resumed.")


def test_a_limit_that_was_lowered_to_nothing_holds_whatever_still_runs(alice, worker):
    making.template(SCRIPT, alice)
    submitted("sample", alice)
    claimed()
    Limit.objects.create(scope="queue", queue="default", most=0)
    gates.forget()

    assert sentence(submitted("sample", alice)).startswith("Limit 0 of queue default stops it until it is raised.")
