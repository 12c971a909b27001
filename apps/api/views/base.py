"""What all views of the API share. A view parses, permits, calls one verb, answers."""

from typing import Any

from rest_framework.exceptions import NotFound as NoSuchAddress
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.api import request_id
from apps.api.outputs import Output
from apps.api.refusals import LengthRequired
from apps.tasks.models import Task
from apps.tasks.models.task import TaskQuerySet
from apps.tasks.retention import past


class View(APIView):
    http_method_names = ["get", "head", "post", "delete"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            raise LengthRequired  # REST framework would take the body for an empty one
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers[request_id.HEADER] = request_id.of(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class NoSuchView(View):
    """Every address below /api/ that is none."""

    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.check_throttles(request)
        raise NoSuchAddress("There is no such address. /api/v1/ lists those that there are.")


def answer(shape: type[Output], data: Any, status: int = 200) -> Response:
    return Response(shape(data).data, status=status)


def visible_tasks(request: Request) -> TaskQuerySet:
    tasks: TaskQuerySet = Task.objects.visible_to(request.user)
    return tasks.select_related("template", "revision", "requester", "execution").defer("revision__graph")


def visible_task(request: Request, task_id: int) -> Task:
    """The task, if the user may see it. Raises NotFound, the same for one that is another's and one that is not; Gone."""
    task = visible_tasks(request).filter(pk=task_id).first()
    if task is None:
        raise past.missing(task_id, request.user)
    return task
