"""Acting on many tasks from their list: which are meant, a page that asks with count and reasons, and what came of it."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.console import words
from apps.core import clock
from apps.core.errors import ChantillyError, Conflict, InvalidInput
from apps.tasks import queuenames
from apps.tasks.models import BulkAction, Task
from apps.tasks.models.task import TaskQuerySet, is_number
from apps.tasks.operators import bulk, verbs
from apps.tasks.operators.filters import Filter
from apps.tasks.states import PRIORITY_WORDS, Status
from apps.workers.answers import served

STATES: dict[str, dict[str, Any]] = {"open": {"status": "open"}, "dead": {"dead_letter": True}}
PASSED = ("template", "queue", "tag", "error", "parent", "whole", "created_after", "created_before")
"""Parameters of the list's address that are filters under the same name."""
UNDERSTOOD = {*PASSED, "state", "requester", "q", "o", "p", "all", "e"}
ASKING = {"pause": "Pause", "resume": "Resume", "cancel": "Cancel", "retry": "Retry",
          "priority": "Change the priority of", "queue": "Move"}  # fmt: skip
ALWAYS_ASKED = ("cancel", "priority", "queue")
SHOWN = 20


def listed(request: HttpRequest) -> Filter:
    """The filter that the list's address shows. Raises InvalidInput, also for a condition that is none of ours."""
    if strange := sorted(set(request.GET) - UNDERSTOOD):
        raise InvalidInput(f"The list is narrowed by {', '.join(strange)}, which actions on all do not know.")
    state = request.GET.get("state", "")
    given = STATES.get(state, {"status": state if state in Status.values else None})
    requester = request.GET.get("requester")
    name = request.user.get_username() if requester == "me" else requester
    passed = {each: request.GET.get(each) for each in PASSED}
    return Filter.asked({**given, **passed, "requester": name, "search": request.GET.get("q", "").strip()})


def wholeness(request: HttpRequest) -> bool | None:
    """Whether the list leaves parts of other tasks out (True), shows only them, or both (None); as `listed` has it."""
    naming = {each: request.GET.get(each) for each in ("queue", "parent", "whole")}
    text = request.GET.get("q", "")
    try:
        return Filter.asked({**naming, "search": text if is_number(text) else None}).whole
    except InvalidInput as error:
        raise IncorrectLookupParameters(error.message) from None


def searched(tasks: TaskQuerySet, text: str) -> QuerySet[Task]:
    try:
        return Filter.parse({"search": text.strip()}).apply(tasks)
    except InvalidInput:
        return tasks.none()


class PassedFilter(admin.SimpleListFilter):
    """A filter that comes with an address and is shown while it holds."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(str(self.parameter_name), "")[:100]
        return [(value, value)] if value else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        try:
            return Filter.parse({str(self.parameter_name): self.value()}).apply(cast(TaskQuerySet, queryset))
        except InvalidInput as error:
            raise IncorrectLookupParameters(error.message) from None


class TagFilter(PassedFilter):
    title, parameter_name = "tag", "tag"


class ErrorFilter(PassedFilter):
    title, parameter_name = "error", "error"


class CreatedAfterFilter(PassedFilter):
    title, parameter_name = "asked for since", "created_after"


class CreatedBeforeFilter(PassedFilter):
    title, parameter_name = "asked for before", "created_before"


class ParentFilter(PassedFilter):
    title, parameter_name = "parts of task", "parent"


PASSED_FILTERS = (ParentFilter, TagFilter, ErrorFilter, CreatedAfterFilter, CreatedBeforeFilter)


def act(request: HttpRequest, verb: str, context: dict[str, Any]) -> HttpResponse | None:
    """Do it to a selection; ask first for all that match, for what cannot be undone, and for what needs a value."""
    is_across = request.POST.get("select_across") == "1"
    try:
        chosen = listed(request) if is_across else Filter.parse({"ids": request.POST.getlist("_selected_action")})
        if is_across and chosen.is_empty:
            raise InvalidInput("This would touch every task. Choose a state, a template or another filter first.")
        if not request.POST.get("confirmed") and (is_across or verb in ALWAYS_ASKED):
            return _ask(request, chosen, verb, context)
        _start(request, chosen, verb)
    except Conflict as error:
        messages.warning(request, error.message)
        return _ask(request, chosen, verb, context)
    except ChantillyError as error:
        messages.error(request, error.message)
    return None


def _start(request: HttpRequest, chosen: Filter, verb: str) -> None:
    names = verbs.known(verb).needs
    arguments = {name: request.POST.get(name, "") for name in names}
    expected = request.POST.get("expected", "")
    action = bulk.start(
        chosen,
        verb,
        arguments,
        request.user,
        int(expected) if expected.isdecimal() and len(expected) < 10 else None,
        served=served.queues(clock.now()),
    )
    is_whole = action.status == BulkAction.Status.DONE and not action.skips
    messages.add_message(request, messages.SUCCESS if is_whole else messages.WARNING, told(action))


def told(action: BulkAction) -> SafeString:
    """'374 tasks cancelled. Left alone: 12 (it is completed).', or that it goes on, with where to look."""
    if action.status == BulkAction.Status.RUNNING:
        address = reverse("admin:tasks_bulkaction_change", args=[action.pk])
        said = f"{words.count(action.matched, 'task')} are being worked off by the workers:"
        return format_html('{} <a href="{}">action {}</a>.', said, address, action.pk)
    return format_html(
        "{}{}", f"{words.count(action.done, 'task')} {verbs.VERBS[action.verb].done}.", left(action.skips)
    )


def left(skips: dict[str, int]) -> str:
    if not skips:
        return ""
    return f" Left alone: {', '.join(f'{count:,} ({why})' for why, count in sorted(skips.items()))}."


def _ask(request: HttpRequest, chosen: Filter, verb: str, context: dict[str, Any]) -> TemplateResponse:
    workers = served.queues(clock.now())
    defaults: dict[str, dict[str, Any]] = {"priority": {"priority": 50}, "queue": {"queue": "default"}}
    default = defaults.get(verb, {})
    seen = bulk.preview(chosen, verb, request.user, default, served={*workers, "default"})
    number = seen.count if default else seen.legal
    tasks = chosen.apply(Task.objects.visible_to(request.user))
    return TemplateResponse(
        request,
        "admin/tasks/task/act_on_many.html",
        {
            **context,
            "title": f"{ASKING[verb]} {words.count(number, 'task')}?",
            "button": f"{ASKING[verb]} {words.count(number, 'task')}",
            "verb": verb,
            "number": number,
            "seen": seen,
            "what": chosen.words(seen.count),
            "why": {} if default else dict(sorted(seen.skips.items())),
            "rows": tasks.order_by("-pk").only("title", "status")[:SHOWN],
            "more": max(0, seen.count - SHOWN),
            "needs_reason": "reason" in verbs.known(verb).needs,
            "priorities": {word: number for word, number in PRIORITY_WORDS.items() if word != "medium"},
            "queues": sorted(queuenames.known(workers)) if verb == "queue" else [],
            "chosen": request.POST.getlist("_selected_action"),
            "across": request.POST.get("select_across", "0"),
            "action": request.POST.get("action", ""),
        },
    )
