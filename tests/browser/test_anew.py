"""A task is forked from its page in a real browser."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from apps.tasks.models import Task
from apps.workers.running import slice as slices
from tests import making
from tests.browser.conftest import until

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = "import task\n\ndef run(params):\n    return [task.new_id(), task.new_id(), params.get('n')]\n"


def test_a_task_is_forked_with_another_parameter_from_its_page(browser, alice, tmp_path):
    task = making.task(SCRIPT, alice, {"n": 1}, key="ids")
    slices.drain()
    browser.sign_in(alice)
    browser.open(f"/admin/tasks/task/{task.pk}/change/")
    browser.driver.save_screenshot(str(tmp_path / "page.png"))
    browser.click(".choice-card:has([value=fork])")
    until(
        lambda: browser.text("[data-repeats] span") == "Fork at a step, with changes…", "the button repeats the choice"
    )
    assert browser.find("#from-step").get_attribute("value") == "2"
    browser.click("[data-repeats]")
    step = until(lambda: browser.driver.find_elements(By.ID, "id_step"))[0]
    step.clear()
    step.send_keys("1")
    number = until(
        lambda: browser.driver.find_elements(By.CSS_SELECTOR, "#start-form input[type=number]:not(#id_step)")
    )[0]
    number.clear()
    number.send_keys("7")
    browser.driver.save_screenshot(str(tmp_path / "form.png"))
    browser.driver.find_element(By.CSS_SELECTOR, "button.primary").click()
    made = until(lambda: Task.objects.filter(ancestor_id=task.pk).first())
    assert (made.ancestry, made.ancestor_step, made.parameters) == ("fork", 1, {"n": 7})
    until(lambda: "Forked from task" in browser.driver.page_source)
    browser.driver.save_screenshot(str(tmp_path / "made.png"))


def test_a_pause_is_taken_back_with_the_keyboard_from_the_toast(browser, alice):
    task = making.task(SCRIPT, alice, {"n": 1}, key="ids")
    browser.sign_in(alice)
    browser.open(f"/admin/tasks/task/{task.pk}/change/")
    browser.click('[data-verb="pause"] button')
    undo = browser.find(".toast button")
    until(lambda: "is paused." in browser.text(".toast [role=status]"), "it is said aloud")
    browser.run("document.getElementById('content-start').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.driver.switch_to.active_element == undo
    undo.send_keys(Keys.ENTER)
    until(lambda: Task.objects.get(pk=task.pk).status == "pending", "the pause is taken back")
    assert browser.complaints() == []
