"""Tasks of a task, and what it is told while it waits."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, outputs, pictures
from apps.api.paging import Ordering, page
from apps.api.views.base import View, answer, visible_task, visible_tasks
from apps.api.views.tasks import HEAVY, next_page
from apps.tasks.lifecycle import telling


class ChildQuery(inputs.Input):
    cursor = serializers.CharField(required=False, max_length=300)
    limit = serializers.IntegerField(min_value=1, max_value=inputs.MAX_PAGE, required=False, default=25)


class Told(inputs.Input):
    name = serializers.CharField(max_length=telling.LONGEST_NAME, help_text="Of the event that it waits for.")
    data = serializers.JSONField(required=False, help_text="What the script gets.")  # type: ignore[assignment]  # a field of this name


class Children(View):
    @extend_schema(operation_id="list_children", parameters=[ChildQuery], responses=outputs.TaskList, tags=["tasks"])
    def get(self, request: Request, task_id: int) -> Response:
        """The tasks that this one has started, newest first."""
        wanted = inputs.query(ChildQuery, request)
        task = visible_task(request, task_id)
        rows = visible_tasks(request).filter(parent_id=task.pk).defer(*HEAVY)
        found = page(rows, Ordering(word="-created"), wanted.get("cursor"), wanted["limit"])
        results = pictures.listed(found.tasks, request.user)
        return answer(outputs.TaskList, {"results": results, "next": next_page(request, found.next_cursor)})


class Tell(View):
    @extend_schema(operation_id="tell_task", request=Told, responses=outputs.TaskDetail, tags=["tasks"])
    def post(self, request: Request, task_id: int) -> Response:
        """Tell a task of an event. A script that waits for that name goes on; else it is kept for one that will."""
        given: dict[str, Any] = inputs.body(Told, request)
        telling.tell(visible_task(request, task_id), request.user, given["name"], given.get("data"))
        return answer(outputs.TaskDetail, pictures.detail(visible_task(request, task_id), request.user))
