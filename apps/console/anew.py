"""“Run again with changes” and “Fork at a step”: one form on a task, prefilled with what it was made from."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.catalog.models import TemplateRevision
from apps.console.startform import StartForm, as_drawn, choose
from apps.core.errors import ChantillyError
from apps.tasks.making import again
from apps.tasks.making.submission import Submitted
from apps.tasks.models import Task
from apps.tasks.record import takeover

MAX_REVISIONS = 50
HOW = [("again", "Run again from the start"), ("fork", "Fork at a step")]


class AnewForm(StartForm):
    how = forms.ChoiceField(choices=HOW, widget=forms.RadioSelect)
    step = forms.IntegerField(min_value=0, required=False, label="From step")
    revision = forms.TypedChoiceField(coerce=int)  # type: ignore[assignment]  # a declared field is no attribute

    def __init__(self, task: Task, data: Any = None, *, how: str = "again", step: int | None = None) -> None:
        super().__init__(task.revision, data)
        del self.fields["title"], self.fields["priority"]
        self.task = task
        self.on_record = takeover.calls_on_record(task.pk)
        self.fields["parameters"].initial = json.dumps(as_drawn(task.parameters, task.revision.parameter_schema))
        choose(self.fields["revision"], _revisions(task))
        self.fields["step"].widget.attrs |= {"max": self.on_record}
        failed = (task.error or {}).get("step")
        first = next((each for each in (step, failed, self.on_record) if each is not None), 0)
        self.initial = {**self.initial, "how": how, "step": min(first, self.on_record), "revision": _usual(task, how)}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("how") == "fork" and cleaned.get("step") is None and "step" not in self.errors:
            self.add_error("step", "Say at which step: the first call that is to be made.")
        return cleaned

    def submit(self, requester: Any) -> Submitted:
        """Raises what `again.run_again` and `again.fork` raise."""
        given = {
            "parameters": self.cleaned_data["parameters"],
            "revision": self.cleaned_data["revision"],
            "origin": "admin",
        }
        if self.cleaned_data["how"] == "again":
            return again.run_again(self.task, requester, **given)
        return again.fork(self.task, requester, step=self.cleaned_data["step"], **given)


def _revisions(task: Task) -> list[tuple[int, str]]:
    published = TemplateRevision.objects.filter(
        template_id=task.template_id, status=TemplateRevision.Status.PUBLISHED
    ).order_by("-number")
    said = {task.template.published_id: "in service", task.revision_id: "of this task"}
    return [
        (each.number, f"{each.number} ({each.version})" + (f", {said[each.pk]}" if each.pk in said else ""))
        for each in published.defer("script")[:MAX_REVISIONS]
    ]


def _usual(task: Task, how: str) -> int:
    in_service = task.template.published
    return in_service.number if how == "again" and in_service is not None else task.revision.number


def make(request: HttpRequest, task_id: int) -> HttpResponse:
    """The form, and what it asks for. Who may see the task and start its template may."""
    task = _startable(request, task_id)
    form = AnewForm(task, request.POST or None, how=_how(request), step=_step(request))
    if request.method == "POST" and form.is_valid():
        try:
            submitted = form.submit(request.user)
        except ChantillyError as error:
            form.refuse(error)
        else:
            messages.success(request, f"Started from task {task.pk}, which stays as it is.")
            return redirect(reverse("admin:tasks_task_change", args=[submitted.task.pk]))
    context = {
        **admin.site.each_context(request),
        "title": f"From “{task.title}”: run again, or fork",
        "task": task,
        "form": form,
    }
    return TemplateResponse(request, "admin/tasks/task/anew.html", context)


def _startable(request: HttpRequest, task_id: int) -> Task:
    tasks = Task.objects.visible_to(request.user).select_related("template__published", "revision", "execution")
    task = tasks.filter(pk=task_id).first()
    if task is None or not task.template.is_runnable_by(request.user):
        raise Http404("There is no such task that you may see and start again.")
    return task


def _how(request: HttpRequest) -> str:
    return "fork" if request.GET.get("how") == "fork" else "again"


def _step(request: HttpRequest) -> int | None:
    text = request.GET.get("step", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
