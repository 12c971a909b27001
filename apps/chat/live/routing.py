"""The addresses of all websockets of the site: the console's and the chat's, behind the same checks."""

from django.urls import path

from apps.chat.live.consumers import ChatConsumer
from apps.console.live.routing import guarded
from apps.console.live.routing import urls as of_console

websockets = guarded(
    [
        *of_console,
        path("ws/chat/", ChatConsumer.as_asgi()),
        path("ws/chat/<int:dialog_id>/", ChatConsumer.as_asgi()),
    ]
)
