"""What carries hints from host to host: Redis pub/sub, else PostgreSQL's NOTIFY. On SQLite there is one host only.

Messages are short texts and hold no data. They may be lost: everybody also looks at the database now and then.
A carrier connects when it is used, answers or gives up within seconds, and raises only CarrierLost.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from apps.core.errors import ChantillyError

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds that a carrier may take to connect or to answer."""
DIRECT_PATIENCE = 0.25
"""The same for a process that tells other hosts itself: somebody waits for what it does."""
SILENCE = 5.0
"""Seconds in which a process that has no bridge does not try a carrier again that was lost."""


class CarrierLost(ChantillyError):
    code = "carrier_lost"


class Subscription(Protocol):
    def receive(self, seconds: float) -> list[str]:
        """The messages that have come, own ones too; waits up to `seconds` for the first. Raises CarrierLost."""


class Carrier(Protocol):
    def publish(self, message: str) -> None:
        """Tell every subscriber. Raises CarrierLost."""

    def subscribe(self) -> Any:
        """A context in which everything that is published is received: gives a Subscription. Raises CarrierLost."""


class RedisCarrier:
    """Channels know no database numbers: the name holds ours, and that of the database whose rows are meant."""

    def __init__(self, patience: float = PATIENCE) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._errors = (redis.RedisError, OSError)
        # No retries: a subscription must not be made anew unseen, for what was published meanwhile has been missed.
        self._redis = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 0),
        )
        number = self._redis.connection_pool.connection_kwargs.get("db", 0)
        self._channel = f"chantilly:{number}:{connections[DEFAULT_DB_ALIAS].settings_dict['NAME']}:hints"

    def publish(self, message: str) -> None:
        with self._lost():
            self._redis.publish(self._channel, message)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        with self._lost(), self._redis.pubsub() as subscription:
            subscription.subscribe(self._channel)
            if subscription.get_message(timeout=PATIENCE) is None:
                raise CarrierLost("Redis has not confirmed the subscription.")
            yield _RedisSubscription(subscription)

    @contextmanager
    def _lost(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise CarrierLost(f"Redis does not answer: {error}") from error


class _RedisSubscription:
    def __init__(self, subscription: Any) -> None:
        self._subscription = subscription

    def receive(self, seconds: float) -> list[str]:
        message = self._subscription.get_message(ignore_subscribe_messages=True, timeout=seconds)
        return [message["data"].decode(errors="replace")] if message else []


class PostgresCarrier:
    """Publishes on Django's connection of the calling thread, in a transaction of its own, and listens on another."""

    CHANNEL = "chantilly_hints"
    NOT_FOR_LISTENING = ("cursor_factory", "context", "prepare_threshold")

    def publish(self, message: str) -> None:
        database = connections[DEFAULT_DB_ALIAS]
        try:
            with database.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, %s)", [self.CHANNEL, message])
        except DatabaseError as error:
            database.close_if_unusable_or_obsolete()
            raise CarrierLost(f"PostgreSQL does not answer: {error}".strip()) from error

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        import psycopg

        parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
        ours = {name: value for name, value in parameters.items() if name not in self.NOT_FOR_LISTENING}
        ours |= {"connect_timeout": int(PATIENCE), "tcp_user_timeout": int(PATIENCE * 1000)}
        try:
            with psycopg.connect(**ours, autocommit=True) as connection:
                connection.execute(f"LISTEN {self.CHANNEL}")
                yield _PostgresSubscription(connection)
        except psycopg.Error as error:
            raise CarrierLost(f"PostgreSQL does not answer: {error}".strip()) from error


class _PostgresSubscription:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def receive(self, seconds: float) -> list[str]:
        return [each.payload for each in self._connection.notifies(timeout=seconds, stop_after=1)]


@cache
def carrier() -> Carrier | None:
    """This installation's, or None where there is one host only."""
    if not settings.HINT_CARRIER:
        return None
    return RedisCarrier() if settings.HINT_CARRIER == "redis" else PostgresCarrier()


@cache
def hurried() -> Carrier | None:
    """The same carrier, for those who cannot wait for it."""
    return RedisCarrier(DIRECT_PATIENCE) if settings.HINT_CARRIER == "redis" else carrier()


class _Directly:
    """For processes of a host on which no bridge runs. What cannot be told is found by a look."""

    silent_until = 0.0

    def tell(self, message: str) -> None:
        if time.monotonic() < self.silent_until or (chosen := hurried()) is None:
            return
        try:
            chosen.publish(message)
        except CarrierLost as error:
            self.silent_until = time.monotonic() + SILENCE
            log.warning("hint_lost", error=error.message)


directly = _Directly()
