"""Tasks: start, list, look, and the verbs."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, outputs, pictures
from apps.api.paging import Ordering, page
from apps.api.views.base import View, answer, visible_task, visible_tasks
from apps.api.views.wrongs import as_parameters
from apps.core.errors import InvalidInput
from apps.tasks import lifecycle
from apps.tasks.making import submission
from apps.tasks.models import Task
from apps.tasks.operators.filters import NAMES, Filter

HEAVY = (
    "result", "parameters", "instructions",
    "revision__script", "revision__parameter_schema", "revision__triggers", "revision__outputs", "revision__stages",
)  # fmt: skip
KEY_HEADER = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="The same key gives the same task: safe to send again."
)


class Tasks(View):
    @extend_schema(operation_id="list_tasks", parameters=[inputs.TaskQuery], responses=outputs.TaskList, tags=["tasks"])
    def get(self, request: Request) -> Response:
        """Your tasks, newest first; everybody's, if you are staff and may view tasks.

        Without parts of other tasks (nodes of workflows, tasks that scripts started), unless `whole` says otherwise or
        `ids`, `parent`, `queue` or a number in `search` names them.
        """
        wanted = inputs.query(inputs.TaskQuery, request)
        chosen = Filter.asked({name: wanted[name] for name in NAMES if name in wanted})
        rows = visible_tasks(request).defer(*HEAVY)
        rows = chosen.apply(rows.within_reach(chosen.search, whole=chosen.whole) if chosen.search else rows)
        found = page(rows, Ordering(word=wanted["ordering"]), wanted.get("cursor"), wanted["limit"])
        results = pictures.listed(found.tasks, request.user)
        return answer(outputs.TaskList, {"results": results, "next": next_page(request, found.next_cursor)})

    @extend_schema(
        operation_id="start_task",
        request=inputs.TaskRequest,
        parameters=[KEY_HEADER],
        responses={201: outputs.TaskStarted, 200: outputs.TaskStarted},
        tags=["tasks"],
    )
    def post(self, request: Request) -> Response:
        """Start a task: 201, or 200 with the task that answers the request already: `because` says why."""
        given = inputs.body(inputs.TaskRequest, request)
        asked = submission.Request(
            template=given["template"],
            parameters=given.get("parameters", {}),
            origin="api",
            instructions=given.get("instructions", ""),
            title=given.get("title", ""),
            priority=given.get("priority"),
            tags=given.get("tags", ()),
            idempotency_key=idempotency_key(request, given),
            deadline=given.get("deadline"),
            available_at=given.get("start_at"),
        )
        with as_parameters():  # the rest of the request has been checked
            submitted = submission.submit(asked, request.user)
        task = visible_tasks(request).get(pk=submitted.task.pk)
        picture = {**pictures.created(task, request.user), "because": submitted.because}
        response = answer(outputs.TaskStarted, picture, status=201 if submitted.is_new else 200)
        response.headers["Location"] = reverse("api:task", args=[task.pk])
        return response


def idempotency_key(request: Request, given: dict[str, Any]) -> str | None:
    in_body: str | None = given.get("idempotency_key")
    in_header = request.headers.get("Idempotency-Key")
    if in_header is not None and not (0 < len(in_header) <= submission.MAX_KEY and in_header.isprintable()):
        raise InvalidInput(
            "The Idempotency-Key header cannot be used.",
            fields={"idempotency_key": f"Use 1 to {submission.MAX_KEY} visible characters."},
        )
    if in_body and in_header and in_body != in_header:
        raise InvalidInput(
            "Header and body name different idempotency keys.", fields={"idempotency_key": "Give one of the two."}
        )
    return in_header or in_body


def next_page(request: Request, cursor: str | None) -> str | None:
    """The address of the page that begins at the cursor, with the same query."""
    if cursor is None:
        return None
    kept = {name: str(value) for name, value in request.query_params.items() if name != "cursor"}
    return f"{request.path}?{urlencode({**kept, 'cursor': cursor})}"


class OneTask(View):
    @extend_schema(operation_id="get_task", responses=outputs.TaskDetail, tags=["tasks"])
    def get(self, request: Request, task_id: int) -> Response:
        """Everything about a task: status, times, progress, stages, attempts, errors, result, files, resources."""
        return answer(outputs.TaskDetail, pictures.detail(visible_task(request, task_id), request.user))


def _obey(request: Request, task_id: int, verb: Callable[..., Task], form: type[inputs.Input]) -> Response:
    task = visible_task(request, task_id)
    verb(task, request.user, **inputs.body(form, request))
    return answer(outputs.TaskDetail, pictures.detail(visible_task(request, task_id), request.user))


def _described(operation_id: str, form: type[inputs.Input]) -> Any:
    return extend_schema(operation_id=operation_id, request=form, responses=outputs.TaskDetail, tags=["tasks"])


class Pause(View):
    @_described("pause_task", inputs.Reason)
    def post(self, request: Request, task_id: int) -> Response:
        """A waiting task pauses at once, a running one at its next call."""
        return _obey(request, task_id, lifecycle.pause, inputs.Reason)


class Resume(View):
    @_described("resume_task", inputs.NoFields)
    def post(self, request: Request, task_id: int) -> Response:
        """A paused task goes on; a pause that was not yet obeyed is taken back."""
        return _obey(request, task_id, lifecycle.resume, inputs.NoFields)


class Cancel(View):
    @_described("cancel_task", inputs.Reason)
    def post(self, request: Request, task_id: int) -> Response:
        """A waiting task is cancelled at once, a running one at its next call or within two seconds."""
        return _obey(request, task_id, lifecycle.cancel, inputs.Reason)


class Retry(View):
    @_described("retry_task", inputs.NoFields)
    def post(self, request: Request, task_id: int) -> Response:
        """A failed task is tried again. Recorded steps are kept; the failed one is executed again."""
        return _obey(request, task_id, lifecycle.retry_failed, inputs.NoFields)


class Start(View):
    @_described("start_task_now", inputs.NoFields)
    def post(self, request: Request, task_id: int) -> Response:
        """A task that waits for its moment, or for its next attempt, can be claimed at once. It keeps its failures."""
        return _obey(request, task_id, lifecycle.start_now, inputs.NoFields)
