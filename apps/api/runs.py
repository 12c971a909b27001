"""Answers about runs of workflows, and how what was read becomes them."""

from typing import Any

from rest_framework import serializers

from apps.api.inputs import MAX_PAGE, Input
from apps.api.outputs import Free, Output
from apps.api.workflows import Wrong

LOOKS = ("waiting", "ready", "running", "checking", "asking", "completed", "failed", "skipped", "cancelled")


class PageQuery(Input):
    after = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, default=0, help_text="How many to pass over: the next page."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, required=False, default=25)


class NodeQuery(PageQuery):
    state = serializers.ChoiceField(choices=LOOKS, required=False)
    group = serializers.CharField(max_length=120, required=False)


class KeyQuery(PageQuery):
    state = serializers.ChoiceField(choices=("there", "awaited", "missing", "dropped"), required=False)


class ValueQuery(Input):
    after = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, help_text="Of a list: how many items to pass over."
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=10_000, required=False, help_text="Of a list: how many items; left out: all."
    )


class NodeItems(Output):
    """Tasks of an expanded node's present try."""

    total = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    running = serializers.IntegerField()
    pending = serializers.IntegerField()
    needed = serializers.IntegerField(help_text="How many must complete.")


class NodeRow(Output):
    number = serializers.IntegerField()
    name = serializers.CharField()
    group = serializers.CharField()
    state = serializers.ChoiceField(choices=LOOKS, help_text="asking: it waits for people; ready: for its turn.")
    outcome = serializers.CharField(help_text="success, warning, info, recovered; empty until it is completed.")
    because = serializers.CharField(help_text="Why it was skipped or failed, in a word.")
    reason = serializers.CharField()
    round = serializers.IntegerField()
    tries = serializers.IntegerField()
    generation = serializers.IntegerField(help_text="How often a repair has begun it anew.")
    began_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True, help_text="Of its next try or round.")
    ended_at = serializers.DateTimeField(allow_null=True)
    expected_seconds = serializers.FloatField()
    seconds_left = serializers.FloatField(help_text="Until it will probably have ended.")
    is_stalled = serializers.BooleanField(help_text="It runs far longer than expected.")
    items = NodeItems(allow_null=True, help_text="Null unless it is expanded and has begun.")
    links = serializers.DictField(child=serializers.CharField())


class RunGroup(Output):
    name = serializers.CharField()
    total = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    percent = serializers.FloatField()
    seconds_left = serializers.FloatField()


class RunWorker(Output):
    name = serializers.CharField()
    running = serializers.IntegerField()
    ended = serializers.IntegerField(help_text="Attempts that have ended.")
    seconds = serializers.FloatField(help_text="That it has worked for this run.")


class RecoveryStatus(Output):
    state = serializers.ChoiceField(
        choices=["none", "needed", "running", "recovered"],
        help_text="needed: the run has failed and can be retried; running: it was, and goes on.",
    )
    progress = serializers.FloatField(help_text="Per cent of its work that is done.")
    strategy = serializers.CharField(help_text="What a retry does, or has done; empty where there is nothing to do.")


class RunDetail(Output):
    task = serializers.IntegerField()
    status = serializers.CharField(help_text="Of the task.")
    status_reason = serializers.CharField()
    version = serializers.IntegerField(help_text="Grows with each change; 0: it has not begun.")
    generation = serializers.IntegerField(help_text="How often it was repaired.")
    began_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    percent = serializers.FloatField(help_text="Of its expected work, what is done.")
    seconds_left = serializers.FloatField(allow_null=True, help_text="Null when it stands still or has not begun.")
    work_left_seconds = serializers.FloatField(help_text="Of all that is left, one after another.")
    nodes = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Nodes by state.")
    tasks = serializers.DictField(
        child=serializers.IntegerField(), help_text="Its nodes' tasks that have not ended, by status."
    )
    stalled = NodeRow(many=True)
    groups = RunGroup(many=True)
    workers = RunWorker(many=True)
    recovery_status = RecoveryStatus()
    links = serializers.DictField(child=serializers.CharField())


class NodeList(Output):
    results = NodeRow(many=True)
    total = serializers.IntegerField(help_text="That match, on all pages.")
    next = serializers.CharField(allow_null=True, help_text="Address of the next page; null on the last.")


