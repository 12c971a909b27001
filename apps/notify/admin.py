"""What was told to whom, and each person's choice on the page of their account."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.tasks.models import Approval, Notice, NoticeChoice


class NoticeChoiceInline(admin.StackedInline):
    """Whoever may change the account may change this."""

    model = NoticeChoice
    can_delete = False
    verbose_name_plural = "notices"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("auth.view_user") or request.user.has_perm("auth.change_user")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("auth.change_user")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("auth.change_user")


class PersonAdmin(UserAdmin):
    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """Not while the account is being made."""
        return [NoticeChoiceInline] if obj is not None else []

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """What a person was told goes with the person, though nobody may delete a notice by itself."""
        shown, counts, missing, protected = super().get_deleted_objects(objs, request)
        return shown, counts, missing - {Notice._meta.verbose_name}, protected


admin.site.unregister(get_user_model())
admin.site.register(get_user_model(), PersonAdmin)


@admin.register(Notice)
class NoticeAdmin(admin.ModelAdmin):
    """The outbox: what waits, was sent, or could not be, and why."""

    list_display = ["at", "act", "shown_question", "person", "channel", "state", "tries", "due_at", "remark"]
    list_filter = ["state", "act", "channel"]
    list_select_related = ["approval", "person"]
    search_fields = ["person__username", "=approval__id"]
    date_hierarchy = "at"

    @admin.display(description="Question")
    def shown_question(self, notice: Notice) -> str:
        return str(notice.approval)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        """Of questions that the reader may see."""
        return super().get_queryset(request).filter(approval__in=Approval.objects.visible_to(request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False
