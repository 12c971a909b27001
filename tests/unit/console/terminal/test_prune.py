"""`manage.py prune`: counts first, removes what is over, and says so; and what is shown of a task that has gone."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.core import clock
from apps.tasks.models import AuditEntry, Task
from apps.workers.running import slice as worker
from tests import making

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def old(alice: User) -> Task:
    """A task that ended ten days ago."""
    with clock.frozen(clock.now() - timedelta(days=10)):
        task = making.task("def run(params):\n    return 1\n", alice)
        worker.drain()
    task.refresh_from_db()
    return task


def test_prune_counts_before_it_removes(run: Any, old: Task) -> None:
    assert "1 task would be removed." in run("prune", "--dry-run")[1]
    assert Task.objects.count() == 1
    assert "1 task removed." in run("prune")[1]
    assert Task.objects.count() == 0
    assert AuditEntry.objects.get().data["removed"] == 1


def test_prune_by_age_and_template(run: Any, old: Task) -> None:
    Task.objects.update(delete_after=clock.now() + timedelta(days=90))
    assert json.loads(run("prune", "--json")[1]) == {"removed": 0}
    assert json.loads(run("prune", "--older-than", "11d", "--json")[1]) == {"removed": 0}
    assert json.loads(run("prune", "--older-than", "9d", "--template", "sample", "--json")[1]) == {"removed": 1}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--older-than", "30"], 2, "30d"),
        (["--older-than", "soon"], 2, "duration"),
        (["--template", "nope"], 1, "nope"),
    ],
)
def test_prune_refuses_what_it_does_not_understand(run: Any, old: Task, words: list[str], code: int, said: str) -> None:
    answer = run("prune", *words)
    assert answer[0] == code and said in "".join(map(str, answer[1:]))
    assert Task.objects.count() == 1


def test_a_removed_task_is_said_to_be_removed(run: Any, old: Task, client: Client, bob: User, charlie: User) -> None:
    run("prune")
    code, *said = run("tasks", "show", str(old.pk))
    assert code == 1 and "its template keeps tasks for 7 days" in "".join(map(str, said))
    page = f"/admin/tasks/task/{old.pk}/change/"
    client.force_login(bob)
    shown = client.get(page)
    assert shown.status_code == 410 and "keeps tasks for 7 days" in shown.content.decode()
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    assert client.get(page).status_code == 404
