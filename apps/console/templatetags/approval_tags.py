"""What a task asks people, on its own page."""

from typing import Any

from django import template

from apps.console.approvals import rows
from apps.core import clock
from apps.tasks.models import Approval, Task
from apps.tasks.states import FINAL

register = template.Library()
MOST = 5


@register.inclusion_tag("admin/approvals/of_task.html")
def open_questions(task: Task) -> dict[str, Any]:
    """Those that are still to be decided, the oldest first. Whoever may see the task may see what it asks."""
    if task.status in FINAL:
        return {}
    asked = Approval.objects.filter(task_id=task.pk).awaited().select_related(*rows.RELATED)
    return {"rows": rows.rows(asked.order_by("id")[:MOST], clock.now())}
