"""The chat page without a script: said, pressed, refused, read; by whom, and by whom not."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.chat import outbox, people
from apps.chat.content import Button, Content, Link, Row
from apps.chat.live import reading
from apps.chat.models import Account, Connection, Dialog, Incoming, Post
from apps.chat.pages import own
from apps.core import clock
from apps.tasks.models import Artifact
from tests import making
from tests.unit.chat.pages.conftest import EVIL, account, group, own_dialog, post, said, task_of

CARD = Content(
    title="I understood Invoice report",
    rows=[Row(label="period", value="1 January to 31 December 2025", note="from “last year”")],
    notes=["about 7 m"],
    buttons=[Button(label="Start", value="card:1:yes", style="primary"), Button(label="Not this", value="card:1:no")],
)


def page(browse: Client, path: str = "/admin/chat/") -> str:
    answer = browse.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def token(browse: Client) -> str:
    found = re.search(r'id="say".*?name="token" value="([0-9a-f]{32})"', page(browse), re.DOTALL)
    assert found is not None
    return found.group(1)


def bubbles(html: str) -> list[str]:
    return re.findall(r'<article class="msg[^>]*id="(\w+)"', html)


def test_looking_makes_no_rows(browse: Client) -> None:
    assert "Nothing has been said here yet." in page(browse)
    assert not Connection.objects.exists() and not Account.objects.exists() and not Dialog.objects.exists()


def test_what_is_said_is_one_row_and_is_shown_after_a_redirect(browse: Client, dana: User) -> None:
    answer = browse.post("/admin/chat/say/", {"text": "invoice report\r\nfor May", "token": token(browse)})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/chat/")
    row = Incoming.objects.get()
    assert (row.text, row.sender, row.dialog, row.dialog_kind, row.kind) == (
        "invoice report\nfor May", str(dana.pk), f"user-{dana.pk}", "private", "message",
    )  # fmt: skip
    assert row.connection.platform == "page" and row.message_id
    made = Account.objects.get()
    assert (made.external_id, made.user, made.private_dialog) == (str(dana.pk), dana, row.dialog)
    assert bubbles(page(browse)) == [f"i{row.pk}"]


def test_a_double_click_is_one_message_and_the_same_words_in_a_new_form_are_another(browse: Client) -> None:
    form = {"text": "help", "token": token(browse)}
    for _ in range(2):
        browse.post("/admin/chat/say/", form)
    assert Incoming.objects.count() == 1
    assert "This was sent already" in page(browse)
    browse.post("/admin/chat/say/", {"text": "help", "token": token(browse)})
    assert Incoming.objects.count() == 2


def test_other_words_in_the_same_form_are_not_lost(browse: Client) -> None:
    same = token(browse)
    for text in ("help", "list my tasks"):
        browse.post("/admin/chat/say/", {"text": text, "token": same})
    assert set(Incoming.objects.values_list("text", flat=True)) == {"help", "list my tasks"}


def test_what_is_too_long_is_refused_and_stays_in_the_form(browse: Client) -> None:
    text = "long " * 900
    answer = browse.post("/admin/chat/say/", {"text": text, "token": token(browse)})
    assert answer.status_code == 422 and not Incoming.objects.exists()
    html = answer.content.decode()
    assert "has 4,499 characters; 4,000 can be sent. Shorten it by 499." in html and text.strip() in html
    by_script = browse.post("/admin/chat/say/", {"text": text, "token": "t"}, headers={"X-Chat": "1"})
    assert by_script.status_code == 422 and "Shorten it by 499" in by_script.json()["error"]


@pytest.mark.parametrize("text", ["", "  \n ", None])
def test_nothing_is_refused_with_words(browse: Client, text: str | None) -> None:
    answer = browse.post(
        "/admin/chat/say/", {"token": "t"} if text is None else {"text": text, "token": "t"}, follow=True
    )
    assert "Write something first." in answer.content.decode() and not Incoming.objects.exists()


def test_twenty_messages_may_wait_and_no_more(browse: Client) -> None:
    for number in range(own.MOST_WAITING + 1):
        answer = browse.post("/admin/chat/say/", {"text": f"number {number}", "token": "t"})
    assert answer.status_code == 422 and "wait for an answer" in answer.content.decode()
    assert Incoming.objects.count() == own.MOST_WAITING


def test_a_switched_off_page_says_so_and_takes_nothing(browse: Client, dana: User) -> None:
    own_dialog(dana)
    Connection.objects.update(is_enabled=False)
    assert "an administrator has switched the chat page off" in page(browse)
    answer = browse.post("/admin/chat/say/", {"text": "help", "token": "t"})
    assert answer.status_code == 422 and "switched off" in answer.content.decode() and not Incoming.objects.exists()


def test_a_card_shows_its_rows_and_its_buttons_post_their_values(browse: Client, dana: User) -> None:
    card = post(own_dialog(dana), "in:1:0", CARD)
    html = page(browse)
    for text in ("I understood Invoice report", "period", "1 January to 31 December 2025", "from “last year”"):
        assert text in html
    assert f'value="{card.pk}:card:1:yes"' in html
    form = {"pressed": f"{card.pk}:card:1:yes", "token": token(browse)}
    for _ in range(2):
        assert browse.post("/admin/chat/press/", form).status_code == 302
    row = Incoming.objects.get()
    assert (row.kind, row.data["button"], row.data["about"]) == ("button", "card:1:yes", "in:1:0")
    html = page(browse)
    assert 'Start<span class="visually-hidden">, chosen</span>' in html and html.count("disabled>") == 2
    assert bubbles(html) == [f"p{card.pk}"]


def test_a_button_that_has_gone_is_refused_with_words(browse: Client, dana: User) -> None:
    card = post(own_dialog(dana), "in:1:0", CARD)
    outbox.change(card.pk, Content(text="Started."), clock.now())
    answer = browse.post("/admin/chat/press/", {"pressed": f"{card.pk}:card:1:yes", "token": "t"}, follow=True)
    assert "This button is gone" in answer.content.decode() and not Incoming.objects.exists()


@pytest.mark.parametrize("pressed", ["", "x:yes", ":", "99999999999999999999999:yes", "١:yes", "7"])
def test_a_press_of_nothing_known_is_refused_with_words(browse: Client, pressed: str) -> None:
    answer = browse.post("/admin/chat/press/", {"pressed": pressed, "token": "t"}, follow=True)
    assert "This button is gone" in answer.content.decode() and not Incoming.objects.exists()


def test_a_command_by_a_button_is_shown_and_can_be_given_again(browse: Client, dana: User) -> None:
    steering = Content(title="Report (7)", percent=40, buttons=[Button(label="Pause", value="do:pause:7")])
    made = post(own_dialog(dana), "in:1:task:7", steering, task_id=7)
    browse.post("/admin/chat/press/", {"pressed": f"{made.pk}:do:pause:7", "token": token(browse)})
    html = page(browse)
    assert '<div class="bubble said">Pause</div>' in html and "chosen" not in html
    assert 'aria-label="40 per cent"' in html and "updates itself" in html


def test_markup_in_everything_stays_text(browse: Client, dana: User) -> None:
    mine = own_dialog(dana)
    said(mine, EVIL, str(dana.pk), 1)
    evil = Content(
        title=EVIL, text=EVIL, rows=[Row(label=EVIL, value=EVIL, note=EVIL)], notes=[EVIL],
        links=[Link(label=EVIL, url="javascript:alert(1)"), Link(label=EVIL, url='https://x.example/"><script>')],
        buttons=[Button(label=EVIL, value='"><script>')],
    )  # fmt: skip
    post(mine, "evil", evil)
    html = page(browse, "/admin/chat/?say=<script>alert(3)</script>")
    assert "<img" not in html and "<script>" not in html and "javascript:" not in html
    assert html.count("&lt;img src=x onerror=") >= 8 and "&lt;script&gt;alert(3)" in html


def test_links_lead_to_our_pages_by_path_and_elsewhere_by_http_only(
    browse: Client, dana: User, settings: Any
) -> None:  # fmt: skip
    settings.SITE_URL = "https://chantilly.example"
    links = [
        Link(label="Open task 7", url="https://chantilly.example/admin/tasks/task/7/"),
        Link(label="report.pdf", url="https://chantilly.example/admin/tasks/artifact/3/download/"),
        Link(label="elsewhere", url="https://example.org/x"),
        *(Link(label="bad", url=url) for url in ("//evil.example", "data:text/html,x", "/\\evil.example", "http://[")),
    ]
    post(own_dialog(dana), "end", Content(text="Done.", links=links))
    html = page(browse)
    hrefs = re.findall(r'<a href="([^"]*)" rel', html)
    assert hrefs == ["/admin/tasks/task/7/", "/admin/tasks/artifact/3/download/", "https://example.org/x"]


def test_a_file_is_a_link_to_its_download(browse: Client, dana: User, alice: User) -> None:
    task = task_of(dana, alice)
    artifact = Artifact.objects.create(
        task=task, name="<b>overdue</b>.csv", content_type="text/csv", size=2048, sha256="0" * 64, index=1, created_at=clock.now()
    )  # fmt: skip
    outbox.put_file(own_dialog(dana), "f", artifact.pk, task.pk, None, clock.now())
    html = page(browse)
    assert f'href="/admin/tasks/artifact/{artifact.pk}/download/"' in html
    assert "&lt;b&gt;overdue&lt;/b&gt;.csv" in html and "2 KB" in html


def test_old_messages_are_found_page_by_page_none_twice_and_none_left_out(browse: Client, dana: User) -> None:
    mine, start = own_dialog(dana), clock.now() - timedelta(hours=3)
    for number in range(70):
        moment = start + timedelta(minutes=number)
        said(mine, f"question {number}", str(dana.pk), number, moment)
        post(mine, f"answer {number}", Content(text=f"answer {number}"), moment)
    seen: list[str] = []
    path, pages = "/admin/chat/", 0
    while path:
        html = page(browse, path)
        seen = [*bubbles(html), *seen]
        older = re.search(r'href="(\?before=[\d-]+)" id="older"', html)
        path, pages = f"/admin/chat/{older.group(1)}" if older else "", pages + 1
    assert pages == 3 and len(seen) == len(set(seen)) == 140
    assert seen[0].startswith("i") and seen[1].startswith("p")
    assert page(browse, "/admin/chat/?before=nonsense").count("<article") == 50


def test_what_is_not_read_for_long_says_so(browse: Client, dana: User) -> None:
    browse.post("/admin/chat/say/", {"text": "help", "token": "t"})
    assert "Not read yet" not in page(browse)
    Incoming.objects.update(received_at=clock.now() - timedelta(minutes=1))
    assert "Not read yet. It is kept" in page(browse)


def test_examples_are_of_templates_that_this_user_may_start(browse: Client, dana: User, alice: User) -> None:
    script = "def run(params):\n    return 1\n"
    triggers = {"patterns": [], "keywords": [], "contexts": [], "examples": ["sum it <i>up</i>"]}
    making.template(script, alice, key="open", triggers=triggers)
    closed = making.template(script, alice, key="closed", triggers={**triggers, "examples": ["pay everybody"]})
    closed.run_groups.create(name="treasury")
    html = page(browse)
    assert "sum it &lt;i&gt;up&lt;/i&gt;" in html and "pay everybody" not in html and "list my tasks" in html
    assert 'href="?say=sum%20it%20%3Ci%3Eup%3C/i%3E"' in html


def test_what_runs_for_the_reader_is_beside_it(browse: Client, dana: User, alice: User) -> None:
    mine, other = task_of(dana, alice, "mine"), task_of(alice, alice, "others")
    html = page(browse)
    assert f"/admin/tasks/task/{mine.pk}/" in html
    assert f"/admin/tasks/task/{other.pk}/" not in html


def test_the_number_of_queries_does_not_depend_on_what_was_said(
    browse: Client, dana: User, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    mine = own_dialog(dana)
    for number in range(30):
        said(mine, f"question {number}", str(dana.pk), number)
        post(mine, f"answer {number}", CARD)
    for number in range(8):
        task_of(dana, alice, f"t{number}")
    browse.get("/admin/chat/")
    with django_assert_max_num_queries(24):
        browse.get("/admin/chat/")


# Whose ---------------------------------------------------------------------------------------------------------------


def test_nobody_gets_in_without_signing_in_or_without_a_permission(client: Client, charlie: User, dana: User) -> None:
    for path in ("/admin/chat/", "/admin/chat/say/", "/admin/chat/press/", "/admin/chat/me/", "/admin/chat/1/"):
        assert client.get(path)["Location"].startswith("/admin/login/"), path
    client.force_login(charlie)
    assert client.get("/admin/chat/").status_code == 302, "no staff"
    staff = User.objects.create_user("erin", is_staff=True)
    client.force_login(staff)
    assert client.get("/admin/chat/").status_code == 403
    answer = client.post("/admin/chat/say/", {"text": "help", "token": "t"})
    assert answer.status_code == 403 and not Incoming.objects.exists()


def test_a_get_says_and_presses_nothing(browse: Client) -> None:
    for path in ("say", "press", "me/code", "me/1/unlink", "me/1/keep"):
        assert browse.get(f"/admin/chat/{path}/").status_code == 405, path


def test_posts_need_the_forms_token(dana: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(dana)
    assert strict.post("/admin/chat/say/", {"text": "help", "token": "t"}).status_code == 403
    assert not Incoming.objects.exists()


def test_another_persons_conversation_cannot_be_read_or_pressed(browse: Client, alice: User, bob: User) -> None:
    theirs = own_dialog(alice)
    secret = post(theirs, "in:1:0", CARD)
    other = group()
    for dialog in (theirs, other):
        assert browse.get(f"/admin/chat/{dialog.pk}/").status_code == 404
    answer = browse.post("/admin/chat/press/", {"pressed": f"{secret.pk}:card:1:yes", "token": "t"}, follow=True)
    assert "This button is gone" in answer.content.decode() and not Incoming.objects.exists()
    assert "#finance" not in page(browse)


def test_a_group_is_read_with_the_permission_and_a_private_talk_only_with_all_of_them(
    browse: Client, dana: User, alice: User
) -> None:
    team, theirs = group(), own_dialog(alice)
    account(team.connection, "U1", alice, name="<b>not alice</b>")
    said(team, "generate the invoice report", "U1", 1)
    card = post(team, "in:1:0", CARD)
    dana.user_permissions.add(Permission.objects.get(codename="view_dialog"))
    html = page(browse, f"/admin/chat/{team.pk}/")
    assert "<span>Alice</span>" in html and "generate the invoice report" in html and 'id="say"' not in html
    assert html.count("disabled>") == 2 and "#finance" in page(browse)
    answer = browse.post("/admin/chat/press/", {"pressed": f"{card.pk}:card:1:yes", "token": "t"}, follow=True)
    assert "This button is gone" in answer.content.decode(), "to read, not to press"
    assert browse.get(f"/admin/chat/{theirs.pk}/").status_code == 404
    dana.user_permissions.add(*Permission.objects.filter(codename__in=["view_incoming", "view_post"]))
    assert browse.get(f"/admin/chat/{theirs.pk}/").status_code == 200


def test_ones_own_private_talk_elsewhere_can_be_read(browse: Client, dana: User, alice: User) -> None:
    team = group()
    account(team.connection, "U1", dana)
    account(team.connection, "U2", alice)
    mine, theirs = (
        Dialog.objects.create(connection=team.connection, external_id=f"D-{each}", kind="private")
        for each in ("U1", "U2")
    )
    post(mine, "m", Content(text="your report"))
    assert "your report" in page(browse, f"/admin/chat/{mine.pk}/")
    assert browse.get(f"/admin/chat/{theirs.pk}/").status_code == 404
    Account.objects.filter(external_id="U1").update(user=None, linked_at=None)
    assert browse.get(f"/admin/chat/{mine.pk}/").status_code == 404, "unlinked"


def test_who_takes_an_account_over_reads_nothing_of_what_was_said_before(
    browse: Client, dana: User, alice: User, charlie: User
) -> None:
    """By a code and by an administrator alike; the page and its socket, and again when the account goes back."""
    bot, now = group().connection, clock.now()
    taken = account(bot, "U1", alice)
    Account.objects.filter(pk=taken.pk).update(linked_at=now - timedelta(hours=2))
    talk = Dialog.objects.create(connection=bot, external_id="D-U1", kind="private")
    said(talk, "what Alice asked", "U1", 1, now - timedelta(hours=1))
    post(talk, "a", Content(text="what Alice was told"), now - timedelta(hours=1))
    people.redeem(people.code_in(people.new_code(dana, now)), Account.objects.get(pk=taken.pk), now)
    assert reading.look(dana.pk, talk.pk, None).items == []
    post(talk, "d", Content(text="what Dana was told"), now)
    assert [each["id"] for each in reading.look(dana.pk, talk.pk, None).items] == [f"p{Post.objects.get(key='d').pk}"]
    html = page(browse, f"/admin/chat/{talk.pk}/")
    assert "what Dana was told" in html and "Alice" not in html
    again = now + timedelta(hours=1)
    people.redeem(people.code_in(people.new_code(dana, again)), Account.objects.get(pk=taken.pk), again)
    assert "what Dana was told" in page(browse, f"/admin/chat/{talk.pk}/"), "it was theirs already"
    people.link(Account.objects.get(pk=taken.pk), charlie, alice, clock.now())
    assert reading.look(charlie.pk, talk.pk, None).items == [], "only what is said from now on"
    dana.user_permissions.add(*Permission.objects.filter(codename__in=["view_dialog", "view_incoming", "view_post"]))
    assert "what Alice asked" in page(browse, f"/admin/chat/{talk.pk}/"), "who may read everything"


def test_a_failed_post_of_another_platform_says_why(browse: Client, dana: User) -> None:
    dana.user_permissions.add(Permission.objects.get(codename="view_dialog"))
    team = group()
    made = post(team, "m", Content(text="report"))
    Post.objects.filter(pk=made.pk).update(state="failed", due_at=None, remark="<i>channel_not_found</i>")
    assert "not sent: &lt;i&gt;channel_not_found&lt;/i&gt;" in page(browse, f"/admin/chat/{team.pk}/")


def test_the_menu_has_the_page_for_those_who_may_open_it(browse: Client, dana: User, client: Client) -> None:
    assert 'href="/admin/chat/" data-key="c" aria-current="page">Chat</a>' in page(browse)
    dana.user_permissions.clear()
    assert 'data-key="c"' not in page(browse, "/admin/")
