"""Tasks made from another: run it again, fork it, and see what came of what."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, outputs, pictures
from apps.api.outputs import Output
from apps.api.views.base import View, answer, visible_task, visible_tasks
from apps.api.views.tasks import KEY_HEADER, idempotency_key
from apps.api.views.wrongs import as_parameters
from apps.tasks.making import again, lineage
from apps.tasks.making.submission import Submitted
from apps.tasks.record import takeover

LAST = 2**31 - 1


class AgainRequest(inputs.Input):
    parameters = inputs.Parameters(required=False, help_text="All of them. Left out: those of the old task.")
    revision = serializers.IntegerField(
        min_value=1, max_value=LAST, required=False, help_text="A published one. Left out: the one in service."
    )
    idempotency_key = inputs.IdempotencyKey()


class ForkRequest(inputs.Input):
    step = serializers.IntegerField(
        min_value=0, max_value=LAST, help_text="The first call to be made; those before it are taken over."
    )
    parameters = inputs.Parameters(required=False, help_text="All of them. Left out: those of the old task.")
    revision = serializers.IntegerField(
        min_value=1, max_value=LAST, required=False, help_text="A published one. Left out: the old task's."
    )
    idempotency_key = inputs.IdempotencyKey()


class Relative(Output):
    id = serializers.IntegerField()
    ancestry = serializers.ChoiceField(choices=["again", "fork"], help_text="How the younger one was made.")
    step = serializers.IntegerField(allow_null=True, help_text="Calls before it were taken over.")
    title = serializers.CharField(help_text="Empty where you may not see the task.")
    status = serializers.CharField()
    revision = serializers.IntegerField(allow_null=True)
    is_removed = serializers.BooleanField()


class LineageAnswer(Output):
    ancestors = Relative(many=True, help_text="Nearest first.")
    descendants = Relative(many=True, help_text="Oldest first, at most 100.")
    calls_on_record = serializers.IntegerField(help_text="The last step at which it can be forked.")
    checkpoints = serializers.ListField(
        child=serializers.IntegerField(), help_text="Steps from which a fork need not replay."
    )


def _created(request: Request, submitted: Submitted) -> Response:
    task = visible_tasks(request).get(pk=submitted.task.pk)
    picture = {**pictures.created(task, request.user), "because": submitted.because}
    response = answer(outputs.TaskStarted, picture, status=201 if submitted.is_new else 200)
    response.headers["Location"] = reverse("api:task", args=[task.pk])
    return response


def _described(operation_id: str, form: type[inputs.Input]) -> Any:
    return extend_schema(
        operation_id=operation_id,
        request=form,
        parameters=[KEY_HEADER],
        responses={201: outputs.TaskStarted, 200: outputs.TaskStarted},
        tags=["tasks"],
    )


class Again(View):
    @_described("run_task_again", AgainRequest)
    def post(self, request: Request, task_id: int) -> Response:
        """A new task that does the same from the start, with other parameters or on another revision where given."""
        given = inputs.body(AgainRequest, request)
        given["idempotency_key"] = idempotency_key(request, given)
        with as_parameters():
            return _created(request, again.run_again(visible_task(request, task_id), request.user, **given))


class Fork(View):
    @_described("fork_task", ForkRequest)
    def post(self, request: Request, task_id: int) -> Response:
        """A new task that takes over the calls before `step` from this one's record and goes on from there."""
        given = inputs.body(ForkRequest, request)
        given["idempotency_key"] = idempotency_key(request, given)
        with as_parameters():
            return _created(request, again.fork(visible_task(request, task_id), request.user, **given))


class Lineage(View):
    @extend_schema(operation_id="get_lineage", responses=LineageAnswer, tags=["tasks"])
    def get(self, request: Request, task_id: int) -> Response:
        """What the task was made from, and what was made from it."""
        task = visible_task(request, task_id)
        found = {
            "ancestors": [asdict(each) for each in lineage.ancestors(task, request.user)],
            "descendants": [asdict(each) for each in lineage.descendants(task, request.user)],
            "calls_on_record": takeover.calls_on_record(task.pk),
            "checkpoints": list(task.checkpoints.order_by("index").values_list("index", flat=True)),
        }
        return answer(LineageAnswer, found)
