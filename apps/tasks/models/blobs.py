"""Files kept in the database (ARTIFACT_STORE=database). Written and read by `tasks.blobs.database` alone, in SQL."""

from django.db import models


class BlobPiece(models.Model):
    """A piece of a file. `task_id` is no foreign key: a file is complete before any row names it."""

    pk = models.CompositePrimaryKey("path", "start")
    path = models.CharField(max_length=300)
    start = models.PositiveBigIntegerField(help_text="Where in the file it begins.")
    task_id = models.BigIntegerField(db_index=True)
    data = models.BinaryField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.path} from {self.start}"
