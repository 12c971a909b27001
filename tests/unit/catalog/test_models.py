from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import IntegrityError, connection, transaction
from django.db.models import RestrictedError

from apps.catalog import publishing
from apps.catalog.definition import FIELDS, Definition
from apps.catalog.models import ImmutableRevision, TaskTemplate, TemplateRevision
from apps.core import clock

CHANGED: dict[str, Any] = {
    "kind": "other",
    "script": "changed",
    "graph": {"tasks": [{"name": "x", "script": "x"}]},
    "parameter_schema": {"type": "object", "properties": {"x": {"type": "string"}}},
    "triggers": {"keywords": ["x"]},
    "outputs": {"attachments": [{"type": "pdf", "name": "x.pdf"}]},
    "stages": [{"name": "x", "percent": 1}],
    "estimated_steps": 99,
    "estimated_seconds": 99,
    "required_tools": ["crm"],
    "memory_mb": 99,
    "is_cpu_intensive": True,
    "queue": "other",
    "priority": 99,
    "retry": {"max_attempts": 9, "delays": [9]},
    "max_calls": 99,
    "cpu_seconds": 99,
    "deadline_seconds": 99,
    "retention_days": 99,
    "limit_key": "{period}",
    "debounce_seconds": 99,
    "debounce_key": "{period}",
    "cache_seconds": 99,
    "priority_rules": [{"if": {"required": ["x"]}, "priority": "high"}],
}


def test_the_changes_below_cover_every_definition_field() -> None:
    assert CHANGED.keys() == set(FIELDS)


@pytest.mark.parametrize("name", [*FIELDS, "number", "version", "note", "created_at", "author", "template"])
def test_a_saved_revision_never_changes(draft: TemplateRevision, name: str) -> None:
    value = CHANGED.get(name, getattr(draft, name))
    setattr(draft, name, value)
    for attempt in (
        lambda: draft.save(),
        lambda: draft.save(update_fields=[name]),
        lambda: draft.save(update_fields=["status", name]),
        lambda: TemplateRevision.objects.filter(pk=draft.pk).update(**{name: value}),
        lambda: TemplateRevision.objects.bulk_update([draft], [name]),
        lambda: draft.template.revisions.update(**{name: value}),
    ):
        with pytest.raises(ImmutableRevision, match="save a new one instead"):
            attempt()
    kept = TemplateRevision.objects.get(pk=draft.pk)
    assert Definition.of(kept) == Definition(script="fine")


def test_status_publication_and_tested_are_what_moves(draft: TemplateRevision) -> None:
    assert {"status", "published_at", "is_tested"} == TemplateRevision.MOVABLE
    draft.is_tested = True
    draft.save(update_fields=["is_tested"])
    assert TemplateRevision.objects.get().is_tested


def refuses(**values: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TemplateRevision.objects.create(**values)


def test_the_database_refuses_impossible_revisions(template: TaskTemplate) -> None:
    TemplateRevision.objects.create(template=template, number=1)
    refuses(template=template, number=1)
    refuses(template=template, number=0)
    refuses(template=template, number=2, priority=101)
    refuses(template=template, number=2, status="published")
    refuses(template=template, number=2, status="draft", published_at=clock.now())
    refuses(template=template, number=2, status="retired")
    refuses(template=template, number=2, kind="")
    refuses(template=template, number=2, queue="")
    refuses(template=template, number=2, memory_mb=0)
    refuses(template=template, number=2, max_calls=0)
    refuses(template=template, number=2, deadline_seconds=0)


def test_the_database_refuses_templates_without_or_with_a_taken_key(template: TaskTemplate) -> None:
    for key in ("", "report"):
        with pytest.raises(IntegrityError), transaction.atomic():
            TaskTemplate.objects.create(key=key, name="x")


def test_json_keeps_the_order_of_names_on_every_database(template: TaskTemplate) -> None:
    """Forms draw parameters in the order in which the author wrote them."""
    names = ["zeta_is_long", "b", "a", "middle"]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    publishing.save_draft(template, None, Definition(parameter_schema=schema))
    kept = TemplateRevision.objects.get().parameter_schema
    assert list(kept["properties"]) == names, connection.vendor
    assert kept == schema


def test_saving_a_template_moves_its_time_of_change(template: TaskTemplate) -> None:
    before = template.updated_at
    template.name = "Other"
    template.save(update_fields=["name"])
    assert TaskTemplate.objects.get().updated_at > before


def test_a_template_can_be_deleted_with_its_revisions_but_the_one_in_service_not_alone(
    draft: TemplateRevision,
) -> None:
    publishing.publish(draft, None)
    with pytest.raises(RestrictedError):
        draft.delete()
    TaskTemplate.objects.get().delete()
    assert not TemplateRevision.objects.exists()


def test_a_revision_outlives_its_author(template: TaskTemplate, dora: User) -> None:
    publishing.save_draft(template, dora, Definition(script="fine"))
    dora.delete()
    assert TemplateRevision.objects.get().author is None


def runner(name: str) -> User:
    user = User.objects.create_user(name)
    user.user_permissions.add(Permission.objects.get(codename="run_tasktemplate"))
    return user


def keys(user: User | AnonymousUser) -> list[str]:
    return [template.key for template in TaskTemplate.objects.runnable_by(user)]


def test_a_template_runs_for_those_with_the_permission_and_one_of_its_groups(
    draft: TemplateRevision, alice: User, bob: User
) -> None:
    erin, frank = runner("erin"), runner("frank")
    finance, sales = Group.objects.create(name="finance"), Group.objects.create(name="sales")
    erin.groups.add(finance, sales)
    publishing.publish(draft, None)
    assert [keys(user) for user in (alice, erin, frank)] == [["report"]] * 3
    assert keys(bob) == keys(AnonymousUser()) == []
    template = draft.template
    template.run_groups.set([finance, sales])
    assert [keys(user) for user in (alice, erin, frank)] == [["report"], ["report"], []]
    assert template.is_runnable_by(erin)
    assert not template.is_runnable_by(frank)
    erin.is_active = False
    erin.save()
    assert keys(User.objects.get(pk=erin.pk)) == []


def test_only_enabled_and_published_templates_run(draft: TemplateRevision, alice: User) -> None:
    assert keys(alice) == []
    publishing.publish(draft, None)
    assert keys(alice) == ["report"]
    TaskTemplate.objects.update(is_enabled=False)
    assert keys(alice) == []
