"""Who may see which tasks: decided in one place, and nowhere else."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User

from apps.tasks import sight

pytestmark = pytest.mark.django_db


def person(name: str, *codenames: str, **flags: bool) -> User:
    user = User.objects.create_user(name, **flags)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.mark.parametrize(
    ("codenames", "flags", "sees_all"),
    [
        ((), {}, False),
        (("view_task",), {}, False),
        ((), {"is_staff": True}, False),
        (("view_task",), {"is_staff": True}, True),
        (("view_task",), {"is_staff": True, "is_active": False}, False),
        (("control_task", "view_worker"), {"is_staff": True}, False),
        ((), {"is_superuser": True}, True),
        ((), {"is_superuser": True, "is_active": False}, False),
    ],
)
def test_active_staff_who_may_view_tasks_and_superusers_see_all(codenames, flags, sees_all):
    user = person("someone", *codenames, **flags)
    assert sight.sees_all(user) == sees_all
    assert sight.of(user).is_all == sees_all
    assert sight.of(user).reaches(user.pk) == user.is_active
    assert sight.of(user).reaches(user.pk + 1) == sees_all


def test_nobody_sees_nothing():
    assert sight.of(AnonymousUser()) == sight.NOBODY
    assert not sight.NOBODY.reaches(1)


def test_no_edge_decides_it_by_itself():
    """Whoever asks for the permission to view tasks asks `sight`."""
    named = [
        path.as_posix()
        for path in Path("apps").rglob("*.py")
        if "migrations" not in path.parts and re.search(r"[\"']tasks\.view_task[\"']", path.read_text())
    ]
    assert named == ["apps/tasks/sight.py"]
