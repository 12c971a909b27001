"""The chat's service is killed again and again while people talk: nobody is answered twice, and nothing starts twice."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from tests.chaos.installation import Installation, wait_for
from tests.platforms import webhook

pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(300)]
PEOPLE = 12
KILLS = 5
SCRIPT = "def run(params): return {'summary': 'Greeted ' + params['name'] + '.'}"
CAST = f"""
from django.contrib.auth.models import User
from apps.chat.models import Account, Connection
from apps.core import clock
from tests import making
boss = User.objects.create_superuser("boss", "boss@example.org", "correct horse battery")
schema = {{"type": "object", "required": ["name"], "additionalProperties": False, "properties": {{
    "name": {{"type": "string", "title": "Name", "enum": [f"guest{{n}}" for n in range({PEOPLE})]}}}}}}
triggers = {{"patterns": ["greet"], "keywords": ["greet"], "contexts": [], "examples": ["Greet guest1"]}}
making.template({SCRIPT!r}, boss, key="greeting", parameter_schema=schema, triggers=triggers)
made = Connection(key="club", platform="webhook", name="Club", settings={{"url": "ADDRESS"}})
made.put_secrets({{"secret": "{webhook.SECRET}"}})
made.save()
for n in range({PEOPLE}):
    Account.objects.create(connection=made, external_id=f"u-{{n}}", user=boss, linked_at=clock.now(), private_dialog=f"d-{{n}}")
"""


@pytest.fixture
def program() -> Iterator[webhook.Program]:
    with webhook.serving() as made:
        yield made


@pytest.fixture
def installation(program: webhook.Program) -> Iterator[Installation]:
    made = Installation(CHAT_PRIVATE_NETWORKS="127.0.0.0/8")
    with ExitStack() as ends:
        ends.callback(made.destroy)
        made.create()
        made.manage("shell", "-c", CAST.replace("ADDRESS", program.url))
        made.start()
        wait_for("two workers", lambda: len(made.workers()) == 2, seconds=60)
        wait_for("the chat service", lambda: made.named("chantilly-chat"), seconds=60)
        yield made


def say(made: Installation, person: int, text: str, event: str) -> None:
    body = json.dumps({"id": event, "dialog": f"d-{person}", "sender": f"u-{person}", "text": text}).encode()

    def delivered() -> bool:
        try:
            answer = requests.post(
                f"http://127.0.0.1:{made.port}/chat/hooks/club", data=body, headers=webhook.signed(body), timeout=5
            )
        except requests.RequestException:
            return False
        return answer.status_code == 200

    wait_for("the door", delivered, seconds=30)


def texts(program: webhook.Program, person: int) -> list[str]:
    return [
        said["text"]
        for said in program.messages.values()
        if said["type"] == "message" and said["dialog"] == f"d-{person}"
    ]


def test_a_service_that_is_killed_while_people_talk_loses_and_doubles_nothing(
    installation: Installation, program: webhook.Program
) -> None:
    for person in range(PEOPLE):
        say(installation, person, f"greet guest{person}", f"first-{person}")
        say(installation, person, f"greet guest{person}", f"first-{person}")  # the platform delivers it again
        say(installation, person, "help", f"second-{person}")
        if person % (PEOPLE // KILLS) == 0:
            installation.kill(*(process.pid for process in installation.named("chantilly-chat")))
            wait_for("it again", lambda: installation.named("chantilly-chat"), seconds=60)
            time.sleep(0.3)
    wait_for(
        "all to be attended to",
        lambda: not installation.sql("SELECT 1 FROM chat_incoming WHERE state = 'waiting'"),
        seconds=120,
    )
    wait_for(
        "all tasks to end",
        lambda: installation.sql("SELECT count(*) FROM tasks_task WHERE status = 'completed'") == [(PEOPLE,)],
        seconds=60,
    )
    wait_for(
        "all ends to be told of",
        lambda: not installation.sql("SELECT 1 FROM chat_following WHERE NOT is_over"),
        seconds=60,
    )
    wait_for(
        "all to be said", lambda: not installation.sql("SELECT 1 FROM chat_post WHERE due_at IS NOT NULL"), seconds=150
    )

    assert installation.sql("SELECT count(*) FROM tasks_task") == [(PEOPLE,)]
    assert installation.sql("SELECT count(*) FROM chat_incoming") == [(2 * PEOPLE,)]
    assert installation.sql("SELECT DISTINCT state FROM chat_post") == [("sent",)]
    for person in range(PEOPLE):
        said = texts(program, person)
        assert sum(f"Greeted guest{person}." in each for each in said) == 1
        assert sum("You can ask for" in each for each in said) == 1
        started = next(number for number, each in enumerate(said) if "Greeting" in each)
        helped = next(number for number, each in enumerate(said) if "You can ask for" in each)
        assert started < helped
