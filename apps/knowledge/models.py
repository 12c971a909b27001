"""What the company knows: short documents that people and scripts search."""

import hashlib
import json

from django.core.exceptions import ValidationError
from django.db import models


def no_tags() -> list[str]:
    return []


def only_words(tags: object) -> None:
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag.strip() for tag in tags):
        raise ValidationError('Give the tags as a list of words, for example ["dunning", "policy"].')


class Document(models.Model):
    """A document. Its text is indexed by the database itself (migration 0001), whoever writes the row."""

    key = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    body = models.TextField(help_text="Plain text or Markdown.")
    tags = models.JSONField(default=no_tags, blank=True, validators=[only_words])
    source = models.CharField(max_length=200, blank=True, help_text="Where it was loaded from; empty if written here.")
    loaded_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["title", "id"]

    def __str__(self) -> str:
        return self.title

    def digest(self) -> str:
        """Stands for title, body and tags: tells whether somebody edited a loaded document."""
        text = json.dumps([self.title, self.body, self.tags])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_edited(self) -> bool:
        return bool(self.loaded_digest) and self.loaded_digest != self.digest()
