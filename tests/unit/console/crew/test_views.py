"""Queues and workers: one page with everything, in a bounded number of queries, and the verbs for those who may."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.core import clock
from apps.tasks.claims import claiming
from apps.tasks.models import AuditEntry, Limit, Queue, RateLimit, Task
from apps.tasks.operators import queues
from apps.workers.models import Cluster, ClusterEvent, Worker
from apps.workers.registry import roster
from tests import making
from tests.unit.console.test_site import INLINE
from tests.unit.tasks.test_bulk import copies
from tests.unit.workers.test_sweep import another_worker

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/workers/"
HELLO = "def run(params):\n    return 1\n"


@pytest.fixture
def birch() -> Worker:
    """A live worker of the default queue."""
    return roster.register(["default"])


@pytest.fixture
def bobs(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def body(client: Client, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_tells_what_each_worker_does_and_links_to_its_rows(browse, walk, birch):
    claimed = claiming.claim(["default"], worker=birch.name, cluster=birch.cluster, host=birch.host)
    assert claimed is not None

    page = body(browse)

    assert f'href="/admin/workers/called/{birch.name}/"' in page
    assert f'href="/admin/tasks/task/{walk.pk}/change/">{walk.title}</a>' in page
    assert 'href="/admin/tasks/task/?queue=default&amp;state=running">1</a>' in page
    assert INLINE.findall(page) == []


def test_a_site_without_workers_is_told_what_to_do(browse, walk):
    page = body(browse)

    assert "No worker is here, so nothing starts. Run <code>manage.py up</code>" in page
    assert "No live worker serves queue default. It starts as soon as one does." in page
    assert "No limit is set" in page and "No worker was lost." in page


def test_a_queue_says_who_paused_it_and_why(browse, alice, birch, walk):
    queues.pause("default", alice, "printer change")

    page = body(browse)

    assert "Paused by alice since" in page and "(“printer change”). Nothing of it starts until it is resumed." in page
    assert "Queue default paused by alice" in page


def test_a_limit_says_who_holds_it(browse, alice, birch, walk):
    Limit.objects.create(scope=Limit.Scope.QUEUE, queue="default", most=1)
    claimed = claiming.claim(["default"], worker=birch.name, cluster=birch.cluster, host=birch.host)
    assert claimed is not None
    making.task(HELLO, alice, key="waits")

    page = body(browse)

    assert "1 of 1" in page and "Limit 1 of 1 of queue default is held by" in page


def test_a_rate_shows_what_is_left_of_its_burst(browse):
    now = clock.now().timestamp()
    RateLimit.objects.create(service="maps", per_second=0.001, burst=10, level=4, level_at=now)

    assert "4 of 10" in body(browse)


def test_the_page_costs_the_same_for_many_tasks_workers_and_events(
    browse, alice, birch, walk, django_assert_max_num_queries
):
    copies(walk, 60)
    for number in range(20):
        another_worker(name=f"elm-{number}", boot_id=f"boot {number}", queues=["default"])
        ClusterEvent.objects.create(host="elm", cluster="elm", worker=f"elm-{number}", kind="worker.crashed")
        Limit.objects.create(scope=Limit.Scope.QUEUE, queue=f"queue-{number}", most=1)
    assert claiming.claim(["default"], worker=birch.name, cluster=birch.cluster, host=birch.host) is not None

    with django_assert_max_num_queries(60):
        body(browse)


def test_one_who_may_only_look_gets_no_buttons_and_may_press_none(bobs, birch, walk):
    page = body(bobs)

    assert "formaction" not in page and "Stop…" not in page and "Clean…" not in page
    for path in ("queue/default/pause/", f"called/{birch.name}/drain/", f"called/{birch.name}/stop/", "rebalance/"):
        assert "You may not" in bobs.post(PAGE + path, follow=True).content.decode()
    assert not Queue.objects.filter(is_paused=True).exists()
    assert not Worker.objects.exclude(wish="").exists()


def test_one_without_the_permission_is_refused(client: Client, charlie):
    client.force_login(charlie)
    assert client.get(PAGE).status_code == 302

    charlie.is_staff = True
    charlie.save()
    for method, path in (("get", ""), ("post", "queue/default/pause/"), ("post", "rebalance/")):
        assert getattr(client, method)(PAGE + path).status_code == 403
    assert "Queues &amp; workers" not in client.get("/admin/").content.decode()


def test_a_task_of_another_is_not_named_to_one_who_may_see_workers_only(client: Client, charlie, walk, birch):
    charlie.is_staff = True
    charlie.save()
    charlie.user_permissions.set(Permission.objects.filter(codename="view_worker"))
    assert claiming.claim(["default"], worker=birch.name, cluster=birch.cluster, host=birch.host) is not None
    client.force_login(charlie)

    page = body(client)

    assert "a task that you may not see" in page and walk.title not in page


@pytest.mark.parametrize(("verb", "back"), [("pause", "resume"), ("drain", "reopen")])
def test_a_queue_is_stopped_and_opened_with_a_reason_on_record(browse, walk, birch, verb, back):
    said = browse.post(f"{PAGE}queue/default/{verb}/", {"reason": "printer change"}, follow=True).content.decode()
    assert "Queue default" in said.partition('class="toast"')[2]
    row = Queue.objects.get(name="default")
    assert (row.is_paused or row.is_draining, row.reason) == (True, "printer change")

    browse.post(f"{PAGE}queue/default/{back}/")

    row.refresh_from_db()
    assert not row.is_paused and not row.is_draining
    assert AuditEntry.objects.count() == 2


def test_what_makes_no_sense_is_said_and_not_done(browse, walk, birch):
    assert "Queue default is not paused." in browse.post(f"{PAGE}queue/default/resume/", follow=True).content.decode()


def test_cleaning_asks_with_the_number_first(browse, alice, walk):
    copies(walk, 3)

    asked = body(browse, f"{PAGE}queue/default/clean/")
    assert "4 pending tasks of queue default would be cancelled." in asked
    assert Task.objects.filter(status="pending").count() == 4
    browse.post(f"{PAGE}queue/default/clean/", {"expected": "4", "reason": "wrong month"})

    assert Task.objects.filter(status="cancelled").count() == 4


def test_cleaning_counts_only_what_has_waited_for_long(browse, walk):
    copies(walk, 1)
    Task.objects.filter(pk=walk.pk).update(available_at=clock.now() - timedelta(days=3))

    assert "1 pending task of queue default that waited" in body(browse, f"{PAGE}queue/default/clean/?older_than=2 d")
    assert "is not a duration" in browse.get(f"{PAGE}queue/default/clean/?older_than=x", follow=True).content.decode()


def test_a_worker_is_drained_resumed_and_stopped_after_a_question(browse, birch):
    path = f"{PAGE}called/{birch.name}/"
    browse.post(f"{path}drain/", {"reason": "new release"})
    assert "Asked to drain by alice (“new release”)" in body(browse)
    browse.post(f"{path}resume/")
    asked = body(browse, f"{path}stop/")
    assert f"Stop worker {birch.name}" in asked
    birch.refresh_from_db()
    assert birch.wish == ""

    browse.post(f"{path}stop/")

    birch.refresh_from_db()
    assert birch.wish == "stop"


def test_a_cluster_is_drained_and_resumed(browse, birch):
    cluster = birch.belongs_to
    assert cluster is not None
    browse.post(f"{PAGE}cluster/{cluster.key}/drain/")
    cluster.refresh_from_db()
    assert cluster.wish == "drain"

    browse.post(f"{PAGE}cluster/{cluster.key}/resume/")

    cluster.refresh_from_db()
    assert cluster.wish == ""


def test_rebalancing_says_what_it_moved(browse, birch):
    assert "Nothing to move" in browse.post(f"{PAGE}rebalance/", follow=True).content.decode()


def test_a_worker_has_a_page_with_its_facts_tasks_and_events(browse, walk, birch, bobs):
    claimed = claiming.claim(["default"], worker=birch.name, cluster=birch.cluster, host=birch.host)
    assert claimed is not None

    page = body(browse, f"{PAGE}called/{birch.name}/")

    assert f"Worker on host {birch.host}" in page and "1 task at once" in page
    assert f'href="/admin/tasks/task/{walk.pk}/change/">{walk.title}</a>' in page
    assert f"process {birch.pid} of boot" in page
    assert INLINE.findall(page) == []
    assert "formaction" not in body(bobs, f"{PAGE}called/{birch.name}/")
    assert browse.get(f"{PAGE}called/nobody/").status_code == 404


def test_a_worker_shows_its_limits_and_rates_to_those_who_may_see_these(browse, wendys, birch):
    RateLimit.objects.all().delete()
    RateLimit.objects.create(service="crm", per_second=1.5, burst=10)
    Worker.objects.update(cpu_seconds=61, cpu_percent=3, sampled_at=clock.now())
    Cluster.objects.update(worker_cpu_seconds=600)
    page = f"{PAGE}called/{birch.name}/"

    assert "1 m 1 s of 10 m of processor time, then it is recycled" in body(browse, page)
    assert "crm: 1.5 requests a second, 10 at once" in body(browse, page)
    assert "1 m 1 s of 10 m" in body(browse)
    seen = body(wendys, page)
    assert "of processor time" in seen and "Rate limits" not in seen and "1.5 requests" not in seen


def test_no_verb_follows_a_get(browse, walk, birch):
    for path in ("queue/default/pause/", f"called/{birch.name}/drain/", "rebalance/"):
        assert browse.get(PAGE + path).status_code == 405
    assert not Worker.objects.exclude(wish="").exists()


def test_the_overview_shows_queues_and_limits_at_a_bounded_cost(
    browse, bobs, walk, birch, django_assert_max_num_queries
):
    copies(walk, 60)
    for number in range(20):
        Limit.objects.create(scope=Limit.Scope.QUEUE, queue=f"queue-{number}", most=1)

    with django_assert_max_num_queries(55):
        page = body(browse, "/admin/")

    assert 'href="/admin/workers/#queues"' in page and "Queue queue-1" in page
    assert f'href="/admin/workers/called/{birch.name}/"' in body(bobs, "/admin/")


def test_an_attempt_links_to_its_worker(browse, walk, birch):
    assert claiming.claim(["default"], worker=birch.name, cluster=birch.cluster, host=birch.host) is not None

    page = body(browse, f"/admin/tasks/task/{walk.pk}/change/")

    assert f'<a href="/admin/workers/called/{birch.name}/">{birch.name}</a>' in page


def test_the_audit_reads_as_sentences(browse, alice, walk):
    queues.pause("default", alice, "printer change")

    page = body(browse, "/admin/tasks/auditentry/")

    assert "Queue default paused by alice" in page and "printer change" in page


@pytest.fixture
def wendys(charlie: User) -> Client:
    """The browser of staff who may look at workers and at nothing else."""
    charlie.is_staff = True
    charlie.save()
    charlie.user_permissions.set(Permission.objects.filter(codename="view_worker"))
    client = Client()
    client.force_login(charlie)
    return client


def test_who_may_only_see_workers_sees_no_queue_limit_rate_or_task_of_others(wendys, alice, birch, walk):
    Limit.objects.create(scope=Limit.Scope.QUEUE, queue="default", most=1, note="the printer is slow")
    RateLimit.objects.create(service="shop", per_second=1, burst=3)
    Queue.objects.create(name="gis", description="maps")
    assert claiming.claim(["default"], worker=birch.name, cluster=birch.cluster, host=birch.host)
    ClusterEvent.objects.create(
        host=birch.host, cluster=birch.cluster, worker=birch.name, kind="worker.error", reason="no invoice of Acme",
        action="The attempt was stopped.", task_id=walk.pk, attempt=1,
    )  # fmt: skip

    for path in (PAGE, f"{PAGE}called/{birch.name}/", "/admin/"):
        page = body(wendys, path)
        for secret in (walk.title, "the printer is slow", "shop", "maps", "no invoice of Acme"):
            assert secret not in page
        assert f"/admin/tasks/task/{walk.pk}/" not in page
    assert "a task that you may not see" in body(wendys)


@pytest.mark.parametrize(
    ("codename", "seen"), [("view_queue", "maps"), ("view_limit", "the printer is slow"), ("view_ratelimit", "shop")]
)
def test_each_panel_is_for_those_who_may_see_what_is_in_it(wendys, charlie, birch, codename, seen):
    Limit.objects.create(scope=Limit.Scope.QUEUE, queue="default", most=1, note="the printer is slow")
    RateLimit.objects.create(service="shop", per_second=1, burst=3)
    Queue.objects.create(name="gis", description="maps")
    charlie.user_permissions.add(Permission.objects.get(codename=codename))

    page = body(wendys)

    assert [each for each in ("maps", "the printer is slow", "shop") if each in page] == [seen]
