"""What people meant: for the authors of templates, kept only of those who agreed; and schedules that are drafts yet."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.chat.models.people import Account
from apps.core import clock


class Lesson(models.Model):
    """A message that was not understood at once, and what its sender then chose. Only with the sender's consent.

    `right_key` and `parameters` are what an administrator says that it means: a sentence of the evaluation from then on.
    `apps.chat.lessons` writes them.
    """

    text = models.CharField(max_length=1000)
    language = models.CharField(max_length=10, blank=True)
    template_key = models.CharField(
        max_length=64, blank=True, help_text="What was meant; empty: none of those offered."
    )
    offered = models.JSONField(default=list)
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, related_name="lessons", help_text="Whose it is: it goes with their consent."
    )
    said_on = models.DateField(null=True, help_text="The day where its sender was.")
    timezone = models.CharField(max_length=64, blank=True)
    right_key = models.CharField("template", max_length=64, blank=True, help_text="Of a judged one; empty: none.")
    parameters = models.JSONField(null=True, help_text="What it says of the template's parameters; empty: not judged.")
    judged_at = models.DateTimeField(null=True)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    is_used = models.BooleanField("looked at", default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = "misunderstood message"
        constraints = [
            models.CheckConstraint(
                condition=Q(judged_at__isnull=False) | Q(right_key="", parameters__isnull=True),
                name="lesson_says_what_it_means_when_judged",
            )
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:59]}…"


class ScheduleDraft(models.Model):
    """A wish such as “every Monday at 9”. Nothing starts from it by itself until schedules exist."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200, unique=True, help_text="The same wish said again is the same draft.")
    rule = models.CharField(max_length=300, help_text="When, in the words in which it was said.")
    template_key = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    sentence = models.TextField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=~Q(rule=""), name="schedule_draft_has_a_rule")]

    def __str__(self) -> str:
        return f"{self.template_key}, {self.rule}"
