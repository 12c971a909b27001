"""The page on which somebody writes a workflow's graph, beside its drawing. Saving makes a new revision, as always."""

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.catalog import pages, publishing
from apps.catalog.definition import Definition
from apps.catalog.models import PUBLISH, TaskTemplate, TemplateRevision
from apps.catalog.publishing import MAX_VERSION
from apps.console.runs.sketch import STARTER, Sketch, sketch
from apps.core.errors import InvalidInput

KIND = "workflow"
MAX_NOTE = 2_000
SAVING = {"_save", "_publish", "_parameters"}


def edit(request: HttpRequest, key: str) -> HttpResponse:
    """A new revision with another graph, beginning with `?from=` or the newest one."""
    template, base = _begun(request, key)
    definition = Definition.of(base) if base else Definition(kind=KIND)
    given = request.POST if request.method == "POST" else {}
    text = given.get("graph") or json.dumps(definition.graph or STARTER, indent=2, ensure_ascii=False)
    shown = sketch(text.replace("\r\n", "\n"), definition)
    version = (given.get("version") or (base.version if base else "1.0.0")).strip()[:MAX_VERSION]
    note = given.get("note", "")[:MAX_NOTE]
    refused = ""
    if SAVING & given.keys():
        saved, refused = _save(request, template, definition, shown, version, note)
        if saved is not None:
            return _on_from(request, saved)
    context = {
        **admin.site.each_context(request), "title": f"Graph of {template.name}", "template": template,
        "opts": TaskTemplate._meta, "text": text, "sketch": shown, "version": version, "note": note,
        "refused": refused, "base": base, "may_publish": request.user.has_perm(PUBLISH),
    }  # fmt: skip
    return TemplateResponse(request, "admin/runs/editor.html", context)


def check(request: HttpRequest, key: str) -> HttpResponse:
    """What is wrong with a graph, its drawing and its plan, while it is being written. Changes nothing."""
    _, base = _begun(request, key)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    shown = sketch(request.POST.get("graph", ""), Definition.of(base) if base else Definition(kind=KIND))
    return JsonResponse({
        "faults": [each.as_json() for each in shown.faults],
        "errors": shown.errors,
        "plan": shown.plan,
        "offsets": shown.offsets,
        "drawing": render_to_string("admin/runs/graph.html", {"drawing": shown.drawing}) if shown.drawing else "",
    })  # fmt: skip


def _begun(request: HttpRequest, key: str) -> tuple[TaskTemplate, TemplateRevision | None]:
    """The template, and the revision that one goes on from. Another kind's template has no graph."""
    user: Any = request.user
    if not user.has_perm(publishing.SAVE):
        raise PermissionDenied
    template = TaskTemplate.objects.filter(key=key).first()
    if template is None:
        raise Http404("There is no such template.")
    revisions = template.revisions.all()
    number = request.GET.get("from", "")
    if number.isascii() and number.isdigit() and len(number) < 10:
        revisions = revisions.filter(number=int(number))
    base = revisions.order_by("-number").first()
    if base is not None and base.kind != KIND:
        raise Http404(f"{template.name} is a {base.kind}: it has no graph.")
    return template, base


def _save(
    request: HttpRequest, template: TaskTemplate, definition: Definition, shown: Sketch, version: str, note: str
) -> tuple[TemplateRevision | None, str]:
    """The new draft, or why there is none. A graph with errors can be a draft, as a script can."""
    if not isinstance(shown.document, dict):
        return None, "Not saved: a graph is an object, {…}, in correct JSON."
    user: Any = request.user
    changed = Definition.with_fields({"kind": KIND, "graph": shown.document}, definition)
    try:
        saved = publishing.save_draft(template, user, changed, version=version, note=note)
    except InvalidInput as error:
        return None, " ".join([error.message, *error.fields.values()])
    site_admin: Any = admin.site.get_model_admin(TaskTemplate)
    site_admin.log_change(request, template, f"Saved revision {saved.number} as a draft.")
    return saved, ""


def _on_from(request: HttpRequest, saved: TemplateRevision) -> HttpResponse:
    """To where the writer asked to go with what has been saved."""
    key = saved.template.key
    if "_publish" in request.POST:
        return pages.publish(admin.site.get_model_admin(TaskTemplate), request, key, saved.number)
    messages.success(request, f"Revision {saved.number} is saved as a draft.")
    if "_parameters" in request.POST:
        return redirect(f"{reverse('admin:catalog_tasktemplate_edit', args=[key])}?from={saved.number}")
    return redirect(reverse("admin:catalog_tasktemplate_revision", args=[key, saved.number]))
