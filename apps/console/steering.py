"""What operators set in the admin: limits, rates and queues. Each change works within a second and is in the audit."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.forms.models import model_to_dict
from django.http import HttpRequest

from apps.console import words
from apps.console.crew import happened
from apps.core import clock
from apps.tasks import audit, dbclock, gates, rates
from apps.tasks.models import AuditEntry, Limit, Queue, RateLimit


class Audited(admin.ModelAdmin):
    """Writes who changed what, from what to what, in the transaction of the change."""

    subject = ""

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        with transaction.atomic():
            before = _values(type(obj)._default_manager.get(pk=obj.pk)) if change else {}
            # What else is in the row has moved on since the form was filled: a queue's pause, a bucket's level.
            obj.save(update_fields=form.changed_data if change else None)
            self._record(request, "changed" if change else "added", obj, before, _values(obj))

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with transaction.atomic():
            self._record(request, "removed", obj, _values(obj), {})
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def _record(self, request: HttpRequest, verb: str, obj: Any, before: dict[str, Any], after: dict[str, Any]) -> None:
        name = obj.name if isinstance(obj, Queue) else obj.pk
        changed = {key for key in before | after if before.get(key) != after.get(key)}
        audit.record(
            request.user, f"{self.subject}.{verb}", f"{self.subject}:{name}",
            before={key: value for key, value in before.items() if key in changed},
            after={key: value for key, value in after.items() if key in changed},
        )  # fmt: skip
        gates.changed()


def _values(obj: Model) -> dict[str, Any]:
    """JSON values of the editable columns."""
    return model_to_dict(obj)


@admin.register(Limit)
class LimitAdmin(Audited):
    subject = "limit"
    list_display = ["scope", "queue", "template", "user", "most", "is_enabled", "note"]
    list_filter = ["scope", "is_enabled"]
    list_select_related = ["template", "user"]
    autocomplete_fields = ["user"]


@admin.register(RateLimit)
class RateLimitAdmin(Audited):
    subject = "rate"
    fields = ["service", "unit", "per_second", "burst", "is_enabled", "note", "left"]
    list_display = ["service", "unit", "per_second", "burst", "is_enabled", "left", "note"]
    list_filter = ["is_enabled"]
    readonly_fields = ["left"]

    @admin.display(description="level")
    def left(self, rate: RateLimit) -> str:
        if rate.pk is None:
            return "-"
        return f"{rates.level_at(rate, dbclock.now()):,.1f} of {rate.burst:,g} now"

    def _record(self, request: HttpRequest, verb: str, obj: Any, before: dict[str, Any], after: dict[str, Any]) -> None:
        super()._record(request, verb, obj, before, after)
        transaction.on_commit(rates.forget, robust=True)


@admin.register(Queue)
class QueueAdmin(Audited):
    """Its length and age. Pausing and draining are verbs with a reason and an author, and no form."""

    subject = "queue"
    fields = ["name", "description", "max_length", "max_age_seconds"]
    list_display = ["name", "is_paused", "is_draining", "max_length", "max_age_seconds", "reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name"] if obj else []


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
