"""A task's page: everything that our data has, in a bounded number of queries, with user text escaped."""

import pytest
from django.test import Client

from apps.console import taskpage
from apps.core import clock
from apps.executors.contract import Failure
from apps.tasks import lifecycle
from apps.tasks.models import Attempt, Task
from apps.tasks.record.journal import Batch
from apps.tasks.record.store import DatabaseStore
from apps.workers.running import slice as slices
from tests import making
from tests.unit.console.conftest import claim_for_a_test

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(client: Client, task: Task) -> str:
    answer = client.get(f"/admin/tasks/task/{task.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_completed_task_shows_state_result_log_files_and_history(browse, walk):
    slices.drain()

    page = page_of(browse, walk)

    for part in ("Completed", "2 of 2", "Done", "task.new_id × 3", "steps 0–2", "found &lt;b&gt;three&lt;/b&gt;",
                 "Asked by alice", "It made no files.", "3 calls", 'aria-label="Script, revision 1"'):  # fmt: skip
        assert part in page or part == "Done"
    assert "<b>three</b>" not in page


def test_a_pending_task_shows_why_and_what_can_be_done(browse, walk):
    page = page_of(browse, walk)

    assert "No live worker serves queue default." in page
    assert 'data-verb="pause" method="post"' in page
    assert f'action="/admin/tasks/task/{walk.pk}/resume/" hidden' in page


def test_one_who_may_only_look_gets_no_buttons(client, bob, walk):
    client.force_login(bob)

    assert "data-verb" not in page_of(client, walk)


def test_the_executing_line_is_marked(browse, walk):
    claim = claim_for_a_test(walk)
    DatabaseStore().write(claim.lease, Batch(line=6, call="task.new_id", call_started_at=clock.now()))

    page = page_of(browse, walk)

    assert '<li data-n="6" class="now" aria-current="true">' in page
    assert "task.new_id · <span" in page
    assert '<li data-n="8" class=" future">' in page


def test_a_failed_task_answers_the_four_questions(browse, broken):
    slices.drain()

    page = page_of(browse, broken)

    for part in ("Division by zero, at line 2", "What happened.", "At line 2 the task failed with ZeroDivisionError",
                 "Will it be retried?", "No. It would fail the same way again.", "What is safe.",
                 "No step had been recorded, so nothing is repeated.", "What to do", "publish a corrected revision",
                 'data-n="2" class="bad', "<strong>ZeroDivisionError:</strong>"):  # fmt: skip
        assert part in page


def test_a_task_that_is_tried_again_says_when(browse, walk):
    claim = claim_for_a_test(walk)
    failure = Failure(type="TimeoutError", message="the CRM did not answer", is_transient=True, line=5)
    lifecycle.fail(claim.lease, failure.as_json(), Batch())

    page = page_of(browse, walk)

    assert "Yes, by itself at " in page
    assert "To be retried" in page


def crashed_and_resumed(task: Task) -> None:
    first = claim_for_a_test(task)
    lifecycle.rescue(task.pk, first.lease.token, "its worker died", is_proved=True)
    second = claim_for_a_test(task)
    lifecycle.note_resumed(second.lease, index=3, line=5, checkpoint=None)


def test_a_crash_is_told_as_a_resume(browse, walk):
    crashed_and_resumed(walk)

    page = page_of(browse, walk)

    assert "Resumed at line 5 on worker birch-1, 3 calls not repeated." in page
    assert "Worker birch-1 was lost at" in page
    assert "Crashed" in page
    assert 'data-n="5" class="resumed' in page


def test_no_crash_no_callout(browse, walk):
    claim = claim_for_a_test(walk)
    lifecycle.release(claim.lease, "drains", Batch())
    second = claim_for_a_test(walk)
    lifecycle.note_resumed(second.lease, index=3, line=5, checkpoint=None)

    assert "not repeated." not in page_of(browse, walk)


def test_defaults_are_marked_among_the_parameters(browse, alice):
    schema = {"type": "object", "properties": {"n": {"type": "integer", "default": 3}, "who": {"type": "string"}}}
    task = making.task("def run(params):\n    return 1\n", alice, {"who": "<i>Dana</i>"}, parameter_schema=schema)

    page = page_of(browse, task)

    assert 'n</dt><dd>3 <span class="soft">(default)' in page
    assert "who</dt><dd>&lt;i&gt;Dana&lt;/i&gt;</dd>" in page


def test_the_page_needs_as_many_queries_for_a_long_history_as_for_a_short_one(alice, django_assert_max_num_queries):
    script = (
        "import task\n\ndef run(params):\n    for n in range(params['n']):\n        task.new_id()\n        print(n)\n"
    )
    task = making.task(script, alice, {"n": 700}, key="long")
    slices.drain()

    with django_assert_max_num_queries(16):
        page = taskpage.gather(task.pk, alice)

    assert len(page.log) <= 500
    assert len(page.journal) == taskpage.MAX_JOURNAL
    assert page.state["fields"]["steps"] == "700"


@pytest.mark.parametrize("number", ["0", "999999999", "abc", "9" * 30, "1%20or%201"])
def test_a_task_that_is_not_there_is_not_found(browse, number):
    assert browse.get(f"/admin/tasks/task/{number}/change/").status_code == 404


def test_a_huge_result_is_left_out_of_the_page(browse, alice):
    task = making.task("def run(params):\n    return {'text': 'x' * 1200000}\n", alice, key="huge")
    slices.drain()

    assert len(page_of(browse, task)) < 200_000


def test_attempts_are_listed_with_where_they_began(browse, walk):
    crashed_and_resumed(walk)

    page = page_of(browse, walk)

    assert "from line 5" in page
    assert "from the start" in page
    assert Attempt.objects.filter(task=walk).count() == 2
