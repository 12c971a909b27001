"""Runs of workflows: how far one is, its nodes, what its context holds, what went wrong, what a retry would do."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.utils.http import urlencode
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, pictures, runpictures
from apps.api import runs as shapes
from apps.api.views.base import View, answer, visible_task, visible_tasks
from apps.core import clock
from apps.core.errors import NotFound
from apps.executors.workflow import contents, recovery, standing
from apps.executors.workflow.contents import Key
from apps.executors.workflow.running.loaded import of_revision
from apps.tasks.models import Node, Run, Task

T = TypeVar("T")


class OneRun(View):
    @extend_schema(operation_id="get_run", responses=shapes.RunDetail, tags=["runs"])
    def get(self, request: Request, task_id: int) -> Response:
        """How far a workflow is: nodes by state, per cent, time left, what is stalled, by group and by worker."""
        task = _workflow(request, task_id)
        return answer(shapes.RunDetail, runpictures.run(task, standing.of(task, clock.now())))


class Nodes(View):
    @extend_schema(operation_id="list_nodes", parameters=[shapes.NodeQuery], responses=shapes.NodeList, tags=["runs"])
    def get(self, request: Request, task_id: int) -> Response:
        """Its nodes, in the order of the workflow."""
        wanted = inputs.query(shapes.NodeQuery, request)
        task = _workflow(request, task_id)
        found = [
            each
            for each in standing.of(task, clock.now()).nodes
            if wanted.get("state", each.look) == each.look and wanted.get("group", each.group) == each.group
        ]
        shown, more = _page(found, wanted)
        results = [runpictures.node(task.pk, each) for each in shown]
        return answer(shapes.NodeList, {"results": results, **_rest(request, found, more)})


class OneNode(View):
    @extend_schema(operation_id="get_node", responses=shapes.NodeDetail, tags=["runs"])
    def get(self, request: Request, task_id: int, number: int) -> Response:
        """A node: what it waits for, its tasks, its error and warnings."""
        task = _workflow(request, task_id)
        nodes = standing.of(task, clock.now()).nodes
        if number >= len(nodes):
            raise NotFound(f"Task {task.pk} has {len(nodes):,} nodes, counted from 0: there is no {number}.")
        children = runpictures.children(task, number, visible_tasks(request).select_related(None))
        return answer(shapes.NodeDetail, runpictures.full_node(task, nodes[number], children))


class Context(View):
    @extend_schema(operation_id="list_context", parameters=[shapes.KeyQuery], responses=shapes.KeyList, tags=["runs"])
    def get(self, request: Request, task_id: int) -> Response:
        """The keys of its context: who makes each, what wrote it and when, or why it is not there."""
        wanted = inputs.query(shapes.KeyQuery, request)
        task = _workflow(request, task_id)
        found = [each for each in contents.keys(task) if wanted.get("state", each.state) == each.state]
        shown, more = _page(found, wanted)
        return answer(shapes.KeyList, {"results": runpictures.keys(task, shown), **_rest(request, found, more)})


class OneKey(View):
    @extend_schema(operation_id="get_key", parameters=[shapes.ValueQuery], responses=shapes.KeyDetail, tags=["runs"])
    def get(self, request: Request, task_id: int, key: str) -> Response:
        """One value in full, or a part of a list, and what was written under its key before."""
        wanted = inputs.query(shapes.ValueQuery, request)
        task = _workflow(request, task_id)
        found = next((each for each in contents.keys(task) if each.key == key), None)
        if found is None:
            raise NotFound(f"The workflow of task {task.pk} has no key “{key}”.")
        return answer(shapes.KeyDetail, runpictures.full_key(task, found, wanted.get("after"), wanted.get("limit")))


class Recovery(View):
    @extend_schema(operation_id="get_recovery", responses=shapes.RunRecovery, tags=["runs"])
    def get(self, request: Request, task_id: int) -> Response:
        """What a retry would repeat, which items of expansions are open, and what nodes still wait for."""
        task = _workflow(request, task_id)
        done = Run.objects.filter(pk=task.pk).values_list("work_done", flat=True).first() or 0.0
        return answer(shapes.RunRecovery, runpictures.repair(task, recovery.recovery(task), 100 * done))


class Results(View):
    @extend_schema(
        operation_id="list_results", parameters=[shapes.PageQuery], responses=shapes.RunResults, tags=["runs"]
    )
    def get(self, request: Request, task_id: int) -> Response:
        """What its nodes have made so far, also of a run that has failed."""
        wanted = inputs.query(shapes.PageQuery, request)
        task = _workflow(request, task_id)
        saved: list[Key] = [each for each in contents.keys(task) if each.kind == "result" and each.state == "there"]
        shown, more = _page(saved, wanted)
        row = Run.objects.filter(pk=task.pk).first()
        total = of_revision(task.revision_id).total
        counts = {
            "completed": row.completed if row else 0, "failed": row.failed if row else 0,
            "pending": row.waiting + row.running if row else total,
        }  # fmt: skip
        picture = {"saved": runpictures.keys(task, shown), **counts, **_rest(request, saved, more)}
        return answer(shapes.RunResults, picture)


class Errors(View):
    @extend_schema(operation_id="list_errors", parameters=[shapes.PageQuery], responses=shapes.ErrorList, tags=["runs"])
    def get(self, request: Request, task_id: int) -> Response:
        """What went wrong with its nodes, in the structured form; also where another try or a default helped."""
        wanted = inputs.query(shapes.PageQuery, request)
        task = _workflow(request, task_id)
        rows = Node.objects.filter(task_id=task.pk, error__isnull=False).order_by("number")
        found = list(rows.values_list("number", flat=True))
        shown, more = _page(found, wanted)
        wrong = rows.filter(number__in=shown).values_list("number", "state", "error")
        results = runpictures.errors(of_revision(task.revision_id), wrong)
        return answer(shapes.ErrorList, {"results": results, **_rest(request, found, more)})


def _workflow(request: Request, task_id: int) -> Task:
    """The task, if the user may see it and it runs a workflow."""
    task = visible_task(request, task_id)
    if task.kind != pictures.WORKFLOW:
        raise NotFound(f"Task {task.pk} is no workflow, so it has no run.", code="no_run")
    return task


def _page(found: Sequence[T], wanted: dict[str, Any]) -> tuple[Sequence[T], int | None]:
    """What is shown, and where the next page begins."""
    end = wanted["after"] + wanted["limit"]
    return found[wanted["after"] : end], end if end < len(found) else None


def _rest(request: Request, found: Sequence[Any], more: int | None) -> dict[str, Any]:
    if more is None:
        return {"total": len(found), "next": None}
    kept = {name: str(value) for name, value in request.query_params.items() if name != "after"}
    return {"total": len(found), "next": f"{request.path}?{urlencode({**kept, 'after': str(more)})}"}
