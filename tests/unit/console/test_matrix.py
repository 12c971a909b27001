"""Every address of the admin site × GET and POST × everybody: made from the URL conf, so a new route cannot be forgotten."""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver

from apps.tasks import blobs
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Artifact, AuditEntry, BulkAction, Limit, Queue, RateLimit
from apps.workers.models import ClusterEvent
from apps.workers.registry import roster
from tests import making
from tests.unit.tasks.asked import asked

pytestmark = pytest.mark.django_db

OUTSIDE = ("anonymous", "plain")
"""Who is no staff is sent to the login page, whatever the address."""
OPERATES = (
    "view_task", "control_task", "view_queue", "change_queue", "control_queue", "view_limit", "add_limit", "change_limit",
    "delete_limit", "view_ratelimit", "add_ratelimit", "change_ratelimit", "delete_ratelimit", "view_auditentry",
    "view_bulkaction", "view_worker", "control_worker", "view_clusterevent", "run_tasktemplate",
)  # fmt: skip
WRITES = (
    "view_tasktemplate", "add_tasktemplate", "change_tasktemplate", "view_templaterevision", "add_templaterevision",
    "publish_templaterevision", "run_tasktemplate",
)  # fmt: skip
STAFF: Mapping[str, tuple[str, ...]] = {
    "staff": (),
    "viewer": ("view_task",),
    "operator": OPERATES,
    "workers": ("view_worker",),
    "author": WRITES,
    "superuser": ("*",),
}
"""Staff, and what each may do."""
SCRIPT = "def run(params):\n    return 1\n"


