"""Which provider answers: Gemini when a key is set, fixed rules otherwise."""

from django.conf import settings

from apps.ai.contract import Provider
from apps.ai.gemini import GeminiProvider
from apps.ai.rules import RulesProvider


def current() -> Provider:
    if not settings.GEMINI_API_KEY:
        return RulesProvider()
    return GeminiProvider(
        api_key=settings.GEMINI_API_KEY, model=settings.GEMINI_MODEL, base_url=settings.GEMINI_BASE_URL
    )
