"""The addresses of the websockets, behind the checks of origin and session."""

from collections.abc import Sequence
from typing import Any

from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from channels.sessions import SessionMiddlewareStack
from django.urls import path, re_path

from apps.console.live.consumers import InboxConsumer, ListConsumer, TaskConsumer
from apps.console.live.origin import SameOrigin

urls = [
    path("ws/approvals/", InboxConsumer.as_asgi()),
    path("ws/tasks/", ListConsumer.as_asgi()),
    path("ws/tasks/<int:task_id>/", TaskConsumer.as_asgi()),
]


def guarded(urls: Sequence[Any]) -> SameOrigin:
    """These addresses and no others, for pages of this site and with their session."""
    return SameOrigin(SessionMiddlewareStack(URLRouter([*urls, re_path(r"", WebsocketDenier.as_asgi())])))


websockets = guarded(urls)
"""The console's alone; an app above it guards them together with its own."""
