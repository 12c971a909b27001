"""What the company knows: documents that people and scripts search, its terms in other languages, and translations."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from apps.core.errors import InvalidInput
from apps.knowledge.translation import languages


def no_tags() -> list[str]:
    return []


def only_words(tags: object) -> None:
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag.strip() for tag in tags):
        raise ValidationError('Give the tags as a list of words, for example ["dunning", "policy"].')


class LanguageField(models.CharField):
    """A BCP 47 tag, kept in one form: "PT_br" is stored as "pt-BR"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": languages.MAX_LENGTH, **kwargs})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            return languages.tag(text) if text else text
        except InvalidInput as error:
            raise ValidationError(error.message) from None


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


class TermQuerySet(models.QuerySet["Term"]):
    def applying(self, source: str, targets: Iterable[str], topic: str) -> Self:
        """Active ones for the pairs, those of the general languages and of no topic included."""
        wanted = {"", *(each for target in targets for each in languages.general(target))}
        return self.filter(
            is_active=True,
            source_language__in=["", *languages.general(source)],
            target_language__in=wanted,
            topic__in={"", topic},
        )


class Term(models.Model):
    """A word of the company and what it is called in one other language, or that it is the same in all of them."""

    class Case(models.TextChoices):
        ANY = "any", "Any case"
        EXACT = "exact", "As written"

    source_language = LanguageField(blank=True, help_text="Empty: every language (only for what is never translated).")
    term = models.CharField(max_length=200)
    forms = models.CharField(
        max_length=500, blank=True, help_text="Other forms in which it stands in texts, separated by commas: invoices."
    )
    target_language = LanguageField(blank=True, help_text="Empty: every language (only for what is never translated).")
    translation = models.CharField(max_length=200, blank=True)
    is_kept = models.BooleanField("never translated", default=False)
    case = models.CharField(max_length=8, choices=Case.choices, default=Case.ANY)
    topic = models.CharField(max_length=80, blank=True, help_text="Empty: used for all topics.")
    note = models.CharField(max_length=500, blank=True, help_text="For translators, and for the language model.")
    is_active = models.BooleanField("in use", default=True)
    loaded_digest = models.CharField(max_length=64, blank=True, editable=False)
    is_shipped = models.BooleanField(default=False, db_default=False, editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TermQuerySet.as_manager()

    class Meta:
        ordering = ["source_language", "term", "topic", "target_language", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source_language", "term", "topic", "target_language"],
                name="knowledge_term_once",
                violation_error_message="There is a translation of this term into this language, for this topic.",
            ),
            models.CheckConstraint(
                condition=models.Q(is_kept=True, translation="")
                | models.Q(is_kept=False)
                & ~models.Q(translation="")
                & ~models.Q(source_language="")
                & ~models.Q(target_language=""),
                name="knowledge_term_says_something",
                violation_error_message="Give both languages and a translation, or say that it is never translated and"
                " leave the translation empty.",
            ),
        ]
        indexes = [models.Index(fields=["source_language", "target_language"], name="knowledge_term_pair")]

    def __str__(self) -> str:
        if self.is_kept:
            return f"{self.term} (kept)"
        return f"{self.term} ({self.source_language}) = {self.translation} ({self.target_language})"

    def clean(self) -> None:
        for name in ("term", "forms", "translation", "topic", "note"):
            setattr(self, name, " ".join(getattr(self, name).split()))

    @property
    def all_forms(self) -> list[str]:
        return [self.term, *filter(None, (form.strip() for form in self.forms.split(",")))]

    def digest(self) -> str:
        """Stands for all that a file says of it: tells whether somebody edited a loaded term."""
        said = [self.forms, self.translation, self.is_kept, self.case, self.note, self.is_active]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def is_edited(self) -> bool:
        return bool(self.loaded_digest) and self.loaded_digest != self.digest()


class MemoryEntry(models.Model):
    """What a text was in another language. `translation.memory` writes it and says when it may be used."""

    class Origin(models.TextChoices):
        MODEL = "model", "Language model"
        PERSON = "person", "Person"

    text = models.TextField()
    text_digest = models.CharField(max_length=64, editable=False)
    source_language = LanguageField()
    target_language = LanguageField()
    translation = models.TextField()
    origin = models.CharField(max_length=8, choices=Origin.choices)
    topic = models.CharField(max_length=80, blank=True)
    style = models.CharField(max_length=80, blank=True)
    terms_digest = models.CharField(max_length=64, editable=False)
    uses = models.PositiveIntegerField(default=0, editable=False)
    used_at = models.DateTimeField(null=True, blank=True, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "translation memory entry"
        verbose_name_plural = "translation memory entries"
        ordering = ["-updated_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["text_digest", "source_language", "target_language", "topic", "style", "origin"],
                name="knowledge_memory_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(text="") & ~models.Q(translation=""), name="knowledge_memory_says_something"
            ),
        ]
        indexes = [models.Index(fields=["-updated_at", "-id"], name="knowledge_memory_newest")]

    def __str__(self) -> str:
        return f"{self.text[:60]} ({self.source_language} to {self.target_language})"
