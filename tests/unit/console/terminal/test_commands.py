"""`submit` and `tasks`: what they print, what they refuse, and their exit codes."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.core import clock
from apps.tasks import blobs
from apps.tasks.models import Artifact, Task
from apps.workers.running import slice as worker
from apps.workers.supervisor import address
from tests import making
from tests.unit.console.terminal.conftest import Run

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = "def run(params):\n    print('n is', params.get('n'))\n    return {'summary': 'all \\x1b[31mgood'}\n"


@pytest.fixture(autouse=True)
def _own_places(settings: Any, tmp_path: Path) -> None:
    settings.WAKE_DIR = tmp_path / "wake"
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"


@pytest.fixture
def sample(alice: User) -> Any:
    return making.template(SCRIPT, alice)


def test_submit_starts_a_task_for_the_first_administrator(run: Run, sample: Any) -> None:
    code, out, _ = run("submit", "sample", "--params", '{"n": 3}', "--priority", "high", "--title", "Three")
    task = Task.objects.get()
    assert (code, task.requester.username, task.parameters, task.origin) == (0, "alice", {"n": 3}, "command")
    assert (task.priority, task.title) == (70, "Three")
    assert f"Started task {task.pk}, Three, for alice" in out and f"/admin/tasks/task/{task.pk}/change/" in out


def test_submit_takes_parameters_from_a_file_and_from_stdin(
    run: Run, sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.json").write_text('{"n": 4}')
    run("submit", "sample", "--params", f"@{tmp_path / 'p.json'}")
    monkeypatch.setattr("sys.stdin", io.StringIO('{"n": 5}'))
    run("submit", "sample", "--params", "-")
    assert [task.parameters["n"] for task in Task.objects.order_by("pk")] == [4, 5]


def test_submit_with_the_same_key_gives_the_same_task(run: Run, sample: Any) -> None:
    first = json.loads(run("submit", "sample", "--key", "k", "--json")[1])
    again = json.loads(run("submit", "sample", "--key", "k", "--json")[1])
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["task"]["id"] == again["task"]["id"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nothing"], 1, "sample"),
        (["sample", "--params", "{"], 2, "not JSON"),
        (["sample", "--params", "[" * 100_000], 2, "not JSON"),
        (["sample", "--params", "@/no/such/file"], 2, "cannot be read"),
        (["sample", "--params", '{"n": "x"}'], 2, "n:"),
        (["sample", "--params", "[]"], 2, "object"),
        (["sample", "--priority", "urgent"], 2, "urgent"),
    ],
)
def test_submit_refuses_in_words_and_by_exit_code(
    run: Run, sample: Any, words: list[str], code: int, said: str
) -> None:
    left, out, errors = run("submit", *words)
    assert (left, out) == (code, "") and said in errors
    left, out, _ = run("submit", *words, "--json")
    assert left == code and json.loads(out)["error"].keys() == {"code", "message", "fields"}
    assert not Task.objects.exists()


def test_submit_and_wait_ends_with_the_summary_and_exit_code_0(run: Run, sample: Any, monkeypatch: Any) -> None:
    _work_while_watching(monkeypatch)
    code, out, _ = run("submit", "sample", "--params", '{"n": 3}', "--wait")
    assert code == 0
    assert "100 %  completed" in out and "  all good" in out and "\x1b" not in out


def test_submit_and_wait_for_a_failure_says_why_and_leaves_with_1(run: Run, alice: User, monkeypatch: Any) -> None:
    making.template("def run(params):\n    raise ValueError('no such month')\n", alice, key="broken")
    _work_while_watching(monkeypatch)
    code, out, _ = run("submit", "broken", "--wait")
    assert code == 1 and "Line 2: No such month." in out


def test_submit_and_wait_as_json_prints_one_object(run: Run, sample: Any, monkeypatch: Any) -> None:
    _work_while_watching(monkeypatch)
    code, out, errors = run("submit", "sample", "--wait", "--json")
    task = json.loads(out)["task"]
    assert (code, task["status"], task["summary"]) == (0, "completed", "all \x1b[31mgood")
    assert "\x1b" not in out
    assert "100 %" in errors


def test_ctrl_c_while_waiting_leaves_the_task_alone(run: Run, sample: Any, monkeypatch: Any) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("apps.console.terminal.command.watch", interrupted)
    code, _, errors = run("submit", "sample", "--wait")
    task = Task.objects.get()
    assert (code, task.status) == (130, "pending")
    assert f"Task {task.pk} goes on without you" in errors


def _work_while_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker runs as soon as somebody watches, in this process."""
    from apps.console.terminal import command

    watch = command.watch

    def work_and_watch(*args: Any, **kwargs: Any) -> None:
        worker.drain()
        watch(*args, **kwargs)

    monkeypatch.setattr(command, "watch", work_and_watch)


