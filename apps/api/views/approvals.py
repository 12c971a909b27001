"""Approvals: what is asked of me, and my decision. A GET decides nothing."""

from typing import Any

from django.http import HttpResponseBase
from django.utils.http import urlencode
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import approvals as shapes
from apps.api import inputs
from apps.api.views.base import View, answer
from apps.api.views.files import served
from apps.core import clock
from apps.core.errors import NotFound
from apps.tasks import approvals
from apps.tasks.approvals import evidence
from apps.tasks.models import Approval
from apps.tasks.models.approvals import ApprovalQuerySet


class Approvals(View):
    @extend_schema(
        operation_id="list_approvals", parameters=[shapes.ApprovalQuery], responses=shapes.ApprovalList,
        tags=["approvals"],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Questions of tasks, newest first: those that you may decide, those of your own tasks; all, if you see all tasks."""
        wanted = inputs.query(shapes.ApprovalQuery, request)
        rows = _chosen(request, wanted).select_related(*shapes.RELATED).order_by("-id")
        found = list(rows[: wanted["limit"] + 1])
        shown = found[: wanted["limit"]]
        after = _next(request, shown[-1].pk) if len(found) > len(shown) else None
        return answer(shapes.ApprovalList, {"results": [shapes.row(each) for each in shown], "next": after})


def _chosen(request: Request, wanted: dict[str, Any]) -> ApprovalQuerySet:
    rows: ApprovalQuerySet = Approval.objects.visible_to(request.user)
    if wanted["of"] == "mine":
        rows = rows.of_person(request.user)
    elif wanted["of"] == "groups":
        rows = rows.of_groups(request.user)
    elif wanted["of"] == "overdue":
        rows = rows.for_decision_by(request.user).overdue(clock.now())
    if "state" in wanted:
        rows = rows.filter(state=wanted["state"])
    if "task" in wanted:
        rows = rows.filter(task_id=wanted["task"])
    return rows.filter(pk__lt=wanted["before"]) if "before" in wanted else rows


def _next(request: Request, last_id: int) -> str:
    kept = {name: str(value) for name, value in request.query_params.items() if name != "before"}
    return f"{request.path}?{urlencode({**kept, 'before': str(last_id)})}"


class OneApproval(View):
    @extend_schema(operation_id="get_approval", responses=shapes.ApprovalDetail, tags=["approvals"])
    def get(self, request: Request, approval_id: int) -> Response:
        """The whole question: text, evidence, form, choices, who may decide, what happens if nobody does, its history."""
        return _shown(request, approval_id)


class Decide(View):
    @extend_schema(
        operation_id="decide_approval", request=shapes.DecisionRequest, responses=shapes.ApprovalDetail,
        tags=["approvals"],
    )  # fmt: skip
    def post(self, request: Request, approval_id: int) -> Response:
        """Decide it, once and for good. The same decision again answers the same; a second one is a conflict."""
        _visible(request, approval_id)
        given = inputs.body(shapes.DecisionRequest, request)
        approvals.decide(approval_id, request.user, given["decision"], given.get("data"), given["comment"])
        return _shown(request, approval_id)


class Delegate(View):
    @extend_schema(
        operation_id="delegate_approval", request=shapes.DelegationRequest, responses=shapes.ApprovalDetail,
        tags=["approvals"],
    )  # fmt: skip
    def post(self, request: Request, approval_id: int) -> Response:
        """Hand it over: that person may decide, too, and finds it among their own."""
        _visible(request, approval_id)
        given = inputs.body(shapes.DelegationRequest, request)
        approvals.delegate(approval_id, request.user, given["to"], given["comment"])
        return _shown(request, approval_id)


class EvidenceFile(View):
    @extend_schema(
        operation_id="download_evidence",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        tags=["approvals"],
    )
    def get(self, request: Request, approval_id: int, artifact_id: int) -> HttpResponseBase:
        """A file of the evidence, also for those who may not see the task."""
        files = evidence.files(_visible(request, approval_id)).values()
        row = next((file for file in files if file.pk == artifact_id), None)
        if row is None:
            raise NotFound(f"Approval {approval_id} shows no file {artifact_id}.")
        return served(request, row)


def _shown(request: Request, approval_id: int) -> Response:
    return answer(shapes.ApprovalDetail, shapes.detail(_visible(request, approval_id), request.user))


def _visible(request: Request, approval_id: int) -> Approval:
    rows = Approval.objects.visible_to(request.user).select_related(*shapes.RELATED)
    approval: Approval | None = rows.filter(pk=approval_id).first()
    if approval is None:
        raise NotFound(f"There is no approval {approval_id} that you may see.")
    return approval
