"""Launches kept in a table of the database: no other service needed."""

import time

from django.utils import timezone
from django_q.brokers.orm import ORM

from apps.workers.q2.broker import WISH, Launches, get_poll_seconds


class TableLaunches(Launches, ORM):
    def enqueue(self, task: str) -> None:
        self.get_connection().create(key=self.list_key, payload=WISH, lock=timezone.now())

    def take(self) -> bool:
        wishes = self.get_connection().filter(key=self.list_key)
        first = wishes.values_list("pk", flat=True).first()
        if first is None:
            time.sleep(get_poll_seconds())
            return False
        deleted, _ = wishes.filter(pk=first).delete()
        return bool(deleted)
