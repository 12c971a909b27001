"""The ASGI application: HTTP through Django, websockets through the console's live consumers."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()

from apps.console.live.routing import websockets  # noqa: E402  (needs the applications loaded above)

application = ProtocolTypeRouter({"http": http, "websocket": websockets})
