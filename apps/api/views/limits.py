"""Limits and rates: list, set, change, take away. Each change is audited and works within a second."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, limits
from apps.api.views.base import View, answer
from apps.core.errors import NotFound
from apps.tasks import dbclock
from apps.tasks.models import Limit, RateLimit
from apps.tasks.operators import limiting

MOST = 1000


class Changing(View):
    http_method_names = ["get", "head", "post", "patch", "delete"]


class Limits(View):
    @extend_schema(operation_id="list_limits", responses=limits.LimitList, tags=["limits"])
    def get(self, request: Request) -> Response:
        """How many tasks of a queue, a template, a user or a key may run at once. For those who may view limits."""
        limiting.permit(request.user, "view", Limit)
        rows = Limit.objects.select_related("template", "user")[:MOST]
        return answer(limits.LimitList, {"results": [limits.limit(row) for row in rows]})

    @extend_schema(
        operation_id="add_limit", request=limits.LimitRequest, responses={201: limits.LimitAnswer}, tags=["limits"]
    )
    def post(self, request: Request) -> Response:
        """Set a limit for a group that has none; 409 where it has one."""
        limiting.permit(request.user, "add", Limit)
        given = inputs.body(limits.LimitRequest, request)
        reason = given.pop("reason")
        group = limiting.Group(**{name: given.pop(name) for name in ("scope", "queue", "template", "user")})
        row = limiting.add_limit(request.user, group, given, reason)
        response = answer(limits.LimitAnswer, limits.limit(row), status=201)
        response.headers["Location"] = reverse("api:limit", args=[row.pk])
        return response


class OneLimit(Changing):
    @extend_schema(operation_id="get_limit", responses=limits.LimitAnswer, tags=["limits"])
    def get(self, request: Request, limit_id: int) -> Response:
        """One limit."""
        return answer(limits.LimitAnswer, limits.limit(_found(request, "view", Limit, limit_id)))

    @extend_schema(
        operation_id="change_limit", request=limits.LimitChange, responses=limits.LimitAnswer, tags=["limits"]
    )
    def patch(self, request: Request, limit_id: int) -> Response:
        """Change what is named. Its group stays: take the limit away and set another."""
        row = _found(request, "change", Limit, limit_id)
        given = inputs.body(limits.LimitChange, request)
        limiting.change(row, request.user, given, given.pop("reason"))
        return answer(limits.LimitAnswer, limits.limit(row))

    @extend_schema(operation_id="remove_limit", parameters=[limits.Why], responses={204: None}, tags=["limits"])
    def delete(self, request: Request, limit_id: int) -> Response:
        """Take the limit away. The reason is a query parameter."""
        return _removed(request, Limit, limit_id)


class Rates(View):
    @extend_schema(operation_id="list_rates", responses=limits.RateList, tags=["limits"])
    def get(self, request: Request) -> Response:
        """How fast outside services may be called, and what is left now. For those who may view rate limits."""
        limiting.permit(request.user, "view", RateLimit)
        now = dbclock.now()
        return answer(limits.RateList, {"results": [limits.rate(row, now) for row in RateLimit.objects.all()[:MOST]]})

    @extend_schema(
        operation_id="add_rate", request=limits.RateRequest, responses={201: limits.RateAnswer}, tags=["limits"]
    )
    def post(self, request: Request) -> Response:
        """Set a rate for a service that has none; 409 where it has one."""
        limiting.permit(request.user, "add", RateLimit)
        given = inputs.body(limits.RateRequest, request)
        reason, service, unit = given.pop("reason"), given.pop("service"), given.pop("unit")
        row = limiting.add_rate(request.user, service, unit, given, reason)
        response = answer(limits.RateAnswer, limits.rate(row), status=201)
        response.headers["Location"] = reverse("api:rate", args=[row.pk])
        return response


class OneRate(Changing):
    @extend_schema(operation_id="get_rate", responses=limits.RateAnswer, tags=["limits"])
    def get(self, request: Request, rate_id: int) -> Response:
        """One rate."""
        return answer(limits.RateAnswer, limits.rate(_found(request, "view", RateLimit, rate_id)))

    @extend_schema(operation_id="change_rate", request=limits.RateChange, responses=limits.RateAnswer, tags=["limits"])
    def patch(self, request: Request, rate_id: int) -> Response:
        """Change what is named."""
        row = _found(request, "change", RateLimit, rate_id)
        given = inputs.body(limits.RateChange, request)
        limiting.change(row, request.user, given, given.pop("reason"))
        return answer(limits.RateAnswer, limits.rate(row))

    @extend_schema(operation_id="remove_rate", parameters=[limits.Why], responses={204: None}, tags=["limits"])
    def delete(self, request: Request, rate_id: int) -> Response:
        """Take the rate away: the service is called as fast as tasks ask. The reason is a query parameter."""
        return _removed(request, RateLimit, rate_id)


def _found(request: Request, verb: str, model: type[Any], pk: int) -> Any:
    limiting.permit(request.user, verb, model)
    row = model.objects.filter(pk=pk).first() if pk < 2**63 else None
    if row is None:
        raise NotFound(f"There is no {limiting.WORDS[model]} {pk}.")
    return row


def _removed(request: Request, model: type[Any], pk: int) -> Response:
    row = _found(request, "delete", model, pk)
    limiting.remove(row, request.user, inputs.query(limits.Why, request)["reason"])
    return Response(status=204)
