from typing import Any

from django import template

from apps.console import goingon
from apps.tasks.models import Task

register = template.Library()


@register.inclusion_tag("admin/tasks/task/lineage.html", takes_context=True)
def lineage_line(context: dict[str, Any], task: Task) -> dict[str, Any]:
    """Where the task comes from and what came of it."""
    return goingon.line(task, context["request"].user)


@register.inclusion_tag("admin/tasks/task/goingon.html", takes_context=True)
def going_on(context: dict[str, Any], task: Task) -> dict[str, Any]:
    """What its reader may make of the task."""
    return goingon.panel(task, context["request"].user)
