"""Queues and limits as panels of the overview, each for those who may see them and the page behind them."""

from typing import Any

from django import template

from apps.console.crew import limitrows, page, queuerows
from apps.core import clock

register = template.Library()
ROWS = 6


@register.inclusion_tag("admin/crew/overview.html")
def crew_panels(user: Any) -> dict[str, Any]:
    may = page.rights(user)
    if not user.has_perm("workers.view_worker"):
        return {}
    now = clock.now()
    queues = queuerows.rows(user, now) if may.sees_queues else []
    limits = limitrows.limits(user, now) if may.sees_limits else []
    return {"queues": queues[:ROWS], "more": len(queues[ROWS:]), "limits": limits[:ROWS]}
