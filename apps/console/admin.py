"""Tasks in the admin: their list with filters, reasons and bulk actions, and their live page in place of a form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.catalog.models import TaskTemplate
from apps.console import reasons, state, taskpage, views, words
from apps.console.templatetags.console_tags import badge, bar
from apps.core import clock, durations
from apps.core.errors import ChantillyError
from apps.tasks import standing
from apps.tasks.models import Task
from apps.tasks.states import FINAL, Status
from apps.workers.models import ClusterEvent, Worker

PAGE = 50
MOST_AT_ONCE = 1000
"""Tasks that one bulk action touches; the rest is left for the next."""


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        visible = Task.objects.visible_to(request.user)
        self.counts = dict(visible.values_list("status").annotate(number=Count("id")).order_by())
        open_number = sum(number for status, number in self.counts.items() if status not in FINAL)
        shown = [("open", f"Not final {open_number:,}")]
        shown += [
            (status.value, f"{words.STATE_WORDS[status]} {self.counts[status]:,}")
            for status in Status
            if self.counts.get(status)
        ]
        return [*shown, ("dead", "Dead letters")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        value = self.value()
        if value == "open":
            return queryset.exclude(status__in=FINAL)
        if value == "dead":
            return queryset.filter(is_dead_letter=True)
        return queryset.filter(status=value) if value in Status.values else queryset


class TemplateFilter(admin.SimpleListFilter):
    title = "template"
    parameter_name = "template"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(TaskTemplate.objects.order_by("name").values_list("key", "name")[:50])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        return queryset.filter(template__key=self.value()) if self.value() else queryset


class QueueFilter(admin.SimpleListFilter):
    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        queues = TaskTemplate.objects.exclude(published=None).order_by("published__queue")
        return [(queue, queue) for queue in queues.values_list("published__queue", flat=True).distinct()[:50]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        return queryset.filter(queue=self.value()) if self.value() else queryset


class RequesterFilter(admin.SimpleListFilter):
    title = "who asked"
    parameter_name = "requester"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        mine = [("me", "Me")]
        if not request.user.has_perm("tasks.view_task"):
            return mine
        users = get_user_model().objects.filter(is_active=True, tasks__isnull=False).distinct().order_by("username")
        return mine + [(user.get_username(), words.person(user)) for user in users[:30] if user != request.user]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        if self.value() == "me":
            return queryset.filter(requester=request.user)  # type: ignore[misc]
        return queryset.filter(requester__username=self.value()) if self.value() else queryset


@admin.register(Task)
class TaskAdmin(admin.ModelAdmin):
    list_display = ["shown_state", "shown_task", "shown_doing", "shown_requester", "shown_since"]
    list_display_links = None
    list_filter = [StateFilter, TemplateFilter, QueueFilter, RequesterFilter]
    list_select_related = [*state.RELATED]
    list_per_page = PAGE
    search_fields = ["title", "=id", "template__key", "requester__username"]
    search_help_text = "Words of the title, a number, a template or a person"
    show_full_result_count = False
    actions = ["pause_chosen", "resume_chosen", "cancel_chosen", "retry_chosen"]
    ordering = ["-id"]
    show_facets = admin.ShowFacets.NEVER

    @property
    def media(self) -> forms.Media:
        """Without the stock script of the actions' select box: our buttons stand in its place."""
        return forms.Media()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Task | None = None) -> bool:
        """Staff see the list; `get_queryset` decides which rows are in it."""
        return bool(request.user.is_active and request.user.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Task | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Task | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        return Task.objects.visible_to(request.user).defer("result")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"title": "Tasks", "views": _views(request), **(extra_context or {})}
        response = super().changelist_view(request, context)
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            _explain(response.context_data["cl"])
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            page = taskpage.gather(int(object_id), request.user)
        except (Task.DoesNotExist, ValueError, OverflowError):
            raise Http404("There is no such task that you may see.") from None
        context = {
            **self.admin_site.each_context(request),
            "title": page.task.title,
            "opts": self.opts,
            "page": page,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/tasks/task/change_form.html", context)

    @admin.display(description="State", ordering="status")
    def shown_state(self, task: Task) -> SafeString:
        return badge(task.status, state.badge(task, clock.now()), sign="dead" if task.is_dead_letter else "")

    @admin.display(description="Task", ordering="id")
    def shown_task(self, task: Task) -> SafeString:
        return render_to_string("admin/tasks/task/list_title.html", {"task": task})

    @admin.display(description="Doing, or why not")
    def shown_doing(self, task: Task) -> SafeString:
        sentence = getattr(task, "sentence", "")
        if 0 < task.execution.percent < 100 and task.status != Status.COMPLETED:
            return format_html('<span class="say">{}</span>{}', sentence, bar(task.status, task.execution.percent))
        return format_html('<span class="say">{}</span>', sentence)

    @admin.display(description="Asked by", ordering="requester__username")
    def shown_requester(self, task: Task) -> str:
        return words.person(task.requester)

    @admin.display(description="Since", ordering="created_at")
    def shown_since(self, task: Task) -> str:
        return durations.describe(float(int((clock.now() - task.created_at).total_seconds())))

    @admin.action(description="Pause")
    def pause_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        _act_on_many(request, queryset, "pause")

    @admin.action(description="Resume")
    def resume_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        _act_on_many(request, queryset, "resume")

    @admin.action(description="Retry")
    def retry_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        _act_on_many(request, queryset, "retry")

    @admin.action(description="Cancel…")
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> HttpResponse | None:
        """Asks first, with what it would skip: a cancelled task cannot be taken back."""
        if request.POST.get("confirmed"):
            _act_on_many(request, queryset, "cancel")
            return None
        chosen = list(queryset.select_related("execution")[: MOST_AT_ONCE + 1])
        legal = [task for task in chosen if "cancel" in standing.legal(task)]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Cancel {words.count(len(legal), 'task')}?",
            "opts": self.opts,
            "legal": legal,
            "skipped": len(chosen) - len(legal),
            "chosen": request.POST.getlist("_selected_action"),
            "select_across": request.POST.get("select_across", "0"),
        }
        return TemplateResponse(request, "admin/tasks/task/cancel_many.html", context)


