from typing import Any

from django import template

from apps.console import anew
from apps.tasks.models import Task

register = template.Library()


@register.inclusion_tag("admin/tasks/task/lineage.html", takes_context=True)
def lineage_panel(context: dict[str, Any], task: Task) -> dict[str, Any]:
    """Where the task comes from, what came of it, and how to make another from it."""
    return anew.panel(task, context["request"].user)
