"""Launches kept in Redis: workers start a little sooner. Redis holds nothing else of ours that matters.

While it does not answer, launches go through the table: new worker processes must not have to wait for it.
"""

import logging
import time

import redis
from django.conf import settings
from django_q.brokers.redis_broker import Redis

from apps.workers.q2.broker import WISH, Launches, get_poll_seconds
from apps.workers.q2.table import TableLaunches

PATIENCE = 2.0
"""Seconds in which Redis must answer; longer than one waits for a launch."""
LEFT_ALONE = 2.0
"""Seconds for which launches are taken from the table only, after Redis was silent for so long: else each of them would
wait for that, one after the other."""

log = logging.getLogger(__name__)


class RedisLaunches(Launches, Redis):
    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        self._table = TableLaunches(list_key)
        self._ask_again_at = 0.0

    @staticmethod
    def get_connection(list_key: str | None = None) -> redis.Redis:
        return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)

    def enqueue(self, task: str) -> None:
        try:
            self.connection.rpush(self.list_key, WISH)
        except redis.RedisError as error:
            log.warning("Redis does not answer (%s); asking through the database.", error)
            self._table.enqueue(WISH)

    def take(self) -> bool:
        if time.monotonic() < self._ask_again_at:
            return self._table.take()
        try:
            return self.connection.blpop([self.list_key], timeout=get_poll_seconds()) is not None
        except redis.TimeoutError:
            self._ask_again_at = time.monotonic() + LEFT_ALONE
        except redis.RedisError:
            pass  # refused at once: that holds nobody up
        return self._table.take()

    def purge_queue(self) -> None:
        self._table.purge_queue()
        try:
            super().purge_queue()
        except redis.RedisError as error:
            log.warning("Redis does not answer (%s); launches go through the database.", error)

    def ping(self) -> bool:
        """Django-Q2 would end a cluster whose broker does not answer."""
        return True
