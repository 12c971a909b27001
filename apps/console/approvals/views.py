"""The pages below /admin/tasks/approval/. To open one decides nothing: only what is posted does, by who may."""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from apps.console import views
from apps.console.approvals import decision, inbox, rows
from apps.console.approvals.decision import DecisionForm
from apps.core.errors import ChantillyError, InvalidInput
from apps.tasks import approvals, outbox
from apps.tasks.approvals import evidence
from apps.tasks.models import Approval

SAFE = ("GET", "HEAD")
MAILS = {
    "on": "You are told of approvals by e-mail from now on.",
    "off": "You get no e-mails about approvals any more.",
}


def show_inbox(request: HttpRequest) -> HttpResponse:
    if request.method not in SAFE:
        return HttpResponseNotAllowed(SAFE)
    context = {"title": "Approvals", "inbox": inbox.gather(request.user, request.GET.get("of", ""))}
    return _answer(request, "admin/approvals/inbox.html", context)


def choose_mails(request: HttpRequest) -> HttpResponse:
    """Everybody chooses for themselves."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    choice = request.POST.get("mails", "")
    if choice in MAILS:
        outbox.choose(request.user, by_email=choice == "on")
        messages.success(request, MAILS[choice])
    return redirect("admin:approvals")


def show(request: HttpRequest, approval_id: int) -> HttpResponse:
    if request.method not in SAFE:
        return HttpResponseNotAllowed(SAFE)
    approval = _visible(request, approval_id)
    return _page(request, approval, DecisionForm(approval))


def decide(request: HttpRequest, approval_id: int) -> HttpResponse:
    """What was typed survives every refusal of it; a decision that comes too late is told as it is."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    approval = _visible(request, approval_id)
    form = DecisionForm(approval, request.POST)
    if not form.is_valid():
        return _page(request, approval, form)
    data, comment = form.cleaned_data.get("filled"), form.cleaned_data["comment"]
    try:
        done = approvals.decide(approval.pk, request.user, request.POST.get("decision", ""), data, comment)
    except InvalidInput as error:
        form.refuse(error)
        return _page(request, approval, form)
    except ChantillyError as error:
        messages.error(request, error.message)
        return redirect("admin:approval", approval.pk)
    messages.success(request, f"“{done.title}”: {done.label(done.decision)}. The task goes on.")
    return redirect("admin:approvals")


def delegate(request: HttpRequest, approval_id: int) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    approval = _visible(request, approval_id)
    to, comment = request.POST.get("to", "").strip(), request.POST.get("comment", "")
    try:
        approvals.delegate(approval.pk, request.user, to, comment)
        messages.success(request, f"“{approval.title}” is handed over to {to}. You may still decide it.")
    except ChantillyError as error:
        messages.error(request, error.message)
    return redirect("admin:approval", approval.pk)


def download(request: HttpRequest, approval_id: int, artifact_id: int) -> HttpResponseBase:
    """A file of the evidence, also for those who may not see the task."""
    files = evidence.files(_visible(request, approval_id)).values()
    file = next((each for each in files if each.pk == artifact_id), None)
    if file is None:
        raise Http404("There is no such file in this question.")
    return views.served(request, file)


def _page(request: HttpRequest, approval: Approval, form: DecisionForm) -> HttpResponse:
    context = {"title": approval.title, "page": decision.gather(approval, request.user), "form": form}
    return _answer(request, "admin/approvals/decision.html", context)


def _visible(request: HttpRequest, approval_id: int) -> Approval:
    seen = Approval.objects.visible_to(request.user).select_related(*rows.RELATED)
    approval: Approval | None = seen.filter(pk=approval_id).first()
    if approval is None:
        raise Http404("There is no such approval that you may see.")
    return approval


def _answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
