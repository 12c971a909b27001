"""A running workflow in a real browser: it moves by itself, answers the keyboard, and keeps to the page's policy."""

from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from apps.tasks.models import Node, Task
from tests.browser.conftest import Browser, Site, until
from tests.unit.executors.workflow.ran import node, start

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EACH = {"type": "product", "array_mapping": {"item": [0, 1, 2]}}
GRAPH: dict[str, Any] = {
    "groups": [
        {"name": "Gather", "tasks": [node("orders"), node("letters", "orders", expansion_config=EACH)]},
        {"name": "Send", "tasks": [
            {"name": "ask", "result_keys": ["said"], "dependencies": ["letters"],
             "approval": {"title": "Send them?", "users": ["alice"]}},
            node("send", "said"),
        ]},
    ]
}  # fmt: skip


@pytest.fixture
def task(alice: Any) -> Task:
    return start(GRAPH, alice)


def look_of(browser: Browser, number: int) -> str:
    return str(
        browser.run("return document.querySelector(`.node[data-n='${arguments[0]}']`).getAttribute('class')", number)
    )


def opened(browser: Browser, user: Any, task: Task, panel: str = "") -> None:
    browser.sign_in(user)
    browser.open(f"/admin/tasks/task/{task.pk}/change/{panel}")
    until(lambda: browser.text(".live") == "Live", "the page is live")


def test_states_counts_and_edges_change_without_a_reload(browser: Browser, site: Site, alice, task):
    opened(browser, alice, task)
    browser.run("window.isTheSame = true")
    assert "st-blocked" in look_of(browser, 0)

    site.start_worker()

    until(lambda: "st-completed" in look_of(browser, 1) and "st-person" in look_of(browser, 2), "letters are there")
    until(lambda: browser.text(".node[data-n='1'] .sm") == "3 of 3", "its items are counted")
    assert browser.run("return document.querySelector('.edge[data-from=\"1\"]').getAttribute('class')") == "edge met"
    until(lambda: browser.text("[data-run=nodes]") == "2 of 4", "the totals follow")
    assert browser.run("return document.querySelector('svg.graph').getAttribute('aria-label')").startswith(
        "Workflow graph: 2 of 4 nodes have ended"
    )
    until(lambda: browser.text("tr[data-n='1'] [data-cell=state]") == "Completed", "the table follows")
    assert browser.run("return window.isTheSame")
    assert browser.complaints() == []


def test_arrows_lead_along_the_edges_and_enter_opens_the_node(browser: Browser, alice, task):
    opened(browser, alice, task)
    first = browser.find(".node[tabindex='0']")
    assert first.get_attribute("data-n") == "0"
    browser.run("arguments[0].focus()", first)

    keys = browser.driver.switch_to.active_element
    keys.send_keys(Keys.ARROW_RIGHT)
    here = browser.driver.switch_to.active_element
    assert here.get_attribute("data-n") == "1"
    here.send_keys(Keys.ENTER)

    until(lambda: browser.text("#node-panel h1") == "letters", "the node is open")
    assert "orders" in browser.text("#node-panel")
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert browser.run("return document.getElementById('node-panel').hidden")
    assert browser.driver.switch_to.active_element.get_attribute("data-n") == "1"
    assert browser.complaints() == []


def test_it_is_zoomed_and_fitted(browser: Browser, alice, task):
    opened(browser, alice, task)
    width = browser.run("return document.querySelector('svg.graph').clientWidth")

    browser.click("[data-zoom='1']")
    assert browser.run("return document.querySelector('svg.graph').clientWidth") > width
    browser.click("[data-zoom='fit']")

    assert browser.run("const b = document.getElementById('graph-box'); return b.scrollWidth <= b.clientWidth")


def test_an_address_opens_the_same_panel(browser: Browser, alice, task):
    opened(browser, alice, task, "?state=waiting&sort=-order#nodes")

    assert browser.run("return document.getElementById('panel-graph').hidden")
    assert browser.text("#panel-nodes tbody tr a.main") == "send"


def test_a_graph_is_drawn_while_it_is_written(browser: Browser, alice, task):
    browser.sign_in(alice)
    browser.open(f"/admin/catalog/tasktemplate/{task.template.key}/graph/")
    until(lambda: browser.text("#checked") == "no errors", "it is checked")
    assert len(browser.all("#drawing .node")) == 4

    browser.run("""
        const text = document.getElementById("graph-text");
        text.value = JSON.stringify({tasks: [{name: "a", result_keys: ["a"], script: "def run(params):\\n    return 1\\n",
                                              dependencies: ["missing"]}]}, null, 2);
        text.dispatchEvent(new Event("input"));
    """)

    until(lambda: browser.text("#checked") == "1 error", "the fault is found")
    until(lambda: len(browser.all("#drawing .node")) == 1, "it is drawn anew")
    browser.click("#faults button")
    assert browser.run(
        "const t = document.getElementById('graph-text'); return t.value.slice(t.selectionStart)"
    ).startswith('"missing"')
    assert browser.complaints() == []
    assert Node.objects.count() == 0
