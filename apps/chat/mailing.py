"""How tasks ended, by e-mail, where their template names that channel. Pull, not push: nothing is missed over a restart."""

import time
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.utils.dateparse import parse_datetime

from apps.catalog.models import TemplateRevision
from apps.chat import facts, following, outbox
from apps.chat.content import Content
from apps.chat.models import Connection, Dialog, Post
from apps.chat.platforms.contract import PRIVATE
from apps.tasks import outbox as notices
from apps.tasks.models import Artifact, Task
from apps.tasks.states import FINAL

KEY = "email"
OVERLAP = timedelta(minutes=2)
"""Commits land out of order: so far back is looked again. Posts have keys, so nothing is told twice."""
STEP = timedelta(minutes=1)
"""Between two notes of how far we have looked while nothing happens."""
REMEMBERED = 10.0


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
    ended = Task.objects.wholes().filter(status__in=FINAL, finished_at__gt=since - OVERLAP, finished_at__lte=now)
    keys = {pk: _key(pk, at) for pk, at in ended.filter(revision_id__in=wanted).values_list("pk", "finished_at")}
    told = set(Post.objects.filter(key__in=keys.values()).values_list("key", flat=True))
    fresh = [pk for pk, key in keys.items() if key not in told]
    for task in Task.objects.filter(pk__in=fresh).select_related(*facts.RELATED).order_by("finished_at"):
        _tell(task, connection, now)
    if fresh or now - since > STEP:
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
    if not person.is_active or not person.email or not notices.wants(person):
        return
    dialog, _ = Dialog.objects.get_or_create(
        connection=connection, external_id=person.email[:200], defaults={"kind": PRIVATE, "title": str(person)[:200]}
    )
    content = facts.ending(task, person, "en", now, following.message(task, KEY))
    links = facts.file_links(list(Artifact.objects.of(task)[: following.MOST_FILES]), "en", is_plain=True)
    told = Content(title=f"{task.title} ({task.pk})", text=content.text, links=[*content.links, *links])
    outbox.put(dialog, _key(task.pk, task.finished_at), told, now, task_id=task.pk)
