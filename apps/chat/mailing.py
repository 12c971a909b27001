"""How tasks ended, by e-mail, where their template names that channel. Pull, not push: nothing is missed over a restart."""

import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError
from django.utils.dateparse import parse_datetime

from apps.catalog.models import TemplateRevision
from apps.chat import facts, following, outbox
from apps.chat.content import Content
from apps.chat.models import Connection, Dialog, Post
from apps.chat.platforms.contract import PRIVATE
from apps.chat.wording import say
from apps.tasks import outbox as notices
from apps.tasks.models import Artifact, Task
from apps.tasks.states import FINAL

log = structlog.get_logger("chantilly.chat")
KEY = "email"
OVERLAP = timedelta(minutes=2)
"""Commits land out of order: so far back is looked again. Posts have keys, so nothing is told twice."""
STEP = timedelta(minutes=1)
"""Between two notes of how far we have looked while nothing happens."""
REMEMBERED = 10.0
MOST_LATE = timedelta(hours=12)
"""After a long silence, of ours or of the mail server's settings, older ends are no news: nobody is flooded with them."""
MOST_AT_ONCE = 500


def look(now: datetime) -> int:
    """Put in mails about tasks that have ended since the last look. Returns how many ended tasks were looked at."""
    if not settings.EMAIL_HOST:
        return 0
    connection, _ = Connection.objects.get_or_create(
        key=KEY, defaults={"platform": KEY, "name": "E-mail", "cursor": now.isoformat()}
    )
    since = parse_datetime(connection.cursor) if connection.cursor else None
    if not connection.is_enabled or since is None:
        return 0
    wanted = _revisions(int(time.monotonic() / REMEMBERED))
    begin = max(since - OVERLAP, now - MOST_LATE)
    ended = Task.objects.wholes().filter(status__in=FINAL, finished_at__gt=begin, finished_at__lte=now)
    ended = ended.filter(requester__in=notices.willing(get_user_model().objects.all()))  # others get none, and no post
    rows = ended.filter(revision_id__in=wanted).order_by("finished_at", "pk").values_list("pk", "finished_at")
    keys = {pk: _key(pk, at) for pk, at in rows}
    told = set(Post.objects.filter(key__in=keys.values()).values_list("key", flat=True))
    fresh = [pk for pk, key in keys.items() if key not in told]
    looked = Task.objects.filter(pk__in=fresh[:MOST_AT_ONCE]).select_related(*facts.RELATED).order_by("finished_at")
    for task in looked:
        _tell(task, connection, now)
    if len(fresh) <= MOST_AT_ONCE and (fresh or now - since > STEP):
        Connection.objects.filter(pk=connection.pk).update(cursor=now.isoformat())
    return len(keys)


def _key(task_id: int, finished_at: datetime | None) -> str:
    assert finished_at is not None  # it has ended
    return f"mail:{task_id}:{finished_at.isoformat()}"


@lru_cache(maxsize=1)
def _revisions(period: int) -> list[int]:
    """Those whose templates want mails; looked up once a period, so that a new one may be told of that much later."""
    rows = TemplateRevision.objects.filter(status=TemplateRevision.Status.PUBLISHED).values_list("pk", "outputs")
    return [pk for pk, outputs in rows if KEY in outputs.get("notifications", {}).get("channels", [])]


def _tell(task: Task, connection: Connection, now: datetime) -> None:
    person = task.requester
    dialog, _ = Dialog.objects.get_or_create(
        connection=connection, external_id=person.email[:200], defaults={"kind": PRIVATE, "title": str(person)[:200]}
    )
    told = _said(task, person, now)
    outbox.put(dialog, _key(task.pk, task.finished_at), told, now, task_id=task.pk)


def _said(task: Task, person: Any, now: datetime) -> Content:
    """Once, and at once: where it cannot be said what came of it, the mail says that it has ended and where to look."""
    title = f"{task.title} ({task.pk})"
    try:
        content = facts.ending(task, person, "en", now, following.message(task, KEY))
        links = facts.file_links(list(Artifact.objects.of(task)[: following.MOST_FILES]), "en", is_plain=True)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # Whatever it is: the other mails do not wait for it, and it is not tried at each look.
        log.exception("chat_mail_says_little", task_id=task.pk)
        return Content(title=title, text=say(f"is_{task.status}", "en"), links=[facts.link(task.pk, "en")])
    return Content(title=title, text=content.text, links=[*content.links, *links])
