"""Queues and workers in a real browser: live without a reload, steered with a reason, readable on a phone."""

from typing import Any

import pytest

from apps.tasks.models import AuditEntry, Queue
from apps.workers.models import Worker
from tests import making
from tests.browser.conftest import Browser, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HELLO = "def run(params):\n    return 1\n"


def test_a_worker_that_starts_appears_by_itself(browser: Browser, site: Site, alice: Any) -> None:
    making.task(HELLO, alice, key="invoice_report")
    browser.sign_in(alice)
    browser.open("/admin/workers/")
    assert "No worker is here, so nothing starts." in browser.text("#workers")
    browser.run("window.isTheSamePage = true")

    site.start_worker()

    name = until(lambda: Worker.objects.values_list("name", flat=True).first(), "the worker is there")
    until(lambda: name in browser.text("#workers"), "the page shows it")
    assert browser.run("return window.isTheSamePage") is True
    assert browser.complaints() == []


def test_a_queue_is_paused_with_a_reason_and_enter_in_the_reason_does_nothing(browser: Browser, alice: Any) -> None:
    making.task(HELLO, alice, key="invoice_report")
    browser.sign_in(alice)
    browser.resize(390, 844, is_phone=True)
    browser.open("/admin/workers/")
    assert browser.run("return document.documentElement.scrollWidth") <= 390
    browser.find('#queues input[name="reason"]').send_keys("printer change\n")
    assert not Queue.objects.exists()

    browser.click('#queues button[aria-label="Pause queue default"]')

    until(lambda: "Queue default is paused." in browser.text(".toast"), "it says so")
    assert "Paused by alice" in browser.text("#queues") and "printer change" in browser.text("#queues")
    assert AuditEntry.objects.get().reason == "printer change"
    assert browser.complaints() == []
