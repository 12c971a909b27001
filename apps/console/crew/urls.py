"""The addresses below /admin/workers/."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from apps.console.crew import views

Wrap = Callable[[Callable[..., Any]], Any]


def urls(wrap: Wrap) -> list[URLPattern]:
    """`wrap`: the admin site's guard."""
    return [
        path("workers/", wrap(views.show), name="crew"),
        path("workers/rebalance/", wrap(views.rebalance), name="crew_rebalance"),
        path("workers/called/<str:name>/", wrap(views.show_worker), name="crew_worker"),
        path("workers/queue/<str:name>/clean/", wrap(views.clean_queue), name="crew_queue_clean"),
        *(
            path(f"workers/queue/<str:name>/{verb}/", wrap(views.act_on_queue), {"verb": verb}, f"crew_queue_{verb}")
            for verb in views.QUEUE_VERBS
        ),
        *(
            path(f"workers/called/<str:name>/{verb}/", wrap(views.act_on_worker), {"verb": verb}, f"crew_worker_{verb}")
            for verb in views.WORKER_VERBS
        ),
        *(
            path(
                f"workers/cluster/<str:key>/{verb}/", wrap(views.act_on_cluster), {"verb": verb}, f"crew_cluster_{verb}"
            )
            for verb in views.CLUSTER_VERBS
        ),
    ]
