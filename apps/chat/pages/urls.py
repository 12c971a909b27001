"""The addresses below /admin/chat/, and the menu's entry."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, path, reverse

from apps.chat.pages import accounts, dialogs, own, views
from apps.console.site import Extension, MenuEntry

Wrap = Callable[[Callable[..., Any]], Any]


def urls(wrap: Wrap) -> list[URLPattern]:
    """`wrap`: the admin site's guard."""
    return [
        path("chat/", wrap(views.show), name="chat"),
        path("chat/say/", wrap(views.say), name="chat_say"),
        path("chat/press/", wrap(views.press), name="chat_press"),
        path("chat/<int:dialog_id>/", wrap(views.show_dialog), name="chat_dialog"),
        path("chat/me/", wrap(accounts.show), name="chat_accounts"),
        path("chat/me/code/", wrap(accounts.make_code), name="chat_code"),
        path("chat/me/<int:account_id>/unlink/", wrap(accounts.unlink), name="chat_unlink"),
        path("chat/me/<int:account_id>/keep/", wrap(accounts.keep), name="chat_keep"),
    ]


def entry(request: HttpRequest) -> MenuEntry | None:
    user: Any = request.user
    if not own.may_talk(user) and not user.has_perms(dialogs.GROUPS):
        return None
    url = reverse("admin:chat")
    return MenuEntry(key="chat", label="Chat", url=url, letter="c", prefixes=(url,))


EXTENSION = Extension(urls=urls, entry=entry)
