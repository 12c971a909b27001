"""Many tasks, and queues, from the command line: counted, confirmed, done to the end without a worker."""

import io
import json
import subprocess
import sys
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.tasks import lifecycle
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import BulkAction, Queue, Task
from apps.tasks.operators import bulk
from apps.tasks.operators.filters import Filter
from apps.workers.running import slice as worker
from tests import making
from tests.chaos.installation import ROOT
from tests.unit.console.terminal.conftest import Run
from tests.unit.tasks.test_bulk import copies

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(alice: User) -> list[Task]:
    making.template("def run(params):\n    return 1\n", alice)
    return [submit(Request(template="sample", origin="test"), alice).task for _ in range(3)]


def statuses() -> list[str]:
    return list(Task.objects.order_by("pk").values_list("status", flat=True))


def numbers(tasks: list[Task]) -> list[str]:
    return [str(task.pk) for task in tasks]


def test_a_selection_is_acted_upon_and_what_was_left_alone_is_said(run: Run, three: list[Task], alice: User) -> None:
    lifecycle.cancel(three[1], alice)
    code, out, _ = run("tasks", "pause", *numbers(three), "--reason", "lunch")
    assert (code, out) == (0, "2 tasks paused. Left alone: 1 (it is cancelled).\n")
    assert statuses() == ["paused", "cancelled", "paused"]


def test_parts_of_other_tasks_can_be_left_out(run: Run, three: list[Task]) -> None:
    Task.objects.filter(pk__in=numbers(three[1:])).update(parent=three[0])

    def listed(*words: str) -> list[int]:
        code, out, _ = run("tasks", "list", "--json", *words)
        assert code == 0
        return sorted(row["id"] for row in json.loads(out)["tasks"])

    everything = sorted(task.pk for task in three)
    assert listed() == listed("--whole") == [three[0].pk]
    assert listed("--with-parts") == listed("--queue", "default") == everything
    assert listed("--queue", "default", "--whole") == [three[0].pk]
    assert listed("--parent", str(three[0].pk)) == listed(*numbers(three[1:])) == everything[1:]


def test_all_that_match_are_those_that_the_list_shows(run: Run, three: list[Task]) -> None:
    Task.objects.filter(pk=three[2].pk).update(parent=three[0])
    assert run("tasks", "pause")[0] == 2
    code, out, _ = run("tasks", "pause", "--status", "pending", "--dry-run")
    assert code == 0 and out.startswith("2 pending tasks (without parts) match")
    assert run("tasks", "pause", "--status", "pending", "--yes")[0] == 0
    assert statuses() == ["paused", "paused", "pending"]
    assert run("tasks", "pause", "--status", "pending", "--with-parts", "--yes")[0] == 0
    assert statuses() == ["paused"] * 3


def test_all_that_match_need_a_yes(run: Run, three: list[Task]) -> None:
    code, _, errors = run("tasks", "cancel", "--status", "pending", "--template", "sample")
    assert code == 2
    assert "3 pending tasks of sample (without parts) match: 3 would be cancelled." in errors and "--yes" in errors
    assert statuses() == ["pending"] * 3
    code, out, _ = run("tasks", "cancel", "--status", "pending", "--template", "sample", "--yes")
    assert (code, out) == (0, "3 tasks cancelled.\n")


@pytest.mark.parametrize(
    ("answer", "left"), [("y\n", ["cancelled"] * 3), ("\n", ["pending"] * 3), ("", ["pending"] * 3)]
)
def test_somebody_at_a_terminal_is_asked(
    run: Run,
    three: list[Task],
    monkeypatch: Any,
    answer: str,
    left: list[str],
) -> None:
    typed = io.StringIO(answer)
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    assert "3 pending tasks (without parts) match" in run("tasks", "cancel", "--status", "pending")[1]
    assert statuses() == left


def test_a_dry_run_changes_nothing(run: Run, three: list[Task]) -> None:
    code, out, _ = run("tasks", "cancel", *numbers(three[:2]), "--dry-run")
    assert code == 0 and "2 would be cancelled" in out and "Nothing was done" in out
    seen = json.loads(run("tasks", "retry", "--status", "pending", "--dry-run", "--json")[1])["preview"]
    assert (seen["count"], seen["legal"], seen["skips"]) == (3, 0, {"it is pending": 3})
    assert statuses() == ["pending"] * 3 and not BulkAction.objects.exists()


def test_more_than_a_few_are_done_without_a_worker(run: Run, three: list[Task]) -> None:
    copies(three[0], 250)
    facts = json.loads(run("tasks", "cancel", "--status", "open", "--yes", "--json")[1])["bulk"]
    assert (facts["status"], facts["done"], facts["by"]) == ("done", 253, "alice")
    assert set(statuses()) == {"cancelled"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cancel"], "Say which task"),
        (["cancel", "--yes"], "Say which task"),
        (["cancel", "--status", "open,final", "--yes"], "would touch every task"),
        (["cancel", "x"], "is not the number of a task"),
        (["cancel", "--status", "done", "--yes"], "needs attention: status"),
        (["priority"], "Say which priority"),
        (["priority", "high"], "Say which task"),
        (["priority", "--status", "pending", "urgent", "--yes"], "is not known"),
        (["move", "--status", "pending", "a/b", "--yes"], "cannot be a queue's name"),
        (["show", "1", "2"], "Say which task"),
    ],
)
def test_what_is_not_clear_is_refused(run: Run, three: list[Task], words: list[str], said: str) -> None:
    code, _, errors = run("tasks", *words)
    assert code == 2 and said in errors
    assert statuses() == ["pending"] * 3


