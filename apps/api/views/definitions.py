"""What templates define: read a revision, save one, put it into service. For those who write templates."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import definitions as shapes
from apps.api import inputs
from apps.api.views.base import View, answer
from apps.api.workflows import WorkflowParser
from apps.catalog import publishing, validation
from apps.catalog.definition import Definition
from apps.catalog.models import PUBLISH, TaskTemplate, TemplateRevision
from apps.core.errors import InvalidInput, NotFound, NotPermitted

VIEW = "catalog.view_tasktemplate"
ADD = "catalog.add_tasktemplate"


class OneDefinition(View):
    @extend_schema(
        operation_id="get_definition", parameters=[shapes.DefinitionQuery], responses=shapes.FullRevision,
        tags=["templates"],
    )  # fmt: skip
    def get(self, request: Request, key: str) -> Response:
        """Everything that a revision defines, script or graph included. For those who may view templates."""
        _permit(request, VIEW, "look at definitions")
        wanted = inputs.query(shapes.DefinitionQuery, request)
        return answer(shapes.FullRevision, shapes.full(_revision(_template(key), wanted.get("revision"))))


class Revisions(View):
    parser_classes = (WorkflowParser,)

    @extend_schema(
        operation_id="save_revision", request=shapes.RevisionRequest, responses={201: shapes.RevisionSaved},
        tags=["templates"],
    )  # fmt: skip
    def post(self, request: Request, key: str) -> Response:
        """Save the next revision, if nothing is wrong with it, and publish it if asked. With `name`: of a new template, too."""
        _permit(request, publishing.SAVE, "save revisions")
        given = inputs.body(shapes.RevisionRequest, request)
        if given["publish"]:
            _permit(request, PUBLISH, "publish revisions")
        definition = Definition.with_fields(given["definition"])
        publishing.require_no_errors(definition)
        template = TaskTemplate.objects.filter(key=key).first() or _made(request, key, given)
        row = publishing.save_draft(template, request.user, definition, version=given["version"], note=given["note"])
        if given["publish"]:
            row = publishing.publish(row, request.user)
        warnings = shapes.remarks(each for each in validation.check(definition) if each.severity == "warning")
        return answer(shapes.RevisionSaved, {**shapes.revision(row), "warnings": warnings}, status=201)


class Publish(View):
    @extend_schema(
        operation_id="publish_revision", request=inputs.NoFields, responses=shapes.Revision, tags=["templates"]
    )
    def post(self, request: Request, key: str, number: int) -> Response:
        """Put a revision into service, also an older one. Tasks that run keep theirs."""
        _permit(request, PUBLISH, "publish revisions")
        inputs.body(inputs.NoFields, request)
        row = publishing.publish(_revision(_template(key), number), request.user)
        return answer(shapes.Revision, shapes.revision(row))


def _permit(request: Request, permission: str, what: str) -> None:
    if not request.user.has_perm(permission):
        raise NotPermitted(f"You may not {what}; that needs the permission {permission}. Ask an administrator.")


def _template(key: str) -> TaskTemplate:
    row = TaskTemplate.objects.select_related("published").filter(key=key).first()
    if row is None:
        raise NotFound(f"There is no template {key!r}.", code="no_such_template")
    return row


def _revision(template: TaskTemplate, number: int | None) -> TemplateRevision:
    if number is None and template.published is not None:
        return template.published
    rows = template.revisions.select_related("template")
    row: TemplateRevision | None = (rows if number is None else rows.filter(number=number)).first()
    if row is None:
        raise NotFound(f"The template {template.key} has no revision{f' {number}' if number else ''}.")
    return row


def _made(request: Request, key: str, given: dict[str, str]) -> TaskTemplate:
    if "name" not in given:
        raise NotFound(f"There is no template {key!r}. Give a name to make one.", code="no_such_template")
    _permit(request, ADD, "make templates")
    if len(key) > validation.NAME_LENGTH:
        raise InvalidInput("The key has up to 64 characters.", fields={"key": "Give a shorter one."})
    named = {"name": given["name"], "description": given.get("description", "")}
    by = request.user if request.user.is_authenticated else None
    return TaskTemplate.objects.get_or_create(key=key, defaults={**named, "created_by": by})[0]
