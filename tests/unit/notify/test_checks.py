"""What `check --deploy` says of mails."""

from typing import Any

import pytest

from apps.notify import checks


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
