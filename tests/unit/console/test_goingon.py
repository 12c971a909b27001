"""“Go on”: cards that say what is made again and what is not, and a POST that does what was chosen."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.console import goingon
from apps.executors.contract import Failure
from apps.tasks import lifecycle
from apps.tasks.making import again
from apps.tasks.models import Step, Task
from apps.tasks.record.journal import Batch
from apps.workers.running import slice as slices
from tests import making
from tests.unit.console.conftest import claim_for_a_test

pytestmark = pytest.mark.django_db(transaction=True)

THEN_BROKEN = "import task\n\ndef run(params):\n    task.new_id()\n    task.new_id()\n    return 1 / params['n']\n"


@pytest.fixture
def failed(alice: User) -> Task:
    """Failed after two recorded calls, by its script's own error."""
    task = making.task(THEN_BROKEN, alice, {"n": 0}, key="shares")
    slices.drain()
    return fresh(task)


def fresh(task: Task) -> Task:
    return Task.objects.select_related("template__published", "revision", "execution").get(pk=task.pk)


def cards(task: Task, user: User) -> dict[str, goingon.Choice]:
    return {each.value: each for each in goingon.panel(fresh(task), user)["choices"]}


def url(task: Task) -> str:
    return f"/admin/tasks/task/{task.pk}/go-on/"


def test_each_card_says_what_is_made_again_and_what_is_not(failed, alice):
    found = cards(failed, alice)

    assert list(found) == ["retry", "fork", "again", "change"]
    assert found["retry"].title == "Retry from line 6"
    assert "2 recorded calls are not made again." in found["retry"].text
    assert "likely to fail in the same way" in found["retry"].text
    assert "Up to 2 calls before the step are not made again." in found["fork"].text
    assert "All 2 calls are made again; none of them changes anything." in found["again"].text


def test_calls_that_change_something_are_counted_for_a_new_run(failed, alice):
    Step.objects.filter(task=failed, index=1).update(call_class="effect")

    assert "All 2 calls are made again; 1 of them changes something." in cards(failed, alice)["again"].text


def test_a_failed_call_is_the_one_that_a_retry_makes_again(alice):
    task = making.task("import task\n\ndef run(params):\n    return task.new_id()\n", alice)
    claim = claim_for_a_test(task)
    failure = Failure(type="PermissionError", message="the key expired", code="tool_error", line=4, step=0)
    lifecycle.fail(claim.lease, failure.as_json(), Batch())

    card = cards(task, alice)["retry"]

    assert card.is_suggested and "Step 0 is made again." in card.text


def test_a_fork_is_suggested_once_a_mended_revision_is_in_service(failed, alice):
    assert not any(card.is_suggested for card in cards(failed, alice).values())
    mended = Definition.with_fields({"script": THEN_BROKEN.replace("1 /", "2 +"), "parameter_schema": making.ANYTHING})
    publishing.publish(
        publishing.save_draft(failed.template, alice, mended, version="1.0.1", note="mended"), alice
    )  # fmt: skip

    found = cards(failed, alice)

    assert [value for value, card in found.items() if card.is_suggested] == ["fork"]
    assert "on revision 2." in found["again"].text


def test_retrying_moves_the_same_task(browse, failed):
    answer = browse.post(url(failed), {"choice": "retry"})

    assert answer["Location"] == f"/admin/tasks/task/{failed.pk}/change/"
    assert fresh(failed).status == "pending"


def test_running_again_makes_another_with_the_same_parameters(browse, failed):
    browse.post(url(failed), {"choice": "again"})

    made = Task.objects.latest("pk")
    assert (made.ancestor_id, made.ancestry, made.parameters) == (failed.pk, "again", {"n": 0})


@pytest.mark.parametrize(
    ("chosen", "query"), [({"choice": "fork", "step": "1"}, "how=fork&step=1"), ({"choice": "change"}, "how=again")]
)
def test_what_needs_a_form_leads_to_it_and_makes_nothing(chosen, query, browse, failed):
    assert browse.post(url(failed), chosen)["Location"] == f"/admin/tasks/task/{failed.pk}/anew/?{query}"
    assert Task.objects.count() == 1


def test_a_get_does_nothing_and_nobody_acts_on_what_they_may_not(browse, failed, bob):
    assert browse.get(url(failed), {"choice": "retry"}).status_code == 405
    client = Client()
    client.force_login(bob)
    for choice in ("retry", "again", "later"):
        client.post(url(failed), {"choice": choice})
    assert fresh(failed).status == "failed" and Task.objects.count() == 1
    client.force_login(User.objects.create_user("dora", is_staff=True))
    assert client.post(url(failed), {"choice": "retry"}).status_code == 404


def test_the_line_of_ancestry_reads_from_the_oldest_to_this_one(failed, alice):
    second = again.fork(failed, alice, step=1).task
    third = again.run_again(second, alice).task

    line = goingon.line(fresh(third), alice)

    assert [(link.relative.id, link.how) for link in line["ancestors"]] == [
        (failed.pk, ""),
        (second.pk, "forked at step 1"),
    ]
    assert line["how"] == "run again"
    assert [(link.relative.id, link.how) for link in goingon.line(fresh(failed), alice)["descendants"]] == [
        (second.pk, "forked at step 1")
    ]


def test_a_long_line_and_a_long_record_cost_no_more_queries(failed, alice, django_assert_max_num_queries):
    task = failed
    for _ in range(8):
        task = again.run_again(task, alice).task
    with django_assert_max_num_queries(goingon.SHOWN_CHAIN + 3):
        line = goingon.line(fresh(task), alice)
    assert line["is_longer"] and len(line["ancestors"]) == goingon.SHOWN_CHAIN
    with django_assert_max_num_queries(4):
        goingon.panel(fresh(failed), alice)


def test_a_task_that_waits_for_its_next_attempt_is_started_at_once(browse, alice):
    task = making.task("def run(params):\n    return 1\n", alice)
    claim = claim_for_a_test(task)
    failure = Failure(
        type="TimeoutError", message="the CRM did not answer", is_transient=True, line=2, retry_after=3600
    )
    lifecycle.fail(claim.lease, failure.as_json(), Batch())
    assert fresh(task).available_at > fresh(task).updated_at

    browse.post(f"/admin/tasks/task/{task.pk}/start_now/")

    assert claim_for_a_test(fresh(task)).lease.task_id == task.pk
    assert "task.hastened" in list(task.events.values_list("kind", flat=True))
    assert fresh(task).failures == 1
