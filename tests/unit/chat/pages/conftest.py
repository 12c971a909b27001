from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.chat import outbox, people
from apps.chat.content import Content
from apps.chat.models import Account, Connection, Dialog, Incoming, Post
from apps.chat.pages import own
from apps.core import clock
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from tests import making

EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


@pytest.fixture
def dana(db: None) -> User:
    """Staff who may start tasks, and nothing else."""
    user = User.objects.create_user("dana", "dana@example.org", "correct horse battery", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="run_tasktemplate"))
    return user


@pytest.fixture
def browse(client: Client, dana: User) -> Client:
    """Dana's browser."""
    client.force_login(dana)
    return client


def own_dialog(user: Any) -> Dialog:
    """With its connection and account, as the first message makes them."""
    connection, _ = Connection.objects.get_or_create(key=own.KEY, defaults={"platform": "page", "name": "Chat page"})
    account = people.own_account(connection, user, clock.now())
    return Dialog.objects.get_or_create(
        connection=connection, external_id=account.private_dialog, defaults={"kind": "private", "title": str(user)}
    )[0]


def group(title: str = "#finance", key: str = "team") -> Dialog:
    connection, _ = Connection.objects.get_or_create(key=key, defaults={"platform": "slack", "name": "Team bot"})
    return Dialog.objects.create(connection=connection, external_id=f"C-{title}", kind="group", title=title)


def post(
    dialog: Dialog, key: str, content: Content, now: datetime | None = None, task_id: int | None = None
) -> Post:  # fmt: skip
    """Put into the outbox and sent, as far as the platform says."""
    made = outbox.put(dialog, key, content, now or clock.now(), task_id=task_id)
    taken = outbox.take(made, clock.now())
    assert taken is not None
    outbox.sent(taken, key, clock.now())
    return Post.objects.get(pk=made.pk)


def said(dialog: Dialog, text: str, sender: str, number: int, now: datetime | None = None, **data: Any) -> Incoming:
    moment = now or clock.now()
    return Incoming.objects.create(
        connection=dialog.connection, event_id=f"e{number}", dialog=dialog.external_id, dialog_kind=dialog.kind,
        sender=sender, kind=data.pop("kind", "message"), text=text, data=data, received_at=moment, due_at=None,
        state="done", ended_at=moment,
    )  # fmt: skip


def account(connection: Connection, external_id: str, user: Any = None, name: str = "") -> Account:
    return Account.objects.create(
        connection=connection, external_id=external_id, shown_name=name, user=user,
        linked_at=clock.now() if user else None, private_dialog=f"D-{external_id}",
    )  # fmt: skip


def task_of(user: Any, author: Any, key: str = "sample") -> Task:
    """A pending task that `user` asked for; `author` wrote its template."""
    making.template("def run(params):\n    return 1\n", author, key=key)
    return submit(Request(template=key, parameters={}, origin="chat"), user).task
