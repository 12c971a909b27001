"""A workflow's run on its task's page, and how parents and children find each other."""

from typing import Any

from django import template

from apps.catalog.models import TemplateRevision
from apps.console.runs import drawing, family, page, sketch
from apps.console.runs.layout import layout
from apps.core import clock
from apps.executors.workflow import reading
from apps.executors.workflow.wiring import wire
from apps.tasks.models import Task

register = template.Library()


@register.inclusion_tag("admin/runs/run.html", takes_context=True)
def run_of(context: dict[str, Any], task: Task) -> dict[str, Any]:
    """The graph, the chart and the table of a workflow; nothing for other tasks.

    An open page that asks for its panels (`panels.js`) has those three already, and keeps them up to date by itself.
    """
    request = context["request"]
    shown = page.gather(task, request.GET, clock.now(), is_whole="X-Panels" not in request.headers)
    return {"run_page": shown, "task": task, "legend": drawing.legend(), "perms": context.get("perms")}


@register.inclusion_tag("admin/runs/parent.html", takes_context=True)
def part_of(context: dict[str, Any], task: Task) -> dict[str, Any]:
    """What the task is a part of."""
    return {"parent": family.parent(task, context["request"].user)}


@register.inclusion_tag("admin/runs/children.html", takes_context=True)
def children_of(context: dict[str, Any], task: Task) -> dict[str, Any]:
    """The tasks that a script has made."""
    shown = None if task.kind == page.KIND else family.children(task, context["request"].user)
    return {"children": shown, "parent": task, "now": clock.now()}


@register.inclusion_tag("admin/runs/of_revision.html")
def graph_of(revision: TemplateRevision, *, is_planned: bool = True) -> dict[str, Any]:
    """The graph of a workflow's revision, with its plan if that is wanted; nothing for other kinds."""
    if revision.kind != page.KIND:
        return {}
    graph = reading.read(revision.graph).graph
    shown = drawing.plain(layout(graph, wire(graph)), graph) if graph.nodes else None
    return {"drawing": shown, "plan": sketch.plan(graph) if graph.nodes and is_planned else []}
