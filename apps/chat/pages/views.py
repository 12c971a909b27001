"""The chat page: one's own conversation, and dialogs of other platforms to read. Saying and pressing are POSTs."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse

from apps.chat.models import Dialog
from apps.chat.pages import bubbles, dialogs, own, running, suggestions
from apps.chat.pages.bubbles import Before, Window
from apps.core import clock
from apps.core.errors import ChantillyError

MOST_PREFILLED = 300
MAX_TOKEN = 64
BY_SCRIPT = "X-Chat"
"""Header of a request that the page's script makes: it is answered with what to draw, and no redirect."""
PANELS_ONLY = "X-Panels"
ALREADY = "This was sent already, and is not sent twice."


def show(request: HttpRequest) -> HttpResponse:
    """One's own conversation. `?say=` fills the form in and sends nothing."""
    return _show_own(request, request.GET.get("say", "")[:MOST_PREFILLED])


def show_dialog(request: HttpRequest, dialog_id: int) -> HttpResponse:
    """A dialog of any platform, to read."""
    mine = own.dialog(request.user)
    if mine is not None and mine.pk == dialog_id:
        return redirect("admin:chat")
    dialog = dialogs.readable(request.user).filter(pk=dialog_id).first()
    if dialog is None:
        raise Http404("There is no such dialog that you may read.")
    context = {"title": dialogs.name(dialog), "address": f"/ws/chat/{dialog.pk}/", "is_own": False}
    return _answer(request, dialog, context)


def say(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    _permit(request)
    text = request.POST.get("text", "")
    return _send(request, lambda token: own.say(request.user, text, token, clock.now()), text)


def press(request: HttpRequest) -> HttpResponse:
    """`pressed`: a post's number, a colon, the button's value."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    _permit(request)
    number, _, value = request.POST.get("pressed", "").partition(":")
    post_id = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
    return _send(request, lambda token: own.press(request.user, post_id, value, token, clock.now()), "")


def _send(request: HttpRequest, send: Callable[[str], bool], text: str) -> HttpResponse:
    """What was written survives every refusal."""
    token = request.POST.get("token", "")[:MAX_TOKEN] or own.new_token()
    error = ""
    try:
        if not send(token):
            messages.info(request, ALREADY) if not _by_script(request) else None
    except ChantillyError as refusal:
        error = refusal.message
    if _by_script(request):
        return _drawn(request, error)
    if error and not text:
        messages.error(request, error)
    elif error:
        return _show_own(request, text, error)
    return redirect("admin:chat")


def _drawn(request: HttpRequest, error: str) -> JsonResponse:
    """The newest bubbles and the next form's token; the page puts in what it lacks."""
    mine = own.dialog(request.user)
    shown = bubbles.window(mine, request.user, clock.now()).bubbles if mine else ()
    answer = {"error": error, "token": own.new_token(), "items": items(shown)}
    return JsonResponse(answer, status=422 if error else 200)


def items(shown: Any) -> list[dict[str, str]]:
    """Bubbles as the page's script takes them."""
    return [{"id": each.id, "version": each.version, "html": render(each)} for each in shown]


def render(bubble: bubbles.Bubble) -> str:
    return render_to_string("chat/bubble.html", {"bubble": bubble})


def _permit(request: HttpRequest) -> None:
    if not own.may_talk(request.user):
        raise PermissionDenied("You may not start tasks, so there is nothing to talk about. Ask an administrator.")


def _by_script(request: HttpRequest) -> bool:
    return BY_SCRIPT in request.headers


def _show_own(request: HttpRequest, text: str, error: str = "") -> HttpResponse:
    user: Any = request.user
    is_talker = own.may_talk(user)
    if not dialogs.readable(user).exists():
        _permit(request)
    context = {
        "title": "Chat",
        "address": "/ws/chat/",
        "is_own": True,
        "is_talker": is_talker,
        "is_on": own.is_on(),
        "text": text,
        "error": error,
        "token": own.new_token(),
        "most": own.MAX_TEXT,
        "can_say": suggestions.of(user) if is_talker else None,
    }
    return _answer(request, own.dialog(user) if is_talker else None, context, status=422 if error else 200)


def _answer(request: HttpRequest, dialog: Dialog | None, context: dict[str, Any], status: int = 200) -> HttpResponse:
    before = Before.parse(request.GET.get("before", ""))
    is_drawn = dialog is not None and PANELS_ONLY not in request.headers
    now = clock.now()
    shown = bubbles.window(dialog, request.user, now, before) if dialog and is_drawn else Window()
    context |= {
        **admin.site.each_context(request),
        "dialog": dialog,
        "window": shown,
        "since": bubbles.place(now),
        "is_past": bool(before.text),
        "places": dialogs.places(request.user, dialog),
        "running": running.of(request.user),
    }
    return TemplateResponse(request, "chat/page.html", context, status=status)
