"""The ASGI application: HTTP through Django, of which chats' deliveries take a shortcut; websockets through live consumers."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()

from apps.chat.door import shortcut  # noqa: E402  (needs the applications loaded above)
from apps.chat.live.routing import websockets  # noqa: E402  (the same)

application = ProtocolTypeRouter({"http": shortcut.before(http), "websocket": websockets})
