"""What `check --deploy` and the settings say of mails."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.notify import checks
from config import environment


@pytest.mark.parametrize(
    ("host", "site", "ids"),
    [
        ("", "", ["notify.I001"]),
        ("mail.example.org", "", ["notify.W001"]),
        ("mail.example.org", "https://chantilly.example.org", []),
    ],
)
def test_it_says_that_there_is_no_mail_server_and_where_links_would_lead(
    host: str, site: str, ids: list[str], settings: Any
) -> None:
    settings.EMAIL_HOST, settings.SITE_URL = host, site
    assert [each.id for each in checks.mails()] == ids


@pytest.mark.parametrize(("word", "is_taken"), [("60", True), ("61", False), ("900", False)])
def test_a_setting_can_have_a_maximum(word: str, is_taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_TIMEOUT", word)
    if is_taken:
        assert environment.number("EMAIL_TIMEOUT", 10, minimum=1, maximum=60) == int(word)
        return
    with pytest.raises(ImproperlyConfigured, match=f"EMAIL_TIMEOUT='{word}' must be at most 60"):
        environment.number("EMAIL_TIMEOUT", 10, minimum=1, maximum=60)


def test_a_server_is_not_waited_for_longer_than_a_mail_stays_taken(tmp_path: Path) -> None:
    given = {**os.environ, "CHANTILLY_HOME": str(tmp_path), "EMAIL_TIMEOUT": "61"}
    ended = subprocess.run(
        [sys.executable, "-c", "import config.settings.base"], env=given, capture_output=True, text=True, timeout=60,
        cwd=environment.BASE_DIR,
    )  # fmt: skip
    assert "EMAIL_TIMEOUT='61' must be at most 60." in ended.stderr
