"""The chat in the admin: its pages, the menu's entry, and its rows as lists."""

import json
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import CharField, ChoiceField, ModelForm, Textarea
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.catalog.models import TaskTemplate
from apps.chat import connecting, lessons
from apps.chat.models import Account, Connection, Dialog, Incoming, Lesson, Post, ScheduleDraft
from apps.chat.pages import connections
from apps.chat.pages.urls import EXTENSION
from apps.chat.platforms import platform
from apps.console.admin import BoundedPaginator
from apps.console.site import ConsoleSite
from apps.console.templatetags.console_tags import badge
from apps.core import clock, saying
from apps.core.errors import InvalidInput

cast(ConsoleSite, admin.site).extend(EXTENSION)

PREVIEW = 120
NONE = "-"
STATES = {"waiting": "waiting", "taken": "running", "done": "completed", "sent": "completed", "dropped": "cancelled",
          "failed": "failed"}  # fmt: skip


class Listed(admin.ModelAdmin):
    """What happened: to read. Large tables are counted only as far as people page."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    heading = ""
    nothing = ""
    """What is said where there are no rows at all."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {"title": self.heading} if self.heading else {}
        if self.nothing and not self.model.objects.exists():
            context["subtitle"] = self.nothing
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: Any) -> SafeString:
        return badge(STATES[row.state], row.state.capitalize())


