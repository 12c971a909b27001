import copy
from typing import Any

import pytest

from tests.unit.reports import company
from tests.unit.reports.sandbox import Desk, parameters, rules_only


@pytest.fixture(scope="session")
def finished() -> tuple[company.Company, Desk, Any]:
    """The company, the desk after a run over 2025, and what the script returned."""
    books = company.make(invoices=300)
    desk = Desk(company.FakeCrm(books), rules_only)
    return books, desk, desk.run(parameters())


@pytest.fixture
def report_data(finished: tuple[company.Company, Desk, Any]) -> dict[str, Any]:
    """What the script hands to the page template."""
    return copy.deepcopy(finished[1].printed["data"])
