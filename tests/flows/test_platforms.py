"""The shipped workflows on every platform: asked for in words, steered by words and buttons, approved by somebody else,
followed in one message, received as files or as links."""

import copy
import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate
from apps.chat import sending
from apps.chat.platforms import platform
from apps.crm.models import Client
from apps.tasks.models import Approval, Task
from tests.flows import rooms
from tests.flows.rooms import Room
from tests.unit.tasks.asked import person

pytestmark = pytest.mark.django_db(transaction=True)

QUESTIONS = [
    {"name": "Release statement", "result_keys": ["release"], "dependencies": ["personal_statement"],
     "approval": {"title": "Release the statement?", "text": "It is a draft.", "groups": ["finance"], "four_eyes": True}},
    {"name": "Allow dossier", "result_keys": ["allowed"], "dependencies": ["release"],
     "approval": {"title": "Assemble the dossier?", "groups": ["finance"], "four_eyes": True}},
]  # fmt: skip
"""What a site adds to the shipped dossier: its last node waits for two decisions of finance."""


@pytest.fixture(params=list(rooms.ROOMS))
def room(
    request: pytest.FixtureRequest, chat_site: str, alice: User, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Room]:
    """Alice writes in it; the platform's pace is not waited for."""
    call_command("load_knowledge", stdout=io.StringIO())
    kind = type(platform(request.param))
    hurried = replace(kind.limits, per_second=1e6, burst=1_000_000, dialog_seconds=0.0, edit_seconds=0.0)
    monkeypatch.setattr(kind, "limits", hurried)
    monkeypatch.setattr(sending, "ANSWER_SECONDS", 0.0)
    with rooms.opened(request.param, alice) as opened:
        opened.enter(alice)
        yield opened


@pytest.fixture
def ivan(room: Room) -> User:
    """In finance; sees no task."""
    made = person("ivan", "finance")
    room.enter(made)
    return made


@pytest.fixture
def eve(room: Room) -> User:
    made = person("eve")
    room.enter(made)
    return made


@pytest.fixture
def asking(room: Room, alice: User) -> None:
    """The shipped dossier with QUESTIONS."""
    template = TaskTemplate.objects.get(key="customer_dossier_v1")
    graph = copy.deepcopy(template.published.graph)
    last = graph["groups"][-1]["tasks"]
    last[-1]["dependencies"].append("allowed")
    last[-1:-1] = QUESTIONS
    definition = Definition.with_fields({"graph": graph}, base=Definition.of(template.published))
    publishing.publish(publishing.save_draft(template, alice, definition, version="1.1.0", note="asks"), alice)


def the_task() -> Task:
    """The last that was asked for."""
    return Task.objects.wholes().latest("pk")


def received(room: Room, wanted: set[str]) -> None:
    """Files where the platform carries them; else links to them."""
    names = set(room.files()) if room.carries_files else set(linked("\n".join(room.sees(the_task().requester))))
    assert {name.rpartition(".")[2] for name in names} == wanted
    assert all(data for data in room.files().values())


def linked(text: str) -> list[str]:
    return re.findall(r"^(\S+), \d[\d.]* \w+: https://\S+/tasks/artifact/\d+", text, re.MULTILINE)


def test_a_client_analysis_is_asked_for_stopped_asked_for_again_steered_and_received(room: Room, alice: User) -> None:
    Client.objects.exclude(country_code="AT").update(status="inactive")
    room.says(alice, "Create a client analysis for 2024", attempts=0)
    stopped = the_task()
    asked = room.says(alice, f"cancel task {stopped.pk}", attempts=1)
    assert "cannot be undone" in "\n".join(asked)
    stopped.refresh_from_db()
    assert not stopped.is_final, "it is asked about first"
    room.presses(alice, next(each for each in room.offers(alice) if str(stopped.pk) in each))
    stopped.refresh_from_db()
    assert stopped.status == "cancelled"

    said = room.says(alice, "Create a client analysis for last year", attempts=0)
    assert "Client analysis" in "\n".join(said)
    task = the_task()
    assert (task.status, task.origin, task.requester) == ("pending", "chat", alice)

    room.settle(attempts=3)
    task.refresh_from_db()
    assert not task.is_final and task.execution.percent > 0, "it is in the middle"
    told = room.presses(alice, "Pause", attempts=0)
    assert re.search(rf"Task {task.pk} is paused|Task {task.pk} pauses", "\n".join(told)), told
    room.settle()
    task.refresh_from_db()
    assert task.status == "paused"
    told = room.says(alice, f"resume task {task.pk}")
    assert f"Task {task.pk} goes on." in "\n".join(told)
    task.refresh_from_db()
    assert task.status == "completed", task.error
    assert "5 clients analysed for 2025" in "\n".join(told)
    progress = [text for text in room.sees(alice) if text.startswith(f"Client analysis ({task.pk})\n")]
    assert len(progress) == 1, "one message tells how far it is"
    assert ("100 %" in progress[0]) is room.edits
    assert ("Take it back" in room.offers(alice)) is not room.edits, "what has ended is not taken back"
    received(room, {"pdf", "json", "csv"})


@pytest.mark.usefixtures("asking")
def test_a_dossier_is_approved_by_somebody_else_there_and_received(
    room: Room, alice: User, ivan: User, eve: User
) -> None:
    room.says(alice, "Prepare the dossier of customer V-1001")
    task = the_task()
    assert task.status == "waiting", task.error
    first = Approval.objects.get()
    assert any("Release the statement?" in text and "It is a draft." in text for text in room.sees(ivan))
    if not room.is_group:
        assert not any("It is a draft." in text for text in (*room.sees(alice), *room.sees(eve)))

    assert "Reject" in room.offers(ivan)
    for nobody in (alice, eve):
        room.says(nobody, "approve")
        if room.is_group:
            refused = "\n".join(room.presses(nobody, "Approve"))
            assert "Not done: You " in refused
    first.refresh_from_db()
    assert first.is_open

    told = "\n".join(room.presses(ivan, "Approve"))
    first.refresh_from_db()
    assert (first.decision, first.decided_by) == ("approve", ivan)
    assert "Recorded: Approve." in told
    assert any("ivan decided “Release the statement?”" in text for text in room.sees(alice))

    assert any("Assemble the dossier?" in text for text in room.sees(ivan))
    asked = "\n".join(room.says(ivan, "approve, the customer knows"))
    assert "Assemble the dossier?" in asked and Approval.objects.filter(decision="approve").count() == 1
    room.says(ivan, "yes")
    assert Approval.objects.get(pk__gt=first.pk).comment == "the customer knows"
    task.refresh_from_db()
    assert task.status == "completed", task.error
    assert any("the customer knows" in text for text in room.sees(alice))
    assert any("Dossier of Dana Whitlock" in text for text in room.sees(alice))
    received(room, {"pdf"})
