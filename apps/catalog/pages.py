"""The admin's pages of a template's revisions: look, compare, write a new one, publish, withdraw.

Each parses, lets the verb check its permission, calls one verb and answers. What changes anything is a POST.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.catalog import publishing, validation
from apps.catalog.comparison import compare
from apps.catalog.definition import Definition, Problem
from apps.catalog.estimate import estimate
from apps.catalog.forms import RevisionForm
from apps.catalog.models import PUBLISH, TaskTemplate, TemplateRevision
from apps.core import durations
from apps.core.errors import InvalidInput, NotPermitted

PAGES = "admin/catalog/tasktemplate"
RECENT = 50


@dataclass(frozen=True, kw_only=True)
class ScriptLine:
    number: int
    text: str
    problems: list[Problem]

    @property
    def has_error(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


def script_page(admin: ModelAdmin, request: HttpRequest, key: str) -> HttpResponse:
    """The newest revision, with all others beside it."""
    template = _template(admin, request, key)
    newest = template.revisions.select_related("author").first()
    if newest is None:
        return TemplateResponse(request, f"{PAGES}/no_revision.html", _context(admin, request, template))
    return _show(admin, request, template, newest)


def revision_page(admin: ModelAdmin, request: HttpRequest, key: str, number: int) -> HttpResponse:
    template = _template(admin, request, key)
    return _show(admin, request, template, _revision(template, number))


def _show(admin: ModelAdmin, request: HttpRequest, template: TaskTemplate, revision: TemplateRevision) -> HttpResponse:
    definition = Definition.of(revision)
    # One that is published has passed; tools may have changed since, and publishing it again will tell.
    problems = [] if revision.is_published else validation.check(definition)
    revisions = list(template.revisions.select_related("author").defer("script")[:RECENT])
    other = _other(request, template, revision)
    context = _context(admin, request, template) | {
        "revision": revision,
        "revision_name": str(revision.number),
        "facts": _facts(revision),
        "details": _details(definition),
        "is_in_service": template.published_id == revision.pk,
        "lines": numbered(definition.script, problems),
        "problems": problems,
        "errors": validation.errors(problems),
        "elsewhere": [problem for problem in problems if not _is_on_a_line(problem)],
        "revisions": revisions,
        "other": other,
        "comparisons": compare(Definition.of(other), definition) if other else [],
        "publications": template.publications.select_related("by", "revision")[:10],
    }
    return TemplateResponse(request, f"{PAGES}/revision.html", context)


def edit_page(admin: ModelAdmin, request: HttpRequest, key: str) -> HttpResponse:
    """A new revision, beginning with `?from=` or the newest one. Nothing is ever changed in place."""
    template = _template(admin, request, key)
    if not _user(request).has_perm(publishing.SAVE):
        raise PermissionDenied
    form = RevisionForm(request.POST or None, base=_base(request, template))
    if request.method == "POST" and form.is_valid():
        if "_check" not in request.POST:
            try:
                return _save(admin, request, template, form)
            except InvalidInput as refusal:
                form.take_errors(refusal.fields)
        else:
            return _edit(admin, request, template, form, validation.check(form.definition()))
    return _edit(admin, request, template, form, None)


def _edit(
    admin: ModelAdmin, request: HttpRequest, template: TaskTemplate, form: RevisionForm, problems: list[Problem] | None
) -> HttpResponse:
    context = _context(admin, request, template) | {
        "form": form,
        "problems": problems,
        "errors": validation.errors(problems or []),
        "lines": [] if problems is None else numbered(form.definition().script, problems),
        "elsewhere": [problem for problem in problems or [] if not _is_on_a_line(problem)],
    }
    return TemplateResponse(request, f"{PAGES}/revision_form.html", context)


def _save(admin: ModelAdmin, request: HttpRequest, template: TaskTemplate, form: RevisionForm) -> HttpResponse:
    label = {name: form.cleaned_data[name] for name in ("version", "note")}
    revision = publishing.save_draft(template, _user(request), form.definition(), **label)
    admin.log_change(request, template, f"Saved revision {revision.number} as a draft.")
    if "_publish" in request.POST:
        return publish(admin, request, template.key, revision.number)
    messages.success(request, f"Revision {revision.number} is saved as a draft.")
    return _back(template, revision.number)


def publish(admin: ModelAdmin, request: HttpRequest, key: str, number: int) -> HttpResponse:
    template = _template(admin, request, key)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        publishing.publish(_revision(template, number), _user(request))
    except NotPermitted as refusal:
        raise PermissionDenied(refusal.message) from None
    except InvalidInput as refusal:
        messages.error(request, refusal.message)
    else:
        admin.log_change(request, template, f"Published revision {number}.")
        messages.success(request, f"Revision {number} is in service: the next task is made from it.")
    return _back(template, number)


def mark_tested(admin: ModelAdmin, request: HttpRequest, key: str, number: int) -> HttpResponse:
    template = _template(admin, request, key)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    is_tested = request.POST.get("tested") == "1"
    try:
        publishing.mark_tested(_revision(template, number), _user(request), is_tested=is_tested)
    except NotPermitted as refusal:
        raise PermissionDenied(refusal.message) from None
    word = "tested" if is_tested else "not tested"
    admin.log_change(request, template, f"Marked revision {number} as {word}.")
    messages.success(request, f"Revision {number} is marked as {word}.")
    return _back(template, number)


def withdraw(admin: ModelAdmin, request: HttpRequest, key: str) -> HttpResponse:
    template = _template(admin, request, key)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        publishing.withdraw(template, _user(request))
    except NotPermitted as refusal:
        raise PermissionDenied(refusal.message) from None
    admin.log_change(request, template, "Took the template out of service.")
    messages.success(request, f"{template.name} is out of service: nobody can start it until a revision is published.")
    return redirect(reverse("admin:catalog_tasktemplate_script", args=[template.key]))


def numbered(script: str, problems: list[Problem]) -> list[ScriptLine]:
    by_line: dict[int, list[Problem]] = {}
    for problem in problems:
        if _is_on_a_line(problem):
            by_line.setdefault(problem.line or 0, []).append(problem)
    texts = script.splitlines()
    last = max([len(texts), *by_line])
    return [
        ScriptLine(
            number=number, text=texts[number - 1] if number <= len(texts) else "", problems=by_line.get(number, [])
        )
        for number in range(1, min(last, len(texts) + 1) + 1)
    ]


def _facts(revision: TemplateRevision) -> list[tuple[str, str]]:
    expected = estimate(revision)
    stages = "1 stage" if expected.steps == 1 else f"{expected.steps} stages"
    deadline = revision.deadline_seconds
    return [
        ("version", revision.version),
        ("note", revision.note or "none"),
        ("author", str(revision.author or "the command line")),
        ("saved", f"{timezone.localtime(revision.created_at):%Y-%m-%d %H:%M}"),
        ("expected", f"{durations.describe(expected.seconds)}, {stages}, {expected.complexity}"),
        ("queue", f"{revision.queue}, priority {revision.priority}"),
        ("memory", durations.describe_memory(revision.memory_mb)),
        ("limits", f"{revision.max_calls:,} calls, {durations.describe(revision.cpu_seconds)} of CPU"),
        ("deadline", durations.describe(deadline) if deadline else "none"),
        ("kept", "as the installation does" if revision.retention_days is None else f"{revision.retention_days} days"),
    ]


def _details(definition: Definition) -> list[tuple[str, str]]:
    names = ("parameter_schema", "triggers", "outputs", "stages", "required_tools", "retry", "priority_rules")
    fields = definition.as_fields()
    return [(name.replace("_", " "), json.dumps(fields[name], indent=2, ensure_ascii=False)) for name in names]


def _is_on_a_line(problem: Problem) -> bool:
    return problem.place == "script" and problem.line is not None


def _template(admin: ModelAdmin, request: HttpRequest, key: str) -> TaskTemplate:
    if not admin.has_view_permission(request):
        raise PermissionDenied
    template = TaskTemplate.objects.select_related("published").filter(key=key).first()
    if template is None:
        raise Http404(f"There is no template {key}.")
    return template


def _revision(template: TaskTemplate, number: int) -> TemplateRevision:
    revision = template.revisions.select_related("author").filter(number=number).first()
    if revision is None:
        raise Http404(f"{template.key} has no revision {number}.")
    return revision


def _base(request: HttpRequest, template: TaskTemplate) -> TemplateRevision | None:
    number = request.GET.get("from", "")
    return _revision(template, int(number)) if _is_number(number) else template.revisions.first()


def _other(request: HttpRequest, template: TaskTemplate, revision: TemplateRevision) -> TemplateRevision | None:
    """What a revision is compared with: `?against=`, else the one before it."""
    number = request.GET.get("against", "")
    if _is_number(number):
        return _revision(template, int(number))
    return template.revisions.filter(number__lt=revision.number).first()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _back(template: TaskTemplate, number: int) -> HttpResponse:
    return redirect(reverse("admin:catalog_tasktemplate_revision", args=[template.key, number]))


def _user(request: HttpRequest) -> User | AnonymousUser:
    return request.user


def _context(admin: ModelAdmin, request: HttpRequest, template: TaskTemplate) -> dict[str, Any]:
    return {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": template.name,
        "template": template,
        "may_save": _user(request).has_perm(publishing.SAVE),
        "may_publish": _user(request).has_perm(PUBLISH),
        "may_change": admin.has_change_permission(request),
    }
