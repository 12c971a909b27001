"""Making templates, tasks and workers for tests, through the product's own verbs."""

from typing import Any

from django.contrib.auth.models import User

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task

ANYTHING: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}


def template(script: str, by: User, key: str = "sample", **fields: Any) -> TaskTemplate:
    """A template in service whose published revision runs `script`."""
    made, _ = TaskTemplate.objects.get_or_create(key=key, defaults={"name": key.replace("_", " ").capitalize()})
    definition = Definition.with_fields({"script": script, "parameter_schema": ANYTHING, **fields})
    revision = publishing.save_draft(made, by, definition, version="1.0.0", note="for a test")
    publishing.publish(revision, by)
    made.refresh_from_db()
    return made


def task(script: str, by: User, parameters: dict[str, Any] | None = None, **fields: Any) -> Task:
    """A pending task that will run `script`."""
    made = template(script, by, **fields)
    return submit(Request(template=made.key, parameters=parameters or {}, origin="test"), by).task
