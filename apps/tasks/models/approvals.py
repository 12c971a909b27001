"""Approvals: questions to people that tasks wait for, and who may answer them. `apps.tasks.approvals` has the verbs."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from apps.tasks import sight
from apps.tasks.models.task import Task

FAIL = "fail"
"""In `at_expiry`: nobody's silence decides; the task is told that nobody did."""
DECIDE_ANY = "tasks.decide_approval"


class ApprovalState(models.TextChoices):
    OPEN = "open"
    DECIDED = "decided"
    EXPIRED = "expired"  # nobody decided in time; `decision` is then the declared default, or empty
    WITHDRAWN = "withdrawn"  # its task ended, or does not ask any more


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def awaited(self) -> Self:
        """Those that somebody can still decide: open, and their task has not ended."""
        return self.filter(state=ApprovalState.OPEN, task__finished_at__isnull=True)

    def due(self, now: datetime) -> Self:
        """Open ones to remind of, to escalate, or that have expired."""
        return self.filter(state=ApprovalState.OPEN, due_at__lte=now)

    def overdue(self, now: datetime) -> Self:
        """Open ones that people were reminded of, that were escalated, or whose time for either has come."""
        late = Q(reminded_at__isnull=False) | Q(escalated_at__isnull=False) | Q(due_at__lte=now)
        return self.awaited().filter(late)

    def of_person(self, user: Any) -> Self:
        """Those that name this person, or were handed over to them, and that they may decide."""
        named = Q(pk__in=_in_force(Decider.objects.filter(user_id=user.pk)))
        return self._decidable(user, named | Q(delegated_to_id=user.pk))

    def of_groups(self, user: Any) -> Self:
        """Those that name a group of this person, and not the person themselves."""
        named = Q(pk__in=_in_force(Decider.objects.filter(group__in=user.groups.all())))
        return self._decidable(user, named).exclude(pk__in=self.model.objects.of_person(user).values("pk"))

    def for_decision_by(self, user: Any) -> Self:
        """Those of the person and of their groups."""
        deciders = Decider.objects.filter(Q(user_id=user.pk) | Q(group__in=user.groups.all()))
        return self._decidable(user, Q(pk__in=_in_force(deciders)) | Q(delegated_to_id=user.pk))

    def visible_to(self, user: Any) -> Self:
        """What one may decide, what the own tasks ask, and everything for who sees all tasks or may decide anything."""
        if not user.is_active:
            return self.none()
        if sight.sees_all(user) or user.has_perm(DECIDE_ANY):
            return self
        mine = self.model.objects.for_decision_by(user).values("pk")
        return self.filter(Q(task__requester_id=user.pk) | Q(pk__in=mine))

    def _decidable(self, user: Any, named: Q) -> Self:
        if not user.is_active:
            return self.none()
        return self.filter(named).exclude(is_four_eyes=True, task__requester_id=user.pk)


class Approval(models.Model):
    """One question of one task, at one place of its script or graph. `apps.tasks.approvals` is the only writer.

    `choices`: [{"name", "label", "takes_data"}]. `evidence`: see `approvals.evidence`. `form`: a parameter schema, or {}.
    """

    task = models.ForeignKey(Task, models.CASCADE, related_name="approvals", db_index=False)
    place = models.CharField(max_length=100, help_text="Where the task asks: the same place, the same question.")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    evidence = models.JSONField(default=list)
    form = models.JSONField(default=dict)
    data = models.JSONField(default=dict, help_text="What the form is filled in with.")
    choices = models.JSONField(default=list)
    is_four_eyes = models.BooleanField(default=False, help_text="Who asked for the task may not decide.")

    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    at_expiry = models.CharField(max_length=50, default=FAIL, help_text="A choice's name, or fail.")
    remind_at = models.DateTimeField(null=True, help_text="The next reminder.")
    remind_every = models.PositiveIntegerField(null=True, help_text="Seconds from one reminder to the next.")
    reminded_at = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="The first of what time is to do with it; null when nothing.")
    delegated_to = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    state = models.CharField(max_length=10, choices=ApprovalState.choices, default=ApprovalState.OPEN)
    decision = models.CharField(max_length=50, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_name = models.CharField(max_length=150, blank=True, help_text="The person's name as it was then.")
    decided_at = models.DateTimeField(null=True, help_text="When it was decided, expired or was withdrawn.")
    decided_data = models.JSONField(default=dict)
    comment = models.TextField(blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        permissions = [("decide_approval", "Can decide every approval, whoever is named")]
        constraints = [
            models.UniqueConstraint(fields=["task", "place"], name="approval_is_asked_once"),
            models.CheckConstraint(condition=Q(state__in=ApprovalState.values), name="approval_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True, decision="")
                | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="approval_is_open_or_has_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state="decided") | ~Q(decision=""), name="approval_decided_has_a_decision"
            ),
            models.CheckConstraint(
                condition=Q(state="open") | Q(due_at__isnull=True), name="approval_ended_is_never_due"
            ),
        ]
        indexes = [
            models.Index("due_at", name="approval_due", condition=Q(state="open", due_at__isnull=False)),
            models.Index("id", name="approval_open", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.title} (approval {self.pk})"

    @property
    def is_open(self) -> bool:
        return self.state == ApprovalState.OPEN

    def choice(self, name: str) -> dict[str, Any] | None:
        return next((each for each in self.choices if each["name"] == name), None)

    def label(self, name: str) -> str:
        """As people read it; a name that is no choice is its own label."""
        choice = self.choice(name)
        return str(choice["label"]) if choice else name

    def next_due(self) -> datetime | None:
        """What `due_at` has to be."""
        moments = [self.expires_at, self.remind_at, None if self.escalated_at else self.escalate_at]
        return min((moment for moment in moments if moment is not None), default=None)


class Decider(models.Model):
    """A person or a group that may decide; one of the escalation only once it has come to that."""

    approval = models.ForeignKey(Approval, models.CASCADE, related_name="deciders", db_index=False)
    task = models.ForeignKey(
        Task, models.CASCADE, related_name="approval_deciders", help_text="Of the approval; goes with it."
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    group = models.ForeignKey(Group, models.CASCADE, null=True, related_name="+")
    is_escalation = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True) | Q(user__isnull=True, group__isnull=False),
                name="decider_is_a_person_or_a_group",
            ),
            models.UniqueConstraint(fields=["approval", "user", "is_escalation"], name="decider_person_is_named_once"),
            models.UniqueConstraint(fields=["approval", "group", "is_escalation"], name="decider_group_is_named_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.group} for approval {self.approval_id}"


def _in_force(deciders: "models.QuerySet[Decider]") -> Any:
    """The approvals of these deciders, without those that it has not yet been escalated to."""
    in_force = Q(is_escalation=False) | Q(approval__escalated_at__isnull=False)
    return deciders.filter(in_force).values("approval_id")
