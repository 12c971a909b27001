"""Documents, terms and the translation memory in the Django admin."""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db.models import Case, Count, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.text import Truncator

from apps.core import clock
from apps.knowledge import search, termpages
from apps.knowledge.models import Document, MemoryEntry, Term
from apps.knowledge.translation import checking, memory


@admin.register(Document)
class DocumentAdmin(admin.ModelAdmin):
    list_display = ["title", "shown_tags", "source", "updated_at"]
    list_filter = ["source", "updated_at"]
    search_fields = ["title"]
    search_help_text = "Any words: the full text is searched"
    prepopulated_fields = {"key": ["title"]}
    readonly_fields = ["source", "created_at", "updated_at"]
    ordering = ["title"]

    @admin.display(description="tags")
    def shown_tags(self, document: Document) -> str:
        return ", ".join(document.tags)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Document], search_term: str
    ) -> tuple[QuerySet[Document], bool]:
        if not search_term.strip():
            return queryset, False
        hits = [hit.id for hit in search.search(search_term, search.MAX_LIMIT)]
        place = Case(
            *(When(pk=pk, then=Value(index)) for index, pk in enumerate(hits)),
            default=Value(len(hits)),
            output_field=IntegerField(),
        )
        return queryset.filter(pk__in=hits).order_by(place), False


class PairFilter(admin.SimpleListFilter):
    """From which language into which, with how many there are."""

    title = "languages"
    parameter_name = "pair"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        pairs = model_admin.model.objects.order_by().values_list("source_language", "target_language")
        counted = pairs.annotate(count=Count("pk")).order_by("source_language", "target_language")
        return [
            (f"{source}>{target}", f"{source or 'any'} to {target or 'any'} ({count:,})")
            for source, target, count in counted
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in dict(self.lookup_choices):
            return queryset
        source, _, target = str(self.value()).partition(">")
        return queryset.filter(source_language=source, target_language=target)


@admin.register(Term)
class TermAdmin(admin.ModelAdmin):
    list_display = ["term", "into", "shown_translation", "case", "topic", "note", "is_active"]
    list_filter = [PairFilter, "is_kept", "is_active", "topic"]
    search_fields = ["term", "forms", "translation", "note"]
    search_help_text = "Term, other forms, translation or note"
    readonly_fields = ["changed_by", "created_at", "updated_at"]
    actions = ["export_selected", "put_in_use", "put_out_of_use"]
    list_per_page = 50
    fieldsets = [
        (None, {"fields": ["source_language", "term", "forms", "target_language", "translation", "is_kept"]}),
        ("How it is used", {"fields": ["case", "topic", "note", "is_active"]}),
        ("History", {"fields": ["changed_by", "created_at", "updated_at"]}),
    ]

    @admin.display(description="languages", ordering="target_language")
    def into(self, term: Term) -> str:
        return f"{term.source_language or 'any'} to {term.target_language or 'any'}"

    @admin.display(description="translation", ordering="translation")
    def shown_translation(self, term: Term) -> str:
        return "never translated" if term.is_kept else term.translation

    @admin.action(description="Export the selected terms as CSV", permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse:
        return termpages.download(queryset)

    @admin.action(description="Put the selected terms in use", permissions=["change"])
    def put_in_use(self, request: HttpRequest, queryset: QuerySet[Term]) -> None:
        self._switch(request, queryset, is_active=True)

    @admin.action(description="Put the selected terms out of use", permissions=["change"])
    def put_out_of_use(self, request: HttpRequest, queryset: QuerySet[Term]) -> None:
        self._switch(request, queryset, is_active=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Term], *, is_active: bool) -> None:
        word = "in use" if is_active else "out of use"
        changed = list(queryset.exclude(is_active=is_active))
        Term.objects.filter(pk__in=[term.pk for term in changed]).update(
            is_active=is_active, changed_by=request.user, updated_at=clock.now()
        )
        if changed:
            LogEntry.objects.log_actions(str(request.user.pk), changed, CHANGE, f"Put {word}.")
        count = "1 term is" if len(changed) == 1 else f"{len(changed)} terms are"
        self.message_user(request, f"{count} {word} now.")

    def save_model(self, request: HttpRequest, obj: Term, form: Any, change: bool) -> None:
        if request.user.is_authenticated:
            obj.changed_by = request.user
        super().save_model(request, obj, form, change)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("import/", self._view(termpages.take_in), name="knowledge_term_import"),
            path("export/", self._view(termpages.export), name="knowledge_term_export"),
            *super().get_urls(),
        ]

    def _view(self, page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(update_wrapper(partial(page, self), page))


class MemoryEntryForm(forms.ModelForm):
    def clean(self) -> None:
        if memory.is_settled(self.instance):
            raise ValidationError("There is a person's translation of this text already. Change that one.")


@admin.register(MemoryEntry)
class MemoryEntryAdmin(admin.ModelAdmin):
    """A translation that is changed here is a person's from then on."""

    form = MemoryEntryForm
    list_display = ["shown_text", "into", "shown_translation", "origin", "topic", "style", "uses", "updated_at"]
    list_filter = [PairFilter, "origin", "style", "topic", "used_at"]
    search_fields = ["text", "translation"]
    search_help_text = "Words of the text or of its translation"
    list_select_related = ["reviewed_by"]
    show_full_result_count = False
    actions = ["accept"]
    fields = [
        *("text", "into", "translation", "standing", "origin", "reviewed_by", "topic", "style"),
        *("uses", "used_at", "made_by", "created_at", "updated_at"),
    ]
    readonly_fields = [
        *("text", "into", "standing", "origin", "reviewed_by", "topic", "style"),
        *("uses", "used_at", "made_by", "created_at", "updated_at"),
    ]

    @admin.display(description="text", ordering="text")
    def shown_text(self, entry: MemoryEntry) -> str:
        return Truncator(entry.text).chars(80)

    @admin.display(description="translation", ordering="translation")
    def shown_translation(self, entry: MemoryEntry) -> str:
        return Truncator(entry.translation).chars(80)

    @admin.display(description="languages")
    def into(self, entry: MemoryEntry) -> str:
        return f"{entry.source_language} to {entry.target_language}"

    @admin.display(description="standing")
    def standing(self, entry: MemoryEntry) -> str:
        if memory.is_current(entry):
            return "Used: the terms of its text are those with which it was made."
        return "Not used: the term base changed since. Look at it, and save it to have it used again."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description="Accept the selected translations as reviewed", permissions=["change"])
    def accept(self, request: HttpRequest, queryset: QuerySet[MemoryEntry]) -> None:
        entries = list(queryset[: memory.MOST_REVIEWED])
        accepted = [entry for entry in entries if memory.review(entry, by=request.user)]
        for entry in accepted:
            self.log_change(request, entry, "Accepted as reviewed.")
        self.message_user(request, f"{len(accepted)} of {len(entries)} accepted.")
        if len(accepted) < len(entries):
            message = "For the others there is a person's translation already; delete the one that is not wanted."
            self.message_user(request, message, messages.WARNING)

    def save_model(self, request: HttpRequest, obj: MemoryEntry, form: Any, change: bool) -> None:
        memory.review(obj, by=request.user, translation=obj.translation)
        pairs = [(obj.text, obj.translation)]
        for fault in checking.check(pairs, obj.source_language, obj.target_language, topic=obj.topic)[0]:
            self.message_user(request, f"Look again: {fault.message}", messages.WARNING)
