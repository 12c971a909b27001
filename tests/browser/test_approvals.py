"""Approvals in a real browser: decided by the keyboard alone, with changed data, also on a phone."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from apps.tasks.models import Approval
from tests import making
from tests.browser.conftest import Browser, until
from tests.unit.tasks.asked import AMOUNT, asked, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABLE = {"columns": ["Client", "Overdue", "Days", "Letter"], "rows": [["Northwind Trading", "€ 27,900.00", 91, "last"]]}


@pytest.fixture
def question(alice: Any) -> Approval:
    person("ivan", is_staff=True)
    task = making.task("def run(params):\n    return 1\n", alice)
    return asked(
        task, users=["ivan"], form=AMOUNT, data={"amount": 40}, text="14 clients owe us.", expires_after="1 d",
        evidence=[{"title": "Overdue", "table": TABLE}],
    )  # fmt: skip


def sign_in(browser: Browser) -> None:
    browser.sign_in(User.objects.get(username="ivan"))


def press(browser: Browser, *keys: str) -> None:
    for key in keys:
        browser.driver.switch_to.active_element.send_keys(key)


def test_the_keyboard_alone_finds_changes_and_decides(browser: Browser, question: Approval) -> None:
    sign_in(browser)
    browser.open("/admin/")
    press(browser, "g", "a")
    until(lambda: browser.text("h1") == "Approvals", "g a opens the inbox")
    press(browser, "j", Keys.ENTER)
    until(lambda: browser.text("#question") == "Send 14 letters?", "Enter opens the first")

    amount = browser.find('#decide .rjf-form-wrapper input[type="number"]')
    amount.send_keys(Keys.CONTROL, "a")
    amount.send_keys("50")
    comment = browser.find('#decide input[name="comment"]')
    comment.send_keys("fine", Keys.ENTER)
    question.refresh_from_db()
    assert question.state == "open", "Enter in a field decides nothing"

    comment.send_keys(Keys.TAB)
    assert browser.driver.switch_to.active_element.text == "Approve"
    press(browser, Keys.ENTER)
    until(lambda: "Approve. The task goes on." in browser.text(".messagelist"), "it says so")
    question.refresh_from_db()
    assert (question.decision, question.decided_data["amount"], question.comment) == ("approve", 50, "fine")
    assert browser.complaints() == []


def test_on_a_phone_nothing_is_wider_than_the_screen_and_the_button_works(browser: Browser, question: Approval) -> None:
    sign_in(browser)
    browser.resize(390, 844, is_phone=True)
    for path in ("/admin/tasks/approval/", f"/admin/tasks/approval/{question.pk}/"):
        browser.open(path)
        assert browser.run("return document.documentElement.scrollWidth") <= 390, path
    browser.click('#decide button[value="reject"]')
    until(lambda: "Reject. The task goes on." in browser.text(".messagelist"), "it says so")
    assert browser.complaints() == []


def test_what_is_wrong_is_said_beside_the_field(browser: Browser, question: Approval) -> None:
    sign_in(browser)
    browser.open(f"/admin/tasks/approval/{question.pk}/")
    amount = browser.find('#decide .rjf-form-wrapper input[type="number"]')
    amount.send_keys(Keys.CONTROL, "a")
    amount.send_keys("900")
    browser.click('#decide button[value="approve"]')
    until(lambda: "900 is too high" in browser.text("#decide .errornote"), "it says so")
    beside = until(lambda: browser.all("#decide .rjf-error-text"), "beside the field, too")
    assert "900 is too high" in beside[0].text
    assert browser.driver.find_element(By.CSS_SELECTOR, '#decide input[type="number"]').get_attribute("value") == "900"
    question.refresh_from_db()
    assert question.state == "open"
