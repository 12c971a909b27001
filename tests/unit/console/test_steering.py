"""Limits and queues are edited live, and each change says who made it."""

from types import SimpleNamespace

import pytest
from django.contrib.admin import site
from django.test import Client, RequestFactory

from apps.console.steering import QueueAdmin
from apps.core.errors import Conflict
from apps.tasks import dbclock, lifecycle
from apps.tasks.limits import rates
from apps.tasks.models import AuditEntry, Limit, Queue, RateLimit
from apps.tasks.operators import limiting
from apps.workers.registry import roster
from tests import making

pytestmark = pytest.mark.django_db


def test_a_limit_is_added_changed_and_removed_with_an_entry_each(client: Client, alice):
    client.force_login(alice)
    form = {"scope": "queue", "queue": "heavy", "most": 2, "is_enabled": "on", "note": ""}
    client.post("/admin/tasks/limit/add/", form)
    limit = Limit.objects.get()
    client.post(f"/admin/tasks/limit/{limit.pk}/change/", {**form, "most": 5})
    client.post(f"/admin/tasks/limit/{limit.pk}/delete/", {"post": "yes"})
    entries = list(AuditEntry.objects.order_by("id"))
    assert [entry.verb for entry in entries] == ["limit.added", "limit.changed", "limit.removed"]
    assert entries[1].data == {"before": {"most": 2}, "after": {"most": 5}}
    assert {(entry.actor_name, entry.subject) for entry in entries} == {("alice", f"limit:{limit.pk}")}


def test_a_rate_is_added_changed_and_removed_with_an_entry_each(client: Client, alice):
    client.force_login(alice)
    form = {"service": "shop", "unit": "requests", "per_second": 0.5, "burst": 3, "is_enabled": "on", "note": ""}
    client.post("/admin/tasks/ratelimit/add/", form)
    rate = RateLimit.objects.get(service="shop")
    client.post(f"/admin/tasks/ratelimit/{rate.pk}/change/", {**form, "burst": 5})
    client.post(f"/admin/tasks/ratelimit/{rate.pk}/delete/", {"post": "yes"})
    entries = list(AuditEntry.objects.order_by("id"))
    assert [entry.verb for entry in entries] == ["rate.added", "rate.changed", "rate.removed"]
    assert entries[1].data == {"before": {"burst": 3}, "after": {"burst": 5}}
    assert {(entry.actor_name, entry.subject) for entry in entries} == {("alice", f"rate:{rate.pk}")}


def test_a_rate_tells_its_level_and_an_edit_leaves_it_as_it_is(client: Client, alice):
    client.force_login(alice)
    form = {"service": "shop", "unit": "requests", "per_second": 0.001, "burst": 3, "is_enabled": "on", "note": ""}
    rate = RateLimit.objects.create(**{**form, "is_enabled": True})
    rates.forget()
    rates.take("shop", amount=2)
    page = f"/admin/tasks/ratelimit/{rate.pk}/change/"
    assert "1.0 of 3 now" in client.get(page).content.decode()
    client.post(page, {**form, "note": "by contract"})
    rate.refresh_from_db()
    assert rate.note == "by contract"
    assert rates.level_at(rate, dbclock.now()) == pytest.approx(1, abs=0.1)


def test_an_edit_of_a_queue_leaves_alone_what_happened_to_it_meanwhile(client: Client, alice):
    """The form was filled before the pause came."""
    client.force_login(alice)
    queue = Queue.objects.create(name="heavy")
    stale = Queue.objects.get(pk=queue.pk)
    Queue.objects.filter(pk=queue.pk).update(is_paused=True)
    stale.max_length = 5
    form = SimpleNamespace(changed_data=["max_length"])
    request = RequestFactory().post("/")
    request.user = alice
    QueueAdmin(Queue, site).save_model(request, stale, form, True)
    queue.refresh_from_db()
    assert (queue.is_paused, queue.max_length) == (True, 5)


@pytest.mark.parametrize(
    ("held", "said"),
    [({"is_paused": True}, "Resume it first"), ({"is_draining": True}, "Reopen it first"), ({}, "has 1 task that has")],
)
def test_a_queue_that_holds_something_back_is_not_deleted_and_says_what_to_do(client: Client, alice, held, said):
    """Without its row it would be open and unlimited, and nobody would have said so."""
    client.force_login(alice)
    task = making.task("def run(params):\n    return 1\n", alice, queue="heavy")
    queue = Queue.objects.create(name="heavy", **held)
    if held:
        lifecycle.cancel(task, alice)
    page = f"/admin/tasks/queue/{queue.pk}/delete/"
    assert said in client.get(page).content.decode()
    client.post(page, {"post": "yes"})
    client.post("/admin/tasks/queue/", {"action": "delete_selected", "_selected_action": queue.pk, "post": "yes"})
    with pytest.raises(Conflict, match=said):
        limiting.remove(queue, alice)
    assert Queue.objects.filter(pk=queue.pk, **held).exists()

    lifecycle.cancel(task, alice) if not held else Queue.objects.update(is_paused=False, is_draining=False)
    client.post(page, {"post": "yes"})
    assert not Queue.objects.exists()


def test_entries_are_shown_and_never_changed(client: Client, alice):
    client.force_login(alice)
    entry = AuditEntry.objects.create(verb="queue.paused", subject="queue:reports")
    page = f"/admin/tasks/auditentry/{entry.pk}"
    assert client.get("/admin/tasks/auditentry/").status_code == 200
    assert client.post(f"{page}/change/", {"verb": "x"}).status_code == 403
    assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


def test_queues_that_have_tasks_or_workers_are_listed_without_a_row(client: Client, alice):
    client.force_login(alice)
    Queue.objects.create(name="heavy", max_length=5)
    for key, queue in (("maps", "gis"), ("big", "heavy")):
        making.task("def run(params):\n    return 1\n", alice, key=key, queue=queue)
    roster.register(["night"])

    answer = client.get("/admin/tasks/queue/")

    shown = {each.name: (each.pending, each.served_by) for each in answer.context["others"]}
    assert {name: shown[name] for name in ("gis", "night")} == {"gis": (1, 0), "night": (0, 1)}
    assert "heavy" not in shown, "it has a row"
    assert 'href="/admin/tasks/queue/add/?name=gis"' in answer.content.decode()
