"""What callers get: the shapes of the answers, which the OpenAPI description shows as they are.

They only write, so a field may take the name of an attribute that is there for reading (`data`, `errors`).
"""

from typing import Any

from rest_framework import serializers

Free = serializers.JSONField


class Output(serializers.Serializer[Any]):
    pass


class Estimate(Output):
    seconds = serializers.IntegerField()
    steps = serializers.IntegerField()
    complexity = serializers.ChoiceField(choices=["low", "medium", "high"])


class ModelCost(Output):
    tokens = serializers.IntegerField(help_text="That the language model will read and write, without what is known.")
    items = serializers.IntegerField(help_text="What the template counts, such as translations.")
    known = serializers.IntegerField(help_text="Items that the translation memory has; they cost nothing.")
    money = serializers.DecimalField(
        max_digits=14, decimal_places=4, allow_null=True, help_text="Null without MODEL_PRICE."
    )
    currency = serializers.CharField(allow_blank=True)
    has_model = serializers.BooleanField(help_text="False: no language model is set up, and nothing is used of one.")


class EstimateAnswer(Output):
    estimate = Estimate()
    cost = ModelCost(allow_null=True, help_text="Of the language model; null where the template does not say.")
    parameters = serializers.DictField(help_text="Complete, with defaults filled in.")
    required_tools = serializers.ListField(child=serializers.CharField())
    memory_mb = serializers.IntegerField()


class TemplateRow(Output):
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    category = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    version = serializers.CharField()
    revision = serializers.IntegerField()
    examples = serializers.ListField(child=serializers.CharField(), help_text="Sentences that ask for it.")
    links = serializers.DictField(child=serializers.CharField())


class TemplateList(Output):
    results = TemplateRow(many=True)


class PriorityRule(Output):
    priority = serializers.IntegerField()
    when = serializers.CharField(help_text="The rule's number, and its title or the parameters that it looks at.")


class TemplateDetail(TemplateRow):
    parameter_schema = serializers.DictField()
    stages = serializers.ListField(child=serializers.DictField())
    outputs = serializers.DictField()
    estimate = Estimate()
    required_tools = serializers.ListField(child=serializers.CharField())
    memory_mb = serializers.IntegerField()
    queue = serializers.CharField()
    priority = serializers.IntegerField()
    priority_rules = PriorityRule(
        many=True, help_text="Instead of `priority`, by the parameters; the first that matches."
    )


class TemplateName(Output):
    key = serializers.CharField()
    name = serializers.CharField()
    revision = serializers.IntegerField()
    version = serializers.CharField()


class Progress(Output):
    percent = serializers.FloatField()
    stage = serializers.CharField()
    message = serializers.CharField()


class TaskRow(Output):
    id = serializers.IntegerField()
    uid = serializers.UUIDField()
    title = serializers.CharField()
    template = TemplateName()
    status = serializers.CharField()
    status_reason = serializers.CharField()
    priority = serializers.IntegerField()
    queue = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    requester = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    elapsed_seconds = serializers.FloatField(allow_null=True)
    progress = Progress()
    is_dead_letter = serializers.BooleanField()
    links = serializers.DictField(child=serializers.CharField(), help_text="Where to look; no path is secret or final.")


class Waits(Output):
    why = serializers.CharField(help_text="Why it does not run, in a sentence; empty while it does.")
    place = serializers.IntegerField(
        allow_null=True, help_text="Among the tasks that wait for the same; null: no line."
    )
    expected_start = serializers.DateTimeField(allow_null=True, help_text="Null where it is not known.")


class ListedTask(Waits, TaskRow):
    pass


class TaskList(Output):
    results = ListedTask(many=True)
    next = serializers.CharField(allow_null=True, help_text="Address of the next page; null on the last.")


class TaskCreated(TaskRow):
    priority_reason = serializers.CharField(
        help_text="Why it has its priority: as asked for, as its template has it, or by which rule of it."
    )
    estimate = Estimate()
    required_tools = serializers.ListField(child=serializers.CharField())
    memory_mb = serializers.IntegerField()
    actions = serializers.DictField(child=serializers.CharField(), help_text="What can be done now: POST to these.")


class TaskStarted(TaskCreated):
    because = serializers.ChoiceField(
        choices=["", "key", "debounce", "cache"],
        help_text="Why it is not a new task: its idempotency key had been used (key); it had not started and does now"
        " what this request asks (debounce); it had just completed the same (cache). Empty for a new one.",
    )


class Stage(Output):
    name = serializers.CharField()
    percent = serializers.FloatField()
    state = serializers.ChoiceField(choices=["ahead", "current", "done"])
    started_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)


