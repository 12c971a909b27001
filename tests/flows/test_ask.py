"""From a sentence to files, at the terminal: understood, shown, confirmed, run, told."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from apps.core import clock
from apps.tasks import lifecycle
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Event, Task
from apps.workers.running import slice as worker

pytestmark = pytest.mark.django_db(transaction=True)

SENTENCE = "Generate the invoice report for last year"
Ask = Callable[..., tuple[int, str, str]]


class Person(io.StringIO):
    """Standard input with somebody at it, who answers line by line."""

    def __init__(self, *answers: str) -> None:
        super().__init__("".join(f"{answer}\n" for answer in answers))

    def isatty(self) -> bool:
        return True


@pytest.fixture
def site(alice: User, settings: Any, tmp_path: Path) -> None:
    """What `make run` prepares, smaller."""
    settings.WAKE_DIR = tmp_path / "wake"
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"
    for command in (["load_templates"], ["load_knowledge"], ["make_demo", "--invoices", "300"]):
        call_command(*command, stdout=io.StringIO())


@pytest.fixture
def ask(site: None, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks, with a worker that starts as soon as somebody waits: (exit code, output, errors)."""
    from apps.console.terminal import command

    watch = command.watch
    monkeypatch.setattr(command, "watch", lambda *args, **kwargs: (worker.drain(), watch(*args, **kwargs)))

    def call(*words: str, person: Person | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", person or io.StringIO())
        out, errors, code = io.StringIO(), io.StringIO(), 0
        try:
            call_command("ask", *words, stdout=out, stderr=errors)
        except SystemExit as left:
            code = int(left.code or 0)
        return code, out.getvalue(), errors.getvalue()

    return call


def test_a_sentence_becomes_a_report_with_its_three_files(ask: Ask, tmp_path: Path) -> None:
    year = clock.now().year - 1
    code, out, _ = ask(SENTENCE, "--yes", "--wait")
    task = Task.objects.get()
    assert code == 0, out
    assert "Invoice report (invoice_report_v2)" in out
    assert f"1 January {year} to " in out and f"31 December {year}, both included  “last year”" in out
    assert "clientFilters" in out and "(default)" in out
    assert (task.status, task.origin, task.instructions) == ("completed", "command", SENTENCE)
    assert "100 %  completed" in out
    for extension in ("pdf", "json", "csv"):
        assert f".{extension}, " in out
    assert f"/admin/tasks/task/{task.pk}/change/" in out

    saved = tmp_path / "saved"
    call_command("tasks", "files", str(task.pk), "--save", str(saved), stdout=io.StringIO())
    by_kind = {path.suffix: path for path in saved.iterdir()}
    assert by_kind[".pdf"].read_bytes().startswith(b"%PDF-")
    assert json.loads(by_kind[".json"].read_text())
    assert len(list(csv.reader(by_kind[".csv"].read_text().splitlines()))) >= 1


def test_a_person_is_asked_for_what_is_missing_and_confirms(ask: Ask) -> None:
    code, out, _ = ask("invoice report", person=Person("Q1 2025", "y"))
    assert code == 0
    assert "For which period?" in out and "Start it? [Y/n]" in out
    assert Task.objects.get().parameters["period"] == {"start": "2025-01-01", "end": "2025-03-31"}


@pytest.mark.parametrize("answer", ["n", "no", "what?"])
def test_anything_but_a_yes_starts_nothing(ask: Ask, answer: str) -> None:
    code, out, _ = ask(SENTENCE, person=Person(answer))
    assert code == 0 and "Nothing was started." in out
    assert not Task.objects.exists()


def test_enter_means_yes(ask: Ask) -> None:
    ask(SENTENCE, person=Person(""))
    assert Task.objects.get().status == "pending"


@pytest.mark.parametrize(
    ("sentence", "path"),
    [("invoice report", "period"), ("invoice report for 03/04/2024", "period"), ("do something", "template")],
)
def test_where_nobody_can_be_asked_what_is_missing_is_listed(ask: Ask, sentence: str, path: str) -> None:
    code, out, errors = ask(sentence, "--yes")
    assert (code, out) == (2, "") and f"{path}: " in errors
    code, out, _ = ask(sentence, "--yes", "--json")
    assert code == 2
    assert [question["path"] for question in json.loads(out)["missing"]] == [path]
    assert not Task.objects.exists()


def test_without_yes_and_without_a_person_nothing_is_started(ask: Ask) -> None:
    code, _, errors = ask(SENTENCE)
    assert code == 2 and "--yes" in errors
    assert not Task.objects.exists()


def test_a_dry_run_says_what_was_understood_and_starts_nothing(ask: Ask) -> None:
    code, out, _ = ask(SENTENCE, "--dry-run", "--json")
    understood = json.loads(out)["understood"]
    assert (code, understood["template"]) == (0, "invoice_report_v2")
    assert understood["sources"]["period.start"] == "last year"
    assert understood["confidence"] > 0.8
    assert not Task.objects.exists()


def test_words_without_a_place_are_told_and_start_nothing_unseen(ask: Ask) -> None:
    sentence = f"{SENTENCE} only for Northwind"
    code, _, errors = ask(sentence, "--yes")
    assert code == 2 and "I could not place “only for Northwind”. It changes nothing. Say it in other words" in errors
    code, out, _ = ask(sentence, person=Person("n"))
    assert code == 0 and "Note: I could not place “only for Northwind”" in out
    assert json.loads(ask(sentence, "--dry-run", "--json")[1])["unplaced"] == "only for Northwind"
    assert not Task.objects.exists()


def test_days_to_come_are_told(ask: Ask) -> None:
    assert "Note: The period lies in the future" in ask("Generate the invoice report for 2090", "--dry-run")[1]


def test_json_prints_one_object_also_with_wait(ask: Ask) -> None:
    code, out, _ = ask(SENTENCE, "--yes", "--wait", "--json")
    told = json.loads(out)
    assert (code, told["task"]["status"], len(told["task"]["files"])) == (0, "completed", 3)


def test_tasks_are_looked_at_and_controlled_by_sentence(ask: Ask, alice: User) -> None:
    task = submit(Request(template="hello", origin="test", title="Greeting"), alice).task
    assert "pending" in ask(f"how is task {task.pk} going")[1]
    assert "Greeting" in ask("list running tasks")[1]
    assert "paused" in ask(f"pause task {task.pk}")[1]
    assert "pending" in ask(f"resume task {task.pk}")[1]
    code, _, errors = ask("stop it")
    assert code == 2 and "Cancel task" in errors
    assert ask("stop it", person=Person("n"))[0] == 0
    task.refresh_from_db()
    assert task.status == "pending"
    assert ask("stop it", "--yes")[0] == 0
    task.refresh_from_db()
    assert task.status == "cancelled"
    assert ask(f"retry task {task.pk}")[0] == 1


def test_the_state_of_the_queues_is_told(ask: Ask, alice: User) -> None:
    for _ in range(2):
        submit(Request(template="hello", origin="test"), alice)
    assert "default: 2 pending" in ask("task queue status")[1]
    assert json.loads(ask("task queue status", "--json")[1])["queues"] == [
        {"queue": "default", "status": "pending", "tasks": 2}
    ]


def test_which_of_two_tasks_is_meant_is_asked(ask: Ask, alice: User) -> None:
    first, second = (submit(Request(template="hello", origin="test"), alice).task for _ in range(2))
    code, out, _ = ask("pause it", person=Person("2"))
    assert code == 0 and "1  " in out
    assert {task.status for task in Task.objects.all()} == {"pending", "paused"}
    lifecycle.cancel(first, alice)
    lifecycle.cancel(second, alice)


def test_nobody_reaches_the_tasks_and_templates_of_others(ask: Ask, alice: User, charlie: User) -> None:
    task = submit(Request(template="hello", origin="test"), alice).task
    assert ask(f"cancel task {task.pk}", "--yes", "--user", "charlie")[0] == 1
    code, _, errors = ask(SENTENCE, "--yes", "--user", "charlie")
    assert code == 2 and "Invoice report" not in errors
    task.refresh_from_db()
    assert task.status == "pending"


def test_help_offers_what_one_may_start(ask: Ask) -> None:
    code, out, _ = ask("help")
    assert code == 0 and "Invoice report" in out and "“Generate the invoice report for last year”" in out


def test_the_example_announces_its_stage_where_the_template_declares_it(site: None, alice: User) -> None:
    task = submit(Request(template="hello", parameters={"times": 2}, origin="test"), alice).task
    worker.drain()
    started = Event.objects.filter(task=task, kind="task.stage_started").order_by("seq").first()
    assert started is not None
    [declared] = task.revision.stages
    assert (started.data["stage"], started.data["percent"]) == (declared["name"], declared["percent"])
