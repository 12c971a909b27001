"""Thin edges of a run's pages: what moves, as JSON; a node; the chart of time. All of them only read."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.console.runs import drawing, nodepage, page, table
from apps.core import clock
from apps.executors.workflow import standing
from apps.executors.workflow.faults import WorkflowError
from apps.tasks.models import Node, Task
from apps.tasks.states import FINAL

MOST_ROWS = 500
"""Changed rows that one answer has; of more, the page takes its table anew."""


def moved(request: HttpRequest, task_id: int) -> HttpResponse:
    """What of the run's page is to be drawn anew since `?after=`, a version of the run."""
    task = _workflow(request, task_id)
    run = standing.of(task, clock.now())
    after = _whole(request.GET.get("after", ""))
    changed = set(Node.objects.filter(task_id=task_id, version__gt=after).values_list("number", flat=True))
    changed |= {node.number for node in run.nodes if node.look in ("running", "checking", "asking")}
    found = drawing.layout_of(task.revision_id)
    live = drawing.live(found, run)
    shown = [each for box, each in zip(found.boxes, live, strict=True) if not changed.isdisjoint(box.nodes)]
    answer: dict[str, Any] = {
        "version": run.version,
        "is_over": task.status in FINAL,
        "label": drawing.label(run),
        "fields": page.fields(task, run),
        "boxes": shown,
        "rows": None if len(changed) > MOST_ROWS else [_row(run.nodes[number], run) for number in sorted(changed)],
    }
    return JsonResponse(answer)


def _row(node: standing.NodeStanding, run: standing.RunStanding) -> dict[str, Any]:
    row = table.row(node, run.at)
    return {"n": node.number, "tint": row.sign.tint, "icon": row.sign.icon, "word": row.sign.word, "fact": row.fact,
            "began": row.began, "took": row.took, "why": row.why}  # fmt: skip


def node(request: HttpRequest, task_id: int, number: int) -> HttpResponse:
    task = _workflow(request, task_id)
    asked = {"first_task": _whole(request.GET.get("tasks", "")), "after_value": _whole(request.GET.get("values", ""))}
    try:
        shown = nodepage.gather(task, number, clock.now(), **asked)
    except IndexError:
        raise Http404("The workflow has no such node.") from None
    context = {
        **admin.site.each_context(request),
        "title": f"{shown.definition.name} of {task.title}",
        "page": shown,
        "task_url": reverse("admin:tasks_task_change", args=[task.pk]),
    }
    return TemplateResponse(request, "admin/runs/node.html", context)


def part(request: HttpRequest, task_id: int, name: str) -> HttpResponse:
    """The chart or the table alone, as the page has it."""
    task = _workflow(request, task_id)
    shown = page.gather(task, request.GET, clock.now())
    return TemplateResponse(request, f"admin/runs/{name}.html", {"run_page": shown, "task": task})


def _workflow(request: HttpRequest, task_id: int) -> Task:
    """A workflow that this user may see, with a graph that can be read."""
    task = Task.objects.visible_to(request.user).select_related("revision").filter(pk=task_id, kind=page.KIND).first()
    if task is None:
        raise Http404("There is no such workflow that you may see.")
    try:
        drawing.layout_of(task.revision_id)
    except WorkflowError as error:
        raise Http404(error.message) from None
    return task


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
