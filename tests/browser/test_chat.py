"""The chat page in a real browser: said, pressed, followed while it changes, in two tabs; markup stays text."""

from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from apps.chat import outbox
from apps.chat.content import Button, Content, Link, Row
from apps.chat.models import Dialog, Incoming
from apps.core import clock
from tests.browser.conftest import Browser, until
from tests.unit.chat.pages.conftest import EVIL, own_dialog, post, said

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

UP = """
const scroll = document.querySelector('.scroll');
scroll.scrollTo(0, -1e6);
return document.getElementById('older').getBoundingClientRect().top - scroll.getBoundingClientRect().top;
"""
CARD = Content(
    title="I understood Invoice report",
    rows=[Row(label="period", value="1 January to 31 December 2025", note="from “last year”")],
    buttons=[Button(label="Start", value="card:1:yes", style="primary"), Button(label="Not this", value="card:1:no")],
)


@pytest.fixture
def talk(alice: Any) -> Dialog:
    return own_dialog(alice)


def open_chat(browser: Browser, user: Any, path: str = "/admin/chat/") -> None:
    browser.sign_in(user)
    browser.open(path)
    until(lambda: browser.text(".live") == "Live", "it is live")
    browser.run("window.same = true")


def texts(browser: Browser) -> list[str]:
    script = "return [...document.querySelectorAll('#messages .msg .said')].map(each => each.textContent)"
    return list(browser.run(script))


def write(browser: Browser, *keys: str) -> None:
    browser.find("#say textarea").send_keys(*keys)


def rows() -> list[str]:
    return list(Incoming.objects.order_by("id").values_list("text", flat=True))


def test_enter_sends_and_shift_enter_begins_a_line_and_the_focus_stays(browser: Browser, alice: Any) -> None:
    open_chat(browser, alice)
    assert browser.run("return document.activeElement.name") == "text"
    write(browser, "invoice report", Keys.SHIFT, Keys.ENTER, Keys.NULL, "for May", Keys.ENTER)
    until(lambda: texts(browser) == ["invoice report\nfor May"], "it is shown")
    assert rows() == ["invoice report\nfor May"]
    assert browser.find("#say textarea").get_attribute("value") == ""
    assert browser.run("return document.activeElement.name") == "text"
    assert not browser.all("#nothing") and browser.run("return window.same"), "without a reload"
    assert browser.complaints() == []


def test_sending_twice_at_once_is_one_message(browser: Browser, alice: Any) -> None:
    open_chat(browser, alice)
    write(browser, "help")
    browser.run("const form = document.getElementById('say'); form.requestSubmit(); form.requestSubmit();")
    until(lambda: texts(browser) == ["help"], "it is shown")
    write(browser, "again", Keys.ENTER)
    until(lambda: texts(browser) == ["help", "again"], "the next is another")
    assert rows() == ["help", "again"]


def test_a_card_comes_by_itself_and_is_confirmed_by_its_button(browser: Browser, alice: Any, talk: Dialog) -> None:
    open_chat(browser, alice)
    post(talk, "in:1:0", CARD)
    until(lambda: browser.text("#messages .title") == "I understood Invoice report", "the card comes")
    assert browser.text("#messages dt") == "period" and "from “last year”" in browser.text("#messages dd")
    until(lambda: browser.text("#announce") == "I understood Invoice report", "it is said, politely")
    browser.run("for (let i = 0; i < 2; i++) document.querySelector('#messages button').click()")
    until(lambda: browser.all("#messages button.chosen:disabled"), "it is marked as chosen")
    pressed = Incoming.objects.get()
    assert (pressed.kind, pressed.data["button"], pressed.data["about"]) == ("button", "card:1:yes", "in:1:0")
    assert all(not each.is_enabled() for each in browser.all("#messages button"))
    assert browser.run("return window.same") and browser.complaints() == []


def test_progress_moves_in_its_place_and_only_the_end_is_read_aloud(browser: Browser, alice: Any, talk: Dialog) -> None:
    open_chat(browser, alice)
    steering = [Button(label="Pause", value="do:pause:7")]
    made = post(
        talk, "in:1:task:7", Content(title="Report (7)", text="Running.", percent=10, buttons=steering), task_id=7
    )
    until(lambda: browser.text("#messages .num") == "10%", "it is there")
    browser.find("#messages button").send_keys("")
    for percent in (40, 66):
        outbox.change(made.pk, Content(title="Report (7)", percent=percent, buttons=steering), clock.now())
        until(lambda: browser.text("#messages .num") == f"{percent}%", f"it moves to {percent}")
        assert browser.run("return document.activeElement.textContent") == "Pause", "the focus stays"
    bar = browser.find("#messages .bar")
    assert (bar.get_attribute("aria-label"), len(browser.all("#messages .msg"))) == ("66 per cent", 1)
    assert browser.text("#announce") == ""
    outbox.change(made.pk, Content(title="Report (7)", text="Completed.", percent=100), clock.now())
    until(lambda: browser.text("#announce") == "Report (7)", "the end is said")
    assert browser.all("#messages .bar.st-completed") and browser.run("return window.same")
    assert browser.complaints() == []


