"""The admin's pages beside the list of terms: take in a file, after a look at what it would do, and write one."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.core.errors import InvalidInput
from apps.knowledge.models import Term
from apps.knowledge.translation import taking, termfile
from apps.knowledge.translation.taking import Plan, State

PAGE = "admin/knowledge/term/import.html"
MOST_SHOWN = 500
ORDER = (State.REFUSED, State.CHANGED, State.NEW)
"""What is shown of a plan, the most important first; what stays as it is, is counted."""
TINTS = {State.REFUSED: "failed", State.CHANGED: "paused", State.NEW: "completed"}


def export(admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    if not admin.has_view_permission(request):
        raise PermissionDenied("You may not look at terms. Ask an administrator for the permission to.")
    return download(Term.objects.all())


def download(terms: Iterable[Term]) -> HttpResponse:
    answer = HttpResponse(termfile.write(terms), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="terms.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def take_in(admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Asked without a file: the form. With one: what it would do. With what was looked at: do it, if it is still that."""
    if not (admin.has_add_permission(request) and admin.has_change_permission(request)):
        raise PermissionDenied(
            "You may not import terms. Ask an administrator for the permission to add and change them."
        )
    if request.method != "POST":
        return _page(admin, request)
    try:
        content = _content(request)
        planned = taking.plan(termfile.read(content))
        seen = request.POST.get("seen", "")
        if seen == planned.digest() and not planned.is_empty:
            return _apply(request, planned)
    except InvalidInput as error:
        return _page(admin, request, problem=error.message)
    changed = "The terms changed since you looked. This is what the file would do now." if seen else ""
    return _page(admin, request, problem=changed, planned=planned, content=content.decode("utf-8-sig"))


def _content(request: HttpRequest) -> bytes:
    if "content" in request.POST:
        return request.POST["content"].encode()
    file = request.FILES.get("file")
    if file is None:
        raise InvalidInput("Choose a file.")
    if file.size and file.size > termfile.MOST_BYTES:
        raise InvalidInput(f"The file has {file.size:,} bytes; at most {termfile.MOST_BYTES:,} are read. Split it.")
    return file.read()


def _apply(request: HttpRequest, planned: Plan) -> HttpResponse:
    with transaction.atomic():
        new, changed = taking.apply(planned, by=request.user)
        for terms, flag, said in ((new, ADDITION, "Imported."), (changed, CHANGE, "Changed by an import.")):
            if terms:
                LogEntry.objects.log_actions(str(request.user.pk), terms, flag, said)
    messages.success(request, f"{len(new):,} added, {len(changed):,} changed.")
    return redirect(reverse("admin:knowledge_term_changelist"))


def _page(
    admin: ModelAdmin, request: HttpRequest, *, problem: str = "", planned: Plan | None = None, content: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.admin_site.each_context(request),
        "title": "Import terms",
        "opts": Term._meta,
        "problem": problem,
        "planned": planned,
        "content": content,
        "columns": termfile.FIELDS,
        "most_lines": f"{termfile.MOST_LINES:,}",
    }
    if planned is not None:
        shown = [change for state in ORDER for change in planned.changes if change.state == state]
        context["shown"] = [(change, TINTS[change.state]) for change in shown[:MOST_SHOWN]]
        context["more"] = max(len(shown) - MOST_SHOWN, 0)
        context["counts"] = planned.counts
    return TemplateResponse(request, PAGE, context, status=400 if problem and planned is None else 200)
