"""One verb for many tasks, and the two verbs for one that need a value."""

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, outputs, pictures, steering
from apps.api.views.base import View, answer, visible_task
from apps.core import clock
from apps.core.errors import NotFound
from apps.tasks import lifecycle, queuenames
from apps.tasks.models import BulkAction
from apps.tasks.operators import bulk
from apps.workers.answers import served


class Bulk(View):
    @extend_schema(
        operation_id="act_on_many",
        request=steering.BulkRequest,
        responses={201: steering.BulkAnswer, 200: steering.PreviewAnswer},
        tags=["tasks"],
    )
    def post(self, request: Request) -> Response:
        """One verb for a selection, or for all that match. Up to 200 are done at once, more by the workers.

        First with `dry_run` for the count, then with it as `expected`.
        """
        given = inputs.body(steering.BulkRequest, request)
        chosen, arguments = steering.chosen(given), given.get("arguments", {})
        workers = served.queues(clock.now())
        if given["dry_run"]:
            seen = bulk.preview(chosen, given["verb"], request.user, arguments, served=workers)
            return answer(steering.PreviewAnswer, steering.previewed(chosen, seen))
        action = bulk.start(chosen, given["verb"], arguments, request.user, given.get("expected"), served=workers)
        return created(action)


def created(action: BulkAction) -> Response:
    response = answer(steering.BulkAnswer, steering.pictured(action), status=201)
    response.headers["Location"] = reverse("api:bulk", args=[action.pk])
    return response


class OneBulk(View):
    @extend_schema(operation_id="get_bulk", responses=steering.BulkAnswer, tags=["tasks"])
    def get(self, request: Request, bulk_id: int) -> Response:
        """How far an action on many tasks is, and what it left alone and why."""
        return answer(steering.BulkAnswer, steering.pictured(_visible(request, bulk_id)))


class StopBulk(View):
    @extend_schema(operation_id="stop_bulk", request=inputs.Reason, responses=steering.BulkAnswer, tags=["tasks"])
    def post(self, request: Request, bulk_id: int) -> Response:
        """Leave the rest alone. What is done stays done."""
        action = bulk.stop(_visible(request, bulk_id), request.user, **inputs.body(inputs.Reason, request))
        return answer(steering.BulkAnswer, steering.pictured(action))


def _visible(request: Request, bulk_id: int) -> BulkAction:
    action = bulk.visible_to(request.user).filter(pk=bulk_id).first()
    if action is None:
        raise NotFound(f"There is no action {bulk_id} that you may see.")
    return action


class ChangePriority(View):
    @extend_schema(
        operation_id="change_priority",
        request=steering.PriorityRequest,
        responses=outputs.TaskDetail,
        tags=["tasks"],
    )
    def post(self, request: Request, task_id: int) -> Response:
        """Put a task before or behind others; a running one from its next claim on."""
        task = visible_task(request, task_id)
        lifecycle.change_priority(task, request.user, inputs.body(steering.PriorityRequest, request)["priority"])
        return answer(outputs.TaskDetail, pictures.detail(visible_task(request, task_id), request.user))


class MoveQueue(View):
    @extend_schema(
        operation_id="move_queue", request=steering.QueueRequest, responses=outputs.TaskDetail, tags=["tasks"]
    )
    def post(self, request: Request, task_id: int) -> Response:
        """Put a task into another queue; a running one from its next claim on."""
        task = visible_task(request, task_id)
        name = inputs.body(steering.QueueRequest, request)["queue"]
        lifecycle.move_queue(task, request.user, queuenames.existing(name, served.queues(clock.now())))
        return answer(outputs.TaskDetail, pictures.detail(visible_task(request, task_id), request.user))