@dataclass(frozen=True, kw_only=True)
class SavedView:
    label: str
    query: str
    is_current: bool


VIEWS = (
    ("All", "?"),
    ("Not final", "?state=open"),
    ("Mine", "?requester=me"),
    ("Failed", "?state=failed"),
    ("Dead letters", "?state=dead"),
)


def _views(request: HttpRequest) -> list[SavedView]:
    present = f"?{request.GET.urlencode()}"
    return [SavedView(label=label, query=query, is_current=query == present) for label, query in VIEWS]


def _explain(changelist: Any) -> None:
    """Give each row of the page its sentence, with two queries for all of them."""
    if not changelist.has_active_filters and not changelist.query:
        changelist.full_result_count = changelist.result_count
    tasks = list(changelist.result_list)
    facts = reasons.around(tasks, clock.now())
    for task in tasks:
        task.sentence = reasons.why(task, facts) or reasons.doing(task)
    changelist.result_list = tasks


def _act_on_many(request: HttpRequest, queryset: QuerySet[Task], verb: str) -> None:
    """One verb for each, with the verb's own permission; says how many were skipped and why."""
    tasks = list(queryset.select_related("execution")[: MOST_AT_ONCE + 1])
    left, tasks = len(tasks) > MOST_AT_ONCE, tasks[:MOST_AT_ONCE]
    done, skipped = 0, dict[str, list[str]]()
    act: Callable[[Task, Any, str], Task] = views.VERBS[verb]
    for task in tasks:
        try:
            act(task, request.user, "")
            done += 1
        except ChantillyError as error:
            skipped.setdefault(_kind_of(error, task), []).append(str(task.pk))
    said = f"{words.count(done, 'task')} {views.DONE[verb]}."
    for why, numbers in skipped.items():
        named = ", ".join(numbers[:5]) + ("…" if len(numbers) > 5 else "")
        said += f" {len(numbers):,} skipped, {why}: {named}."
    if left:
        said += f" Only the first {MOST_AT_ONCE:,} were touched; do it again for the rest."
    messages.add_message(request, messages.WARNING if skipped or left else messages.SUCCESS, said)


def _kind_of(error: ChantillyError, task: Task) -> str:
    return "not yours to control" if error.code == "not_permitted" else f"because {task.status}"


class ReadOnly(admin.ModelAdmin):
    """Rows that the machinery writes and people read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Worker)
class WorkerAdmin(ReadOnly):
    """Who is here and what they do. Rows are made by the workers themselves."""

    list_display = ["name", "status", "host", "pid", "cluster", "current_task_id", "heartbeat_at", "tasks_completed",
                    "tasks_failed"]  # fmt: skip
    list_filter = ["status", "host"]
    search_fields = ["name", "host"]
    ordering = ["-heartbeat_at"]


@admin.register(ClusterEvent)
class ClusterEventAdmin(ReadOnly):
    """When clusters started, stopped, stalled, and why."""

    list_display = ["at", "kind", "cluster", "host", "reason"]
    list_filter = ["kind", "host"]
    search_fields = ["cluster", "host", "reason"]
    date_hierarchy = "at"