def routes(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    for pattern in admin.site.get_urls() if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route


@pytest.fixture
def values(alice: User, settings: Any, tmp_path: Any) -> dict[str, str]:
    """A row of everything; the task is Alice's, and waits."""
    settings.ARTIFACT_ROOT = tmp_path
    template = making.template(SCRIPT, alice)
    task = submit(Request(template="sample", parameters={}, origin="test"), alice).task
    saved = blobs.save(f"{task.pk}/files/0", b"a")
    file = Artifact.objects.create(task=task, index=0, name="a.csv", kind="csv", content_type="text/csv", path=saved.path,
                                   size=1, sha256=saved.sha256, created_at=task.created_at)  # fmt: skip
    question = asked(task, groups=[Group.objects.create(name="deciders").name], evidence=[{"file": "a.csv"}])
    worker = roster.register(["default"])
    bulk = BulkAction.objects.create(verb="pause", filters={"ids": [task.pk]}, arguments={"reason": ""}, by=alice,
                                     newest_id=task.pk, cursor=task.pk + 1, matched=1)  # fmt: skip
    queue = Queue.objects.create(name="gis")
    event = ClusterEvent.objects.create(host="h", cluster="c", kind="cluster.started")
    rows = {
        "catalog/tasktemplate": template, "tasks/task": task, "tasks/bulkaction": bulk, "workers/worker": worker,
        "workers/clusterevent": event, "tasks/queue": queue, "auth/user": alice,
        "tasks/limit": Limit.objects.create(scope=Limit.Scope.QUEUE, queue="gis", most=5),
        "tasks/ratelimit": RateLimit.objects.create(service="shop", per_second=1, burst=1),
        "tasks/auditentry": AuditEntry.objects.create(verb="queue.paused", subject="queue:gis"),
    }  # fmt: skip
    return {
        **{f"{name}/object_id": str(row.pk) for name, row in rows.items()},
        "id": str(alice.pk), "task_id": str(task.pk), "artifact_id": str(file.pk), "number": "1",
        "approval_id": str(question.pk),
        "called/name": worker.name, "queue/name": "gis", "cluster/key": worker.belongs_to.key, "tasktemplate/key": "sample",
        "content_type_id": "999", "r/object_id": "999",
    }  # fmt: skip


def address(route: str, values: Mapping[str, str]) -> str:
    """The route with its places filled: by the model or the noun before them, or by their name. No such row: 999."""

    def filled(found: re.Match[str]) -> str:
        before, name = route[: found.start()].rstrip("/"), found[1]
        model = "/".join(before.split("/")[-2:])
        return values.get(f"{model}/{name}") or values.get(f"{model.split('/')[-1]}/{name}") or values.get(name, "999")

    path = re.sub(r"<(?:\w+:)?(\w+)>", filled, route)
    return "/admin/" + path.replace(
        "^(?P<app_label>auth|catalog|ai|crm|knowledge|tasks|knox|workers|chat)/$", "tasks/"
    ).replace("(?P<url>.*)$", "no/such/page/")


@pytest.fixture
def as_role(alice: User) -> Callable[[str], Client]:
    def make(role: str) -> Client:
        client = Client(raise_request_exception=False)
        if role == "anonymous":
            return client
        user = alice
        if role != "superuser":
            user = User.objects.create_user(role, is_staff=role in STAFF)
            wanted = STAFF.get(role, ())
            user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
        client.force_login(user)
        return client

    return make


def ask(client: Client, method: str, path: str) -> int:
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        response = client.generic(method, path, b"", "application/x-www-form-urlencoded")
        transaction.set_rollback(True)
    client.cookies = cookies  # whoever has logged out is rolled back, too
    return response.status_code


# What is expected


def each(staff: int, viewer: int, operator: int, workers: int, author: int, superuser: int) -> dict[str, int]:
    return dict(zip(STAFF, (staff, viewer, operator, workers, author, superuser), strict=True))


def all_staff(status: int) -> dict[str, int]:
    return dict.fromkeys(STAFF, status)


RUN = each(404, 404, 200, 404, 200, 200)
LOOK = each(404, 200, 200, 404, 404, 200)
CREW = each(403, 403, 200, 200, 403, 200)
CREW_VERB = {"GET": each(403, 403, 405, 405, 403, 405), "POST": each(403, 403, 302, 302, 403, 302)}
"""Who sees workers is sent back with a message, also where the verb refuses; that it changes nothing is tested below."""
CREW_ASKS = {"GET": CREW, "POST": CREW_VERB["POST"]}
MAKE = each(404, 404, 200, 404, 404, 200)
ONLY = each(403, 403, 403, 403, 403, 200)
AUTHOR = each(403, 403, 403, 403, 200, 200)
NO_ROW = each(403, 403, 403, 403, 403, 404)
TALK = each(403, 403, 200, 403, 200, 200)
SAY = each(403, 403, 302, 403, 302, 302)
NO_GRAPH = each(403, 403, 403, 403, 404, 404)
PUBLISHES = {"GET": each(403, 403, 403, 403, 405, 405), "POST": each(403, 403, 403, 403, 302, 302)}
TASK_VERB = {"GET": each(404, 405, 405, 404, 404, 405), "POST": each(404, 302, 302, 404, 404, 302)}
OURS: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    "": {"GET": all_staff(200), "POST": all_staff(200)},
    "start/": {"GET": all_staff(200), "POST": all_staff(200)},
    "catalog/tasktemplate/<slug:key>/start/": {"GET": RUN, "POST": RUN},
    "tasks/artifact/<int:artifact_id>/download/": {"GET": LOOK, "POST": LOOK},
    "workers/": {"GET": CREW, "POST": CREW},
    "workers/rebalance/": CREW_VERB,
    "workers/called/<str:name>/": {"GET": CREW, "POST": CREW},
    "workers/queue/<str:name>/clean/": CREW_ASKS,
    **{f"workers/queue/<str:name>/{verb}/": CREW_VERB for verb in ("pause", "resume", "drain", "reopen")},
    **{f"workers/called/<str:name>/{verb}/": CREW_VERB for verb in ("drain", "resume")},
    **{f"workers/cluster/<str:key>/{verb}/": CREW_VERB for verb in ("drain", "resume")},
    "workers/called/<str:name>/stop/": CREW_ASKS,
    "workers/cluster/<str:key>/stop/": CREW_ASKS,
    **{f"tasks/task/<int:task_id>/{verb}/": TASK_VERB for verb in ("pause", "resume", "retry", "start_now")},
    "tasks/task/<int:task_id>/cancel/": {"GET": LOOK, "POST": TASK_VERB["POST"]},
    "tasks/task/<int:task_id>/anew/": {"GET": MAKE, "POST": MAKE},
    "tasks/task/<int:task_id>/go-on/": {"GET": all_staff(405), "POST": TASK_VERB["POST"]},
    **{  # the task here is no workflow; runs/test_pages.py has one
        f"tasks/task/<int:task_id>/{page}": {"GET": all_staff(404), "POST": all_staff(404)}
        for page in ("run/", "run/gantt/", "run/nodes/", "nodes/<int:number>/")
    },
    **{
        f"catalog/tasktemplate/<slug:key>/{page}": {"GET": AUTHOR, "POST": AUTHOR}
        for page in ("script/", "revisions/new/", "revisions/<int:number>/", "revisions/<int:number>/examples/")
    },
    # The template here is a script's, which has no graph; runs/test_editor.py has a workflow.
    **{
        f"catalog/tasktemplate/<slug:key>/{page}": {"GET": NO_GRAPH, "POST": NO_GRAPH}
        for page in ("graph/", "graph/check/")
    },
    **{
        f"catalog/tasktemplate/<slug:key>/{page}": PUBLISHES
        for page in ("revisions/<int:number>/publish/", "revisions/<int:number>/tested/", "withdraw/")
    },
    "tasks/approval/": {"GET": all_staff(200), "POST": all_staff(405)},
    "tasks/approval/mails/": {"GET": all_staff(405), "POST": all_staff(302)},
    "tasks/approval/<int:approval_id>/": {"GET": LOOK, "POST": all_staff(405)},
    "tasks/approval/<int:approval_id>/decide/": {
        "GET": all_staff(405),
        "POST": each(404, 302, 302, 404, 404, 200),  # who may, and has not said what, is asked again
    },
    "tasks/approval/<int:approval_id>/delegate/": {"GET": all_staff(405), "POST": TASK_VERB["POST"]},
    "tasks/approval/<int:approval_id>/file/<int:artifact_id>/": {"GET": LOOK, "POST": LOOK},
    "chat/": {"GET": TALK, "POST": TALK},
    **{f"chat/{verb}/": {"GET": all_staff(405), "POST": SAY} for verb in ("say", "press")},
    "chat/<int:dialog_id>/": {"GET": all_staff(404), "POST": all_staff(404)},
    "chat/me/": {"GET": all_staff(200), "POST": all_staff(200)},
    "chat/me/code/": {"GET": all_staff(405), "POST": all_staff(200)},
    # Nobody here has such an account; chat/pages/test_accounts.py has some.
    **{
        f"chat/me/<int:account_id>/{verb}/": {"GET": all_staff(405), "POST": all_staff(404)}
        for verb in ("unlink", "keep")
    },
    # There is no such connection; chat/pages/test_connections.py has one.
    **{
        f"chat/connection/<int:connection_id>/{verb}/": {"GET": all_staff(405), "POST": NO_ROW}
        for verb in ("test", "install", "uninstall", "enable", "disable")
    },
    "chat/connection/<int:connection_id>/remove/": {"GET": NO_ROW, "POST": NO_ROW},
    "knowledge/term/import/": {"GET": ONLY, "POST": each(403, 403, 403, 403, 403, 400)},  # no file
    "knowledge/term/export/": {"GET": ONLY, "POST": ONLY},
    "tasks/totals/": {"GET": ONLY, "POST": ONLY},
    "tasks/totals/csv/": {"GET": ONLY, "POST": ONLY},
}
"""Our own pages. Those of Django's admin follow from the permissions: `stock`."""
LOOSE = (
    "login/", "logout/", "password_change/", "password_change/done/", "autocomplete/", "jsi18n/", "(?P<url>.*)$",
    "r/<path:content_type_id>/<path:object_id>/", "^(?P<app_label>auth|catalog|ai|crm|knowledge|tasks|knox|workers|chat)/$",
    "auth/user/<id>/password/",
)  # fmt: skip
"""Django's own, about nothing of ours: they only must not fail."""
STOCK = re.compile(r"(\w+)/(\w+)/(add/|<path:object_id>/(?:history/|delete/|change/)?)?$")
FOR_ANY_STAFF = ("task", "bulkaction")
"""Lists that any staff may open: which rows are in them depends on who looks."""
SEES_THE_ROW = {"task": ("viewer", "operator"), "bulkaction": ("operator",)}
"""To all other staff the row is as good as absent."""
WITH_ROWS = (
    "tasktemplate",
    "task",
    "bulkaction",
    "worker",
    "clusterevent",
    "queue",
    "user",
    "limit",
    "ratelimit",
    "auditentry",
)
SHORT = {"task": (), "bulkaction": (), "worker": (), "clusterevent": (), "auditentry": ()}
"""Models whose rows nobody adds, changes or deletes in the admin."""


