"""Tasks in the admin: their list with filters, reasons and bulk actions, and their live page in place of a form."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.catalog.models import TaskTemplate
from apps.console import many, reasons, state, taskpage, words
from apps.console.templatetags.console_tags import badge, bar
from apps.core import clock, durations
from apps.core.errors import ChantillyError, InvalidInput
from apps.tasks import sight
from apps.tasks.models import BulkAction, Task, Tombstone
from apps.tasks.models.task import MOST_COUNTED, MOST_SEARCHED, TaskQuerySet, in_status
from apps.tasks.operators import bulk
from apps.tasks.operators.filters import ANY, Filter
from apps.tasks.retention import past
from apps.tasks.states import OPEN, Status
from apps.workers.models import ClusterEvent, Worker

PAGE = 50
MOST_RECENT = 1_000
"""Own tasks whose templates and queues the filters offer; an address may name any other."""


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        counted = Filter(whole=many.wholeness(request)).apply(Task.objects.visible_to(request.user))
        self.counts = counted.numbers()
        open_number = sum(self.counts.get(status, 0) for status in OPEN)
        shown = [("open", f"Not final {_counted(open_number)}")]
        shown += [
            (status.value, f"{words.STATE_WORDS[status]} {_counted(self.counts[status])}")
            for status in Status
            if self.counts.get(status)
        ]
        return [*shown, ("dead", "Dead letters")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        value = self.value()
        if value == "open":
            return queryset.filter(in_status(*OPEN))
        if value == "dead":
            return queryset.filter(is_dead_letter=True)
        return queryset.filter(in_status(value)) if value in Status.values else queryset


def _counted(number: int) -> str:
    return f"{number:,}" if number <= MOST_COUNTED else f"{MOST_COUNTED:,}+"


def _narrowed(tasks: Any, **by: str | None) -> QuerySet[Task]:
    try:
        return Filter.parse(by).apply(tasks)
    except InvalidInput as error:
        raise IncorrectLookupParameters(error.message) from None


class BoundedPaginator(Paginator):
    """Counts no further than MOST_COUNTED: pages beyond are reached by filters, and no count reads a million rows."""

    object_list: QuerySet[Task]

    @cached_property
    def reached(self) -> int:
        return self.object_list.order_by()[: MOST_COUNTED + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self.reached, MOST_COUNTED)

    @property
    def is_more(self) -> bool:
        return self.reached > MOST_COUNTED


def _known_templates(user: Any) -> QuerySet[TaskTemplate]:
    """Those whose names a filter may offer: all for who sees all tasks or templates, else those of the user's newest tasks."""
    if sight.sees_all(user) or user.has_perm("catalog.view_tasktemplate"):
        return TaskTemplate.objects.all()
    # Bounded: whether there is an own task of a template may take a look at all of either.
    recent = Task.objects.visible_to(user).order_by("-pk").values("template")[:MOST_RECENT]
    return TaskTemplate.objects.filter(pk__in=recent)


class TemplateFilter(admin.SimpleListFilter):
    title = "template"
    parameter_name = "template"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(_known_templates(request.user).order_by("name").values_list("key", "name")[:50])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        return _narrowed(queryset, template=self.value())


