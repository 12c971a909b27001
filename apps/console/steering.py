"""What operators set in the admin: limits, rates and queues. Each change works within a second and is in the audit."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from apps.console import words
from apps.console.crew import happened
from apps.core import clock
from apps.tasks import dbclock, queuenames
from apps.tasks.limits import rates
from apps.tasks.models import AuditEntry, Limit, Queue, RateLimit
from apps.tasks.operators import limiting, queues
from apps.workers.answers import served


class WhyForm(forms.ModelForm):
    """The row's fields, and why they are changed: that goes into the audit."""

    why = forms.CharField(
        required=False, max_length=limiting.MAX_REASON, help_text="Why you set it; it goes on record with your name."
    )


class Audited(admin.ModelAdmin):
    """Sets what `limiting` sets, with its checks and its entry in the audit."""

    form = WhyForm

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        fields = [name for name in form.changed_data if name != "why"]
        limiting.save(obj, request.user, request.POST.get("why", "").strip(), fields=fields if change else None)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        limiting.remove(obj, request.user)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


@admin.register(Limit)
class LimitAdmin(Audited):
    list_display = ["scope", "queue", "template", "user", "most", "is_enabled", "note"]
    list_filter = ["scope", "is_enabled"]
    list_select_related = ["template", "user"]
    autocomplete_fields = ["user"]


@admin.register(RateLimit)
class RateLimitAdmin(Audited):
    fields = ["service", "unit", "per_second", "burst", "is_enabled", "note", "left", "why"]
    list_display = ["service", "unit", "per_second", "burst", "is_enabled", "left", "note"]
    list_filter = ["is_enabled"]
    readonly_fields = ["left"]

    @admin.display(description="level")
    def left(self, rate: RateLimit) -> str:
        if rate.pk is None:
            return "-"
        return f"{rates.level_at(rate, dbclock.now()):,.1f} of {rate.burst:,g} now"


@admin.register(Queue)
class QueueAdmin(Audited):
    """Its length and age. Pausing and draining are verbs with a reason and an author, and no form."""

    fields = ["name", "description", "max_length", "max_age_seconds", "why"]
    list_display = ["name", "is_paused", "is_draining", "max_length", "max_age_seconds", "reason"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the queues that tasks, templates or workers name and nobody has set anything for."""
        now = clock.now()
        rows = set(Queue.objects.values_list("name", flat=True))
        others = [each for each in queues.standing(now, served.queues(now)) if each.name not in rows]
        answer: HttpResponse = super().changelist_view(request, {"others": others, **(extra_context or {})})
        return answer

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name"] if obj else []

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What still holds tasks back is told on the page that asks, which then offers no button."""
        deleted, counts, missing, kept = super().get_deleted_objects(objs, request)
        return deleted, counts, missing, [*kept, *filter(None, map(queuenames.why_kept, objs))]


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    list_display = ["shown_at", "shown_act", "reason", "verb"]
    list_filter = ["verb"]
    search_fields = ["subject", "actor_name", "reason"]
    date_hierarchy = "at"

    @admin.display(description="At", ordering="at")
    def shown_at(self, entry: AuditEntry) -> str:
        return words.clock(entry.at, clock.now())

    @admin.display(description="What, and by whom", ordering="subject")
    def shown_act(self, entry: AuditEntry) -> str:
        return happened.of_entry(entry).text

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
