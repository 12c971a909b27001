"""A task asked for on the chat page, from the sentence to the file, with the real service and a real worker."""

import csv
import io
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from apps.chat.models import Incoming
from apps.tasks.models import Task
from tests import making
from tests.browser.conftest import Browser, until
from tests.browser.test_chat import open_chat

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

OVERDUE = """\
import report
import task

def run(params):
    task.progress(30, "collect", "Looking at invoices")
    answer = task.approve("Send <b>14</b> letters?", users=["alice"])
    task.progress(80, "write", "Writing")
    report.csv(name="overdue.csv", columns=["client", "days"], rows=[["Northwind", 91]])
    return {"summary": "14 clients are overdue"}
"""
TRIGGERS = {
    "patterns": ["list (the )?overdue clients"], "keywords": ["overdue", "clients", "list"], "contexts": [],
    "examples": ["list the overdue clients"],
}  # fmt: skip
SCHEMA = {
    "type": "object", "x-confirm": True, "additionalProperties": False,
    "properties": {"limit": {"type": "integer", "default": 50}},
}  # fmt: skip


LOADING = 90.0
"""The service loads what reads sentences with the first one."""


def messages(browser: Browser) -> str:
    return browser.text("#messages")


def test_a_sentence_becomes_a_task_that_is_confirmed_followed_approved_and_brings_its_file(
    browser: Browser, alice: Any
) -> None:
    making.template(
        OVERDUE, alice, key="overdue", triggers=TRIGGERS, parameter_schema=SCHEMA,
        required_tools=["report.csv", "task.approve", "task.progress"],
    )  # fmt: skip
    browser.site.start_chat()
    browser.site.start_worker()
    open_chat(browser, alice)
    browser.find("#say textarea").send_keys("list the overdue clients", Keys.ENTER)
    until(lambda: browser.all("#messages .card .btn.primary"), "it asks to confirm", LOADING)
    assert not Task.objects.exists(), "nothing starts unasked"
    browser.click("#messages .card .btn.primary")
    made = until(lambda: Task.objects.first(), "it is started")
    assert (made.origin, made.requester) == ("chat", alice)
    until(lambda: "Send <b>14</b> letters?" in messages(browser), "it asks in the chat")
    assert not browser.all("#messages b"), "markup of a script stays text"
    approve = "[...document.querySelectorAll('#messages button')].find(each => each.textContent === 'Approve')"
    until(lambda: browser.run(f"return Boolean({approve})"), "with its choices")
    browser.run(f"{approve}.click()")
    until(lambda: browser.all("#messages .targets a[href*='/tasks/artifact/']"), "the file comes")
    assert "14 clients are overdue" in messages(browser) and browser.all("#messages .bar.st-completed")
    fetched = browser.run(
        "return fetch(document.querySelector('#messages .targets a[href*=artifact]').href).then(each => each.text())"
    )
    assert list(csv.DictReader(io.StringIO(fetched))) == [{"client": "Northwind", "days": "91"}]
    assert Task.objects.count() == 1 and not Incoming.objects.exclude(state="done").exists()
    assert browser.run("return window.same") and browser.complaints() == []
