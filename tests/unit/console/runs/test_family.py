"""Tasks that are parts of others say so, and scripts list the tasks that they have made."""

import pytest

from apps.tasks.models import Task
from apps.workers.running import slice as worker
from tests import making
from tests.unit.executors.workflow.ran import attempts

pytestmark = pytest.mark.django_db(transaction=True)

GATHER = """\
import task

def run(params):
    return task.gather([{"template": "one", "parameters": {"n": n}} for n in range(3)])
"""


def page_of(client, task):
    answer = client.get(f"/admin/tasks/task/{task.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_task_of_a_workflow_leads_to_its_node(browse, dossier):
    letter = Task.objects.filter(parent=dossier, branch__node=1).order_by("item")[1]

    shown = page_of(browse, letter)

    assert f'<a href="/admin/tasks/task/{dossier.pk}/change/">task {dossier.pk}</a>' in shown
    assert f'(<a href="/admin/tasks/task/{dossier.pk}/nodes/1/">node letters, 2 of 4</a>)' in shown


def test_a_script_lists_the_tasks_that_it_has_made(browse, alice):
    making.template(
        "def run(params):\n    if params['n'] == 1:\n        return 1 / 0\n    return params['n']\n", alice, key="one"
    )
    task = making.task(GATHER, alice, key="many")
    attempts(2)

    shown = page_of(browse, task)

    assert "3 tasks: 2 pending, 1 completed" in shown
    assert ">33%<" in shown
    assert 'id="children" data-open' in shown
    assert shown.count('<tr data-row><th scope="row"><a class="main"') == 3
    child = Task.objects.filter(parent=task).order_by("item").first()
    assert "(3 of 3)" not in page_of(browse, child)
    assert "(1 of 3)" in page_of(browse, child)
    worker.drain()
    ended = Task.objects.filter(parent=task, status="failed")
    assert [child.item for child in ended] == [1]
    shown = page_of(browse, task)
    assert "3 tasks: 1 failed, " in shown
    assert "data-open" not in shown


def test_who_may_not_see_the_whole_is_told_its_number_only(client, bob, charlie, dossier):
    letter = Task.objects.filter(parent=dossier, branch__node=1).first()
    charlie.is_staff = True
    charlie.save()
    Task.objects.filter(pk=letter.pk).update(requester=charlie)
    client.force_login(charlie)

    shown = page_of(client, letter)

    assert f"task {dossier.pk}" in shown
    assert dossier.title not in shown.replace("Flow |", "")
    assert f"/admin/tasks/task/{dossier.pk}/" not in shown


def test_a_task_of_its_own_has_neither(browse, walk):
    shown = page_of(browse, walk)

    assert "part-of" not in shown
    assert 'id="children"' not in shown


def test_a_task_that_carries_out_a_node_shows_the_script_of_its_node(browse, dossier):
    broken = Task.objects.get(parent=dossier, branch__node=2)

    shown = page_of(browse, broken)

    assert '<li data-n="2" class="bad' in shown
    assert "ZeroDivisionError" in shown
