"""Every page under the strict policy, in both themes, on a phone, by keyboard, and without JavaScript."""

from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from apps.tasks.models import Task
from apps.workers.running import slice as slices
from tests import making
from tests.browser.conftest import Browser, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = ["/admin/", "/admin/start/", "/admin/tasks/task/", "/admin/tasks/task/{done}/change/",
         "/admin/tasks/task/{failed}/change/", "/admin/tasks/task/{pending}/change/",
         "/admin/tasks/task/{pending}/cancel/", "/admin/catalog/tasktemplate/walk/start/",
         "/admin/catalog/tasktemplate/", "/admin/crm/invoice/", "/admin/crm/client/add/", "/admin/auth/user/",
         "/admin/password_change/", "/admin/workers/worker/"]  # fmt: skip
OURS = PAGES[:8]
SCHEMA = {
    "type": "object",
    "properties": {
        "when": {"type": "string", "format": "date-time", "title": "When"},
        "kinds": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "default": ["a"]},
        "period": {"type": "object", "properties": {"start": {"type": "string", "format": "date"}}},
    },
}


@pytest.fixture
def tasks(alice: Any) -> dict[str, int]:
    done = making.task("def run(params):\n    print('x')\n    return 1\n", alice, key="walk", parameter_schema=SCHEMA)
    failed = making.task("def run(params):\n    return 1 / 0\n", alice, key="broken")
    slices.drain()
    pending = making.task("def run(params):\n    return 1\n", alice, key="later")
    return {"done": done.pk, "failed": failed.pk, "pending": pending.pk}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_violates_the_policy_or_complains(browser: Browser, alice, tasks, scheme):
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.sign_in(alice)
    for page in PAGES:
        browser.open(page.format(**tasks))
        browser.find("#content")
        assert browser.complaints() == [], page


def test_the_login_page_and_the_root_are_clean_too(browser: Browser, alice):
    browser.open("/")
    browser.find("#id_username").send_keys("alice")
    browser.find("#id_password").send_keys("correct horse battery", Keys.ENTER)

    until(lambda: "Nothing needs you." in browser.text("h1"), "the overview opens")
    assert browser.complaints() == []


def test_a_violation_would_be_noticed(browser: Browser, alice):
    browser.sign_in(alice)
    browser.open("/admin/")
    browser.run("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")

    until(lambda: browser.complaints(), "the violation is seen")


def test_no_page_is_wider_than_a_phone(browser: Browser, alice, tasks):
    browser.sign_in(alice)
    browser.resize(390, 844, is_phone=True)
    for page in OURS:
        browser.open(page.format(**tasks))
        browser.find("#content")
        assert browser.run("return document.documentElement.scrollWidth") <= 390, page


def test_the_theme_is_toggled_and_remembered(browser: Browser, alice):
    browser.sign_in(alice)
    browser.open("/admin/")
    browser.click(".theme-toggle")
    chosen = browser.run("return document.documentElement.dataset.theme")

    browser.open("/admin/tasks/task/")

    assert chosen in ("light", "dark")
    assert browser.run("return document.documentElement.dataset.theme") == chosen
    assert browser.complaints() == []


def press(browser: Browser, *keys: str) -> None:
    for key in keys:
        browser.driver.switch_to.active_element.send_keys(key)


def test_keys_lead_to_pages_rows_search_and_help(browser: Browser, alice, tasks):
    browser.sign_in(alice)
    browser.open("/admin/")
    press(browser, "g", "t")
    until(lambda: browser.driver.current_url.endswith("/admin/tasks/task/"), "g t opens the tasks")

    press(browser, "j", "j")
    focused = "return document.activeElement.textContent"
    assert browser.run(focused) == browser.run("return document.querySelectorAll('tr a.main')[1].textContent")
    press(browser, "/")
    assert browser.run("return document.activeElement.id") == "searchbar"
    browser.run("document.activeElement.blur()")
    press(browser, "e")
    assert browser.run(focused) == "Broken"
    press(browser, "?")
    assert browser.run("return document.getElementById('keys').open")
    press(browser, Keys.ESCAPE)
    browser.find("#searchbar").send_keys("g", "o")
    assert browser.driver.current_url.endswith("/admin/tasks/task/"), "keys are off while typing"


def test_tabs_go_by_arrows_and_have_an_address(browser: Browser, alice, tasks):
    browser.sign_in(alice)
    browser.open(f"/admin/tasks/task/{tasks['done']}/change/#attempts")
    assert browser.find("#panel-attempts").is_displayed()
    assert not browser.find("#panel-script").is_displayed()

    browser.run("document.getElementById('attempts').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.ARROW_LEFT)

    assert browser.find("#panel-journal").is_displayed()
    assert browser.driver.current_url.endswith("#journal")


def test_motion_is_reduced_when_asked_for(browser: Browser, alice, tasks):
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    browser.sign_in(alice)
    browser.open("/admin/")

    style = "return getComputedStyle(document.querySelector('.live'), '::before').animationName"
    assert browser.run(style) == "none"


def test_without_javascript_pages_read_and_forms_post(browser: Browser, alice, tasks):
    browser.sign_in(alice)
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.open(f"/admin/tasks/task/{tasks['pending']}/change/")
    for panel in ("#panel-script", "#panel-journal", "#panel-attempts"):
        assert browser.find(panel).is_displayed()

    browser.find('.docked [data-verb="pause"] button').click()
    until(lambda: Task.objects.get(pk=tasks["pending"]).status == "paused", "the button posts")
    browser.find('.docked [data-verb="cancel"] button').click()
    until(lambda: browser.driver.current_url.rstrip("?").endswith("/cancel/"), "cancel asks on a page of its own")
    browser.find("#content .danger").click()
    until(lambda: Task.objects.get(pk=tasks["pending"]).status == "cancelled", "and posts")

    browser.open("/admin/catalog/tasktemplate/walk/start/")
    field = browser.find("textarea.jsonform-raw")
    assert field.is_displayed()
    field.clear()
    field.send_keys('{"kinds": ["b"]}')
    browser.find(".submit-row .primary").click()
    until(lambda: Task.objects.filter(parameters__kinds=["b"]).exists(), "the form posts")