class NodeWaits(Output):
    key = serializers.CharField(help_text="Of the context; empty for a milestone.")
    task = serializers.CharField(help_text="Of a milestone: the node; else empty.")
    state = serializers.CharField(help_text="Of a milestone: what the node must reach; else empty.")
    event = serializers.CharField()
    kind = serializers.CharField()
    is_required = serializers.BooleanField()
    says = serializers.ChoiceField(choices=["met", "pending", "lost"])
    because = serializers.CharField()
    by = serializers.ListField(child=serializers.CharField(), help_text="Nodes that can meet it.")


class NodeTask(Output):
    id = serializers.IntegerField()
    title = serializers.CharField()
    status = serializers.CharField()
    item = serializers.IntegerField(allow_null=True)
    url = serializers.CharField()


class ValueWritten(Output):
    by = serializers.CharField(help_text="The node; empty: an event from outside.")
    round = serializers.IntegerField()
    at = serializers.DateTimeField()
    size = serializers.IntegerField(help_text="Characters.")
    is_current = serializers.BooleanField()
    is_kept = serializers.BooleanField(help_text="Whether the value itself is still on record.")


class NodeDetail(NodeRow):
    description = serializers.CharField()
    runs = serializers.DictField(help_text="What carries it out: kind, and its template, class or tool.")
    result_keys = serializers.ListField(child=serializers.CharField())
    waits_for = NodeWaits(many=True)
    error = Wrong(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())
    absent_keys = serializers.ListField(child=serializers.CharField(), help_text="That its result lacked.")
    tasks = NodeTask(many=True, help_text="The newest that you may see, at most a hundred.")
    approval = serializers.IntegerField(allow_null=True)


class KeyRow(Output):
    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=["input", "event", "result"])
    state = serializers.ChoiceField(choices=["there", "awaited", "missing", "dropped"])
    why = serializers.CharField(help_text="Why it is not there, or not any more.")
    owners = serializers.ListField(child=serializers.CharField(), help_text="Nodes that make it.")
    users = serializers.ListField(child=serializers.CharField(), help_text="Nodes that wait for it, at most twenty.")
    written = ValueWritten(allow_null=True)
    text = serializers.CharField(allow_null=True, help_text="The value as people read it: cut, secrets masked.")
    links = serializers.DictField(child=serializers.CharField())


class KeyList(Output):
    results = KeyRow(many=True)
    total = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)


class KeyDetail(KeyRow):
    history = ValueWritten(many=True, help_text="At most the newest hundred.")
    items = serializers.IntegerField(allow_null=True, help_text="Of a list: how many it has.")

    def get_fields(self) -> dict[str, Any]:
        """A serializer has an attribute `data` of its own."""
        return {**super().get_fields(), "data": Free(allow_null=True, help_text="The value; null where there is none.")}


class ExpansionProgress(Output):
    """Of an expanded node that is not completed, or whose values are to be made again."""

    node = serializers.IntegerField()
    name = serializers.CharField()
    expansion_index = serializers.IntegerField(allow_null=True, help_text="The first item that is not completed.")
    processed_items = serializers.IntegerField()
    failed_items = serializers.IntegerField(help_text="Of its last try.")
    kept_items = serializers.IntegerField(help_text="Whose results a retry keeps.")
    repeated_items = serializers.IntegerField(help_text="Which a retry makes, as long as the items are the same.")
    total_items = serializers.IntegerField()
    open_items = serializers.ListField(child=serializers.IntegerField(), help_text="Not completed, at most 500.")


class PendingNode(Output):
    node = serializers.CharField()
    dependencies = NodeWaits(many=True)


class RunRecovery(Output):
    recovery_status = RecoveryStatus()
    generation = serializers.IntegerField()
    kept = serializers.IntegerField(help_text="Nodes that are completed and stay so.")
    repeated = serializers.ListField(child=serializers.CharField(), help_text="Nodes that a retry begins anew.")
    waiting = serializers.IntegerField(help_text="Nodes that have not ended.")
    expansions = ExpansionProgress(many=True)
    pending_dependencies = PendingNode(many=True, help_text="Of at most fifty nodes that have not begun.")


class RunResults(Output):
    completed = serializers.IntegerField(help_text="Nodes.")
    pending = serializers.IntegerField()
    failed = serializers.IntegerField()
    saved = KeyRow(many=True, help_text="Results that are there.")
    total = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)


class NodeError(Output):
    node = serializers.IntegerField()
    name = serializers.CharField()
    group = serializers.CharField()
    state = serializers.CharField()
    error = Wrong()


class ErrorList(Output):
    results = NodeError(many=True)
    total = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
