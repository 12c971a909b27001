"""The shapes of answers about workers and clusters; `apps/workers/answers/standing.py` says what the figures mean."""

from rest_framework import serializers

from apps.api.inputs import Input, PastOrFuture
from apps.api.outputs import Output
from apps.tasks.models import RateLimit
from apps.workers.models import Worker

MOST = 500


class Doing(Output):
    """What a worker does; of a task that you may not see only since when."""

    task_id = serializers.IntegerField(allow_null=True, help_text="null: a task that you may not see.")
    title = serializers.CharField()
    attempt = serializers.IntegerField()
    started_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    percent = serializers.FloatField()
    stage = serializers.CharField()
    message = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    call = serializers.CharField(help_text="The host call in flight.")
    control = serializers.CharField(help_text="What was asked of it and not yet obeyed.")


class Wished(Output):
    wish = serializers.CharField(help_text="drain, stop, or empty: what people ask of it.")
    wish_by = serializers.CharField()
    wish_reason = serializers.CharField()
    wished_at = serializers.DateTimeField(allow_null=True)


class Able(Wished):
    queues = serializers.ListField(child=serializers.CharField())
    kinds = serializers.ListField(child=serializers.CharField())
    tools = serializers.ListField(child=serializers.CharField())
    model = serializers.CharField()
    call_seconds = serializers.FloatField(help_text="How long one call of a task may be in flight; 0: no limit.")
    version = serializers.CharField()
    started_at = serializers.DateTimeField()
    queue_size = serializers.IntegerField(help_text="Pending tasks of its queues, counted up to 10,000 each.")
    tasks_completed = serializers.IntegerField()
    tasks_failed = serializers.IntegerField()


class WorkerRow(Able):
    id = serializers.IntegerField()
    name = serializers.CharField()
    type = serializers.CharField()
    host = serializers.CharField()
    session = serializers.CharField()
    cluster = serializers.CharField()
    cluster_key = serializers.CharField()
    status = serializers.ChoiceField(choices=Worker.Status.choices)
    word = serializers.CharField(help_text="The status as people read it: also draining, drained, silent.")
    max_concurrent_tasks = serializers.IntegerField()
    ended_at = serializers.DateTimeField(allow_null=True)
    uptime_seconds = serializers.FloatField()
    heartbeat_at = serializers.DateTimeField()
    heartbeat_age = serializers.FloatField(help_text="Seconds.")
    beat_lateness = serializers.FloatField(help_text="Seconds: the latest beat since the sample before.")
    memory_bytes = serializers.IntegerField()
    memory_limit_bytes = serializers.IntegerField()
    memory_share = serializers.FloatField(allow_null=True)
    cpu_percent = serializers.FloatField(allow_null=True, help_text="Of one core.")
    cpu_seconds = serializers.FloatField(help_text="Processor time since it began, with all that it started.")
    cpu_limit_seconds = serializers.IntegerField(help_text="Beyond it the worker is recycled; 0: no limit.")
    sampled_at = serializers.DateTimeField(allow_null=True)
    attempts = serializers.IntegerField()
    busy_seconds = serializers.FloatField()
    average_seconds = serializers.FloatField(allow_null=True)
    tasks_per_hour = serializers.FloatField(allow_null=True)
    success_rate = serializers.FloatField(allow_null=True)
    api_calls_per_task = serializers.FloatField(allow_null=True)
    doing = Doing(allow_null=True)


class WorkerList(Output):
    results = WorkerRow(many=True)


class Happening(Output):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    host = serializers.CharField()
    cluster = serializers.CharField()
    worker = serializers.CharField()
    reason = serializers.CharField(help_text="Empty where it is of a task that you may not see.")
    action = serializers.CharField(help_text="What was done about it.")
    task_id = serializers.IntegerField(allow_null=True, help_text="null also for a task that you may not see.")
    attempt = serializers.IntegerField(allow_null=True)
    recovered_at = serializers.DateTimeField(allow_null=True, help_text="Of errors: when the task went on.")


class HappeningList(Output):
    results = Happening(many=True)
    next_before = serializers.IntegerField(allow_null=True, help_text="Give it as `before` for older ones.")


