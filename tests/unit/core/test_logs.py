"""What the log says of things that are not errors of ours."""

from typing import Any

import pytest
from django.test import Client


@pytest.mark.django_db
def test_a_foreign_host_is_one_warning_without_a_traceback(client: Client, caplog: Any) -> None:
    answer = client.get("/admin/login/", headers={"host": "evil.example"})

    assert answer.status_code == 400
    [record] = caplog.records
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert "evil.example" in record.getMessage()
