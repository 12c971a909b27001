"""A real site for a real browser: daphne and a worker as processes of their own, on the test's database.

Every test has fresh processes of the site, and a tab of its own in a Chromium that they share.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

Found = TypeVar("Found")
PATIENCE = 30.0
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--hide-scrollbars"]  # fmt: skip
WATCHED = """
window.violations = [];
document.addEventListener('securitypolicyviolation', event =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


def until(condition: Callable[[], Found], what: str = "", patience: float = PATIENCE) -> Found:
    """The condition's first true answer. Fails after 30 s, or so many."""
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"still not after {patience:.0f} s: {what or condition}")


class Serving:
    """A process with Django loaded, which forks the others."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.serving"], cwd=settings.BASE_DIR, text=True,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": _database_url()},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def fork(self, **given: Any) -> psutil.Process:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        return psutil.Process(int(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=30)


@dataclass
class Site:
    """The web process and, when asked for, a worker and the chat's service. They end with the test."""

    port: int
    serving: Serving
    processes: dict[str, psutil.Process] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start_web(self) -> None:
        self.processes["web"] = self.serving.fork(port=self.port)
        until(self._answers, "the web process answers")

    def start_worker(self) -> None:
        self.processes["worker"] = self.serving.fork()

    def start_chat(self) -> None:
        self.processes["chat"] = self.serving.fork(chat=True)

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        below = process.children(recursive=True)
        for each in (process, *below):
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs([process], timeout=10)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/admin/login/", timeout=5) as answer:
                return bool(answer.status == 200)
        except HTTPError:
            raise
        except OSError:
            return False


def _database_url() -> str:
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT'] or 5432}/{given['NAME']}"


@pytest.fixture(scope="session")
def serving(django_db_setup: None) -> Iterator[Serving]:
    made = Serving()
    yield made
    made.close()


@pytest.fixture
def site(transactional_db: None, serving: Serving) -> Iterator[Site]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Site(port, serving)
    running.start_web()
    yield running
    for name in list(running.processes):
        running.stop(name)


@dataclass
class Browser:
    """Chromium, with the few words that the stories need."""

    driver: WebDriver
    site: Site

    def sign_in(self, user: Any) -> None:
        client = Client()
        client.force_login(user)
        self.open("/admin/login/")
        name = settings.SESSION_COOKIE_NAME
        self.driver.add_cookie({"name": name, "value": client.cookies[name].value, "path": "/"})

    def open(self, path: str) -> None:
        self.driver.get(self.site.url + path)

    def find(self, selector: str) -> WebElement:
        return until(lambda: next(iter(self.all(selector)), None), f"there is {selector}")

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        """The text of the first that matches, visible or not; empty when there is none."""
        return str(self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)).strip()

    def field(self, name: str) -> str:
        return self.text(f'[data-field="{name}"]')

    def click(self, selector: str) -> None:
        """Click the first in sight. One that a live page replaced meanwhile was not clicked: its successor is."""
        until(lambda: self._clicks(selector), f"{selector} is in sight")

    def _clicks(self, selector: str) -> bool:
        try:
            element = next((each for each in self.all(selector) if each.is_displayed()), None)
            if element is None:
                return False
            self.run("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()
        except StaleElementReferenceException:
            return False
        return True

    def resize(self, width: int, height: int, *, is_phone: bool = False) -> None:
        values = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", values)

    def complaints(self) -> list[str]:
        """Violations of the content security policy, and errors on the console."""
        said = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [*self.run("return window.violations ?? []"), *said]


@pytest.fixture(scope="session")
def chromium() -> Iterator[WebDriver]:
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    chromedriver = shutil.which("chromedriver")
    if not binary or not chromedriver:
        pytest.fail("The browser tests need Chromium and its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in [*FLAGS, f"--user-data-dir={profile}", "--window-size=1440,1000"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
        try:
            yield driver
        finally:
            driver.quit()


@pytest.fixture
def browser(chromium: WebDriver, site: Site) -> Iterator[Browser]:
    """A tab that begins and ends with the test; no cookie, no storage and no cached page is left to the next one."""
    first = chromium.current_window_handle
    chromium.switch_to.new_window("tab")
    chromium.get_log("browser")
    chromium.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCHED})
    try:
        yield Browser(chromium, site)
    finally:
        chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
        chromium.execute_cdp_cmd("Network.clearBrowserCache", {})
        chromium.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": site.url, "storageTypes": "all"})
        chromium.close()
        chromium.switch_to.window(first)
