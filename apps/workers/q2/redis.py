"""Launches kept in Redis: workers start a little sooner. Redis holds nothing else of ours that matters.

While it does not answer, launches go through the table: new worker processes must not have to wait for it.
"""

import logging

import redis
from django.conf import settings
from django_q.brokers.redis_broker import Redis

from apps.workers.q2.broker import WISH, Launches, get_poll_seconds
from apps.workers.q2.table import TableLaunches

PATIENCE = 2.0
"""Seconds in which Redis must answer; longer than one waits for a launch."""

log = logging.getLogger(__name__)


class RedisLaunches(Launches, Redis):
    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        self._table = TableLaunches(list_key)

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
        try:
            return self.connection.blpop([self.list_key], timeout=get_poll_seconds()) is not None
        except redis.RedisError:
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
