"""The addresses of a run's pages, below the task's, and of a graph's, below the template's."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from apps.console.runs import editor, views


def urls(view: Callable[[Any], Any]) -> list[URLPattern]:
    task, template = "tasks/task/<int:task_id>", "catalog/tasktemplate/<slug:key>"
    return [
        path(f"{task}/run/", view(views.moved), name="task_run"),
        path(f"{task}/run/gantt/", view(views.part), {"name": "gantt"}, name="task_gantt"),
        path(f"{task}/run/nodes/", view(views.part), {"name": "nodes"}, name="task_nodes"),
        path(f"{task}/nodes/<int:number>/", view(views.node), name="task_node"),
        path(f"{template}/graph/", view(editor.edit), name="template_graph"),
        path(f"{template}/graph/check/", view(editor.check), name="template_graph_check"),
    ]
