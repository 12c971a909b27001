"""What can be run: the templates that the caller may start."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, outputs, pictures
from apps.api.views.base import View, answer
from apps.api.views.wrongs import as_parameters
from apps.catalog.models import TaskTemplate
from apps.core.errors import NotFound
from apps.core.schema import validate
from apps.tasks.making import pace


class Templates(View):
    @extend_schema(operation_id="list_templates", responses=outputs.TemplateList, tags=["templates"])
    def get(self, request: Request) -> Response:
        """The templates that you may start."""
        rows = TaskTemplate.objects.runnable_by(request.user)
        return answer(outputs.TemplateList, {"results": [pictures.template(row) for row in rows]})


class Template(View):
    @extend_schema(operation_id="get_template", responses=outputs.TemplateDetail, tags=["templates"])
    def get(self, request: Request, key: str) -> Response:
        """One template with the JSON Schema of its parameters."""
        return answer(outputs.TemplateDetail, pictures.full_template(_template(request, key)))


class Estimate(View):
    @extend_schema(
        operation_id="estimate",
        request=inputs.EstimateRequest,
        responses=outputs.EstimateAnswer,
        tags=["templates"],
    )
    def post(self, request: Request, key: str) -> Response:
        """How long it would take with these parameters. Checks them and starts nothing."""
        revision = _template(request, key).published
        assert revision is not None
        given = inputs.body(inputs.EstimateRequest, request)
        with as_parameters():
            parameters = validate(given.get("parameters", {}), revision.parameter_schema)
        expected = pace.expected(revision, parameters)
        return answer(outputs.EstimateAnswer, pictures.estimated(revision, expected, parameters))


def _template(request: Request, key: str) -> TaskTemplate:
    row = TaskTemplate.objects.runnable_by(request.user).filter(key=key).first()
    if row is None:
        raise NotFound(f"There is no template {key!r} that you may start.", code="no_such_template")
    return row