class FullProgress(Progress):
    stages = Stage(many=True)
    stages_done = serializers.IntegerField()
    stages_total = serializers.IntegerField()
    steps = serializers.IntegerField(help_text="Recorded calls.")
    steps_per_minute = serializers.FloatField(allow_null=True)
    warnings = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]


class Now(Output):
    worker = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    call = serializers.CharField()
    call_started_at = serializers.DateTimeField(allow_null=True)
    last_heartbeat = serializers.DateTimeField(allow_null=True)
    control = serializers.CharField(help_text="What was asked of it and not yet obeyed: pause, cancel, …")
    seq = serializers.IntegerField(help_text="Newest number of the feed.")


class Attempt(Output):
    number = serializers.IntegerField()
    worker = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField()
    reason = serializers.CharField()
    resumed_line = serializers.IntegerField(allow_null=True)


class Mishap(Output):
    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    step = serializers.IntegerField(allow_null=True)
    line = serializers.IntegerField(allow_null=True)
    type = serializers.CharField()
    message = serializers.CharField()
    resolved = serializers.BooleanField()
    retries = serializers.IntegerField()


class Artifact(Output):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    created_at = serializers.DateTimeField()
    url = serializers.CharField()


class ArtifactList(Output):
    results = Artifact(many=True)


class Resources(Output):
    peak_memory_bytes = serializers.IntegerField()
    api_calls = serializers.IntegerField()
    model_tokens = serializers.IntegerField()


class Result(Output):
    success = serializers.BooleanField()
    summary = serializers.CharField()
    data = Free(allow_null=True, help_text="What the script returned; null when it is large: see links.result.")  # type: ignore[assignment]
    is_large = serializers.BooleanField()
    attachments = Artifact(many=True)
    execution_seconds = serializers.FloatField()
    resources = Resources()


class TaskDetail(Waits, TaskCreated):
    kind = serializers.CharField()
    origin = serializers.CharField()
    instructions = serializers.CharField()
    parameters = serializers.DictField()
    available_at = serializers.DateTimeField()
    deadline = serializers.DateTimeField(allow_null=True)
    delete_after = serializers.DateTimeField(allow_null=True)
    remaining_seconds = serializers.FloatField(allow_null=True)
    progress = FullProgress()
    now = Now()
    attempts = Attempt(many=True)
    error = Free(allow_null=True, help_text="Why it failed, or why it is being tried again.")
    errors = Mishap(  # type: ignore[assignment]
        many=True, help_text="Everything that went wrong; what was recovered from stays listed."
    )
    attachments = Artifact(many=True)
    resources = Resources()
    result = Result(allow_null=True, help_text="Null until it has ended.")


class ResultData(Output):
    data = Free(allow_null=True)  # type: ignore[assignment]


class Step(Output):
    seq = serializers.IntegerField()
    index = serializers.IntegerField()
    try_number = serializers.IntegerField()
    attempt = serializers.IntegerField()
    name = serializers.CharField()
    call_class = serializers.CharField()
    arguments = serializers.CharField(help_text="In the journal's tagged JSON, shortened.")
    outcome = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField()
    seconds = serializers.FloatField()
    retries = serializers.IntegerField()


class StepList(Output):
    results = Step(many=True)
    next_after = serializers.IntegerField(help_text="Give it as `after` for what comes next.")


class Entry(Output):
    seq = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]


class Feed(Output):
    entries = Entry(many=True)
    next_after = serializers.IntegerField(help_text="Give it as `after` for what comes next.")
    status = serializers.CharField()
    is_final = serializers.BooleanField()
    progress = Progress()
    now = Now(help_text="Progress, line and call can change without an entry.")


class LogLine(Output):
    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    level = serializers.CharField()
    text = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)


class Log(Output):
    lines = LogLine(many=True)
    next_after = serializers.IntegerField(help_text="Give it as `after` for what comes next.")


class Token(Output):
    id = serializers.CharField(help_text="Its first characters; the rest is kept as a hash only.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    is_current = serializers.BooleanField()


class NewToken(Token):
    token = serializers.CharField(help_text="Shown this once.")


class TokenList(Output):
    results = Token(many=True)


class Me(Output):
    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField()
    is_staff = serializers.BooleanField()
    can_run_templates = serializers.BooleanField()
    sees_all_tasks = serializers.BooleanField()
    controls_all_tasks = serializers.BooleanField()
    links = serializers.DictField(child=serializers.CharField())


class Index(Output):
    version = serializers.CharField()
    links = serializers.DictField(child=serializers.CharField())
