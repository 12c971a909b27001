from django.db import models


class ModelCall(models.Model):
    """One entry of the ledger: who asked which model, what it cost, how it ended. No prompt, no answer, no key."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered"
        FAILED = "failed"

    subject = models.CharField(max_length=100, db_index=True, help_text="What it was for, such as task:12:7; opaque.")
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=100)
    prompt_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    total_tokens = models.PositiveIntegerField(default=0)
    duration = models.DurationField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    error_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome="answered", error_code="")
                | (models.Q(outcome="failed") & ~models.Q(error_code="")),
                name="model_call_error_iff_failed",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.model}, {self.total_tokens} tokens"