class QueueFilter(admin.SimpleListFilter):
    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        queues = _known_templates(request.user).exclude(published=None).order_by("published__queue")
        return [(queue, queue) for queue in queues.values_list("published__queue", flat=True).distinct()[:50]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        return queryset.filter(queue=self.value()) if self.value() else queryset


class WholeFilter(admin.SimpleListFilter):
    """Holds without being chosen: what is chosen by default, `Filter.asked` says."""

    title = "parts of other tasks"
    parameter_name = "whole"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.shown = many.wholeness(request)
        return [("true", "Left out"), (ANY, "Among them"), ("false", "Only those")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        shown = {True: "true", None: ANY, False: "false"}[self.shown]
        for value, said in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": value == shown, "query_string": query, "display": said}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        return Filter(whole=self.shown).apply(cast(TaskQuerySet, queryset))


class RequesterFilter(admin.SimpleListFilter):
    title = "who asked"
    parameter_name = "requester"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        mine = [("me", "Me")]
        if not sight.sees_all(request.user):
            return mine
        asked = Exists(Task.objects.filter(requester=OuterRef("pk")))
        users = get_user_model().objects.filter(asked, is_active=True).order_by("username")
        return mine + [(user.get_username(), words.person(user)) for user in users[:30] if user != request.user]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        if self.value() == "me":
            return queryset.filter(requester=request.user)  # type: ignore[misc]
        return _narrowed(queryset, requester=self.value())


@admin.register(Task)
class TaskAdmin(admin.ModelAdmin):
    list_display = ["shown_state", "shown_task", "shown_doing", "shown_requester", "shown_since"]
    list_display_links = None
    list_filter = [StateFilter, TemplateFilter, QueueFilter, RequesterFilter, WholeFilter, *many.PASSED_FILTERS]
    list_select_related = [*state.RELATED]
    list_per_page = PAGE
    search_fields = ["title", "=id", "template__key", "requester__username"]
    search_help_text = "Words of the title, a number, a template or a person"
    show_full_result_count = False
    paginator = BoundedPaginator
    actions = ["pause_chosen", "resume_chosen", "cancel_chosen", "retry_chosen", "priority_chosen", "queue_chosen"]
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
        return Task.objects.visible_to(request.user).defer("result", "revision__graph")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            "title": "Tasks",
            "views": _views(request),
            "parts": _parts(request),
            "most_searched": MOST_SEARCHED,
            **(extra_context or {}),
        }
        response = super().changelist_view(request, context)
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            _explain(response.context_data["cl"], request.user)
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
            if (
                object_id.isascii()
                and object_id.isdigit()
                and (removed := past.tombstone(int(object_id), request.user))
            ):
                return self._removed_view(request, removed)
            raise Http404("There is no such task that you may see.") from None
        context = {
            **self.admin_site.each_context(request),
            "title": page.task.title,
            "opts": self.opts,
            "page": page,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/tasks/task/change_form.html", context)

    def _removed_view(self, request: HttpRequest, removed: Tombstone) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": removed.title,
            "opts": self.opts,
            "removed": removed,
        }
        return TemplateResponse(request, "admin/tasks/task/removed.html", context, status=410)

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

    @admin.display(description="Asked by")
    def shown_requester(self, task: Task) -> str:
        return words.person(task.requester)

    @admin.display(description="Since", ordering="id")
    def shown_since(self, task: Task) -> str:
        return durations.describe(float(int((clock.now() - task.created_at).total_seconds())))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Task], search_term: str
    ) -> tuple[QuerySet[Task], bool]:
        if search_term.strip() and isinstance(queryset, TaskQuerySet):
            reached = queryset.within_reach(search_term, whole=many.wholeness(request))
            return many.searched(reached, search_term), False
        return queryset, False

    @admin.action(description="Pause")
    def pause_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> HttpResponse | None:
        return self._act(request, "pause")

    @admin.action(description="Resume")
    def resume_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> HttpResponse | None:
        return self._act(request, "resume")

    @admin.action(description="Retry")
    def retry_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> HttpResponse | None:
        return self._act(request, "retry")

    @admin.action(description="Cancel…")
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> HttpResponse | None:
        return self._act(request, "cancel")

    @admin.action(description="Priority…")
    def priority_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> HttpResponse | None:
        return self._act(request, "priority")

    @admin.action(description="Move…")
    def queue_chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> HttpResponse | None:
        return self._act(request, "queue")

    def _act(self, request: HttpRequest, verb: str) -> HttpResponse | None:
        return many.act(request, verb, {**self.admin_site.each_context(request), "opts": self.opts})


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


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Whether parts of other tasks are in the list, and the address of the same list with or without them."""

    are_shown: bool
    query: str


def _parts(request: HttpRequest) -> Parts | None:
    """None where the address cannot be read: the list says so itself."""
    try:
        are_shown = many.wholeness(request) is not True
    except IncorrectLookupParameters:
        return None
    other = request.GET.copy()
    other.pop("p", None)
    other["whole"] = "true" if are_shown else ANY
    return Parts(are_shown=are_shown, query=f"?{other.urlencode()}")


def _explain(changelist: Any, viewer: Any) -> None:
    """Give each row of the page its sentence, with two queries for all of them."""
    if not changelist.has_active_filters and not changelist.query:
        changelist.full_result_count = changelist.result_count
    tasks = list(changelist.result_list)
    facts = reasons.around(tasks, clock.now(), viewer)
    for task in tasks:
        task.sentence = reasons.why(task, facts) or reasons.doing(task)
    changelist.result_list = tasks


class ReadOnly(admin.ModelAdmin):
    """Rows that the machinery writes and people read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnly):
    """Actions on many tasks: how far they are, and what they left alone and why. One that runs can be stopped."""

    list_display = ["id", "verb", "shown_tasks", "by", "status", "done", "skipped", "refused", "created_at"]
    list_filter = ["status", "verb"]
    list_select_related = ["by"]
    actions = ["stop_chosen"]

    def has_view_permission(self, request: HttpRequest, obj: BulkAction | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkAction]:
        return bulk.visible_to(request.user)

    @admin.display(description="Tasks")
    def shown_tasks(self, action: BulkAction) -> str:
        return Filter.parse(action.filters).words(action.matched)

    @admin.action(description="Stop")
    def stop_chosen(self, request: HttpRequest, queryset: QuerySet[BulkAction]) -> None:
        for action in queryset.order_by("pk"):
            try:
                bulk.stop(action, request.user)
                messages.success(request, f"Action {action.pk} is stopped. What is done stays done.")
            except ChantillyError as error:
                messages.warning(request, error.message)


@admin.register(Worker)
class WorkerAdmin(ReadOnly):
    """Who is here and what they do. Rows are made by the workers themselves."""

    list_display = ["name", "status", "host", "pid", "cluster", "current_task_id", "heartbeat_at", "tasks_completed",
                    "tasks_failed"]  # fmt: skip
    list_filter = ["status", "host"]
    search_fields = ["name", "host"]
    ordering = ["-heartbeat_at"]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [name for name in self.list_display if name not in self.get_exclude(request)]

    def get_exclude(self, request: HttpRequest, obj: Worker | None = None) -> list[str]:
        """A row keeps the number of its task; the page of the worker names it to those who may see it."""
        return [] if sight.sees_all(request.user) else ["current_task_id"]


@admin.register(ClusterEvent)
class ClusterEventAdmin(ReadOnly):
    """When clusters started, stopped, stalled, and why."""

    list_display = ["at", "kind", "cluster", "host", "reason"]
    list_filter = ["kind", "host"]
    search_fields = ["cluster", "host", "reason"]
    date_hierarchy = "at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClusterEvent]:
        """Without what happened to tasks that the reader may not see: the reason may quote their errors."""
        events: QuerySet[ClusterEvent] = super().get_queryset(request)
        if sight.sees_all(request.user):
            return events
        return events.filter(Q(task_id=None) | Q(task_id__in=Task.objects.visible_to(request.user).values("pk")))
