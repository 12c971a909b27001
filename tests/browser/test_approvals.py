"""Approvals in a real browser: decided by the keyboard alone, with changed data, also on a phone."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from apps.tasks import approvals
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


def numbers(browser: Browser) -> str:
    return browser.text(".console-nav [data-key=a] .n")


def test_the_inbox_and_the_menu_follow_without_a_reload(browser: Browser, question: Approval) -> None:
    ivan, task = User.objects.get(username="ivan"), question.task
    sign_in(browser)
    browser.open("/admin/tasks/approval/")
    until(lambda: browser.text(".live") == "Live", "it is live")
    browser.run("window.same = true")
    press(browser, "j")
    second = asked(task, place="8", title="Pay <b>900</b>?", users=["ivan"])
    until(lambda: len(browser.all(".inbox > li")) == 2, "the new one is added")
    assert browser.all(".inbox a.main")[1].text == "Pay <b>900</b>?"
    assert numbers(browser) == "2 to decide" and browser.text(".views-of a .n") == "2"
    until(lambda: browser.text("#announce") == "2 approvals to decide.", "it is said, politely")
    assert browser.find("#announce").get_attribute("role") == "status"
    assert browser.driver.switch_to.active_element.text == "Send 14 letters?", "the focus stays"

    approvals.decide(question.pk, ivan, "reject")
    until(lambda: len(browser.all(".inbox > li")) == 1, "what is decided goes")
    assert browser.driver.switch_to.active_element.text == "Pay <b>900</b>?", "the focus goes to the next"
    approvals.decide(second.pk, ivan, "reject")
    until(lambda: "Nothing is asked of you." in browser.text("#inbox"), "it says that it is empty")
    assert numbers(browser) == "" and browser.run("return window.same"), "without a reload"
    assert browser.complaints() == []


def test_the_number_follows_on_every_other_page(browser: Browser, question: Approval) -> None:
    sign_in(browser)
    browser.open("/admin/start/")
    until(lambda: numbers(browser) == "1 to decide", "as drawn")
    approvals.decide(question.pk, User.objects.get(username="ivan"), "reject")
    until(lambda: numbers(browser) == "", "nothing is left")
    asked(question.task, place="8", users=["ivan"])
    until(lambda: numbers(browser) == "1 to decide", "asked again")
    assert browser.run("return document.querySelector('.live').hidden"), (
        "a page without panels says nothing of being live"
    )
    assert browser.complaints() == []


def test_who_reads_a_question_that_somebody_else_decides_is_told_at_once_and_keeps_what_was_typed(
    browser: Browser, question: Approval, alice: Any
) -> None:
    sign_in(browser)
    browser.open(f"/admin/tasks/approval/{question.pk}/")
    until(lambda: browser.text(".live") == "Live", "it is live")
    comment = browser.find('#decide input[name="comment"]')
    comment.send_keys("half a sent")
    assert not browser.find("#meanwhile").is_displayed()
    approvals.decide(question.pk, alice, "reject")
    until(lambda: browser.find("#meanwhile").is_displayed(), "it says so")
    assert browser.text("#meanwhile").startswith("alice decided at ") and "was not sent" in browser.text("#meanwhile")
    assert browser.find("#meanwhile").get_attribute("role") == "alert"
    assert not any(button.is_enabled() for button in browser.all("#decide .submit-row button"))
    assert comment.get_attribute("value") == "half a sent"
    assert "alice decided: Reject" in browser.text(".feed")
    assert browser.all(".errhead.st-cancelled #question") and not browser.all(".errhead .more"), "nothing is urgent now"
    browser.click("#meanwhile a")
    until(lambda: "alice decided at" in browser.text(".outcome") and not browser.all("#decide"), "as it is now")
    assert browser.complaints() == []


def test_who_reads_a_question_sees_that_it_is_handed_over(browser: Browser, question: Approval) -> None:
    person("helper")
    sign_in(browser)
    browser.open(f"/admin/tasks/approval/{question.pk}/")
    until(lambda: browser.text(".live") == "Live", "it is live")
    approvals.delegate(question.pk, User.objects.get(username="ivan"), "helper")
    until(lambda: "helper or ivan" in browser.text(".kv"), "who may decide")
    assert not browser.find("#meanwhile").is_displayed() and browser.find("#decide button[value=approve]").is_enabled()
