"""Task: what was asked and where it stands. Execution: the narrow row that a running task writes at every step."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Func, Q
from django.utils.functional import cached_property

from apps.catalog.models import QUEUE_LENGTH, TaskTemplate, TemplateRevision
from apps.core import codec
from apps.tasks import sight
from apps.tasks.states import FINAL, OPEN, TRANSITIONS, Ancestry, Control, Status

MOST_COUNTED = 10_000
"""Beyond it a list says “more than”: counting on would read every row."""
MOST_SEARCHED = 5_000
"""Newest tasks that a search for words reads, one by one."""


def in_status(*statuses: str) -> Q:
    """In one of these. It also says whether they have ended, where that follows: some indexes cover just those.

    Several final ones are most of the table: named by what they are not, no database collects and sorts them all.
    """
    if FINAL.issuperset(statuses):
        others = FINAL.difference(statuses)
        chosen = Q(status__in=statuses) if len(statuses) == 1 else ~Q(status__in=others) if others else Q()
        return chosen & Q(finished_at__isnull=False)
    return Q(status__in=statuses) & (Q() if FINAL.intersection(statuses) else Q(finished_at__isnull=True))


def is_number(text: str) -> bool:
    """Whether the text is a task's number, as people write it: 12, or #12."""
    number = text.strip().removeprefix("#")
    return number.isascii() and number.isdigit() and len(number) < 19


class _Minute(Func):
    """The minute that a moment lies in, in UTC, as a text of ISO 8601."""

    output_field = models.CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, template="(substr(%(expressions)s, 1, 16) || '+00:00')", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI+00:00')"
        return super().as_sql(compiler, connection, template=template, **extra)


class TaskQuerySet(models.QuerySet["Task"]):
    def claimable(self, queues: list[str], now: datetime) -> Self:
        """What a worker of these queues may start now, best first."""
        return self.filter(status=Status.PENDING, queue__in=queues, available_at__lte=now).order_by("-rank", "id")

    def due(self, now: datetime) -> Self:
        """Suspended tasks whose timer has run out."""
        return self.filter(status=Status.WAITING, available_at__lte=now)

    def overdue(self, now: datetime) -> Self:
        """Tasks past their deadline that have not ended."""
        return self.filter(deadline__lte=now, finished_at__isnull=True, status__in=OPEN)

    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def wholes(self) -> Self:
        """Parts of no other task: neither nodes of a workflow nor started by a script."""
        return self.filter(parent__isnull=True)

    def numbers(self) -> dict[str, int]:
        """How many there are of each status that occurs, each counted up to MOST_COUNTED + 1. One query."""
        parts: list[str] = []
        values: list[Any] = []
        for status in Status:
            some = self.filter(in_status(status)).order_by().values("pk")[: MOST_COUNTED + 1]
            statement, parameters = some.query.sql_with_params()
            parts.append(f"(SELECT count(*) FROM ({statement}) counted)")
            values += parameters
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts)}", values)
            row = cursor.fetchone()
        return {status.value: number for status, number in zip(Status, row, strict=True) if number}

    def newest(self, statuses: Iterable[str], number: int) -> list[int]:
        """The highest numbers in any of these statuses. Each is asked for by itself: that is a look into an index."""
        parts: list[str] = []
        values: list[Any] = []
        for position, status in enumerate(statuses):
            some = self.filter(in_status(status)).order_by("-pk").values("pk")[:number]
            statement, parameters = some.query.sql_with_params()
            parts.append(f"SELECT * FROM ({statement}) part{position}")
            values += parameters
        with connection.cursor() as cursor:
            cursor.execute(f"{' UNION ALL '.join(parts)} ORDER BY 1 DESC LIMIT {int(number)}", values)
            return [pk for (pk,) in cursor.fetchall()]

    def ended_by_minute(self, since: datetime, most: int) -> list[tuple[str, datetime, int]]:
        """Status, minute and number of those that ran to an end, of at most `most` that ended since then. One query.

        Adding up in the database keeps thousands of moments out of Python; the index has all that it needs.
        """
        ended = self.filter(status__in=(Status.COMPLETED, Status.FAILED), finished_at__gte=since).order_by()
        some = ended.annotate(minute=_Minute("finished_at")).values("status", "minute")[:most]
        statement, parameters = some.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT status, minute, count(*) FROM ({statement}) ended GROUP BY status, minute", parameters
            )
            return [(status, datetime.fromisoformat(minute), number) for status, minute, number in cursor.fetchall()]

    def within_reach(self, text: str, *, whole: bool | None = None) -> Self:
        """The newest tasks, which a search for words reads one by one; a number is found however old its task is.

        `whole`: the newest of those that are no parts. The parts of one workflow may be more than all that is reached.
        """
        numbers = Task.objects.order_by("-pk").values_list("pk", flat=True)
        if whole:
            oldest = numbers.filter(parent__isnull=True)[MOST_SEARCHED - 1 : MOST_SEARCHED].first() or 0
        else:
            oldest = (numbers.first() or 0) - MOST_SEARCHED + 1
        reached = Q(pk__gte=oldest)
        if is_number(text):
            reached |= Q(pk=int(text.strip().removeprefix("#")))
        return self.filter(reached)

    def visible_to(self, viewer: Any) -> Self:
        """Own tasks, or all of them: `sight` decides. `viewer`: a user, or their sight."""
        seen = sight.of(viewer)
        if seen.user_id is None and not seen.is_all:
            return self.none()
        return self if seen.is_all else self.filter(requester_id=seen.user_id)

    def seen_among(self, viewer: Any, task_ids: Iterable[int]) -> set[int]:
        """The numbers of tasks that the viewer may see; who sees all may know of removed ones, too."""
        wanted = set(task_ids)
        if not wanted or sight.of(viewer).is_all:
            return wanted
        return set(self.visible_to(viewer).filter(pk__in=wanted).values_list("pk", flat=True))


