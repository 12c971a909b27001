"""What tasks took tells what the next one will take: each item of it, where the parameters say how many there are."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.core import clock
from apps.tasks.making import pace
from apps.tasks.models import Task
from apps.tasks.states import Status
from tests import making

pytestmark = pytest.mark.django_db
TRANSLATIONS: dict[str, Any] = {
    "x-counts": "translations",
    "type": "object",
    "properties": {name: {"type": "array", "items": {"type": "string"}} for name in ("messages", "languages")},
}


@pytest.fixture(autouse=True)
def nothing_stays_remembered() -> Iterator[None]:
    yield
    pace._recent.cache_clear()


@pytest.fixture
def olga() -> User:
    return User.objects.create_superuser("olga")


def completed(olga: User, seconds: float, parameters: dict[str, Any], **fields: Any) -> Task:
    task = making.task("def run(params):\n    return {}\n", olga, parameters, **fields)
    now = clock.now()
    Task.objects.filter(pk=task.pk).update(
        status=Status.COMPLETED, started_at=now - timedelta(seconds=seconds), finished_at=now
    )
    pace._recent.cache_clear()  # the start of this task looked at it, when there was none
    return task


def test_twice_as_many_translations_take_twice_as_long(olga: User) -> None:
    given = {"messages": ["a", "b"], "languages": ["de", "fr"]}
    task = completed(olga, 40.0, given, parameter_schema=TRANSLATIONS)
    twice = {"messages": ["a", "b", "c", "d"], "languages": ["de", "fr"]}
    assert [pace.expected(task.revision, each).seconds for each in (given, twice)] == [40, 80]


def test_what_counts_nothing_takes_its_usual_time(olga: User) -> None:
    task = completed(olga, 40.0, {"n": 3})
    assert pace.expected(task.revision, {"n": 6}).seconds == 40
