# ruff: noqa: E402  (Django is set up before the product is imported)
"""Those who use the installation during the storm: they publish, submit, pause, resume, cancel and retry.

`python -m tests.chaos.storm.people publish | load SEED RATE | settle`. What was acknowledged stands in the ledger, and
it gets there only afterwards. A request that was not answered is made again with its idempotency key, as a client would.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from apps.core.errors import ChantillyError
from apps.tasks import lifecycle
from apps.tasks.models import Task
from apps.tasks.states import Status
from apps.tasks.submission import Request, submit
from tests import making
from tests.chaos.storm.scripts import SCRIPTS

LEDGER, STOP = "ledger.jsonl", "stop"
USERS = ("alice", "anna", "arthur")
VERB_SHARE, PUBLISH_SHARE = 0.12, 0.004
RECENT = 60
PATIENCE = 60.0
"""Seconds for which an unanswered request is made again."""


def main(what: str, *arguments: str) -> None:
    {"publish": publish, "load": load, "settle": settle}[what](*arguments)


def publish() -> None:
    for name in USERS:
        User.objects.create_superuser(name)
    for key in SCRIPTS:
        _publish(key, "")


def load(seed: str, rate: str) -> None:
    """Submit until the file `stop` is there."""
    chance = random.Random(int(seed))
    users = _again(lambda: list(User.objects.filter(username__in=USERS)))
    recent: list[int] = []
    number = 0
    due = time.monotonic()
    while not (settings.STAGE / STOP).exists():
        number += 1
        recent = [*recent[-RECENT:], _submit(number, chance, users)]
        if chance.random() < VERB_SHARE:
            _ask(
                chance.choice(("pause", "pause", "cancel", "retry", "resume", "resume")),
                chance.choice(recent),
                users[0],
            )
        if chance.random() < PUBLISH_SHARE:
            key = chance.choice(list(SCRIPTS))
            _again(lambda key=key, number=number: _publish(key, f"# edition {number}\n"))
            _tell(what="published", template=key)
        due += 1 / float(rate)
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic() - 2)  # after an outage, no burst of all that was missed


def settle() -> None:
    """After the storm: resume what people paused, retry what failed for want of room."""
    alice = _again(lambda: User.objects.get(username="alice"))
    paused = Task.objects.filter(status=Status.PAUSED)
    without_room = Task.objects.filter(status=Status.FAILED, error__message__icontains="could not be kept")
    for verb, tasks in (("resume", paused), ("retry", without_room)):
        for task_id in _again(lambda tasks=tasks: list(tasks.values_list("pk", flat=True))):
            _ask(verb, task_id, alice)


def _submit(number: int, chance: random.Random, users: list[User]) -> int:
    key = chance.choices(list(SCRIPTS), [script.weight for script in SCRIPTS.values()])[0]
    request = Request(
        template=key,
        parameters={"n": number},
        origin="storm",
        priority=chance.choice((None, "high", "low", 10, 95)),
        idempotency_key=f"storm-{number}",
    )
    user = chance.choice(users)
    submitted = _again(lambda: submit(request, user))
    _tell(what="accepted", task=submitted.task.pk, key=request.idempotency_key, template=key, n=number)
    return int(submitted.task.pk)


def _ask(verb: str, task_id: int, by: User) -> None:
    """One operator's verb; whether it was taken or refused, it stands in the ledger."""
    does = {
        "pause": lifecycle.pause, "cancel": lifecycle.cancel, "resume": lifecycle.resume, "retry": lifecycle.retry_failed,
    }[verb]  # fmt: skip
    _tell(what="asking", verb=verb, task=task_id)
    try:
        _again(lambda: does(Task.objects.get(pk=task_id), by))
    except ChantillyError as refusal:
        _tell(what="refused", verb=verb, task=task_id, why=refusal.message)
    else:
        _tell(what="asked", verb=verb, task=task_id)


def _publish(key: str, comment: str) -> None:
    making.template(comment + SCRIPTS[key].text, User.objects.get(username="alice"), key=key, **SCRIPTS[key].fields)


def _again(request: Callable[[], Any]) -> Any:
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            return request()
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > ends:
                raise
            _tell(what="unanswered", why=str(error)[:200])
            connection.close()
            close_old_connections()
            time.sleep(0.2)


def _tell(**entry: Any) -> None:
    with Path(settings.STAGE / LEDGER).open("a") as file:
        file.write(json.dumps({**entry, "at": time.monotonic()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
