"""Work of the installation that one process at a time does now and then."""

from django.db import models


class Chore(models.Model):
    """When it is due next. Who takes it moves that moment first, so that nobody else takes it meanwhile."""

    name = models.CharField(max_length=50, primary_key=True)
    due_at = models.FloatField(default=0, help_text="Seconds since 1970 by the database's clock.")
    taken = models.PositiveBigIntegerField(default=0, help_text="How often it was taken; proves who holds it.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
