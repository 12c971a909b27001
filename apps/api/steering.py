"""Bodies and answers for acting on many tasks and for queues, and how rows become them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from apps.api.inputs import Input, Parameters, Priority
from apps.api.outputs import Output
from apps.catalog.models import QUEUE_LENGTH
from apps.core.errors import InvalidInput
from apps.tasks.models import BulkAction
from apps.tasks.operators import verbs
from apps.tasks.operators.bulk import Preview
from apps.tasks.operators.filters import MOST_IDS, Filter
from apps.tasks.operators.queues import Standing


class PriorityRequest(Input):
    priority = Priority(help_text="0 to 100, or critical, high, normal, medium, low.")


class QueueRequest(Input):
    queue = serializers.CharField(max_length=QUEUE_LENGTH, help_text="The name of a queue that there is.")


class BulkRequest(Input):
    verb = serializers.ChoiceField(choices=verbs.OFFERED)
    filter = Parameters(required=False, help_text="As the task list's filters: status, template, queue, whole, …")
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        min_length=1,
        max_length=MOST_IDS,
        help_text="Instead of a filter.",
    )
    arguments = Parameters(required=False, help_text="What the verb needs: reason, priority, queue.")
    expected = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False,
        help_text="The count of the preview: a conflict when many more match by now.",
    )  # fmt: skip
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Only say what would be done.")


class CleanRequest(Input):
    reason = serializers.CharField(max_length=verbs.MAX_REASON, required=False, allow_blank=True, default="")
    older_than = serializers.CharField(max_length=100, required=False, help_text="'2 d', '90 m'; left out: all.")
    statuses = serializers.ListField(
        child=serializers.CharField(max_length=10), required=False, default=["pending"], min_length=1, max_length=4
    )
    expected = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Only say what would be done.")


class PreviewAnswer(Output):
    words = serializers.CharField(help_text="'374 failed tasks of invoice_report_v2'")
    count = serializers.IntegerField()
    legal = serializers.IntegerField(help_text="To how many the verb applies.")
    refused = serializers.IntegerField(help_text="How many are not yours to control.")
    skips = serializers.DictField(child=serializers.IntegerField(), help_text="Why others are left alone: how many.")


class BulkAnswer(Output):
    id = serializers.IntegerField()
    verb = serializers.CharField()
    arguments = serializers.DictField()
    filter = serializers.DictField()
    words = serializers.CharField()
    by = serializers.CharField()
    status = serializers.ChoiceField(choices=BulkAction.Status.choices)
    matched = serializers.IntegerField()
    done = serializers.IntegerField()
    skipped = serializers.IntegerField()
    refused = serializers.IntegerField()
    skips = serializers.DictField(child=serializers.IntegerField())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    links = serializers.DictField(child=serializers.CharField())


class StopAnswer(Output):
    by = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class QueueAnswer(Output):
    name = serializers.CharField()
    description = serializers.CharField()
    pending = serializers.IntegerField(help_text="Could start now.")
    scheduled = serializers.IntegerField(help_text="Pending for a later moment.")
    running = serializers.IntegerField()
    waiting = serializers.IntegerField()
    paused_tasks = serializers.IntegerField()
    blocked = serializers.IntegerField()
    oldest_seconds = serializers.FloatField(allow_null=True, help_text="How long the oldest has been able to start.")
    ended_per_minute = serializers.FloatField(help_text="Over the last five minutes.")
    started_per_minute = serializers.FloatField()
    paused = StopAnswer(allow_null=True)
    draining = StopAnswer(allow_null=True)
    max_length = serializers.IntegerField(allow_null=True)
    max_age_seconds = serializers.IntegerField(allow_null=True)
    most_running = serializers.IntegerField(allow_null=True)
    served_by = serializers.IntegerField(allow_null=True, help_text="Workers.")
    links = serializers.DictField(child=serializers.CharField())


class QueueList(Output):
    results = QueueAnswer(many=True)


def chosen(given: dict[str, Any]) -> Filter:
    """The filter, or the ids. Raises InvalidInput with the place in the body."""
    if ("filter" in given) == ("ids" in given):
        said = "Give either a filter or ids."
        raise InvalidInput(said, fields={"filter": said})
    if "ids" in given:
        return Filter.parse({"ids": given["ids"]})
    with below("filter"):
        return Filter.asked(given["filter"])


@contextmanager
def below(place: str) -> Iterator[None]:
    """Complaints about a part of the body get the path that it has there."""
    try:
        yield
    except InvalidInput as error:
        fields = {f"{place}.{name}": said for name, said in error.fields.items()}
        raise InvalidInput(error.message, fields=fields, code=error.code) from None


def previewed(filter_: Filter, seen: Preview) -> dict[str, Any]:
    return {"words": filter_.words(seen.count), "count": seen.count, "legal": seen.legal, "refused": seen.refused,
            "skips": dict(seen.skips)}  # fmt: skip


def pictured(action: BulkAction) -> dict[str, Any]:
    names = ("verb", "arguments", "status", "matched", "done", "skipped", "refused", "skips", "created_at", "updated_at",
             "finished_at")  # fmt: skip
    return {
        "id": action.pk,
        "by": action.by.get_username(),
        "filter": action.filters,
        "words": Filter.parse(action.filters).words(action.matched),
        **{name: getattr(action, name) for name in names},
        "links": {
            "self": reverse("api:bulk", args=[action.pk]),
            "stop": reverse("api:stop_bulk", args=[action.pk]),
        },
    }


def queue(standing: Standing) -> dict[str, Any]:
    names = ("pause", "resume", "drain", "reopen", "clean")
    links = {name: reverse(f"api:{name}_queue", args=[standing.name]) for name in names}
    return {**asdict(standing), "links": {"self": reverse("api:queue", args=[standing.name]), **links}}
