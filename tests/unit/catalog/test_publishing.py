import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection, connections

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.catalog.models import Publication, TaskTemplate, TemplateRevision
from apps.catalog.publishing import HasErrors, mark_tested, publish, save_draft, withdraw
from apps.core import clock
from apps.core.errors import InvalidInput, NotPermitted

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
GOOD = Definition(script="fine", priority=70, stages=[{"name": "fetch", "percent": 10}])


def test_a_draft_keeps_its_whole_definition(template: TaskTemplate, alice: User) -> None:
    with clock.frozen(MOMENT):
        revision = save_draft(template, alice, GOOD, version="2.1.0", note="Faster.")
    kept = TemplateRevision.objects.get(pk=revision.pk)
    assert Definition.of(kept) == GOOD
    assert (kept.number, kept.version, kept.author, kept.note) == (1, "2.1.0", alice, "Faster.")
    assert (kept.status, kept.is_tested, kept.published_at, kept.created_at) == ("draft", False, None, MOMENT)


def test_numbers_go_up_by_template(template: TaskTemplate) -> None:
    other = TaskTemplate.objects.create(key="other", name="Other")
    numbers = [save_draft(each, None, GOOD).number for each in (template, other, template)]
    assert numbers == [1, 1, 2]


@pytest.mark.django_db(transaction=True)
def test_numbers_stay_unique_when_many_save_at_once() -> None:
    template = TaskTemplate.objects.create(key="busy", name="Busy")
    numbers: list[int] = []
    start = threading.Barrier(4)

    def save() -> None:
        try:
            start.wait(10)
            for _ in range(5):
                numbers.append(save_draft(template, None, GOOD).number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(numbers) == list(range(1, 21)), connection.vendor


def test_a_draft_with_errors_is_saved_but_never_published(template: TaskTemplate, alice: User) -> None:
    faulty = replace(GOOD, script="fine\nwrong\nodd\nwrong", stages=[{"name": "x", "percent": 200}])
    revision = save_draft(template, alice, faulty)
    with pytest.raises(HasErrors, match=r"Revision 1 cannot be published: 3 errors, lines 2 and 4\.") as caught:
        publish(revision, alice)
    assert caught.value.fields["script:2"] == "That is wrong."
    assert {problem.place for problem in caught.value.problems} == {"script", "stages.0"}
    template.refresh_from_db()
    assert template.published is None
    assert TemplateRevision.objects.get().status == "draft"
    assert not Publication.objects.exists()


def test_a_warning_does_not_keep_from_publishing(template: TaskTemplate) -> None:
    assert publish(save_draft(template, None, replace(GOOD, script="odd")), None).is_published


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"priority": 200}, "priority"),
        ({"memory_mb": -1}, "memory_mb"),
        ({"cpu_seconds": 2**40}, "cpu_seconds"),
        ({"max_calls": True}, "max_calls"),
        ({"deadline_seconds": 0}, "deadline_seconds"),
        ({"queue": " "}, "queue"),
        ({"kind": ""}, "kind"),
        ({"kind": None}, "kind"),
        ({"script": None}, "script"),
        ({"script": "a\0b"}, "script"),
        ({"script": "\ud800"}, "script"),
        ({"triggers": {"keywords": {1, 2}}}, "triggers"),
        ({"outputs": {"x": float("nan")}}, "outputs"),
    ],
)
def test_what_no_column_can_hold_is_not_even_a_draft(template: TaskTemplate, change: dict, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        save_draft(template, None, replace(GOOD, **change))
    assert field in caught.value.fields
    assert not TemplateRevision.objects.exists()


def test_version_and_note_are_bounded(template: TaskTemplate) -> None:
    for label, field in (
        ({"version": " "}, "version"),
        ({"version": "9" * 33}, "version"),
        ({"note": "x" * 10_001}, "note"),
    ):
        with pytest.raises(InvalidInput) as caught:
            save_draft(template, None, GOOD, **label)
        assert list(caught.value.fields) == [field]


def test_publishing_puts_a_revision_into_service_and_records_who_and_when(draft: TemplateRevision, alice: User) -> None:
    with clock.frozen(MOMENT):
        publish(draft, alice)
    template = TaskTemplate.objects.select_related("published").get()
    assert template.published == draft
    assert template.published is not None
    assert (template.published.status, template.published.published_at) == ("published", MOMENT)
    publication = Publication.objects.get()
    assert (publication.revision, publication.by, publication.at) == (draft, alice, MOMENT)
    assert draft.is_in_service


def test_publishing_what_serves_already_changes_nothing(draft: TemplateRevision, alice: User) -> None:
    with clock.frozen(MOMENT):
        publish(draft, alice)
    publish(TemplateRevision.objects.get(), alice)
    assert Publication.objects.count() == 1
    assert TemplateRevision.objects.get().published_at == MOMENT


def test_rolling_back_is_publishing_an_older_revision(template: TaskTemplate, draft: TemplateRevision) -> None:
    publish(draft, None)
    publish(save_draft(template, None, GOOD), None)
    publish(draft, None)
    template.refresh_from_db()
    assert template.published == draft
    assert [each.revision.number for each in Publication.objects.order_by("id") if each.revision] == [1, 2, 1]
    assert set(TemplateRevision.objects.values_list("status", flat=True)) == {"published"}


def test_the_next_look_at_the_rows_sees_the_new_revision(template: TaskTemplate, draft: TemplateRevision) -> None:
    """No process keeps a definition: what serves is asked of the rows each time."""
    publish(draft, None)
    assert TaskTemplate.objects.in_service().get().published == draft
    second = publish(save_draft(template, None, GOOD), None)
    assert TaskTemplate.objects.in_service().get().published == second


def test_withdrawing_leaves_nothing_in_service(draft: TemplateRevision, alice: User) -> None:
    publish(draft, alice)
    withdraw(draft.template, alice)
    withdraw(draft.template, alice)
    assert not TaskTemplate.objects.in_service().exists()
    assert [(each.revision, each.by) for each in Publication.objects.all()] == [(None, alice), (draft, alice)]


def test_mark_tested_can_be_taken_back(draft: TemplateRevision, alice: User) -> None:
    mark_tested(draft, alice)
    assert TemplateRevision.objects.get().is_tested
    mark_tested(draft, alice, is_tested=False)
    assert not TemplateRevision.objects.get().is_tested


def test_every_verb_asks_for_its_permission(draft: TemplateRevision, bob: User, charlie: User, dora: User) -> None:
    for user in (bob, charlie, AnonymousUser()):
        with pytest.raises(NotPermitted, match="add_templaterevision"):
            save_draft(draft.template, user, GOOD)
        with pytest.raises(NotPermitted, match="add_templaterevision"):
            mark_tested(draft, user)
    assert save_draft(draft.template, dora, GOOD).author == dora
    mark_tested(draft, dora)
    for user in (bob, charlie, dora, AnonymousUser()):
        with pytest.raises(NotPermitted, match="publish_templaterevision"):
            publish(draft, user)
        with pytest.raises(NotPermitted, match="publish_templaterevision"):
            withdraw(draft.template, user)
    assert not Publication.objects.exists()
    assert publishing.SAVE == "catalog.add_templaterevision"
