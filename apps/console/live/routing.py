"""The addresses of the websockets, behind the checks of origin and session."""

from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from channels.sessions import SessionMiddlewareStack
from django.urls import path, re_path

from apps.console.live.consumers import InboxConsumer, ListConsumer, TaskConsumer
from apps.console.live.origin import SameOrigin

websockets = SameOrigin(
    SessionMiddlewareStack(
        URLRouter(
            [
                path("ws/approvals/", InboxConsumer.as_asgi()),
                path("ws/tasks/", ListConsumer.as_asgi()),
                path("ws/tasks/<int:task_id>/", TaskConsumer.as_asgi()),
                re_path(r"", WebsocketDenier.as_asgi()),
            ]
        )
    )
)
