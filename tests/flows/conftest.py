"""A site with what is shipped, whose door and whose chat service live in the test's own process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from apps.chat.door import keeping, known, noting, replying
from tests.flows.chatting import SITE


@pytest.fixture
def chat_site(settings: Any, tmp_path: Path, alice: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yields its address."""
    settings.SITE_URL = SITE
    settings.HOME, settings.WAKE_DIR, settings.ARTIFACT_ROOT = tmp_path, tmp_path / "wake", tmp_path / "artifacts"
    monkeypatch.setattr(keeping, "PATIENCE", 30.0)
    monkeypatch.setattr(known, "PATIENCE", 30.0)
    with (tmp_path / "said").open("w") as said:
        for command in (["load_templates"], ["make_demo", "--invoices", "300"]):
            call_command(*command, stdout=said)
    yield SITE
    for part in (keeping, noting, replying, known.directory):
        part.stop()
