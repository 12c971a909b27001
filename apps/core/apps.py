from django.apps import AppConfig
from django.conf import settings

from apps.core import logs


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        logs.configure(as_json=settings.LOG_FORMAT == "json", level=settings.LOG_LEVEL)
