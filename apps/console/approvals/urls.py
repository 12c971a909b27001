"""The addresses below /admin/tasks/approval/."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from apps.console.approvals import views

Wrap = Callable[[Callable[..., Any]], Any]


def urls(wrap: Wrap) -> list[URLPattern]:
    """`wrap`: the admin site's guard."""
    return [
        path("tasks/approval/", wrap(views.show_inbox), name="approvals"),
        path("tasks/approval/mails/", wrap(views.choose_mails), name="approval_mails"),
        path("tasks/approval/<int:approval_id>/", wrap(views.show), name="approval"),
        path("tasks/approval/<int:approval_id>/decide/", wrap(views.decide), name="approval_decide"),
        path("tasks/approval/<int:approval_id>/delegate/", wrap(views.delegate), name="approval_delegate"),
        path("tasks/approval/<int:approval_id>/file/<int:artifact_id>/", wrap(views.download), name="approval_file"),
    ]
