"""Connections in the admin: choose a platform, enter what it needs, test, install. Each button calls one verb."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.chat import connecting
from apps.chat.models import Connection
from apps.chat.pages import connectionpage
from apps.chat.pages.connectionform import ConnectionForm
from apps.chat.platforms import platform
from apps.core import clock
from apps.core.errors import ChantillyError, InvalidInput


def _site(request: HttpRequest) -> str:
    """The address that the reader uses; SITE_URL goes before it."""
    return request.build_absolute_uri("/").rstrip("/")


def _check(request: HttpRequest, connection: Connection) -> str:
    return connecting.check(request.user, connection, _site(request))


def _install(request: HttpRequest, connection: Connection) -> str:
    if said := connecting.install(request.user, connection, _site(request)):
        return said
    return f"{connection} is registered with {platform(connection.platform).name}."


def _uninstall(request: HttpRequest, connection: Connection) -> str:
    connecting.uninstall(request.user, connection, _site(request))
    return f"{connection} is no longer registered with {platform(connection.platform).name}."


def _enable(request: HttpRequest, connection: Connection) -> str:
    connecting.switch(request.user, connection, is_on=True)
    return f"{connection} hears and answers."


def _disable(request: HttpRequest, connection: Connection) -> str:
    connecting.switch(request.user, connection, is_on=False)
    return f"{connection} hears and says nothing now. What waits to be said is kept."


VERBS: dict[str, Callable[[HttpRequest, Connection], str]] = {
    "test": _check,
    "install": _install,
    "uninstall": _uninstall,
    "enable": _enable,
    "disable": _disable,
}


def add(request: HttpRequest) -> HttpResponse:
    """First the platform, then its form."""
    _permit(request, "add")
    key = request.POST.get("platform", "") or request.GET.get("platform", "")
    if key in connecting.OWN or key not in settings.CHAT_PLATFORMS:
        offered = {"title": "Connect a chat platform", "platforms": connecting.platforms()}
        return _answer(request, "chat/choose_platform.html", offered)
    chosen = platform(key)
    form = ConnectionForm(chosen, None, clock.now(), data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = connecting.add(request.user, key, form.cleaned_data["key"], form.wish())
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, f"{made} is connected. Follow the steps beside it, then test it.")
            return redirect("admin:chat_connection_change", made.pk)
    context = {"title": f"Connect {chosen.name}", "form": form, "chosen": chosen, "is_new": True}
    return _answer(request, "chat/connection.html", context)


def show(request: HttpRequest, connection_id: int) -> HttpResponse:
    """A POST changes it."""
    _permit(request, "change" if request.method == "POST" else "view")
    connection = _found(connection_id)
    now = clock.now()
    form = ConnectionForm(platform(connection.platform), connection, now, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            connecting.change(request.user, connection, form.wish())
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, f"{connection} is saved.")
            return redirect("admin:chat_connection_change", connection.pk)
    context = {
        "title": str(connection),
        "form": form,
        "chosen": platform(connection.platform),
        "page": connectionpage.gather(connection, _site(request), now),
        "may_change": request.user.has_perm("chat.change_connection"),
        "may_delete": request.user.has_perm("chat.delete_connection"),
    }
    return _answer(request, "chat/connection.html", context)


def act(request: HttpRequest, connection_id: int, verb: str) -> HttpResponse:
    """One of VERBS."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    _permit(request, "change")
    connection = _found(connection_id)
    try:
        messages.success(request, VERBS[verb](request, connection))
    except ChantillyError as error:
        messages.error(request, error.message)
    return redirect("admin:chat_connection_change", connection.pk)


def remove(request: HttpRequest, connection_id: int) -> HttpResponse:
    """A GET asks; the POST removes."""
    _permit(request, "delete")
    connection = _found(connection_id)
    if request.method == "POST":
        try:
            connecting.remove(request.user, connection)
        except ChantillyError as error:
            messages.error(request, error.message)
            return redirect("admin:chat_connection_change", connection.pk)
        messages.success(request, f"{connection} is removed.")
        return redirect("admin:chat_connection_changelist")
    context = {
        "title": f"Remove {connection}?",
        "connection": connection,
        "dialogs": connection.dialogs.count(),
        "accounts": connection.accounts.filter(user__isnull=False).count(),
    }
    return _answer(request, "chat/remove_connection.html", context)


def _found(connection_id: int) -> Connection:
    found = Connection.objects.filter(pk=connection_id).first()
    if found is None or found.platform not in settings.CHAT_PLATFORMS:
        raise Http404("There is no such connection.")
    return found


def _permit(request: HttpRequest, verb: str) -> None:
    if not request.user.has_perm(f"chat.{verb}_connection"):
        raise PermissionDenied(f"You may not {verb} chat connections. Ask an administrator for the permission to.")


def _answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    listed = reverse("admin:chat_connection_changelist")
    context = {**admin.site.each_context(request), "opts": Connection._meta, "listed": listed, **context}
    answer = TemplateResponse(request, template, context)
    answer["Cache-Control"] = "private, no-store"
    return answer
