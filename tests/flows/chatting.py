"""What the web server and `manage.py chat` do, in one process, until nothing is due."""

import time
from collections.abc import Mapping

from django.http import HttpResponse
from django.test import Client

from apps.chat import following, turns
from apps.chat.models import Connection, Following, Incoming, Post
from apps.chat.sending import Sender
from apps.core import clock
from apps.workers.running import slice as worker

SITE = "https://chantilly.example.org"
PATIENCE = 90.0


def deliver(url: str, body: bytes, headers: Mapping[str, str]) -> HttpResponse:
    """To our door, as a platform does."""
    named = {name: value for name, value in headers.items() if name != "content-type"}
    path = url.removeprefix(SITE)
    answer: HttpResponse = Client().post(path, body, content_type=headers["content-type"], headers=named)
    return answer


def serve(connection: Connection) -> None:
    """Turns, tasks, progress and posts; waits as long as the platform's pace wants."""
    sender, until = Sender(connection.pk), time.monotonic() + PATIENCE
    while time.monotonic() < until:
        while rows := turns.due(clock.now(), 100):
            for row in rows:
                turns.attend(row)
        worker.drain()
        following.look(clock.now())
        pause = sender.turn()
        if not _is_busy(connection):
            return
        time.sleep(min(pause, 0.2))
    raise AssertionError("It did not come to an end.")


def _is_busy(connection: Connection) -> bool:
    return (
        Post.objects.filter(dialog__connection=connection, due_at__isnull=False).exists()
        or Incoming.objects.filter(connection=connection, due_at__isnull=False).exists()
        or Following.objects.filter(dialog__connection=connection, is_over=False).exists()
    )
