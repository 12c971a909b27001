"""C5: people meddle and workers die at random while limits hold; what is held are live leases, and at the end nothing."""

import random
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from apps.core.errors import ChantillyError
from apps.tasks import lifecycle
from apps.tasks.limits import guarded
from apps.tasks.models import Limit, Task
from apps.tasks.states import Status
from tests import making
from tests.chaos import slots
from tests.chaos.installation import wait_for
from tests.chaos.ordeal import SEED, rounds, tell
from tests.chaos.rig import Crew, ask

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

SCRIPT = "import world\n\ndef run(params):\n    return world.wait(params['n'], 0.1) + world.wait(0, 0.1)\n"
HOSTS = ("oak", "elm", "ash")
OPEN_TASKS = 8
LEASE = 1.5
WEIGHTS = {"kill": 3, "cancel": 3, "pause": 4, "resume": 4, "retry": 1}


@rounds(40, 1000, minutes=60)
def test_no_slot_leaks_whatever_people_and_accidents_do(rig, alice, rounds):
    narrow = making.template(SCRIPT, alice, key="narrow", limit_key="{n}")
    wide = making.template(SCRIPT, alice, key="wide")
    for scope, most, template in (("template", 1, narrow), ("key", 1, narrow), ("user", 2, None)):
        Limit.objects.create(scope=scope, most=most, template=template)
    limits = slots.bounds(sql)
    chance = random.Random(SEED)
    done: Counter[str] = Counter()
    with rig.crew(*HOSTS, lease=LEASE) as crew:
        for number in range(rounds):
            while Task.objects.open().count() < OPEN_TASKS:
                ask(chance.choice((narrow, wide)).key, alice, n=number % 3)
            done[_meddle(chance, crew, alice)] += 1
            held = slots.held_now(sql, connection.vendor)
            assert [*slots.mismatches(held), *slots.exceeded(held, limits, cores=99)] == []
        wait_for("the end of all", lambda: _is_over(alice), seconds=120)
        wait_for("nothing held", lambda: slots.held_now(sql, connection.vendor) == ())
        assert guarded.running() == []
        _a_freed_slot_is_taken(narrow.key, alice)
    tell("C5", actions=rounds, **done, tasks=Task.objects.count(), held_after=0)


def _meddle(chance: random.Random, crew: Crew, alice: User) -> str:
    """One accident or one wish, at a random moment; what came of it: its name, or that it was refused."""
    what = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    if what == "kill":
        crew.kill(chance)
        return what
    of: dict[str, tuple[Any, list[str]]] = {
        "cancel": (lifecycle.cancel, [Status.RUNNING, Status.PENDING, Status.PAUSED]),
        "pause": (lifecycle.pause, [Status.RUNNING, Status.PENDING]),
        "resume": (lifecycle.resume, [Status.PAUSED]),
        "retry": (lifecycle.retry_failed, [Status.FAILED]),
    }
    verb, statuses = of[what]
    tasks = list(Task.objects.filter(status__in=statuses).order_by("pk")[:OPEN_TASKS])
    if not tasks:
        return "nothing to do"
    try:
        verb(chance.choice(tasks), alice)
    except ChantillyError:
        return "refused"
    return what


def _is_over(alice: User) -> bool:
    for task in Task.objects.filter(status=Status.PAUSED):
        lifecycle.resume(task, alice)
    return not Task.objects.open().exists()


def _a_freed_slot_is_taken(key: str, alice: User) -> None:
    task = ask(key, alice, n=0)
    wait_for("one more", lambda: Task.objects.filter(pk=task.pk, status=Status.COMPLETED).exists(), seconds=60)


def sql(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
