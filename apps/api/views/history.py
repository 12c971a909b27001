"""What happened to a task: its feed, steps, log and full result."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, outputs, pictures
from apps.api.views.base import View, answer, visible_task
from apps.core.masking import mask
from apps.tasks import standing
from apps.tasks.models import Step
from apps.tasks.record import feed


class Feed(View):
    @extend_schema(operation_id="read_feed", parameters=[inputs.FeedQuery], responses=outputs.Feed, tags=["history"])
    def get(self, request: Request, task_id: int) -> Response:
        """Steps and events in one order, from `after` on, and the present state beside them."""
        task = visible_task(request, task_id)
        wanted = inputs.query(inputs.FeedQuery, request)
        entries = feed.read(task.pk, wanted["after"], wanted["limit"])
        picture = {
            "entries": [asdict(entry) for entry in entries],
            "next_after": entries[-1].seq if entries else wanted["after"],
            "status": task.status,
            "is_final": task.is_final,
            "progress": pictures.progress(task),
            "now": pictures.present(task.execution),
        }
        return answer(outputs.Feed, picture)


class Steps(View):
    @extend_schema(
        operation_id="list_steps", parameters=[inputs.FeedQuery], responses=outputs.StepList, tags=["history"]
    )
    def get(self, request: Request, task_id: int) -> Response:
        """The recorded calls, in order."""
        task = visible_task(request, task_id)
        wanted = inputs.query(inputs.FeedQuery, request)
        rows = Step.objects.filter(task_id=task.pk, seq__gt=wanted["after"]).defer("digest", "result")
        steps = list(rows.order_by("seq")[: wanted["limit"]])
        return answer(outputs.StepList, {"results": steps, "next_after": steps[-1].seq if steps else wanted["after"]})


class Log(View):
    @extend_schema(operation_id="read_log", parameters=[inputs.FeedQuery], responses=outputs.Log, tags=["history"])
    def get(self, request: Request, task_id: int) -> Response:
        """What the script printed and logged."""
        task = visible_task(request, task_id)
        wanted = inputs.query(inputs.FeedQuery, request)
        lines = standing.log(task.pk, wanted["after"], wanted["limit"])
        picture = {
            "lines": [{**asdict(line), "text": mask(line.text)} for line in lines],
            "next_after": lines[-1].seq if lines else wanted["after"],
        }
        return answer(outputs.Log, picture)


class Result(View):
    @extend_schema(operation_id="get_result", responses=outputs.ResultData, tags=["history"])
    def get(self, request: Request, task_id: int) -> Response:
        """All that the script returned, whatever its size."""
        return answer(outputs.ResultData, {"data": pictures.plain(visible_task(request, task_id).returned)})