class RateBefore(Output):
    service = serializers.CharField()
    unit = serializers.ChoiceField(choices=RateLimit.Unit.choices)
    per_second = serializers.FloatField()
    burst = serializers.FloatField(help_text="How many may go at once after a quiet time.")
    is_enabled = serializers.BooleanField()
    level = serializers.FloatField(help_text="What is left now; negative: promised to callers who wait.")


class WorkerAnswer(Output):
    worker = WorkerRow(source="facts")
    events = Happening(many=True)
    errors = Happening(many=True)  # type: ignore[assignment]
    rate_limits = RateBefore(
        many=True, help_text="Of the services that its tools ask; empty where you may not view rate limits."
    )


class ClusterRow(Able):
    key = serializers.CharField(help_text="Unique; name it in addresses.")
    name = serializers.CharField()
    host = serializers.CharField()
    word = serializers.CharField(
        help_text="working, draining, drained, stopping, stopped, ended (in order), lost (not in order), not heard of."
    )
    size = serializers.IntegerField(help_text="Worker processes, and so the most tasks at once.")
    cpu_slots = serializers.IntegerField(help_text="CPU-intensive tasks that its host runs at once.")
    worker_memory_mb = serializers.IntegerField()
    worker_cpu_seconds = serializers.IntegerField(help_text="Beyond it a worker is recycled; 0: no limit.")
    workers = serializers.IntegerField()
    busy = serializers.IntegerField()
    names = serializers.ListField(child=serializers.CharField(), help_text="Of the workers that were heard of.")


class ClusterList(Output):
    results = ClusterRow(many=True)


class Recovered(Output):
    task_id = serializers.IntegerField(allow_null=True, help_text="null: a task that you may not see.")
    title = serializers.CharField()
    status = serializers.CharField()
    worker = serializers.CharField()
    attempt = serializers.IntegerField()
    reason = serializers.CharField()
    lost_at = serializers.DateTimeField()
    resumed_at = serializers.DateTimeField(allow_null=True)
    resumed_by = serializers.CharField()
    waited_seconds = serializers.FloatField(allow_null=True)
    source = serializers.CharField(help_text="checkpoint, record or start; empty while it has not gone on.")  # type: ignore[assignment]
    calls_kept = serializers.IntegerField(help_text="Calls on record that were not repeated.")


class Loss(Output):
    event_id = serializers.IntegerField()
    at = serializers.DateTimeField()
    worker = serializers.CharField()
    host = serializers.CharField()
    cluster = serializers.CharField()
    kind = serializers.CharField()
    reason = serializers.CharField()
    tasks = Recovered(many=True)


class RecoveryReport(Output):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    message = serializers.CharField()
    losses = Loss(many=True)
    given_back = Recovered(many=True, help_text="Tasks of workers that lost a lease and were not lost themselves.")


class Unassigned(Output):
    task_id = serializers.IntegerField()
    title = serializers.CharField()
    queue = serializers.CharField()
    created_at = serializers.DateTimeField()
    why = serializers.CharField()


class UnassignedList(Output):
    results = Unassigned(many=True)


class Rebalanced(Output):
    moved = serializers.ListField(child=serializers.IntegerField(), help_text="Tasks that were asked to go elsewhere.")
    message = serializers.CharField()


class WorkerQuery(Input):
    host = serializers.CharField(max_length=255, required=False, default="")
    cluster = serializers.CharField(max_length=100, required=False, default="", help_text="A key or a name.")
    ended = serializers.BooleanField(required=False, default=False, help_text="Those that have ended instead.")
    limit = serializers.IntegerField(min_value=1, max_value=MOST, required=False, default=100)


class EventQuery(Input):
    worker = serializers.CharField(max_length=64, required=False, default="")
    cluster = serializers.CharField(max_length=64, required=False, default="", help_text="Its name.")
    before = serializers.IntegerField(min_value=1, max_value=2**62, required=False, default=None, allow_null=True)
    limit = serializers.IntegerField(min_value=1, max_value=MOST, required=False, default=50)


class RecoveryQuery(Input):
    since = PastOrFuture(required=False, help_text="Default: a day ago.")
    until = PastOrFuture(required=False, help_text="Default: now.")
    worker = serializers.CharField(max_length=64, required=False, default="")


class LimitQuery(Input):
    limit = serializers.IntegerField(min_value=1, max_value=MOST, required=False, default=100)
