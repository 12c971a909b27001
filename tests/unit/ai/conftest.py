from collections.abc import Iterator
from typing import Any

import pytest

from apps.ai.gemini import GeminiProvider
from tests.unit.ai.gemini_server import KEY, GeminiServer


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    server = GeminiServer()
    http = server.start()
    yield server
    http.shutdown()
    http.server_close()


@pytest.fixture
def provider(gemini: GeminiServer) -> GeminiProvider:
    return GeminiProvider(api_key=KEY, model="gemini-2.5-flash", base_url=gemini.base_url, timeout_ms=5000)


@pytest.fixture
def configured(gemini: GeminiServer, settings: Any) -> GeminiServer:
    """The site's settings point to the loopback server."""
    settings.GEMINI_API_KEY = KEY
    settings.GEMINI_BASE_URL = gemini.base_url
    settings.GEMINI_MODEL = "gemini-2.5-flash"
    return gemini
