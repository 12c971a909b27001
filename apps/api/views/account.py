"""The caller: who it is, and its tokens. Tokens are kept as hashes, expire, and can be revoked."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from knox.models import get_token_model
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, outputs
from apps.api.refusals import InvalidLogin
from apps.api.views.base import View, answer
from apps.catalog.models import RUN
from apps.core import clock
from apps.core.errors import Conflict, NotFound, NotPermitted
from apps.core.logins import LoginsPerAddress, LoginsPerName
from apps.tasks import sight


class Me(View):
    @extend_schema(operation_id="get_me", responses=outputs.Me, tags=["account"])
    def get(self, request: Request) -> Response:
        """Who you are, and what you may do."""
        user = request.user
        assert isinstance(user, User)
        picture = {
            "id": user.pk,
            "username": user.get_username(),
            "name": user.get_full_name(),
            "email": user.email,
            "is_staff": user.is_staff,
            "can_run_templates": user.has_perm(RUN),
            "sees_all_tasks": sight.sees_all(user),
            "controls_all_tasks": user.has_perm("tasks.control_task"),
            "links": {name: reverse(f"api:{name}") for name in ("templates", "tasks", "tokens")},
        }
        return answer(outputs.Me, picture)


class LogIn(View):
    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [LoginsPerAddress, LoginsPerName]

    @extend_schema(
        operation_id="log_in", request=inputs.Login, responses={201: outputs.NewToken}, tags=["account"], auth=[]
    )
    def post(self, request: Request) -> Response:
        """A token for a user name and a password. It is shown this once."""
        given = inputs.body(inputs.Login, request)
        user = authenticate(request._request, username=given["username"], password=given["password"])
        if user is None:
            raise InvalidLogin
        return answer(outputs.NewToken, _new_token(user, given.get("days")), status=201)


class Tokens(View):
    @extend_schema(operation_id="list_tokens", responses=outputs.TokenList, tags=["account"])
    def get(self, request: Request) -> Response:
        """Your tokens that have not expired."""
        rows = _live(request.user).order_by("-created")
        return answer(outputs.TokenList, {"results": [_token(row, request.auth) for row in rows]})

    @extend_schema(
        operation_id="create_token",
        request=inputs.TokenRequest,
        responses={201: outputs.NewToken},
        tags=["account"],
    )
    def post(self, request: Request) -> Response:
        """A new token for the user of this session. A token cannot make tokens: log in for one."""
        if request.auth is not None:
            raise NotPermitted(f"A token cannot make another. POST user name and password to {reverse('api:login')}.")
        given = inputs.body(inputs.TokenRequest, request)
        return answer(outputs.NewToken, _new_token(request.user, given.get("days")), status=201)


class OneToken(View):
    @extend_schema(operation_id="revoke_token", responses={204: None}, tags=["account"])
    def delete(self, request: Request, token: str) -> Response:
        """Revoke one of your tokens; it is refused from now on."""
        deleted, _ = get_token_model().objects.filter(user=request.user, token_key=token).delete()
        if not deleted:
            raise NotFound(f"You have no token {token}.")
        return Response(status=204)


def _live(user: Any) -> Any:
    alive = Q(expiry__isnull=True) | Q(expiry__gt=clock.now())
    return get_token_model().objects.filter(alive, user=user)


def _new_token(user: Any, days: int | None) -> dict[str, Any]:
    assert isinstance(user, User)
    if _live(user).count() >= settings.API_MAX_TOKENS:
        raise Conflict(f"You have {settings.API_MAX_TOKENS} tokens. Revoke one first.", code="too_many_tokens")
    row, secret = get_token_model().objects.create(user, expiry=timedelta(days=days or settings.API_TOKEN_DAYS))
    return {**_token(row, None), "token": secret}


def _token(row: Any, current: Any) -> dict[str, Any]:
    is_current = current is not None and current.pk == row.pk
    return {"id": row.token_key, "created_at": row.created, "expires_at": row.expiry, "is_current": is_current}
