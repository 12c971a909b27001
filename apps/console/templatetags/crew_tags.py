"""Queues and limits as a panel of the overview, for those who may see workers."""

from typing import Any

from django import template

from apps.console.crew import limitrows, queuerows
from apps.core import clock

register = template.Library()
ROWS = 6


@register.inclusion_tag("admin/crew/overview.html")
def crew_panels(user: Any) -> dict[str, Any]:
    if not user.has_perm("workers.view_worker"):
        return {}
    now = clock.now()
    queues = queuerows.rows(user, now)
    limits = limitrows.limits(user, now)
    return {"queues": queues[:ROWS], "more": len(queues[ROWS:]), "limits": limits[:ROWS]}
