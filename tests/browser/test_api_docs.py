"""The API's page works under our content security policy, also when one tries a request on it."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LISTENER = (
    "window.violations = [];"
    "document.addEventListener('securitypolicyviolation', event => window.violations.push("
    "event.violatedDirective + ' ' + event.blockedURI));"
)


@pytest.fixture
def chromium() -> Iterator[WebDriver]:
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("needs Chromium and its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": LISTENER})
    yield browser
    browser.quit()


def click(browser: WebDriver, selector: str) -> None:
    [element, *_] = WebDriverWait(browser, 20).until(lambda page: page.find_elements(By.CSS_SELECTOR, selector))
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", element)


def violations(browser: WebDriver) -> list[str]:
    found: list[str] = browser.execute_script("return window.violations")
    return found


def test_the_page_lists_and_tries_requests_without_a_violation(chromium: WebDriver, live_server: Any) -> None:
    chromium.get(f"{live_server.url}/api/v1/docs/")
    click(chromium, "#operations-about-get_index .opblock-summary-control")
    click(chromium, "#operations-about-get_index .try-out__btn")
    click(chromium, "#operations-about-get_index .execute")
    answer = WebDriverWait(chromium, 20).until(
        lambda page: page.find_element(By.CSS_SELECTOR, "#operations-about-get_index .live-responses-table .response")
    )
    assert "200" in answer.text and "/api/v1/tasks/" in answer.text
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".opblock")) >= 20
    assert violations(chromium) == []


def test_a_violation_would_be_noticed(chromium: WebDriver, live_server: Any) -> None:
    chromium.get(f"{live_server.url}/api/v1/docs/")
    chromium.execute_script("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    WebDriverWait(chromium, 5).until(lambda page: violations(page))
    assert violations(chromium)[0].startswith("style-src")
