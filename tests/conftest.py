"""The cast of every story: Alice operates, Bob may only look, Charlie must see nothing."""

import pytest
from django.contrib.auth.models import Permission, User

from apps.catalog import effects
from apps.executors import session
from apps.executors.workflow import standing
from apps.executors.workflow.running import held, loaded
from apps.tasks.claims import claiming
from apps.tasks.limits import gates, intake, rates
from apps.tasks.making import pace, submission


@pytest.fixture(autouse=True)
def _forget() -> None:
    """What a process remembers by id must not outlive a test: the next one has the same ids for other rows."""
    claiming.revision.cache_clear()
    effects._read.cache_clear()
    pace._recent.cache_clear()
    submission._needed.cache_clear()
    submission._serving.cache_clear()
    session._requester.cache_clear()
    loaded.of_revision.cache_clear()
    held.forget_all()
    standing._history.cache_clear()
    gates.forget_revisions()
    intake.forget()
    rates.forget()


def _user(name: str, *codenames: str) -> User:
    user = User.objects.create_user(name, f"{name}@example.org", "correct horse battery", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def alice(db: None) -> User:
    """An administrator."""
    return User.objects.create_superuser("alice", "alice@example.org", "correct horse battery", first_name="Alice")


@pytest.fixture
def bob(db: None) -> User:
    """Staff who may look at everything and touch nothing."""
    codenames = Permission.objects.filter(codename__startswith="view_").values_list("codename", flat=True)
    return _user("bob", *codenames)


@pytest.fixture
def charlie(db: None) -> User:
    """A user without any permission."""
    user = _user("charlie")
    user.is_staff = False
    user.save()
    return user
