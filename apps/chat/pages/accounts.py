"""One's own accounts on chat platforms: which there are, a code for another one, and the way out.

In the admin, and `outside` of it for people who are no staff.
"""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from apps.chat import people
from apps.chat.models import Account, Connection
from apps.chat.pages import own
from apps.chat.platforms import names
from apps.core import clock
from apps.core.errors import ChantillyError


def show(request: HttpRequest) -> HttpResponse:
    return _page(request, {})


def make_code(request: HttpRequest) -> HttpResponse:
    """The answer to the POST is the only page that ever shows the code."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    now = clock.now()
    context = {"code": people.new_code(request.user, now), "until": now + people.CODE_LASTS, "now": now}
    answer = _page(request, context)
    answer["Cache-Control"] = "private, no-store"
    return answer


def unlink(request: HttpRequest, account_id: int) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    account = _mine(request, account_id)
    try:
        people.unlink(account, request.user)
        messages.success(request, f"{account.connection.name} knows you no more. Nothing of yours is told there.")
    except ChantillyError as error:
        messages.error(request, error.message)
    return redirect(f"{_prefix(request)}chat_accounts")


def keep(request: HttpRequest, account_id: int) -> HttpResponse:
    """Whether messages of this account that were misunderstood may be kept."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    account = _mine(request, account_id, with_page=True)
    people.let_keep(account, request.user, is_wanted=request.POST.get("keep") == "yes")
    return redirect(f"{_prefix(request)}chat_accounts")


def _prefix(request: HttpRequest) -> str:
    """Of the names of the pages beside this one."""
    return "admin:" if request.resolver_match and request.resolver_match.namespace == "admin" else ""


def _mine(request: HttpRequest, account_id: int, *, with_page: bool = False) -> Account:
    account = _all(request.user).filter(pk=account_id).first()
    if account is None or (account.connection.key == own.KEY and not with_page):
        raise Http404("You have no such account.")
    return account


def _all(user: Any) -> Any:
    return Account.objects.filter(user=user).select_related("connection", "linked_by").order_by("connection__name")


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    known, prefix = names(), _prefix(request)
    accounts = [(each, known.get(each.connection.platform, each.connection.platform)) for each in _all(request.user)]
    elsewhere = Connection.objects.in_service().exclude(key=own.KEY).order_by("name")
    context |= {
        **admin.site.each_context(request),
        "title": "My chat accounts",
        "accounts": accounts,
        "page_key": own.KEY,
        "connections": [(each, known.get(each.platform, each.platform)) for each in elsewhere],
        "is_outside": not prefix,
        **({"is_nav_sidebar_enabled": False} if not prefix else {}),
        "code_page": f"{prefix}chat_code",
        "keep_page": f"{prefix}chat_keep",
        "unlink_page": f"{prefix}chat_unlink",
        "minutes": int(people.CODE_LASTS.total_seconds() // 60),
    }
    return TemplateResponse(request, "chat/accounts.html", context)
