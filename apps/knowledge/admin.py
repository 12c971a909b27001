from django.contrib import admin
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest

from apps.knowledge import search
from apps.knowledge.models import Document


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
