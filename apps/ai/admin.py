from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.ai.models import ModelCall


@admin.register(ModelCall)
class ModelCallAdmin(admin.ModelAdmin):
    """The ledger is read here and written nowhere."""

    list_display = ["created_at", "subject", "model", "total_tokens", "duration", "outcome", "error_code"]
    list_filter = ["outcome", "provider", "model"]
    search_fields = ["subject"]
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