@admin.register(Connection)
class ConnectionAdmin(Listed):
    """Its pages are `pages.connections`: a form whose fields depend on the platform, buttons, and what happened."""

    list_display = ["name", "shown_platform", "key", "shown_enabled"]
    list_filter = ["platform", "is_enabled"]
    search_fields = ["name", "key"]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        acts = [
            path(f"<int:connection_id>/{verb}/", wrap(connections.act), {"verb": verb}, f"chat_connection_{verb}")
            for verb in connections.VERBS
        ]
        removed = path("<int:connection_id>/remove/", wrap(connections.remove), name="chat_connection_remove")
        return [*acts, removed, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chat.add_connection")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return connections.add(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return connections.show(request, int(object_id) if object_id.isascii() and object_id.isdigit() else 0)

    @admin.display(description="platform", ordering="platform")
    def shown_platform(self, row: Connection) -> str:
        return "part of this site" if row.platform in connecting.OWN else platform(row.platform).name

    @admin.display(description="state", ordering="is_enabled")
    def shown_enabled(self, row: Connection) -> SafeString:
        return badge("completed", "On") if row.is_enabled else badge("paused", "Off")


class AccountForm(ModelForm):
    def clean_user(self) -> Any:
        """The verb says the same again, where it could only fail."""
        user = self.cleaned_data["user"]
        if user is not None and not user.is_active:
            raise ValidationError("This user is disabled; enable the user first.")
        return user


@admin.register(Account)
class AccountAdmin(Listed):
    """An administrator links an account by the platform's id; the name that the platform shows is a hint, no proof."""

    list_display = ["external_id", "shown_name", "connection", "user", "linked_at", "linked_by"]
    form = AccountForm
    list_filter = ["connection", ("user", admin.EmptyFieldListFilter)]
    list_select_related = ["connection", "user", "linked_by"]
    search_fields = ["=external_id", "shown_name", "user__username"]
    fields = ["connection", "external_id", "shown_name", "user", "linked_at", "linked_by", "created_at"]
    readonly_fields = ["connection", "external_id", "shown_name", "linked_at", "linked_by", "created_at"]
    autocomplete_fields = ["user"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_page = obj is not None and obj.connection.platform == connecting.PAGE
        return request.user.has_perm("chat.change_account") and not is_page

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        connecting.link_account(request.user, Account.objects.get(pk=obj.pk), obj.user)


class DialogForm(ModelForm):
    words = CharField(
        required=False, max_length=1_100, label="Contexts",
        help_text="What is talked of there, words with commas between, in addition to the connection's.",
    )  # fmt: skip

    class Meta:
        model = Dialog
        fields = ["is_open"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].initial = ", ".join(self.instance.contexts or ())


@admin.register(Dialog)
class DialogAdmin(Listed):
    list_display = ["__str__", "connection", "kind", "is_open", "is_gone", "shown_read"]
    list_filter = ["kind", "is_open", "is_gone", "connection"]
    list_select_related = ["connection"]
    search_fields = ["title", "=external_id"]
    form = DialogForm
    fields = ["connection", "external_id", "kind", "title", "words", "is_open", "is_gone", "created_at"]
    readonly_fields = ["connection", "external_id", "kind", "title", "is_gone", "created_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("chat.change_dialog")

    def save_model(self, request: HttpRequest, obj: Dialog, form: Any, change: bool) -> None:
        words = form.cleaned_data["words"].split(",")
        connecting.set_dialog(request.user, obj, contexts=words, is_open=form.cleaned_data["is_open"])

    @admin.display(description="what was said")
    def shown_read(self, row: Dialog) -> SafeString:
        return format_html('<a href="{}">Read</a>', reverse("admin:chat_dialog", args=[row.pk]))


@admin.register(Incoming)
class IncomingAdmin(Listed):
    list_display = ["shown_text", "connection", "sender", "shown_state", "shown_at", "remark"]
    list_filter = ["state", "connection"]
    list_select_related = ["connection"]
    search_fields = ["=sender", "=dialog", "=event_id"]

    @admin.display(description="message")
    def shown_text(self, row: Incoming) -> str:
        return _preview(row.text) or f"{row.kind} {row.data.get('button', '')}".strip()

    @admin.display(description="received", ordering="id")
    def shown_at(self, row: Incoming) -> str:
        return saying.clock(row.received_at, clock.now())


@admin.register(Post)
class PostAdmin(Listed):
    list_display = ["shown_text", "dialog", "shown_state", "tries", "shown_at", "remark"]
    list_filter = ["state", "kind", "dialog__connection"]
    list_select_related = ["dialog__connection"]
    search_fields = ["=key", "=external_id"]
    actions = ["send_again"]

    @admin.display(description="post")
    def shown_text(self, row: Post) -> str:
        content = row.content
        return _preview(content.get("title") or content.get("text") or f"{row.kind} {row.pk}")

    @admin.display(description="made", ordering="id")
    def shown_at(self, row: Post) -> str:
        return saying.clock(row.created_at, clock.now())

    @admin.action(description="Send those that failed again", permissions=["resend"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Post]) -> None:
        number = connecting.send_again(request.user, list(chosen.filter(state="failed")))
        said = f"{saying.count(number, 'post')} {'is' if number == 1 else 'are'} sent again."
        messages.success(request, said if number else "None of these had failed; nothing is sent again.")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chat.change_connection")


def _preview(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= PREVIEW else f"{line[: PREVIEW - 1]}…"


class LessonForm(ModelForm):
    """What a message means. The template that its sender chose, and what is read of it now, stand there to begin with."""

    meaning = ChoiceField(label="It means", help_text="The template that should have been started, or none of them.")
    values = CharField(
        required=False, label="Parameters", widget=Textarea(attrs={"rows": 8, "cols": 60, "class": "vLargeTextField"}),
        help_text="As JSON, only what the message says. Empty: they are not judged.",
    )  # fmt: skip

    class Meta:
        model = Lesson
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lesson = self.instance
        keys = TaskTemplate.objects.in_service().order_by("name").values_list("key", "name")
        cast(ChoiceField, self.fields["meaning"]).choices = [(NONE, "None of the templates"), *keys]
        begun = lessons.suggested(lesson)
        self.fields["meaning"].initial = (lesson.right_key or NONE) if lesson.judged_at else lesson.template_key or NONE
        parameters = lesson.parameters if lesson.judged_at else begun
        self.fields["values"].initial = (
            "" if parameters is None else json.dumps(parameters, indent=2, ensure_ascii=False)
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            data["values"] = json.loads(data["values"]) if data.get("values", "").strip() else None
        except ValueError as error:
            raise ValidationError({"values": f"This is no JSON: {error}. Write an object such as {{}}."}) from None
        if not isinstance(data["values"], dict | None):
            raise ValidationError({"values": "Write an object such as {}, or nothing."})
        key = "" if data.get("meaning") == NONE else data.get("meaning", "")
        if key == "":
            data["values"] = None
        try:
            lessons.check(key, data["values"])
        except InvalidInput as error:
            fields = getattr(error, "fields", {})
            raise ValidationError({"values": [error.message, *(f"{k}: {v}" for k, v in fields.items())]}) from None
        return {**data, "key": key}


class JudgedFilter(admin.SimpleListFilter):
    title = "what it means"
    parameter_name = "judged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "To judge"), ("yes", "Judged")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lesson]) -> QuerySet[Lesson]:
        return queryset if self.value() is None else queryset.filter(judged_at__isnull=self.value() == "no")


@admin.register(Lesson)
class LessonAdmin(Listed):
    """For authors: what was not understood at once, and what was meant. Its senders have agreed to it."""

    heading = "Misunderstood messages"
    nothing = "Nothing is kept. People let it be kept under “My chat accounts”; what they then choose comes here."

    list_display = ["shown_text", "shown_language", "chosen", "judged", "shown_at"]
    list_filter = [JudgedFilter, "template_key", "language"]
    search_fields = ["text"]
    actions = ["mark_used", "export", "delete_selected"]
    form = LessonForm
    fields = ["text", "language", "said_on", "chosen", "offered_names", "meaning", "values", "judged_at", "judged_by"]
    readonly_fields = ["text", "language", "said_on", "chosen", "offered_names", "judged_at", "judged_by"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("chat.change_lesson")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("chat.delete_lesson")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        may = self.has_change_permission(request, obj)
        return [each for each in self.fields or () if may or each not in ("meaning", "values")]

    def save_model(self, request: HttpRequest, obj: Lesson, form: Any, change: bool) -> None:
        data = form.cleaned_data
        lessons.judge(obj, request.user, data["key"], data["values"], clock.now())

    @admin.display(description="message", ordering="text")
    def shown_text(self, row: Lesson) -> str:
        return _preview(row.text)

    @admin.display(description="language", ordering="language")
    def shown_language(self, row: Lesson) -> str:
        return row.language or "not known"

    @admin.display(description="its sender chose", ordering="template_key")
    def chosen(self, row: Lesson) -> str:
        return row.template_key or "none of those offered"

    @admin.display(description="offered were")
    def offered_names(self, row: Lesson) -> str:
        return ", ".join(map(str, row.offered)) or "nothing"

    @admin.display(description="it means", ordering="right_key")
    def judged(self, row: Lesson) -> SafeString:
        if row.judged_at is None:
            return badge("paused", "Looked at") if row.is_used else badge("waiting", "To judge")
        return badge("completed", row.right_key or "None of them")

    @admin.display(description="said", ordering="id")
    def shown_at(self, row: Lesson) -> str:
        return saying.clock(row.created_at, clock.now())

    @admin.action(description="Mark as looked at", permissions=["author"])
    def mark_used(self, request: HttpRequest, rows: QuerySet[Lesson]) -> None:
        messages.success(request, f"{saying.count(rows.update(is_used=True), 'message')} marked as looked at.")

    @admin.action(description="Export the judged ones for the evaluation (JSONL)")
    def export(self, request: HttpRequest, rows: QuerySet[Lesson]) -> HttpResponse | None:
        judged = rows.exclude(judged_at=None).order_by("pk")
        if not judged:
            messages.warning(request, "None of these has been judged. Open one and say what it means first.")
            return None
        text = "".join(f"{json.dumps(lessons.row(each), ensure_ascii=False)}\n" for each in judged)
        answer = HttpResponse(text, content_type="application/jsonl; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="misunderstood.jsonl"'
        answer["Cache-Control"] = "private, no-store"
        return answer

    def has_author_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chat.change_lesson")


@admin.register(ScheduleDraft)
class ScheduleDraftAdmin(Listed):
    """Wishes for schedules, which do not run yet."""

    heading = "Drafts of schedules"
    nothing = "Nobody has asked for anything to be repeated yet. “Every Monday at 9 …” in a chat makes a draft."
    list_display = ["rule", "template_key", "user", "shown_sentence", "shown_at"]
    list_filter = ["template_key"]
    list_select_related = ["user"]
    search_fields = ["rule", "sentence", "user__username"]
    fields = ["rule", "template_key", "shown_parameters", "user", "sentence", "created_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("chat.delete_scheduledraft")

    @admin.display(description="as it was said", ordering="sentence")
    def shown_sentence(self, row: ScheduleDraft) -> str:
        return _preview(row.sentence)

    @admin.display(description="parameters")
    def shown_parameters(self, row: ScheduleDraft) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(row.parameters, indent=2, ensure_ascii=False))

    @admin.display(description="made", ordering="id")
    def shown_at(self, row: ScheduleDraft) -> str:
        return saying.clock(row.created_at, clock.now())