def test_g_c_opens_it_and_the_keyboard_alone_presses_a_button(browser: Browser, alice: Any, talk: Dialog) -> None:
    post(talk, "in:1:0", CARD)
    browser.sign_in(alice)
    browser.open("/admin/")
    for key in ("g", "c"):
        browser.driver.switch_to.active_element.send_keys(key)
    until(lambda: browser.text("h1") == "Chat" and browser.text(".live") == "Live", "g c opens it")
    until(lambda: browser.run("return document.activeElement.name") == "text", "ready to write")
    for _ in range(2):
        browser.driver.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
    assert browser.driver.switch_to.active_element.text == "Start", "before the form, behind “Not this”"
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    until(lambda: Incoming.objects.filter(kind="button").exists(), "it is pressed")
    until(lambda: browser.run("return document.activeElement.name") == "text", "and the focus is not lost")


def test_a_second_tab_shows_the_same(browser: Browser, alice: Any) -> None:
    open_chat(browser, alice)
    first = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    try:
        browser.open("/admin/chat/")
        write(browser, "from the second", Keys.ENTER)
        until(lambda: texts(browser) == ["from the second"], "here")
    finally:
        browser.driver.close()
        browser.driver.switch_to.window(first)
    until(lambda: texts(browser) == ["from the second"], "and there")


def test_markup_in_messages_names_and_titles_stays_text(browser: Browser, alice: Any, talk: Dialog) -> None:
    open_chat(browser, alice)
    browser.run("window.hit = 0; window.alert = () => { window.hit += 1; }")
    evil = Content(
        title=EVIL, text=EVIL, rows=[Row(label=EVIL, value=EVIL, note=EVIL)], notes=[EVIL],
        links=[Link(label=EVIL, url="javascript:alert(1)"), Link(label=EVIL, url='https://x.example/"><script>')],
        buttons=[Button(label=EVIL, value='"><script>alert(1)</script>')],
    )  # fmt: skip
    post(talk, "evil", evil)
    write(browser, EVIL, Keys.ENTER)
    until(lambda: EVIL in texts(browser) and browser.text("#messages .title") == EVIL, "as text, live")
    assert not browser.all("#messages img, #messages script, #messages [onerror], #messages a[href^=javascript]")
    browser.open("/admin/chat/")
    assert browser.text("#messages .title") == EVIL and not browser.all("#messages img, #messages script")
    assert browser.run("return window.hit ?? 0") == 0 and browser.complaints() == []


def test_what_is_too_long_is_counted_refused_and_kept(browser: Browser, alice: Any) -> None:
    open_chat(browser, alice)
    area = browser.find("#say textarea")
    browser.run("arguments[0].value = 'x'.repeat(4012); arguments[0].dispatchEvent(new Event('input'))", area)
    assert browser.text("#counter") == "4,012 of 4,000" and browser.all("#counter.over")
    write(browser, Keys.ENTER)
    until(lambda: "Shorten it by 12." in browser.text("#refused"), "it says so")
    assert len(str(area.get_attribute("value"))) == 4012 and rows() == []


def test_a_server_that_is_gone_loses_no_text_and_doubles_nothing(browser: Browser, alice: Any) -> None:
    open_chat(browser, alice)
    browser.site.stop("web")
    write(browser, "help", Keys.ENTER)
    until(lambda: "the server did not answer" in browser.text("#refused"), "it says so")
    assert browser.find("#say textarea").get_attribute("value") == "help"
    browser.site.start_web()
    write(browser, Keys.ENTER)
    until(lambda: texts(browser) == ["help"], "sent")
    assert rows() == ["help"]


def test_an_example_is_written_into_the_form_and_not_sent(browser: Browser, alice: Any) -> None:
    open_chat(browser, alice)
    browser.click("[data-say]")
    assert browser.find("#say textarea").get_attribute("value") == browser.text("[data-say]")
    assert rows() == []


def test_what_was_said_before_comes_in_above(browser: Browser, alice: Any, talk: Dialog) -> None:
    for number in range(120):
        said(talk, f"message {number}", str(alice.pk), number)
    open_chat(browser, alice)
    assert texts(browser)[-1] == "message 119" and len(texts(browser)) == 50
    newest = browser.all("#messages .msg")[-1]
    assert newest.is_displayed() and browser.run("return document.querySelector('.scroll').scrollTop") == 0
    for count in (100, 120):
        top = browser.run(UP)
        assert top >= 0, "it is reached by scrolling"
        browser.run("document.getElementById('older').click()")
        until(lambda: len(texts(browser)) == count, f"{count} are there")
    assert texts(browser) == [f"message {number}" for number in range(120)] and not browser.all("#older")
    assert browser.complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(
    browser: Browser, alice: Any, talk: Dialog, scheme: str
) -> None:  # fmt: skip
    said(talk, "w" * 300, str(alice.pk), 1)
    post(talk, "in:1:0", CARD)
    post(talk, "long", Content(title="t" * 200, text="x" * 500, rows=[Row(label="l" * 60, value="v" * 300)]))
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.resize(390, 844, is_phone=True)
    open_chat(browser, alice)
    assert browser.run("return document.activeElement === document.body && scrollY === 0"), "no keyboard unasked"
    for path in ("/admin/chat/", "/admin/chat/me/"):
        browser.open(path)
        assert browser.run("return document.documentElement.scrollWidth") <= 390, path
    assert browser.complaints() == []