def test_commands_act_for_the_named_user_and_keep_to_what_that_user_may(
    run: Run, sample: Any, charlie: User, bob: User
) -> None:
    assert run("submit", "sample", "--user", "charlie")[0] == 1
    run("submit", "sample")
    task = Task.objects.get()
    assert run("tasks", "show", str(task.pk), "--user", "charlie")[0] == 1
    code, _, errors = run("tasks", "cancel", str(task.pk), "--user", "bob")
    assert code == 1 and "may not cancel" in errors
    with pytest.raises(CommandError, match="no active user"):
        call_command("tasks", "--user", "nobody")


def test_tasks_lists_with_filters(run: Run, sample: Any) -> None:
    assert run("tasks")[1] == "There are no such tasks.\n"
    run("submit", "sample", "--title", "Second \x1b[2J")
    code, out, _ = run("tasks", "list", "--status", "pending,running")
    assert code == 0 and "Second" in out and "\x1b" not in out and "No live worker" in out
    assert run("tasks", "list", "--status", "failed")[1] == "There are no such tasks.\n"
    assert len(json.loads(run("tasks", "--json")[1])["tasks"]) == 1


def test_tasks_controls_and_shows_what_became_of_it(run: Run, sample: Any) -> None:
    run("submit", "sample")
    number = str(Task.objects.get().pk)
    assert "paused" in run("tasks", "pause", number, "--reason", "lunch")[1]
    assert "(“lunch”)" in run("tasks", "show", number)[1]
    assert "pending" in run("tasks", "resume", number)[1]
    assert json.loads(run("tasks", "cancel", number, "--json")[1])["task"]["status"] == "cancelled"
    assert run("tasks", "retry", number)[0] == 1


def test_tasks_starts_at_once_what_waits_for_its_moment(run: Run, sample: Any) -> None:
    run("submit", "sample")
    task = Task.objects.get()
    assert run("tasks", "start", str(task.pk))[0] == 1, "it waits for a worker only"
    Task.objects.update(available_at=clock.now() + timedelta(hours=1))
    seen = json.loads(run("tasks", "start", "--status", "pending", "--dry-run", "--json")[1])["preview"]
    assert (seen["legal"], seen["skips"]) == (1, {})
    assert run("tasks", "start", str(task.pk))[0] == 0
    task.refresh_from_db()
    assert task.available_at <= clock.now()


@pytest.mark.parametrize(
    ("words", "code"), [(["show"], 2), (["show", "999"], 1), (["list", "--status", "done"], 2), (["cancel"], 2)]
)
def test_tasks_refuses_what_it_cannot_do(run: Run, sample: Any, words: list[str], code: int) -> None:
    assert run("tasks", *words)[0] == code


def test_tasks_shows_log_feed_and_end_of_a_completed_one(run: Run, sample: Any) -> None:
    run("submit", "sample", "--params", '{"n": 7}')
    worker.drain()
    number = str(Task.objects.get().pk)
    assert "n is 7" in run("tasks", "log", number)[1]
    assert "Completed" in run("tasks", "feed", number)[1]
    assert "all good" in run("tasks", "show", number)[1]
    assert json.loads(run("tasks", "feed", number, "--json")[1])["entries"][-1]["kind"] == "task.completed"
    assert json.loads(run("tasks", "log", number, "--json")[1])["lines"][0]["text"] == "n is 7"


def test_tasks_again_and_fork_start_a_new_task_and_say_which(run: Run, sample: Any) -> None:
    run("submit", "sample", "--params", '{"n": 3}')
    worker.drain()
    old = Task.objects.get()
    code, out, _ = run("tasks", "again", str(old.pk), "--params", '{"n": 4}')
    made = Task.objects.latest("pk")
    assert (code, made.ancestor_id, made.ancestry, made.parameters) == (0, old.pk, "again", {"n": 4})
    assert f"Started task {made.pk}, Sample: task {old.pk} again." in out
    code, out, _ = run("tasks", "fork", str(old.pk), "--step", "0", "--json")
    made = Task.objects.latest("pk")
    assert (code, json.loads(out)["task"]["id"], made.ancestry, made.parameters) == (0, made.pk, "fork", {"n": 3})
    assert run("tasks", "fork", str(old.pk))[0] == 2, "at which step?"
    assert run("tasks", "fork", str(old.pk), "--step", "9")[0] == 1
    assert Task.objects.count() == 3


