"""Bodies and answers for limits, rates and the settings of queues; `apps/tasks/operators/limiting.py` sets them."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from apps.api.inputs import Input
from apps.api.outputs import Output
from apps.tasks import dbclock
from apps.tasks.limits import rates
from apps.tasks.models import Limit, RateLimit
from apps.tasks.operators import limiting

MOST = 2**31 - 1


class Why(Input):
    reason = serializers.CharField(
        max_length=limiting.MAX_REASON, required=False, allow_blank=True, default="",
        help_text="Goes into the audit with your name.",
    )  # fmt: skip


class LimitChange(Why):
    most = serializers.IntegerField(
        min_value=0, max_value=MOST, required=False, help_text="Tasks of the group that may run at once; 0 stops it."
    )
    is_enabled = serializers.BooleanField(required=False)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class LimitRequest(LimitChange):
    scope = serializers.ChoiceField(choices=Limit.Scope.choices)
    queue = serializers.CharField(max_length=50, required=False, default="", help_text="With the scope queue.")
    template = serializers.CharField(
        max_length=64, required=False, default="", help_text="A template's key, with the scopes template, key and user."
    )
    user = serializers.CharField(
        max_length=150, required=False, default="", help_text="With the scope user; left out: each person apart."
    )
    most = serializers.IntegerField(
        min_value=0, max_value=MOST, help_text="Tasks of the group that may run at once; 0 stops it."
    )


class LimitAnswer(Output):
    id = serializers.IntegerField()
    scope = serializers.ChoiceField(choices=Limit.Scope.choices)
    queue = serializers.CharField()
    template = serializers.CharField(help_text="Its key; empty where the limit names none.")
    user = serializers.CharField(help_text="Empty where the limit names none.")
    most = serializers.IntegerField()
    is_enabled = serializers.BooleanField()
    note = serializers.CharField()
    links = serializers.DictField(child=serializers.CharField())


class LimitList(Output):
    results = LimitAnswer(many=True)


class RateChange(Why):
    per_second = serializers.FloatField(required=False, help_text="15 a minute are 0.25.")
    burst = serializers.FloatField(required=False, help_text="How many may go at once after a quiet time.")
    is_enabled = serializers.BooleanField(required=False)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class RateRequest(RateChange):
    service = serializers.CharField(max_length=50, help_text="What it stands in front of: crm, gemini.")
    unit = serializers.ChoiceField(choices=RateLimit.Unit.choices, required=False, default="requests")
    per_second = serializers.FloatField(help_text="15 a minute are 0.25.")
    burst = serializers.FloatField(help_text="How many may go at once after a quiet time.")


class RateAnswer(Output):
    id = serializers.IntegerField()
    service = serializers.CharField()
    unit = serializers.ChoiceField(choices=RateLimit.Unit.choices)
    per_second = serializers.FloatField()
    burst = serializers.FloatField()
    is_enabled = serializers.BooleanField()
    note = serializers.CharField()
    level = serializers.FloatField(help_text="What is left now; negative: promised to callers who wait.")
    links = serializers.DictField(child=serializers.CharField())


class RateList(Output):
    results = RateAnswer(many=True)


class QueueSettings(Why):
    """null takes a setting away; one that is left out stays."""

    description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    max_length = serializers.IntegerField(
        min_value=1, max_value=MOST, required=False, allow_null=True, help_text="Pending tasks; more are refused."
    )
    max_age_seconds = serializers.IntegerField(
        min_value=1, max_value=MOST, required=False, allow_null=True,
        help_text="A task that has been pending for longer is cancelled with that reason.",
    )  # fmt: skip
    most_running = serializers.IntegerField(
        min_value=0, max_value=MOST, required=False, allow_null=True,
        help_text="Tasks of the queue that may run at once: its limit, which needs the permission for limits.",
    )  # fmt: skip


def limit(row: Limit) -> dict[str, Any]:
    names = ("id", "scope", "queue", "most", "is_enabled", "note")
    return {
        **{name: getattr(row, name) for name in names},
        "template": row.template.key if row.template else "",
        "user": row.user.get_username() if row.user else "",
        "links": {"self": reverse("api:limit", args=[row.pk])},
    }


def rate(row: RateLimit, now: float | None = None) -> dict[str, Any]:
    names = ("id", "service", "unit", "per_second", "burst", "is_enabled", "note")
    level = rates.level_at(row, dbclock.now() if now is None else now)
    return {
        **{name: getattr(row, name) for name in names},
        "level": round(level, 3),
        "links": {"self": reverse("api:rate", args=[row.pk])},
    }