def stock(model: str, page: str, method: str, role: str) -> int:
    """What a page of Django's admin answers to staff who are no superusers. An empty form is shown again."""

    def may(verb: str) -> bool:
        return model not in SHORT and f"{verb}_{model}" in STAFF[role]

    views = model in FOR_ANY_STAFF or any(f"{verb}_{model}" in STAFF[role] for verb in ("view", "change"))
    is_hidden = role not in SEES_THE_ROW.get(model, STAFF)
    kind = page.replace("<path:object_id>/", "") if page else "list"
    if kind == "":
        return 302  # to the page of the row
    if kind == "add/":
        return 200 if may("add") else 403
    if kind == "delete/":
        return 200 if may("delete") else 403
    if kind == "history/":
        return 302 if model not in WITH_ROWS or is_hidden else 200 if views else 403
    if kind == "change/" and method == "POST" and model not in SEES_THE_ROW:
        return 403 if not may("change") else 302 if model == "queue" else 200
    if kind == "change/" and model == "task":
        return 404 if is_hidden else 200
    if kind == "change/" and model == "bulkaction":
        return 403 if method == "POST" else 302 if is_hidden else 200
    return 200 if views else 403


def expected(route: str, method: str, role: str) -> int | None:
    """None: anything but a failure."""
    if role in OUTSIDE:
        return None if route == "login/" else 302
    if route in OURS:
        return OURS[route][method][role]
    found = STOCK.fullmatch(route)
    if route in LOOSE or (found and role == "superuser"):
        return None
    assert found, f"{route} is not in the table."
    return stock(found[2], found[3] or "", method, role)


