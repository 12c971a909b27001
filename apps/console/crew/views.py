"""The pages of queues and workers, and what can be asked of them: parse, permit, call one verb, say what happened."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.console import many, undo, words
from apps.console.crew import page
from apps.core import clock, durations
from apps.core.errors import ChantillyError, NotFound
from apps.tasks.operators import bulk, queues
from apps.workers import steering
from apps.workers.answers import served
from apps.workers.models import Cluster, Worker

PERMISSION = "workers.view_worker"
MAX_REASON = 300
QUEUE_VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "pause": (queues.pause, "Queue {name} is paused. What runs goes on; nothing of it starts until you resume it."),
    "resume": (queues.resume, "Queue {name} is open: what waits in it starts now."),
    "drain": (queues.drain, "Queue {name} takes nothing new. What is in it is worked off; reopen it when you like."),
    "reopen": (queues.reopen, "Queue {name} takes new tasks again."),
}
WORKER_VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "drain": (steering.drain, "Worker {name} gives up its task at the next call; the task goes on elsewhere."),
    "stop": (steering.stop, "Worker {name} gives up its task and ends. A fresh process takes its place."),
    "resume": (steering.resume, "Worker {name} takes tasks again."),
}
CLUSTER_VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "drain": (steering.drain_cluster, "Cluster {name} gives up its tasks at their next calls; they go on elsewhere."),
    "stop": (steering.stop_cluster, "Cluster {name} gives up its tasks and ends. It starts again when you resume it."),
    "resume": (steering.resume_cluster, "Cluster {name} takes tasks again."),
}
OPPOSITES = {"pause": "resume", "resume": "pause", "drain": "reopen", "reopen": "drain"}
STEERED_OPPOSITES = {"drain": "resume", "resume": "drain"}
ASKS = {
    "worker": "It gives up its task at the next call, and the task goes on at another worker. Then its process ends for"
    " good; Django-Q2 starts a fresh one in its place.",
    "cluster": "All its workers give up their tasks at the next call, and the tasks go on elsewhere if others serve"
    " their queues. Then its processes end. It starts again only when somebody resumes it.",
}


def show(request: HttpRequest) -> HttpResponse:
    _permit(request)
    context = {"title": "Queues and workers", "page": page.gather(request.user), "opts": Worker._meta}
    return _answer(request, "admin/crew/page.html", context)


def show_worker(request: HttpRequest, name: str) -> HttpResponse:
    _permit(request)
    row = _found(steering.find_worker, name)
    context = {"title": row.name, "page": page.gather_worker(row, request.user), "opts": Worker._meta}
    return _answer(request, "admin/crew/worker.html", context)


def act_on_queue(request: HttpRequest, name: str, verb: str) -> HttpResponse:
    """One of QUEUE_VERBS."""
    _permit(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    call, done = QUEUE_VERBS[verb]
    back = reverse(f"admin:crew_queue_{OPPOSITES[verb]}", args=[name])
    return _done(
        request, lambda: call(name, request.user, _reason(request), served=_served()), done.format(name=name), back
    )  # fmt: skip


def clean_queue(request: HttpRequest, name: str) -> HttpResponse:
    """A GET asks, with the number that it would cancel now; the POST cancels them."""
    _permit(request)
    given = request.POST if request.method == "POST" else request.GET
    age = str(given.get("older_than", "")).strip()
    try:
        older_than: timedelta | None = durations.parse(age) if age else None
        if request.method == "POST":
            expected = int(given.get("expected", "0")) if given.get("expected", "0").isdigit() else 0
            action = queues.clean(
                name, request.user, _reason(request), older_than, expected=expected, served=_served()
            )  # fmt: skip
            messages.success(request, many.told(action))
            return redirect("admin:crew")
        chosen = queues.cleaning(name, older_than, ("pending",), clock.now())
        seen = bulk.preview(chosen, "clean", request.user, {"reason": ""})
    except ChantillyError as error:
        messages.error(request, error.message)
        return redirect("admin:crew")
    context = {"title": f"Clean queue {name}?", "name": name, "age": age, "seen": seen, "opts": Worker._meta,
               "may": page.rights(request.user).queues, "button": f"Cancel {words.count(seen.legal, 'task')}"}  # fmt: skip
    return _answer(request, "admin/crew/clean.html", context)


def act_on_worker(request: HttpRequest, name: str, verb: str) -> HttpResponse:
    _permit(request)
    row = _found(steering.find_worker, name)
    return _act(request, row, "worker", row.name, WORKER_VERBS[verb], verb)


def act_on_cluster(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    _permit(request)
    row = _found(steering.find_cluster, key)
    return _act(request, row, "cluster", row.name, CLUSTER_VERBS[verb], verb)


def rebalance(request: HttpRequest) -> HttpResponse:
    _permit(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return _done(request, lambda: steering.rebalance(request.user, _reason(request)).message)


def _act(
    request: HttpRequest, row: Worker | Cluster, noun: str, name: str, act: tuple[Callable[..., Any], str], verb: str
) -> HttpResponse:
    if request.method == "GET" and verb == "stop":
        context = {"title": f"Stop {noun} {name}?", "noun": noun, "name": name, "asks": ASKS[noun],
                   "opts": Worker._meta, "may": page.rights(request.user).workers}  # fmt: skip
        return _answer(request, "admin/crew/stop.html", context)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    call, done = act
    opposite = STEERED_OPPOSITES.get(verb, "")
    key = row.key if isinstance(row, Cluster) else row.name
    back = reverse(f"admin:crew_{noun}_{opposite}", args=[key]) if opposite else ""
    return _done(request, lambda: call(row, request.user, _reason(request)), done.format(name=name), back)


def _done(request: HttpRequest, call: Callable[[], Any], done: str = "", opposite: str = "") -> HttpResponse:
    """`done`: what to say then; else what the verb returns. `opposite`: where it is taken back, if it can be."""
    try:
        answer = call()
        if opposite:
            undo.offer(request, done, opposite)
        else:
            messages.success(request, done or str(answer))
    except ChantillyError as error:
        messages.error(request, error.message)
    back = request.POST.get("back", "")
    if back and Worker.objects.filter(name=back).exists():
        return redirect("admin:crew_worker", back)
    return redirect("admin:crew")


def _permit(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied("You may not look at queues and workers. Ask an administrator for the permission to.")


def _found(find: Callable[[str], Any], name: str) -> Any:
    try:
        return find(name)
    except NotFound as error:
        raise Http404(error.message) from error


def _served() -> list[str]:
    return list(served.queues(clock.now()))


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:MAX_REASON]


def _answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
