# ruff: noqa: E402  (Django is set up before the product is imported)
"""Those who use the installation during the storm: they publish, submit, pause, resume, cancel and retry, also many at once.

`python -m tests.chaos.storm.people publish | load SEED RATE MIX | settle | token`. What was acknowledged stands in the ledger,
and it gets there only afterwards. A request that was not answered is made again with its idempotency key, as a client would.
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
from knox.models import AuthToken

from apps.catalog.models import TaskTemplate
from apps.core.errors import ChantillyError
from apps.tasks import lifecycle
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import BulkAction, Limit, Queue, RateLimit, Task
from apps.tasks.operators import bulk, queues
from apps.tasks.operators.filters import Filter
from apps.tasks.states import OPEN, Status
from tests import making
from tests.chaos.storm.scripts import NARROW, SCHEMA, SCRIPTS, SHOP

LEDGER, STOP = "ledger.jsonl", "stop"
USERS = ("alice", "anna", "arthur")
VERB_SHARE, BULK_SHARE, QUEUE_SHARE, PUBLISH_SHARE = 0.12, 0.02, 0.006, 0.004
VERBS = ("pause", "pause", "cancel", "retry", "resume", "resume")
BULK_VERBS = ("pause", "pause", "cancel", "retry", "priority", "resume", "resume", "resume")
REPORT_SECONDS = 150.0
RECENT = 60
PATIENCE = 60.0
"""Seconds for which an unanswered request is made again."""


def main(what: str, *arguments: str) -> None:
    {"publish": publish, "load": load, "settle": settle, "token": token}[what](*arguments)


def publish() -> None:
    for name in USERS:
        User.objects.create_superuser(name)
    for key in SCRIPTS:
        _publish(key, "")
        _limit(key)
    RateLimit.objects.create(**SHOP)


def token() -> None:
    """For somebody who only reads."""
    print(AuthToken.objects.create(user=User.objects.get(username="anna"))[1])


def load(seed: str, rate: str, mix: str = "storm") -> None:
    """Submit until the file `stop` is there. `mix`: storm, or soak: gentler, and with reports."""
    chance = random.Random(int(seed))
    people = _again(lambda: list(User.objects.filter(username__in=USERS)))
    recent: list[int] = []
    number = 0
    due = report_due = time.monotonic()
    while not (settings.STAGE / STOP).exists():
        number += 1
        recent = [*recent[-RECENT:], _submit(number, chance, people, mix)]
        _meddle(chance, recent, people[0], number)
        if mix == "soak" and time.monotonic() >= report_due:
            report_due += REPORT_SECONDS
            _report(number, people[0])
        due += 1 / float(rate)
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic() - 2)  # after an outage, no burst of all that was missed


def settle() -> None:
    """After the storm: resume what people paused, retry what failed for want of room."""
    alice = _again(lambda: User.objects.get(username="alice"))
    for name in _again(lambda: list(Queue.objects.filter(is_paused=True).values_list("name", flat=True))):
        _turn("resume", name, alice)
    paused = Task.objects.filter(status=Status.PAUSED)
    without_room = Task.objects.filter(status=Status.FAILED, error__message__icontains="could not be kept")
    for verb, tasks in (("resume", paused), ("retry", without_room)):
        for task_id in _again(lambda tasks=tasks: list(tasks.values_list("pk", flat=True))):
            _ask(verb, task_id, alice)


def _submit(number: int, chance: random.Random, people: list[User], mix: str) -> int:
    weights = [script.soak if mix == "soak" else script.weight for script in SCRIPTS.values()]
    key = chance.choices(list(SCRIPTS), weights)[0]
    request = Request(
        template=key,
        parameters=SCRIPTS[key].parameters(number),
        origin="storm",
        priority=chance.choice((None, "high", "low", 10, 95)),
        idempotency_key=f"storm-{number}",
    )
    user = chance.choice(people)
    submitted = _again(lambda: submit(request, user))
    _tell(what="accepted", task=submitted.task.pk, key=request.idempotency_key, template=key,
          n=request.parameters["n"], because=submitted.because)  # fmt: skip
    return int(submitted.task.pk)


def _report(number: int, by: User) -> None:
    """What people really come for: months of invoices, with PDF, CSV and JSON."""
    period = {"start": "2025-07-01", "end": "2025-09-30"}
    request = Request(template="invoice_report_v2", parameters={"period": period}, origin="storm",
                      idempotency_key=f"report-{number}")  # fmt: skip
    submitted = _again(lambda: submit(request, by))
    _tell(what="report", task=submitted.task.pk)


def _meddle(chance: random.Random, recent: list[int], by: User, number: int) -> None:
    """Now and then somebody asks something of a task, of many, or of a queue, or publishes a new revision."""
    if chance.random() < VERB_SHARE:
        _ask(chance.choice(VERBS), chance.choice(recent), by)
    if chance.random() < BULK_SHARE:
        _ask_many(chance, recent, by)
    if chance.random() < QUEUE_SHARE:
        _turn(chance.choice(("pause", "resume", "resume")), NARROW, by)
    if chance.random() < PUBLISH_SHARE:
        key = chance.choice(list(SCRIPTS))
        _again(lambda: _publish(key, f"# edition {number}\n"))
        _tell(what="published", template=key)


def _ask(verb: str, task_id: int, by: User) -> None:
    """One operator's verb; whether it was taken or refused, it stands in the ledger."""
    does = {
        "pause": lifecycle.pause, "cancel": lifecycle.cancel, "resume": lifecycle.resume, "retry": lifecycle.retry_failed,
    }[verb]  # fmt: skip
    _told({"verb": verb, "task": task_id}, lambda: does(Task.objects.get(pk=task_id), by))


def _ask_many(chance: random.Random, recent: list[int], by: User) -> None:
    """A verb for a selection, or for all of a template that have not ended."""
    verb = chance.choice(BULK_VERBS)
    some = Filter(ids=tuple(sorted(set(chance.sample(recent, min(len(recent), 12))))))
    of_template = Filter(template=chance.choice(list(SCRIPTS)), status=("failed",) if verb == "retry" else OPEN)
    others = Filter(status=(Status.PAUSED,)) if verb == "resume" else of_template
    chosen = some if verb == "cancel" or chance.random() < 0.5 else others
    given = {"priority": chance.randrange(100)} if verb == "priority" else {}
    _told({"verb": f"bulk {verb}", "task": 0}, lambda: bulk.start(chosen, verb, given, by))


def _turn(verb: str, queue: str, by: User) -> None:
    does = {"pause": queues.pause, "resume": queues.resume}[verb]
    _told({"verb": f"queue {verb}", "task": 0}, lambda: does(queue, by, "a storm", served=(queue,)))


def _told(asked: dict[str, Any], does: Callable[[], Any]) -> None:
    _tell(what="asking", **asked)
    try:
        made = _again(does)
    except ChantillyError as refusal:
        _tell(what="refused", **asked, why=refusal.message)
    else:
        _tell(what="asked", **asked, bulk=made.pk if isinstance(made, BulkAction) else None)


def _publish(key: str, comment: str) -> None:
    making.template(
        comment + SCRIPTS[key].text, User.objects.get(username="alice"), key=key, parameter_schema=SCHEMA, **SCRIPTS[key].fields
    )  # fmt: skip


def _limit(key: str) -> None:
    for scope, most in SCRIPTS[key].most.items():
        named = {"queue": NARROW} if scope == "queue" else {"template": TaskTemplate.objects.get(key=key)}
        Limit.objects.create(scope=scope, most=most, note="of the storm", **named)


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