class Task(models.Model):
    """One durable unit of work made from a revision. `lifecycle` is the only writer of `status`."""

    uid = models.UUIDField(default=uuid.uuid4, editable=False)
    template = models.ForeignKey(TaskTemplate, models.PROTECT, related_name="tasks", db_index=False)
    revision = models.ForeignKey(TemplateRevision, models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=200)
    instructions = models.TextField(blank=True, help_text="The words in which the task was asked for.")
    origin = models.CharField(max_length=30, help_text="The edge it came through: api, admin, command, chat.")
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="tasks", db_index=False)
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    parameters = models.JSONField(default=dict)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    status_reason = models.CharField(max_length=300, blank=True)
    queue = models.CharField(max_length=QUEUE_LENGTH)
    priority = models.PositiveSmallIntegerField(default=50)
    rank = models.FloatField(help_text="Priority with ageing folded in; higher is claimed first.")
    available_at = models.DateTimeField(help_text="Not to be claimed, or not to be woken, before this moment.")
    turn_at = models.DateTimeField(
        null=True, blank=True, help_text="Its fair turn: behind what its requester had waiting. Null: it has none."
    )
    limit_key = models.CharField(max_length=200, blank=True, help_text="The value of the template's limit key.")
    is_cpu_intensive = models.BooleanField(default=False, help_text="Holds a core of its host while it runs.")
    request_digest = models.BinaryField(
        max_length=16, null=True, help_text="Of template and parameters, where equal requests are merged or answered."
    )
    paused_from = models.CharField(max_length=10, blank=True, choices=Status.choices)
    deadline = models.DateTimeField(null=True, blank=True)
    delete_after = models.DateTimeField(null=True, blank=True)

    attempt_count = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    crashes = models.PositiveIntegerField(default=0, help_text="Attempts in a row that died without a new step.")
    is_dead_letter = models.BooleanField(default=False)
    result = models.TextField(blank=True, help_text="What the script returned, in the journal's codec.")
    error = models.JSONField(null=True, blank=True)

    ancestor = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, related_name="descendants", db_constraint=False,
        help_text="The task that this one was made from; it may have been removed.",
    )  # fmt: skip
    ancestor_step = models.PositiveIntegerField(
        null=True, blank=True, help_text="Calls before this one were taken over from the ancestor's record."
    )
    ancestry = models.CharField(max_length=10, blank=True, choices=Ancestry.choices)
    seed = models.CharField(max_length=32, blank=True, help_text="Of chance and ids in its script; empty: its uid.")
    seeded_at = models.DateTimeField(null=True, blank=True, help_text="Its script's frozen clock; null: created_at.")

    parent = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, related_name="children", db_constraint=False, db_index=False,
        help_text="The task that this one is a part of.",
    )  # fmt: skip
    branch = models.ForeignKey(
        "tasks.Branch", models.DO_NOTHING, null=True, blank=True, related_name="children", db_constraint=False,
        db_index=False, help_text="Its parent waits for it together with these.",
    )  # fmt: skip
    item = models.PositiveIntegerField(null=True, blank=True, help_text="Which one of its branch it is, from 0.")
    is_listening = models.BooleanField(
        default=False, help_text="While it waits: something else than time may wake it."
    )  # fmt: skip
    is_paused_with_parent = models.BooleanField(default=False, help_text="Goes on when its parent does.")

    estimated_seconds = models.PositiveIntegerField(default=0)
    estimated_steps = models.PositiveIntegerField(default=0)
    complexity = models.CharField(max_length=10, blank=True)

    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()
    execution: "Execution"

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("control_task", "Can pause, resume, cancel and retry the tasks of others"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="task_status_is_known"),
            models.CheckConstraint(condition=Q(priority__lte=100), name="task_priority_is_0_to_100"),
            models.CheckConstraint(
                condition=Q(status__in=FINAL, finished_at__isnull=False)
                | (~Q(status__in=FINAL) & Q(finished_at__isnull=True)),
                name="task_is_finished_when_final",
            ),
            models.CheckConstraint(
                condition=Q(is_dead_letter=False) | Q(status=Status.FAILED), name="task_dead_letter_has_failed"
            ),
            models.CheckConstraint(
                condition=Q(status=Status.PAUSED) | Q(paused_from=""), name="task_paused_from_only_when_paused"
            ),
            models.UniqueConstraint(
                fields=["requester", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="task_idempotency_key_is_unique",
            ),
            models.UniqueConstraint(
                fields=["branch", "item"], condition=Q(branch__isnull=False), name="task_item_is_unique_in_branch"
            ),
        ]
        indexes = [
            models.Index("queue", F("rank").desc(), "id", name="task_claim", condition=Q(status="pending")),
            models.Index(
                "queue",
                "revision",
                "requester",
                "limit_key",
                F("rank").desc(),
                "id",
                name="task_lane",
                condition=Q(status="pending"),
            ),
            models.Index("available_at", name="task_sleeping", condition=Q(status="waiting")),
            models.Index(fields=["status", "-id"], name="task_by_status"),
            models.Index(fields=["template", "-id"], name="task_by_template"),
            models.Index(fields=["requester", "-id"], name="task_by_requester"),
            models.Index(fields=["updated_at", "id"], name="task_by_update"),
            models.Index("available_at", name="task_due", condition=Q(status__in=["waiting", "pending"])),
            models.Index(
                fields=["requester", "queue", "priority", "turn_at"],
                name="task_turn",
                condition=Q(status="pending", turn_at__isnull=False),
            ),
            models.Index(
                fields=["request_digest", "-id"], name="task_equal", condition=Q(request_digest__isnull=False)
            ),
            models.Index("status", "finished_at", name="task_ended", condition=Q(finished_at__isnull=False)),
            models.Index(fields=["requester", "status", "finished_at"], name="task_of_requester"),
            models.Index(fields=["priority", "id"], name="task_by_priority"),
            models.Index(fields=["-id"], name="task_dead_letter", condition=Q(is_dead_letter=True)),
            models.Index(fields=["ancestor"], name="task_by_ancestor", condition=Q(ancestor__isnull=False)),
            models.Index(fields=["parent", "id"], name="task_by_parent", condition=Q(parent__isnull=False)),
            models.Index(
                fields=["parent"],
                name="task_open_child",
                condition=Q(parent__isnull=False, finished_at__isnull=True),
            ),
            models.Index(fields=["branch", "item"], name="task_blocked", condition=Q(status="blocked")),
            models.Index(
                fields=["branch"],
                name="task_in_place",
                condition=Q(branch__isnull=False, finished_at__isnull=True)
                & ~Q(status="blocked")
                & ~Q(paused_from="blocked"),
            ),
            *(
                # What people look at leaves parts of others out, which may be a hundred times as many. The parent stands
                # last so that SQLite counts in the index alone.
                models.Index(*columns, "parent", name=f"task_whole{name}", condition=condition & Q(parent__isnull=True))
                for name, columns, condition in (
                    ("", (F("id").desc(),), Q()),
                    ("_by_status", ("status", F("id").desc()), Q()),
                    ("_by_template", ("template", F("id").desc()), Q()),
                    ("_by_requester", ("requester", F("id").desc()), Q()),
                    ("_of_requester", ("requester", "status", "finished_at"), Q()),
                    ("_ended", ("status", "finished_at"), Q(finished_at__isnull=False)),
                )
            ),
            models.Index(fields=["delete_after"], name="task_to_prune", condition=Q(delete_after__isnull=False)),
            models.Index(
                "deadline", name="task_deadline", condition=Q(deadline__isnull=False, finished_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} (task {self.pk})"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def may_move_to(self, status: Status) -> bool:
        return status in TRANSITIONS[Status(self.status)]

    @cached_property
    def returned(self) -> Any:
        """What the script returned, or None."""
        return codec.decode(self.result) if self.result else None


class Execution(models.Model):
    """The live side of a task: lease, sequence and progress in one narrow row without further indexes.

    Its writes are frequent and fenced by `lease_token`; keeping them off the task's row keeps PostgreSQL's updates
    in place (HOT) and the task's indexes quiet. `lease_token` grows with every claim and every end of an attempt, so
    a worker whose token is no longer the row's can write nothing.
    """

    task = models.OneToOneField(Task, models.CASCADE, primary_key=True, related_name="execution")
    lease_token = models.PositiveBigIntegerField(default=0, db_default=0)
    lease_until = models.FloatField(null=True, help_text="Seconds since 1970 by the database's clock; null = no lease.")
    worker = models.CharField(max_length=100, blank=True, db_default="")
    host = models.CharField(max_length=255, blank=True, db_default="", help_text="Of the worker, while it holds it.")
    control = models.CharField(max_length=10, blank=True, db_default="", choices=Control.choices)
    control_reason = models.CharField(max_length=300, blank=True, db_default="")
    control_by = models.CharField(max_length=150, blank=True, db_default="")
    is_nudged = models.BooleanField(
        default=False, db_default=False,
        help_text="Something that it may wait for has come while it ran: it looks again before it falls asleep.",
    )  # fmt: skip
    seq = models.PositiveBigIntegerField(default=0, db_default=0, help_text="Last number given out in the task's feed.")
    steps = models.PositiveIntegerField(default=0, db_default=0)
    checkpoint_index = models.PositiveIntegerField(null=True)
    reopened_index = models.PositiveIntegerField(null=True, help_text="The failed step that a retry executes again.")
    reopened_try = models.PositiveIntegerField(null=True)
    percent = models.FloatField(default=0, db_default=0)
    stage = models.CharField(max_length=100, blank=True, db_default="")
    message = models.CharField(max_length=300, blank=True, db_default="")
    line = models.PositiveIntegerField(null=True)
    call = models.CharField(max_length=100, blank=True, db_default="", help_text="The host call in flight.")
    call_started_at = models.DateTimeField(null=True)
    warnings = models.PositiveIntegerField(default=0, db_default=0)
    errors = models.PositiveIntegerField(default=0, db_default=0)
    api_calls = models.PositiveIntegerField(default=0, db_default=0)
    model_tokens = models.PositiveBigIntegerField(default=0, db_default=0)
    memory_bytes = models.PositiveBigIntegerField(default=0, db_default=0, help_text="Peak of the sandbox.")

    def __str__(self) -> str:
        return f"execution of task {self.pk}"
