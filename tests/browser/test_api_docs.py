"""The API's page works under our content security policy, also when one tries a request on it."""

import pytest

from tests.browser.conftest import Browser, until

pytestmark = pytest.mark.browser

INDEX = "#operations-about-get_index"


def test_the_page_lists_and_tries_requests_without_a_violation(browser: Browser) -> None:
    browser.open("/api/v1/docs/")
    for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
        browser.click(f"{INDEX} {button}")
    answer = browser.find(f"{INDEX} .live-responses-table .response")

    assert "200" in answer.text and "/api/v1/tasks/" in answer.text
    assert len(browser.all(".opblock")) >= 20
    assert browser.run("return window.violations") == []


def test_a_violation_would_be_noticed(browser: Browser) -> None:
    browser.open("/api/v1/docs/")
    browser.run("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    [noticed, *_] = until(lambda: browser.run("return window.violations"), "the violation is noticed")

    assert noticed.startswith("style-src")
