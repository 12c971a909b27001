"""What the chat shows of a task."""

import pytest
from django.contrib.auth.models import User

from apps.chat import facts
from apps.core import clock
from apps.tasks.models import Attempt
from tests.making import task, template
from tests.unit.tasks.standing_at import running

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("outcome", "is_told"), [("crashed", True), ("paused", False), ("suspended", False)])
def test_a_crash_is_told_and_a_pause_is_no_crash(alice: User, outcome: str, is_told: bool) -> None:
    made, now = running(template("def run(params): return 1", alice).key, alice), clock.now()
    Attempt.objects.filter(task=made.task_id).update(outcome=outcome, ended_at=now)
    again = {"lease_token": 99, "worker": "elm-2", "cluster": "elm", "started_at": now}
    Attempt.objects.create(task_id=made.task_id, number=2, resumed_line=13, resumed_index=27, **again)
    shown = facts.progress(made.task, alice, "en", now, is_discreet=True)
    assert ("Went on after a crash at line 13" in str(shown)) == is_told


SCHEMA = {
    "type": "object",
    "properties": {
        "includeServices": {"type": "boolean", "title": "With services"},
        "country": {"type": "string", "title": "Country"},
        "period": {
            "type": "object",
            "title": "Period",
            "properties": {"start": {"type": "string", "format": "date"}, "end": {"type": "string", "format": "date"}},
        },
        "kinds": {"type": "array", "title": "Kinds", "items": {"type": "string"}},
    },
}


def test_parameters_are_told_by_their_titles_as_people_say_them(alice: User) -> None:
    values = {"includeServices": True, "country": "", "kinds": ["active", "new"],
              "period": {"start": "2025-01-01", "end": "2025-01-31"}}  # fmt: skip
    made = task("def run(params): return 1", alice, values, parameter_schema=SCHEMA)
    shown = {row.label: row.value for row in facts.status(made, alice, "de", clock.now()).rows}
    assert shown["Parameter"] == (
        "With services: ja; Period: Mi 1. Januar 2025 bis Fr 31. Januar 2025; Kinds: active, new"
    )
