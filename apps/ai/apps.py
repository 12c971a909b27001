from django.apps import AppConfig
from django.conf import settings


class AiConfig(AppConfig):
    name = "apps.ai"
    label = "ai"

    def ready(self) -> None:
        from apps.ai import prices

        prices.require(settings.MODEL_PRICE)
