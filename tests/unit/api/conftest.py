"""Callers of the API: the cast with tokens, each a client of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from knox.models import AuthToken
from rest_framework.test import APIClient

from apps.tasks import blobs
from apps.tasks.making import pace
from apps.tasks.models import Artifact, Task
from tests import making

SCRIPT = "def run(params):\n    return {'summary': 'done', 'n': params.get('n', 0)}\n"


@pytest.fixture(autouse=True)
def _fresh_counters() -> Iterator[None]:
    """Throttling counts in the cache and estimates remember history; both outlive a test."""
    cache.clear()
    pace._recent.cache_clear()
    yield
    cache.clear()


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    def make(user: User) -> APIClient:
        _, token = AuthToken.objects.create(user)
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return client

    return make


@pytest.fixture
def owner(db: None) -> User:
    """May start templates, owns tasks, sees nobody else's."""
    user = User.objects.create_user("olga", "olga@example.org", "correct horse battery", first_name="Olga")
    user.user_permissions.set(Permission.objects.filter(codename="run_tasktemplate"))
    return user


@pytest.fixture
def other(db: None) -> User:
    """As the owner, but another person."""
    user = User.objects.create_user("oscar", "oscar@example.org", "correct horse battery")
    user.user_permissions.set(Permission.objects.filter(codename="run_tasktemplate"))
    return user


@pytest.fixture
def sample(alice: User) -> Any:
    return making.template(SCRIPT, alice, stages=[{"name": "one", "percent": 0}, {"name": "two", "percent": 50}])


@pytest.fixture
def owned(owner: User, sample: Any) -> Task:
    from apps.tasks.making.submission import Request, submit

    return submit(Request(template="sample", parameters={"n": 1}, origin="test", title="Olga's own"), owner).task


@pytest.fixture
def workflow(owner: User, alice: User) -> Task:
    """Olga's, not begun: one node, which makes the key `sample`."""
    from apps.tasks.making.submission import Request, submit

    graph = {"tasks": [{"name": "Olga's node", "script": SCRIPT, "result_keys": ["sample"]}]}
    making.template("", alice, key="flow", kind="workflow", graph=graph)
    return submit(Request(template="flow", origin="test", title="Olga's workflow"), owner).task


@pytest.fixture
def keep_file(settings: Any, tmp_path: Path) -> Callable[..., Artifact]:
    """A file of a task, as a tool would have made it."""
    settings.ARTIFACT_ROOT = tmp_path

    def keep(task: Task, name: str = "report.pdf", data: bytes = b"%PDF-1.7 sample", **fields: Any) -> Artifact:
        saved = blobs.save(f"{task.pk}/files/0-{len(name)}", data)
        given = {"kind": "pdf", "content_type": "application/pdf", "path": saved.path} | fields
        return Artifact.objects.create(
            task=task, index=0, name=name, size=len(data), sha256=saved.sha256, created_at=task.created_at, **given
        )

    return keep
