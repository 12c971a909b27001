"""A task is started from its form and watched without a reload; what is shown is what is."""

from typing import Any

import pytest

from apps.tasks import lifecycle
from apps.tasks.models import Task
from tests import making
from tests.browser.conftest import Browser, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WALK = """\
import task

def run(params):
    task.progress(5, "look", "Looking")
    for number in range(params["pages"]):
        print("page " + str(number))
        task.sleep(0.3)
        task.progress(5 + 50 * (number + 1) // params["pages"], "look", "Page " + str(number + 1))
    task.progress(60, "write", "Writing")
    return {"summary": "looked at it all"}
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "pages": {"type": "integer", "title": "Pages", "minimum": 1, "maximum": 500, "default": 3},
        "day": {"type": "string", "format": "date", "title": "Day"},
        "until": {"type": "string", "format": "date", "title": "Until", "x-not-before": "day"},
        "words": {"type": "string", "title": "Words"},
    },
}
STAGES = [{"name": "look", "percent": 5}, {"name": "write", "percent": 60}]
START = "/admin/catalog/tasktemplate/walk/start/"


@pytest.fixture
def template(alice: Any) -> Any:
    return making.template(WALK, alice, key="walk", parameter_schema=SCHEMA, stages=STAGES)


def enter(browser: Browser, name: str, text: str) -> None:
    box = browser.find(f'.rjf-form-wrapper input[name$="{name}"]')
    browser.run("arguments[0].select ? arguments[0].select() : 0", box)
    box.send_keys(text)


def page_of(task: Task) -> str:
    return f"/admin/tasks/task/{task.pk}/change/"


def test_a_task_is_started_watched_paused_resumed_and_cancelled(browser: Browser, site: Site, alice, template):
    browser.sign_in(alice)
    browser.open(START)
    enter(browser, "pages", "400")
    browser.click(".submit-row .primary")
    until(lambda: "/tasks/task/" in browser.driver.current_url, "the task's page opens")
    task = Task.objects.get()
    assert task.parameters["pages"] == 400
    assert browser.field("state") == "Pending"
    assert "No live worker serves queue default." in browser.field("reason")

    browser.run("window.here = true")
    site.start_worker()
    until(lambda: browser.field("state") == "Running", "it runs")
    until(lambda: browser.text("#code li.now .n") == "7", "the executing line is marked")
    assert browser.find('#code [aria-current="true"]').get_attribute("data-n") == "7"
    until(lambda: "page 3" in browser.text("#log"), "the log grows")
    until(lambda: browser.text("#feed .t") == "task.sleep × 5", "equal calls fold")
    assert browser.text("#stages li.now b") == "look"
    assert browser.text(".live") == "Live"
    assert browser.run("return window.here"), "all of that without a reload"

    browser.click('.docked [data-verb="pause"] button')
    until(lambda: browser.field("state") == "Paused", "it pauses")
    assert "Paused by alice" in browser.field("reason")
    browser.run("window.here = true")
    lifecycle.resume(Task.objects.get(), alice)
    until(lambda: browser.field("state") == "Running", "it goes on")
    until(lambda: not browser.find('.docked [data-verb="resume"]').is_displayed(), "the buttons follow the state")
    assert browser.run("return window.here")

    browser.click('.docked [data-verb="cancel"] button')
    browser.find("#ask-cancel [name=reason]").send_keys("enough seen")
    browser.click("#ask-cancel .danger")
    until(lambda: browser.field("state") == "Cancelled", "it is cancelled")
    assert "enough seen" in browser.field("reason")
    assert browser.complaints() == []


def test_a_task_that_fails_while_one_looks_says_all_of_it(browser: Browser, site: Site, alice):
    task = making.task("import task\n\ndef run(params):\n    task.new_id()\n    return 1 / 0\n", alice, key="broken")
    browser.sign_in(alice)
    browser.open(page_of(task))
    browser.run("window.here = true")

    site.start_worker()

    until(lambda: browser.text("#trouble-title") == "Division by zero, at line 5", "the error panel appears")
    until(lambda: "ZeroDivisionError" in browser.text("#code .msgline"), "and the message below its line")
    assert browser.text("#code li.bad .n") == "5"
    assert browser.find('.docked [data-verb="retry"]').is_displayed()
    assert browser.run("return window.here")
    assert browser.complaints() == []


def shown(browser: Browser) -> dict[str, Any]:
    """What a reader sees, without what ticks."""
    seen: dict[str, Any] = browser.run("""
      const texts = selector => [...document.querySelectorAll(selector)].map(node => node.textContent.trim());
      return {
        feed: texts("#feed > li"), log: texts("#log > li"), stages: texts("#stages > li"), code: texts("#code > li"),
        fields: Object.fromEntries([...document.querySelectorAll("[data-field]")].map(n => [n.dataset.field, n.textContent])),
        looks: [...document.querySelectorAll("#code > li")].map(node => [...node.classList].sort().join(" ")),
        verbs: [...document.querySelectorAll("[data-verb]")].filter(node => !node.hidden).map(node => node.dataset.verb),
        state: document.querySelector("#state .badge").className, files: texts("[data-panel=files]"),
        attempts: texts("[data-panel=attempts] td"),
      }""")
    return seen


def test_what_a_page_shows_after_a_reconnect_equals_the_database(browser: Browser, site: Site, alice, template):
    task = making.task(WALK, alice, {"pages": 6}, key="walk", parameter_schema=SCHEMA, stages=STAGES)
    browser.sign_in(alice)
    browser.open(page_of(task))
    until(lambda: browser.text(".live") == "Live", "it is live")
    browser.run("window.here = true")
    site.start_worker()
    until(lambda: "page 1" in browser.text("#log"), "it has begun")

    site.stop("web")
    until(lambda: browser.text(".live").startswith("Not live"), "the loss is said")
    until(lambda: Task.objects.get(pk=task.pk).status == "completed", "the work goes on without the web")
    site.start_web()

    until(lambda: browser.text(".live") == "Live", "it comes back by itself")
    until(lambda: browser.field("state") == "Completed", "and shows the end")
    until(lambda: "looked at it all" in browser.text("[data-panel=result]"), "with the result")
    assert browser.run("return window.here"), "without a reload"
    after_reconnect = shown(browser)
    browser.open(page_of(task))
    assert after_reconnect == shown(browser)


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(browser: Browser, alice, template):
    browser.sign_in(alice)
    browser.open(START)
    browser.run("arguments[0].value = 'For the board'", browser.find("#id_title"))
    enter(browser, "pages", "0")
    enter(browser, "words", "kept")

    browser.click(".submit-row .primary")

    until(lambda: browser.all(".errornote"), "the form is refused")
    said = until(
        lambda: browser.text(".rjf-form-wrapper .rjf-error-text, .rjf-form-wrapper .has-error"), "in its place"
    )
    assert said
    assert browser.find('.rjf-form-wrapper input[name$="words"]').get_attribute("value") == "kept"
    assert browser.find("#id_title").get_attribute("value") == "For the board"
    assert Task.objects.count() == 0
    assert browser.complaints() == []


def test_a_list_changes_in_place_and_says_what_else_changed(browser: Browser, alice, template):
    first = making.task(WALK, alice, {"pages": 2}, key="walk", parameter_schema=SCHEMA)
    browser.sign_in(alice)
    browser.open("/admin/tasks/task/")
    until(lambda: browser.text(".live") == "Live", "it is live")
    browser.run("window.here = true")

    lifecycle.pause(first, alice, "lunch")
    until(lambda: browser.text("#result_list .badge") == "Paused", "the row follows")
    assert "(“lunch”)" in browser.text("#result_list .say")
    making.task(WALK, alice, {"pages": 2}, key="walk", parameter_schema=SCHEMA)
    until(lambda: browser.find("#news").is_displayed(), "a new task is announced")

    assert browser.text("#news b") == "1"
    assert len(browser.all("#result_list tbody tr")) == 1, "and rows never jump"
    assert browser.run("return window.here")
    assert browser.complaints() == []


def test_many_are_chosen_and_paused(browser: Browser, alice, template):
    for _ in range(3):
        making.task(WALK, alice, {"pages": 2}, key="walk", parameter_schema=SCHEMA)
    browser.sign_in(alice)
    browser.open("/admin/tasks/task/")
    assert not browser.find(".bulk button").is_enabled()

    browser.click("#action-toggle")
    assert browser.text("#selected-count") == "3 of 3 on this page selected"
    browser.click('.bulk [value="pause_chosen"]')

    until(lambda: "3 tasks paused." in browser.text(".messagelist"), "it says how many")
    assert set(Task.objects.values_list("status", flat=True)) == {"paused"}