def test_every_page_of_the_site_is_expected() -> None:
    """A new one fails here until somebody says who may see it."""
    assert [route for route in routes() if route not in (*OURS, *LOOSE) and not STOCK.fullmatch(route)] == []
    assert set(OURS) <= set(routes())


@pytest.mark.parametrize("role", [*OUTSIDE, *STAFF])
def test_every_page_and_method_answers_a_role_as_expected(
    role: str, as_role: Callable[[str], Client], values: dict[str, str]
) -> None:
    client = as_role(role)
    wrong = []
    for route in routes():
        for method in ("GET", "POST"):
            got, wanted = ask(client, method, address(route, values)), expected(route, method, role)
            if got != wanted and (wanted is not None or got >= 500):
                wrong.append(f"{method} {route}: {got}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def state() -> list[Any]:
    """All that somebody could have changed."""
    models = [
        model for label in ("tasks", "workers", "catalog", "auth") for model in apps.get_app_config(label).get_models()
    ]
    return [sorted(map(repr, model._default_manager.values_list())) for model in models]


@pytest.mark.parametrize("role", [*OUTSIDE, "staff", "viewer", "workers"])
def test_who_may_only_look_changes_nothing_whatever_they_post(
    role: str, as_role: Callable[[str], Client], values: dict[str, str]
) -> None:
    client = as_role(role)
    before = state()
    for route in OURS:
        path = address(route, values)
        with transaction.atomic():
            client.post(
                path,
                {
                    "reason": "mine",
                    "post": "yes",
                    "parameters": "{}",
                    "priority": "90",
                    "queue": "gis",
                    "decision": "approve",
                    "to": "alice",
                },
            )
            assert state() == before, path
            transaction.set_rollback(True)
