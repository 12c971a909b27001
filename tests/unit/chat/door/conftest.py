"""A connection whose platform signs what it delivers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.chat.door import keeping, known, noting, replying
from apps.chat.models import Connection
from apps.chat.platforms import platform

SECRET = "a secret that only the platform knows"


@pytest.fixture
def connection(db: None, settings: Any) -> Iterator[Connection]:
    settings.CHAT_PLATFORMS = {
        **settings.CHAT_PLATFORMS,
        "signed": "tests.platforms.signed.Signed",
        "answering": "tests.platforms.signed.Answering",
    }
    platform.cache_clear()
    made = Connection(key="finance", platform="signed", name="Finance bot")
    made.put_secrets({"secret": SECRET})
    made.save()
    yield made
    platform.cache_clear()


@pytest.fixture
def door(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With a spool of its own, and patience with a busy machine; its threads and their connections end with the test."""
    settings.HOME = tmp_path
    monkeypatch.setattr(keeping, "PATIENCE", 30.0)
    monkeypatch.setattr(known, "PATIENCE", 30.0)
    yield
    for part in (keeping, noting, replying, known.directory):
        part.stop()
