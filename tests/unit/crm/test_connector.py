from typing import Any

import pytest

from apps.core.errors import ToolError
from apps.crm import connector
from apps.crm.connector import LocalConnector


def test_the_companys_own_tables_are_the_default() -> None:
    assert isinstance(connector.current(), LocalConnector)


def test_no_limit_stands_in_front_of_it_by_default() -> None:
    assert all(connector.current() for _ in range(1000))


def test_beyond_the_limit_the_error_is_transient_and_says_when(settings: Any) -> None:
    settings.CRM_RATE_PER_SECOND, settings.CRM_RATE_BURST = 0.25, 2
    connector._bucket.cache_clear()
    connector.current()
    connector.current()
    with pytest.raises(ToolError, match=r"429 Too Many Requests; ask again in 4\.0 s") as caught:
        connector.current()
    assert caught.value.transient
    assert caught.value.kind == "OSError"
    assert caught.value.retry_after == pytest.approx(4, abs=0.1)
