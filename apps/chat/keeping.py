"""What the chat keeps, and for how long: messages, posts and codes are removed in small batches."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from apps.chat.door import spool
from apps.chat.models import Following, Incoming, LinkCode, Post
from apps.core import clock

BATCH = 1_000


def keep_house() -> int:
    """Rows of the spool, and what is older than CHAT_DAYS. Returns how many rows went."""
    spool.drain()
    before = clock.now() - timedelta(days=settings.CHAT_DAYS)
    old: list[QuerySet[Any]] = [
        Following.objects.filter(is_over=True, created_at__lt=before),
        Incoming.objects.filter(due_at__isnull=True, received_at__lt=before),
        Post.objects.filter(due_at__isnull=True, created_at__lt=before),
        LinkCode.objects.filter(expires_at__lt=clock.now() - timedelta(days=1)),
    ]
    gone = 0
    for rows in old:
        numbers = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        gone += rows.filter(pk__in=numbers).delete()[0]
    return gone
