"""Templates in the Django admin: the list, a template's metadata, and the way to its revisions."""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from apps.catalog import pages, publishing
from apps.catalog.forms import TemplateForm
from apps.catalog.models import TaskTemplate


class InServiceFilter(admin.SimpleListFilter):
    title = "in service"
    parameter_name = "in_service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "In service"), ("no", "Not in service")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TaskTemplate]) -> QuerySet[TaskTemplate]:
        if self.value() == "yes":
            return queryset.filter(is_enabled=True, published__isnull=False)
        if self.value() == "no":
            return queryset.exclude(is_enabled=True, published__isnull=False)
        return queryset


@admin.register(TaskTemplate)
class TaskTemplateAdmin(admin.ModelAdmin):
    form = TemplateForm
    list_display = ("key", "name", "category", "in_service", "is_enabled", "is_tested")
    list_display_links = ("key", "name")
    list_filter = (InServiceFilter, "is_enabled", "category")
    list_select_related = ("published",)
    search_fields = ("key", "name", "description", "category")
    search_help_text = "Key, name, description or category"
    actions = ("enable", "disable")
    filter_horizontal = ("run_groups",)
    readonly_fields = ("created_by", "created_at", "updated_at")
    show_full_result_count = False

    @admin.display(description="Revision in service", ordering="published__number")
    def in_service(self, template: TaskTemplate) -> str:
        if template.published is None:
            return "none"
        url = reverse("admin:catalog_tasktemplate_script", args=[template.key])
        return format_html('<a href="{}">{} · {}</a>', url, template.published.number, template.published.version)

    @admin.display(description="Tested", boolean=True, ordering="published__is_tested")
    def is_tested(self, template: TaskTemplate) -> bool | None:
        return template.published.is_tested if template.published else None

    @admin.action(description="Turn on the selected templates", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[TaskTemplate]) -> None:
        self._switch(request, queryset, is_enabled=True)

    @admin.action(description="Turn off the selected templates", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[TaskTemplate]) -> None:
        self._switch(request, queryset, is_enabled=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[TaskTemplate], *, is_enabled: bool) -> None:
        word = "on" if is_enabled else "off"
        changed = list(queryset.exclude(is_enabled=is_enabled))
        for template in changed:
            template.is_enabled = is_enabled
            template.save(update_fields=["is_enabled"])
            self.log_change(request, template, f"Turned {word}.")
        count = "1 template is" if len(changed) == 1 else f"{len(changed)} templates are"
        self.message_user(request, f"{count} turned {word} now.")

    def get_readonly_fields(self, request: HttpRequest, obj: TaskTemplate | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "key") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: TaskTemplate, form: Any, change: bool) -> None:
        if not change and request.user.is_authenticated:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: TaskTemplate, post_url_continue: str | None = None
    ) -> HttpResponse:
        """A template without a revision does nothing yet, so its first one is written next."""
        if "_addanother" not in request.POST and request.user.has_perm(publishing.SAVE):
            return redirect(reverse("admin:catalog_tasktemplate_edit", args=[obj.key]))
        return super().response_add(request, obj, post_url_continue)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<slug:key>/script/", self._view(pages.script_page), name="catalog_tasktemplate_script"),
            path("<slug:key>/revisions/new/", self._view(pages.edit_page), name="catalog_tasktemplate_edit"),
            path(
                "<slug:key>/revisions/<int:number>/",
                self._view(pages.revision_page),
                name="catalog_tasktemplate_revision",
            ),
            path(
                "<slug:key>/revisions/<int:number>/publish/",
                self._view(pages.publish),
                name="catalog_tasktemplate_publish",
            ),
            path(
                "<slug:key>/revisions/<int:number>/tested/",
                self._view(pages.mark_tested),
                name="catalog_tasktemplate_tested",
            ),
            path("<slug:key>/withdraw/", self._view(pages.withdraw), name="catalog_tasktemplate_withdraw"),
            *super().get_urls(),
        ]

    def _view(self, page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(update_wrapper(partial(page, self), page))
