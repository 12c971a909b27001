"""The API's description: an index of addresses, OpenAPI, and a page to read and try it."""

from functools import cache
from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import outputs
from apps.api.authentication import Tokens
from apps.api.views.base import View, answer

PUBLIC = ("login", "schema", "docs")
FIRST = ("me", "templates", "tasks", "approvals", "tokens", *PUBLIC)


class Index(View):
    permission_classes = [AllowAny]

    @extend_schema(operation_id="get_index", responses=outputs.Index, tags=["about"], auth=[])
    def get(self, request: Request) -> Response:
        """Where to begin."""
        links = {name: reverse(f"api:{name}") for name in FIRST}
        return answer(outputs.Index, {"version": settings.VERSION, "links": links})


class Schema(View):
    permission_classes = [AllowAny]
    renderer_classes = [OpenApiJsonRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(_description())


@cache
def _description() -> dict[str, Any]:
    description: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return description


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI from our own files, without inline code, as the content security policy wants it."""

    permission_classes = [AllowAny]
    authentication_classes = [Tokens]
    url_name = "api:schema"
    template_name = "api/docs.html"
    title = "Chantilly API"
