"""“My chat accounts” for people who are no staff: they ask in chats, and have no business in the admin. The same page and
the same verbs, behind a sign-in of its own."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from apps.chat.pages import accounts
from apps.core.logins import LimitedSignIn

signed_in = login_required(login_url="chat_login")


class SignIn(LoginView):
    template_name = "chat/login.html"
    authentication_form = LimitedSignIn
    next_page = "chat_accounts"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        around = admin.site.each_context(self.request)
        return {**super().get_context_data(**kwargs), **around, "title": "Sign in", "app_path": self.request.path}


def show(request: HttpRequest) -> HttpResponse:
    """Staff have it in the admin, with all the rest."""
    user: Any = request.user
    return redirect("admin:chat_accounts") if user.is_staff else accounts.show(request)


urlpatterns = [
    path("login/", SignIn.as_view(), name="chat_login"),
    path("logout/", LogoutView.as_view(next_page="chat_login"), name="chat_logout"),
    path("me/", signed_in(show), name="chat_accounts"),
    path("me/code/", signed_in(accounts.make_code), name="chat_code"),
    path("me/<int:account_id>/unlink/", signed_in(accounts.unlink), name="chat_unlink"),
    path("me/<int:account_id>/keep/", signed_in(accounts.keep), name="chat_keep"),
]
