"""Thin edges: parse, permit, call one verb, answer. Everything here is a POST, a download or the start form."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.catalog.models import TaskTemplate
from apps.console import startform, undo, words
from apps.core import clock
from apps.core.downloads import attachment
from apps.core.errors import ChantillyError
from apps.tasks import lifecycle
from apps.tasks.blobs import BlobUnreadable
from apps.tasks.models import Artifact, Task

Verb = Callable[[Task, Any, str], Task]

VERBS: dict[str, Verb] = {
    "pause": lambda task, by, reason: lifecycle.pause(task, by, reason),
    "resume": lambda task, by, reason: lifecycle.resume(task, by),
    "cancel": lambda task, by, reason: lifecycle.cancel(task, by, reason),
    "retry": lambda task, by, reason: lifecycle.retry_failed(task, by),
    "start_now": lambda task, by, reason: lifecycle.start_now(task, by),
}
DONE = {
    "pause": "{title} is paused.",
    "resume": "{title} goes on.",
    "start_now": "{title} starts as soon as a worker is free.",
}
OPPOSITES = {"pause": "resume", "resume": "pause"}
MAX_REASON = 200


def act(request: HttpRequest, task_id: int, verb: str) -> HttpResponse:
    """Ask the verb of one task. A GET of `cancel` asks whether to; it changes nothing."""
    task = _visible(request, task_id)
    if request.method == "GET" and verb == "cancel":
        context = {**admin.site.each_context(request), "title": f"Cancel “{task.title}”?", "task": task}
        return TemplateResponse(request, "admin/tasks/task/cancel.html", context)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        VERBS[verb](task, request.user, request.POST.get("reason", "").strip()[:MAX_REASON])
        _tell(request, task, verb)
    except ChantillyError as error:
        messages.error(request, error.message)
    return redirect(reverse("admin:tasks_task_change", args=[task.pk]))


def _tell(request: HttpRequest, task: Task, verb: str) -> None:
    """What can be taken back offers that; the other verbs' effects the page shows by itself."""
    said = DONE.get(verb, "").format(title=f"“{task.title}”")
    if opposite := OPPOSITES.get(verb):
        undo.offer(request, said, reverse(f"admin:task_{opposite}", args=[task.pk]))
    elif said:
        messages.success(request, said)


def download(request: HttpRequest, artifact_id: int) -> HttpResponseBase:
    """An artifact of a task that this user may see, always as an attachment and never sniffed."""
    visible = Task.objects.visible_to(request.user)
    artifact = Artifact.objects.filter(pk=artifact_id, task__in=visible).first()
    if artifact is None:
        raise Http404("There is no such file that you may see.")
    return served(request, artifact)


def served(request: HttpRequest, artifact: Artifact) -> HttpResponseBase:
    try:
        file = artifact.open()
    except BlobUnreadable as error:
        raise Http404(f"The file {artifact.name} is recorded, but is no longer stored.") from error
    response = attachment(
        request,
        file,
        name=artifact.name,
        size=artifact.size,
        content_type=artifact.content_type,
        sha256=artifact.sha256,
    )
    response["Cache-Control"] = "private, no-store"
    return response


def choose_template(request: HttpRequest) -> HttpResponse:
    templates = TaskTemplate.objects.runnable_by(request.user).order_by("category", "name")
    context = {**admin.site.each_context(request), "title": "Start a task", "templates": templates}
    return TemplateResponse(request, "admin/start/choose.html", context)


def start(request: HttpRequest, key: str) -> HttpResponse:
    """The form of one template; what was typed survives every refusal."""
    template = TaskTemplate.objects.runnable_by(request.user).filter(key=key).first()
    if template is None or template.published is None:
        raise Http404(f"There is no template {key} that you may start.")
    form = startform.StartForm(template.published, request.POST or None)
    cost = None
    if request.method == "POST" and form.is_valid():
        try:
            cost = form.unconfirmed_cost()
            submitted = None if cost else form.submit(request.user)
        except ChantillyError as error:
            form.refuse(error)
            submitted = None
        if submitted is not None:
            if not submitted.is_new:
                messages.info(request, words.answered(submitted, clock.now()))
            return redirect(reverse("admin:tasks_task_change", args=[submitted.task.pk]))
    context = {
        **admin.site.each_context(request),
        "title": f"Start: {template.name}",
        "template": template,
        "revision": template.published,
        "form": form,
        "cost": cost,
        "outlook": startform.outlook(template.published, request.user),
    }
    return TemplateResponse(request, "admin/start/form.html", context)


def _visible(request: HttpRequest, task_id: int) -> Task:
    task = Task.objects.visible_to(request.user).filter(pk=task_id).first()
    if task is None:
        raise Http404("There is no such task that you may see.")
    return task
