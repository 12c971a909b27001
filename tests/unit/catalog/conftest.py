import pytest
from django.contrib.auth.models import Permission, User

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate, TemplateRevision


@pytest.fixture(autouse=True)
def fake_kind(settings: pytest.FixtureRequest) -> None:
    settings.TASK_KINDS = {"script": "tests.unit.catalog.kinds.FakeKind"}  # type: ignore[attr-defined]
    settings.TOOL_MODULES = {"crm": "nowhere.crm", "task": "nowhere.task"}  # type: ignore[attr-defined]


@pytest.fixture
def template(db: None) -> TaskTemplate:
    return TaskTemplate.objects.create(key="report", name="Report")


@pytest.fixture
def draft(template: TaskTemplate) -> TemplateRevision:
    return publishing.save_draft(template, None, Definition(script="fine"))


@pytest.fixture
def dora(db: None) -> User:
    """Writes drafts, and may not publish them."""
    user = User.objects.create_user("dora", password="correct horse battery", is_staff=True)
    codenames = ["view_tasktemplate", "change_tasktemplate", "view_templaterevision", "add_templaterevision"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user
