"""Acting on all tasks that match, as a person does it: chosen, asked with the count and the reasons, and said."""

import os
from typing import Any

import pytest

from apps.tasks.models import Task
from tests import making
from tests.browser.conftest import Browser, until
from tests.unit.tasks.test_bulk import copies

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_all_that_match_are_cancelled_after_a_look(browser: Browser, alice: Any) -> None:
    task = making.task("def run(params):\n    return 1\n", alice, key="invoice_report")
    copies(task, 60)
    Task.objects.filter(title="Copy 3").update(status="paused", paused_from="pending")
    browser.sign_in(alice)
    browser.open("/admin/tasks/task/?template=invoice_report")
    browser.click("#select-across")
    browser.click('button[value="pause_chosen"]')
    until(lambda: browser.text("h1") == "Pause 60 tasks?", "the page that asks")
    assert "1 because it is paused" in browser.text("#content")
    _look(browser, "ask")
    browser.find('input[name="reason"]').send_keys("wrong month")
    browser.click("form.panel button")
    until(lambda: browser.all(".messagelist"), "the list with what was done")
    assert "60 tasks paused. Left alone: 1 (it is paused)." in browser.text(".messagelist")
    _look(browser, "told")
    assert set(Task.objects.values_list("status", flat=True)) == {"paused"}
    assert browser.complaints() == []


def _look(browser: Browser, name: str) -> None:
    """Keeps a picture for whoever wants to see the page."""
    if directory := os.environ.get("CHANTILLY_SHOTS"):
        browser.driver.save_screenshot(f"{directory}/{name}.png")
