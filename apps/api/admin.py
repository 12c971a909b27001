"""Tokens in the admin: who holds which, and taking one away."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from knox.models import AuthToken

admin.site.unregister(AuthToken)  # Knox's own page


@admin.register(AuthToken)
class AuthTokenAdmin(admin.ModelAdmin):
    """A token is made by a login to the API, which alone shows it in full; here it can only be deleted."""

    list_display = ["token_key", "user", "created", "expiry"]
    fields = ["token_key", "user", "created", "expiry"]
    search_fields = ["token_key", "user__username"]
    list_select_related = ["user"]
    ordering = ["-created"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