def test_one_or_many_get_another_priority_and_queue(run: Run, three: list[Task]) -> None:
    Queue.objects.create(name="gis")
    first = str(three[0].pk)
    assert run("tasks", "priority", first, "high")[0] == 0
    assert run("tasks", "move", first, "gis")[0] == 0
    assert run("tasks", "move", first, "gsi")[0] == 1
    assert "2 tasks given another priority" in run("tasks", "priority", "10", "--queue", "default", "--yes")[1]
    assert list(Task.objects.order_by("pk").values_list("queue", "priority")) == [
        ("gis", 70), ("default", 10), ("default", 10),
    ]  # fmt: skip


def test_the_list_takes_the_same_filters(run: Run, three: list[Task]) -> None:
    assert len(json.loads(run("tasks", "list", "--queue", "default", "--since", "1 h", "--json")[1])["tasks"]) == 3
    assert json.loads(run("tasks", "list", "--before", "1 h", "--json")[1])["tasks"] == []
    assert json.loads(run("tasks", "list", "--dead-letter", "--json")[1])["tasks"] == []


def test_actions_are_listed_finished_and_stopped(run: Run, three: list[Task], alice: User) -> None:
    copies(three[0], 250)
    first = bulk.start(Filter(status=("pending",)), "pause", {}, alice)
    assert "253 pending tasks, by alice: 0 looked at" in run("bulk")[1]
    assert "253 tasks paused." in run("bulk", "finish", str(first.pk))[1]
    second = bulk.start(Filter(status=("paused",)), "cancel", {}, alice)
    assert json.loads(run("bulk", "stop", str(second.pk), "--json")[1])["bulk"]["status"] == "stopped"
    assert run("bulk", "stop", str(second.pk))[0] == 1
    assert run("bulk", "show", "999")[0] == 1
    assert run("bulk", "show")[0] == 2


def test_queues_are_paused_and_say_so(run: Run, three: list[Task]) -> None:
    assert "3 pending" in run("queues")[1]
    code, out, _ = run("queues", "pause", "default", "--reason", "printer change", "--by", "alice")
    assert code == 0 and "Paused by alice since" in out and "(“printer change”)" in out
    code, _, errors = run("queues", "pause", "default")
    assert code == 1 and "is paused already, by alice" in errors
    assert worker.drain() == 0
    assert "Paused" not in run("queues", "resume", "default")[1]
    assert json.loads(run("queues", "drain", "default", "--json")[1])["queues"][0]["draining"]["by"] == "alice"
    assert "There are: default" in run("queues", "pause", "defualt")[2]
    assert run("queues", "pause")[0] == 2
    assert run("queues", "reopen", "default", "--by", "alice")[0] == 0


def test_a_queue_is_cleaned_after_a_look(run: Run, three: list[Task]) -> None:
    assert "0 would be cancelled" in run("queues", "clean", "default", "--older-than", "2 d", "--dry-run")[1]
    assert run("queues", "clean", "default")[0] == 2
    assert "3 tasks cancelled." in run("queues", "clean", "default", "--yes", "--reason", "stale")[1]
    assert run("queues", "clean", "default", "--status", "running", "--yes")[0] == 2
    assert run("queues", "clean", "default", "--older-than", "long", "--yes")[0] == 2


def test_who_may_not_control_queues_is_refused(run: Run, three: list[Task], bob: User) -> None:
    for action in ("pause", "drain", "clean"):
        assert run("queues", action, "default", "--yes", "--user", "bob")[0] == 1
    assert statuses() == ["pending"] * 3


def test_one_thing_that_is_wrong_is_said_with_what_to_do(run: Run, three: list[Task]) -> None:
    code, _, errors = run("tasks", "move", str(three[0].pk), "default", "--reason", "lunch")
    assert code == 2
    assert "The arguments need attention: reason." in errors
    assert "arguments.reason: The verb queue takes queue." in errors


MUCH = """
import django
django.setup()
from apps.console.terminal.command import TaskCommand
class Much(TaskCommand):
    def obey(self, options):
        self.say([f"line {number}" for number in range(100_000)])
Much().handle(json=False)
"""


def test_a_reader_who_has_seen_enough_ends_a_command_quietly() -> None:
    """As in `manage.py tasks | head`."""
    process = subprocess.Popen(
        [sys.executable, "-c", MUCH], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == "line 0\n"
    process.stdout.close()
    assert (process.stderr.read(), process.wait(60)) == ("", 0)