def test_files_are_saved_under_safe_names_and_nothing_is_overwritten(run: Run, sample: Any, tmp_path: Path) -> None:
    run("submit", "sample")
    task = Task.objects.get()
    for index, (name, data) in enumerate([("report.pdf", b"one"), ("../../report.pdf", b"two")]):
        saved = blobs.save(f"{task.pk}/files/{index}", data)
        Artifact.objects.create(
            task=task, index=index, name=name, kind="pdf", content_type="application/pdf", size=3,
            sha256=saved.sha256, path=saved.path, created_at=task.created_at,
        )  # fmt: skip
    target = tmp_path / "saved"
    code, _, _ = run("tasks", "files", str(task.pk), "--save", str(target))
    again = run("tasks", "files", str(task.pk), "--save", str(target))
    assert code == again[0] == 0
    assert all(path.parent == target for path in target.rglob("*"))
    assert sorted(path.read_bytes() for path in target.iterdir()) == [b"one", b"one", b"two", b"two"]


def test_a_file_that_is_gone_is_said(run: Run, sample: Any, tmp_path: Path) -> None:
    run("submit", "sample")
    task = Task.objects.get()
    Artifact.objects.create(
        task=task, index=0, name="a.pdf", kind="pdf", content_type="application/pdf", size=3, sha256="", path="gone",
        created_at=task.created_at,
    )  # fmt: skip
    code, _, errors = run("tasks", "files", str(task.pk), "--save", str(tmp_path / "saved"))
    assert code == 1 and "cannot be read (No such file or directory)" in errors


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("approve task {n}", "manage.py approvals"),
        ("reject task {n}: too dear", "manage.py approvals"),
        ("tell me when task {n} is done", "manage.py tasks wait"),
        ("unsubscribe from task {n}", "nothing to end"),
    ],
)
def test_ask_says_where_to_do_what_a_terminal_cannot(run: Run, sample: Any, alice: User, said: str, hint: str) -> None:
    task = making.task("def run(params):\n    return 1\n", alice)
    code, _, errors = run("ask", said.format(n=task.pk))
    assert code == 2 and hint in errors


def test_ask_tells_why_a_task_does_not_run_in_any_language(run: Run, sample: Any, alice: User) -> None:
    task = making.task("def run(params):\n    return 1\n", alice)
    for said in (f"why is task {task.pk} not running", f"warum läuft Aufgabe {task.pk} nicht"):
        code, shown, _ = run("ask", said)
        assert code == 0 and "No live worker serves queue default" in shown


@pytest.mark.parametrize("command", ["ask", "submit", "tasks"])
def test_help_shows_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command(command, "--help")
    shown = capsys.readouterr().out
    assert f"manage.py {command} " in shown and "exit codes:" in shown


def test_an_error_that_comes_again_is_told_once(run: Run, alice: User) -> None:
    task = making.task("import crm\n\ndef run(params):\n    return crm.invoices(page=-1)\n", alice)
    worker.drain()
    run("tasks", "retry", str(task.pk))
    worker.drain()

    out = run("tasks", "show", str(task.pk))[1]
    assert out.count("page counts from 1") == 1
    assert "ValueError at line 4: page counts from 1, not -1. (not recovered)" in out


def test_a_time_limit_names_no_line_that_it_does_not_know(run: Run, alice: User) -> None:
    task = making.task("def run(params):\n    while True:\n        pass\n", alice, cpu_seconds=1)
    worker.drain()

    out = run("tasks", "show", str(task.pk))[1]
    assert "TimeoutError: Stopped after 1 s" in out and "?" not in out


def test_the_time_told_is_that_of_the_work(run: Run, alice: User) -> None:
    task = making.task("def run(params):\n    return 1\n", alice)
    worker.drain()
    started = clock.now() - timedelta(minutes=30)
    Task.objects.filter(pk=task.pk).update(started_at=started)
    task.attempts.update(started_at=started, ended_at=started + timedelta(seconds=90))

    assert "100 % after 1 m 30 s of work" in run("tasks", "show", str(task.pk))[1]


@pytest.mark.parametrize(
    ("set_", "left", "begins"),
    [
        ("", "http://127.0.0.1:8123", "http://127.0.0.1:8123/admin/"),
        ("https://site.example", "http://127.0.0.1:8123", "https://site.example/admin/"),
        ("", "", "http://127.0.0.1:8009/admin/"),
    ],
)
def test_pages_are_named_where_the_site_runs(
    run: Run, sample: Any, settings: Any, tmp_path: Path, set_: str, left: str, begins: str
) -> None:
    settings.HOME, settings.SITE_URL, settings.PORT = tmp_path, set_, 8009
    if left:
        address.leave(tmp_path, left)

    assert f"  Page    {begins}" in run("submit", "sample")[1]
    address.withdraw(tmp_path)
    assert address.of_site() == (set_ or "http://127.0.0.1:8009")
