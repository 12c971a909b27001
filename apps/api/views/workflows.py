"""Workflows before they run: what is wrong with one, and how long it would take. Nothing is saved."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs
from apps.api import workflows as shapes
from apps.api.views.base import View, answer
from apps.catalog.publishing import SAVE
from apps.core.errors import NotPermitted


class Check(View):
    parser_classes = (shapes.WorkflowParser,)

    @extend_schema(
        operation_id="check_workflow", request=shapes.WorkflowRequest, responses=shapes.WorkflowChecked,
        tags=["workflows"],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """All that is wrong with the JSON of a workflow, judged by what is installed here. For those who write templates."""
        if not request.user.has_perm(SAVE):
            raise NotPermitted(f"You may not check workflows; that needs the permission {SAVE}. Ask an administrator.")
        given = inputs.body(shapes.WorkflowRequest, request)
        found = shapes.checked(given["graph"], given.get("parameter_schema", {}))
        return answer(shapes.WorkflowChecked, found)


class Plan(View):
    parser_classes = (shapes.WorkflowParser,)

    @extend_schema(
        operation_id="plan_workflow", request=shapes.PlanRequest, responses=shapes.WorkflowPlan, tags=["workflows"]
    )
    def post(self, request: Request) -> Response:
        """Waves, duration and critical path of a workflow or of a list of tasks, and what is wrong with it."""
        return answer(shapes.WorkflowPlan, shapes.planned(inputs.body(shapes.PlanRequest, request)))
