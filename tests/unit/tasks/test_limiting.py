"""What operators set: permitted, checked, audited, and heard of by the workers, the same on every edge."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from rest_framework.test import APIClient

from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.tasks.limits import gates, intake, rates
from apps.tasks.models import AuditEntry, Limit, Queue, RateLimit
from apps.tasks.operators import limiting
from apps.tasks.operators.limiting import Group
from tests import making
from tests.unit.api.conftest import client_of

__all__ = ["client_of"]
pytestmark = pytest.mark.django_db(transaction=True)
HEAVY = Group(scope="queue", queue="heavy")


def entries() -> list[tuple[str, str, str, str, dict[str, Any]]]:
    rows = AuditEntry.objects.order_by("id")
    return [(row.actor_name, row.verb, row.subject, row.reason, row.data) for row in rows]


def test_a_limit_is_set_changed_and_taken_away_with_author_and_reason(alice: User) -> None:
    row = limiting.set_limit(alice, HEAVY, {"most": 2}, "slow disk")
    assert limiting.set_limit(alice, HEAVY, {"most": 5}, "new disk").pk == row.pk
    limiting.remove(row, alice, "no limit needed")

    assert [each[:2] + each[3:4] for each in entries()] == [
        ("alice", "limit.added", "slow disk"),
        ("alice", "limit.changed", "new disk"),
        ("alice", "limit.removed", "no limit needed"),
    ]
    assert entries()[1][4] == {"before": {"most": 2}, "after": {"most": 5}}
    assert not Limit.objects.exists()


@pytest.mark.parametrize("scope", ["queue", "template", "user", "key"])
def test_the_database_refuses_a_second_limit_of_the_same_group(alice: User, scope: str) -> None:
    made = making.template("def run(params):\n    return 1\n", alice, key="crm")
    group: dict[str, Any] = {"queue": {"queue": "heavy"}, "template": {"template": made}, "user": {},
                             "key": {"template": made}}[scope]  # fmt: skip
    Limit.objects.create(scope=scope, most=1, **group)
    with pytest.raises(IntegrityError), transaction.atomic():
        Limit.objects.create(scope=scope, most=2, **group)
    if scope == "user":
        Limit.objects.create(scope=scope, most=2, user=alice)
        Limit.objects.create(scope=scope, most=2, user=alice, template=made)


def test_a_change_of_nothing_leaves_no_entry(alice: User) -> None:
    limiting.set_limit(alice, HEAVY, {"most": 2})
    limiting.set_limit(alice, HEAVY, {"most": 2})
    assert [verb for _, verb, *_ in entries()] == ["limit.added"]


def test_workers_of_this_process_look_at_their_gate_at_once(alice: User) -> None:
    assert gates.gate(["heavy"]).bounds == ()
    limiting.set_limit(alice, HEAVY, {"most": 2})
    assert [bound.most for bound in gates.gate(["heavy"]).bounds] == [2]
    assert rates.take("shop").amount == 0
    limiting.set_rate(alice, "shop", "requests", {"per_second": 1.0, "burst": 3.0})
    assert rates.take("shop").amount == 1


def test_a_full_queue_refuses_from_the_commit_on(alice: User) -> None:
    making.task("def run(params):\n    return 1\n", alice)
    intake.check("default")
    limiting.set_queue("default", alice, {"max_length": 1}, "one at a time")
    with pytest.raises(intake.QueueFull):
        intake.check("default")
    assert entries()[-1] == (
        "alice", "queue.changed", "queue:default", "one at a time", {"before": {"max_length": None}, "after": {"max_length": 1}},
    )  # fmt: skip


def test_how_many_of_a_queue_run_at_once_is_its_limit(alice: User) -> None:
    limiting.set_queue("default", alice, {}, at_once=4)
    assert [(row.queue, row.most) for row in Limit.objects.all()] == [("default", 4)]
    limiting.set_queue("default", alice, {}, at_once=None)
    assert not Limit.objects.exists()


@pytest.mark.parametrize(
    ("group", "values", "error"),
    [
        (Group(scope="queue"), {"most": 1}, InvalidInput),
        (Group(scope="queue", queue="heavy", user="alice"), {"most": 1}, InvalidInput),
        (Group(scope="planet"), {"most": 1}, InvalidInput),
        (Group(scope="key"), {"most": 1}, InvalidInput),
        (Group(scope="template", template="none"), {"most": 1}, NotFound),
        (Group(scope="user", user="nobody"), {"most": 1}, NotFound),
        (HEAVY, {"most": -1}, InvalidInput),
        (HEAVY, {"most": 1, "id": 7}, InvalidInput),
        (HEAVY, {}, InvalidInput),
    ],
)
def test_what_makes_no_sense_is_refused(alice: User, group: Group, values: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        limiting.add_limit(alice, group, values)
    assert not Limit.objects.exists() and not AuditEntry.objects.exists()


@pytest.mark.parametrize("values", [{"per_second": float("nan"), "burst": 1.0}, {"per_second": 0.0, "burst": 1.0},
                                    {"per_second": 1.0, "burst": 0.5}])  # fmt: skip
def test_a_rate_that_lets_nothing_through_is_refused(alice: User, values: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        limiting.add_rate(alice, "shop", "requests", values)


def test_a_second_limit_of_the_same_group_is_a_conflict(alice: User) -> None:
    limiting.add_limit(alice, Group(scope="user"), {"most": 1})
    with pytest.raises(Conflict, match="set already"):
        limiting.add_limit(alice, Group(scope="user"), {"most": 2})


def test_each_verb_asks_for_its_own_permission(bob: User, alice: User) -> None:
    row = limiting.add_limit(alice, HEAVY, {"most": 1})
    for act in (
        lambda: limiting.add_limit(bob, Group(scope="user"), {"most": 1}),
        lambda: limiting.change(row, bob, {"most": 3}),
        lambda: limiting.remove(row, bob),
        lambda: limiting.set_queue("default", bob, {"max_length": 1}),
        lambda: limiting.set_queue("default", bob, {}, at_once=1),
        lambda: limiting.add_rate(bob, "shop", "requests", {"per_second": 1.0, "burst": 1.0}),
    ):
        with pytest.raises(NotPermitted):
            act()
    bob.user_permissions.add(Permission.objects.get(codename="change_limit"))
    limiting.change(row, User.objects.get(pk=bob.pk), {"most": 3})
    assert Limit.objects.get().most == 3


# The edges


def test_the_api_sets_changes_and_takes_away(client_of: Callable[[User], APIClient], alice: User) -> None:
    client = client_of(alice)
    body = {"scope": "queue", "queue": "heavy", "most": 2, "reason": "slow disk"}
    made = client.post("/api/v1/limits/", body, format="json")
    assert made.status_code == 201 and made["Location"] == made.json()["links"]["self"]
    assert client.post("/api/v1/limits/", body, format="json").status_code == 409
    changed = client.patch(made["Location"], {"most": 5, "reason": "new disk"}, format="json")
    assert (changed.status_code, changed.json()["most"]) == (200, 5)
    assert [each["queue"] for each in client.get("/api/v1/limits/").json()["results"]] == ["heavy"]
    assert client.delete(f"{made['Location']}?reason=enough").status_code == 204
    assert [(verb, reason) for _, verb, _, reason, _ in entries()] == [
        ("limit.added", "slow disk"), ("limit.changed", "new disk"), ("limit.removed", "enough"),
    ]  # fmt: skip


def test_the_api_sets_rates_and_queues(client_of: Callable[[User], APIClient], alice: User) -> None:
    client = client_of(alice)
    made = client.post("/api/v1/rates/", {"service": "shop", "per_second": 0.5, "burst": 3}, format="json")
    assert (made.status_code, made.json()["level"]) == (201, 3)
    assert client.patch(made["Location"], {"burst": 0}, format="json").status_code == 400
    assert client.patch(made["Location"], {"burst": 5}, format="json").json()["burst"] == 5
    assert client.delete(made["Location"]).status_code == 204
    page = client.patch("/api/v1/queues/default/", {"max_length": 9, "most_running": 2}, format="json")
    assert (page.status_code, page.json()["max_length"], page.json()["most_running"]) == (200, 9, 2)
    page = client.patch("/api/v1/queues/default/", {"max_length": None}, format="json")
    assert (page.json()["max_length"], page.json()["most_running"]) == (None, 2)
    assert client.patch("/api/v1/queues/none/", {"max_length": 1}, format="json").status_code == 404


def test_the_admin_asks_why_and_keeps_the_answer(client: Client, alice: User) -> None:
    client.force_login(alice)
    form = {"scope": "queue", "queue": "heavy", "most": 2, "is_enabled": "on", "note": "", "why": "slow disk"}
    client.post("/admin/tasks/limit/add/", form)
    assert [each[:2] + each[3:4] for each in entries()] == [("alice", "limit.added", "slow disk")]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    call_command(*words, "--user", "alice", "--json")
    return json.loads(capsys.readouterr().out)


def test_the_commands_set_list_and_clear(capsys: pytest.CaptureFixture[str], alice: User) -> None:
    [made] = run(capsys, "limits", "set", "5", "--queue", "reports", "--reason", "slow printer")["limits"]
    assert (made["queue"], made["most"], made["held"]) == ("reports", 5, 0)
    assert run(capsys, "limits")["limits"] == [made]
    assert run(capsys, "limits", "clear", str(made["id"]))["limits"] == []
    [rate] = run(capsys, "rates", "set", "shop", "--per-minute", "30", "--burst", "4")["rates"]
    assert (rate["per_second"], rate["burst"], rate["level"]) == (0.5, 4, 4)
    assert run(capsys, "rates", "set", "shop", "--off")["rates"][0]["is_enabled"] is False
    assert run(capsys, "rates", "clear", "shop")["rates"] == []
    [queue] = run(capsys, "queues", "set", "default", "--max-length", "7", "--max-age", "2 h", "--at-once", "3")[
        "queues"
    ]
    assert (queue["max_length"], queue["max_age_seconds"], queue["most_running"]) == (7, 7200, 3)
    [queue] = run(capsys, "queues", "set", "default", "--max-age", "none")["queues"]
    assert (queue["max_length"], queue["max_age_seconds"]) == (7, None)
    assert Queue.objects.count() == 1 and not RateLimit.objects.filter(service="shop").exists()
    assert entries()[0][3] == "slow printer"
