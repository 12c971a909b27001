from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.tasks.models import Task
from tests import making
from tests.unit.tasks.asked import listening, person


@pytest.fixture(autouse=True)
def _mail_server(settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    settings.DEFAULT_FROM_EMAIL = "Chantilly <chantilly@example.org>"


@pytest.fixture
def ivan(db: None) -> User:
    user = person("ivan", is_staff=True)
    user.email = "ivan@example.org"
    user.save()
    return user


@pytest.fixture
def waiting(alice: User) -> Task:
    return listening(making.template("def run(params):\n    return 1\n", alice).key, alice)
