"""Counters of rates are lost with Redis; the API is not."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from apps.api.throttling import PerUser

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_redis(settings, monkeypatch):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"},
        "local": settings.CACHES["local"],
    }
    caches["local"].clear()
    monkeypatch.setattr(SimpleRateThrottle, "cache", caches["default"])
    yield
    caches["local"].clear()


def test_while_redis_is_away_each_process_counts_for_itself(
    without_redis: None, owner: User, client_of: Callable[[User], APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PerUser.THROTTLE_RATES, "user", "3/min")
    olga = client_of(owner)
    assert [olga.get("/api/v1/tasks/").status_code for _ in range(4)] == [200, 200, 200, 429]
