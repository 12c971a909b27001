"""Launches kept in Redis: workers start a little sooner. Redis holds nothing else of ours that matters."""

from django_q.brokers.redis_broker import Redis

from apps.workers.q2.broker import WISH, Launches, get_poll_seconds


class RedisLaunches(Launches, Redis):
    def enqueue(self, task: str) -> None:
        self.connection.rpush(self.list_key, WISH)

    def take(self) -> bool:
        return self.connection.blpop([self.list_key], timeout=get_poll_seconds()) is not None
