"""What the chat shows of a task."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from apps.chat import causes, facts
from apps.chat.wording import say
from apps.core import clock
from apps.tasks import lifecycle
from apps.tasks.models import Attempt, Task
from apps.workers.answers.reasons import Around
from apps.workers.answers.waiting import Hold, Prospect
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


@pytest.mark.parametrize(
    ("locale", "waits", "cancelled"),
    [
        ("en", "No live worker serves queue default.", "Cancelled by alice."),
        ("de", "Kein laufender Worker bedient die Warteschlange default.", "Abgebrochen von alice."),
        ("ru", "Очередь default сейчас никто не обслуживает.", "Отменена: alice."),
        ("es", "Ningún trabajador activo atiende la cola default.", "Cancelada por alice."),
        ("fr", "Aucun exécutant actif ne sert la file default.", "Annulée par alice."),
    ],
)
def test_why_a_task_waits_or_has_ended_is_told_in_ones_language(
    alice: User, locale: str, waits: str, cancelled: str
) -> None:
    made, now = task("def run(params): return 1", alice), clock.now()
    label = say("why", locale)

    def why() -> str:
        return {row.label: row.value for row in facts.status(made, alice, locale, now).rows}[label]

    assert why().startswith(waits)
    assert waits in facts.listed([made], alice, locale, now)[0]
    made = lifecycle.cancel(made, alice, "asked in chat")
    assert why() == cancelled


def test_who_paused_a_task_and_why_is_told_in_ones_language(alice: User) -> None:
    made, now = task("def run(params): return 1", alice), clock.now()
    lifecycle.pause(made, alice, "month end")
    made.refresh_from_db()
    (line,) = facts.listed([made], alice, "de", now)
    assert "Angehalten von alice um " in line
    assert line.endswith(" (“month end”). Sie läuft weiter, wenn jemand sie fortsetzt.")


def test_a_failure_keeps_the_words_of_its_error(alice: User) -> None:
    made, now = task("def run(params): return 1", alice), clock.now()
    Task.objects.filter(pk=made.pk).update(
        status="failed", finished_at=now, error={"message": "no such client", "line": 7}
    )
    made.refresh_from_db()
    assert "Ligne 7: No such client. Ne se répète pas d'elle-même." in str(facts.ending(made, alice, "fr", now))


def test_the_place_in_line_and_a_later_start_are_told_in_ones_language(alice: User) -> None:
    made, now = task("def run(params): return 1", alice), clock.now()
    around = Around(now=now, prospects={made.pk: Prospect(hold=Hold.WORKER, place=2, seconds=20.0)})
    told = causes.why(made, around, "de")
    assert told == "Wartet auf einen freien Worker der Warteschlange default. Platz 2, etwa 20 s."
    made.available_at = now + timedelta(minutes=5)
    assert causes.why(made, around, "ru").endswith(", через 5 m.")
