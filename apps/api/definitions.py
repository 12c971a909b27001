"""Bodies and answers for what templates define, for those who write them."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from apps.api.inputs import Input, Parameters
from apps.api.outputs import Output
from apps.catalog.definition import FIELDS, Definition, Problem
from apps.catalog.models import TemplateRevision
from apps.catalog.publishing import MAX_NOTE, MAX_VERSION


class DefinitionQuery(Input):
    revision = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="Its number; left out: the one in service."
    )


class RevisionRequest(Input):
    definition = Parameters(
        help_text=f"What it defines: {', '.join(FIELDS)}. What is left out has its default; a workflow has `graph`."
    )
    version = serializers.CharField(max_length=MAX_VERSION, required=False, default="1.0.0")
    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True, default="")
    name = serializers.CharField(max_length=200, required=False, help_text="Of a new template: what people call it.")
    description = serializers.CharField(max_length=100_000, required=False, help_text="Of a new template.")
    publish = serializers.BooleanField(required=False, default=False, help_text="Put it into service at once.")

    def validate_definition(self, given: dict[str, Any]) -> dict[str, Any]:
        if unknown := [str(name)[:80] for name in given if name not in FIELDS]:
            raise serializers.ValidationError(dict.fromkeys(unknown, "There is no such field of a definition."))
        return given


class Remark(Output):
    place = serializers.CharField()
    message = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    code = serializers.CharField()


class Revision(Output):
    key = serializers.CharField()
    name = serializers.CharField()
    revision = serializers.IntegerField()
    version = serializers.CharField()
    note = serializers.CharField()
    status = serializers.CharField()
    is_in_service = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    links = serializers.DictField(child=serializers.CharField())


class RevisionSaved(Revision):
    warnings = Remark(many=True)


class FullRevision(Revision):
    definition = serializers.DictField(help_text="As a template.json has it; of a workflow with its graph.")


def revision(row: TemplateRevision) -> dict[str, Any]:
    names = ("version", "note", "status", "created_at")
    key, number = row.template.key, row.number
    return {
        **{name: getattr(row, name) for name in names},
        "key": key,
        "name": row.template.name,
        "revision": number,
        "is_in_service": row.template.published_id == row.pk,
        "links": {
            "self": f"{reverse('api:definition', args=[key])}?revision={number}",
            "publish": reverse("api:publish_revision", args=[key, number]),
            "template": reverse("api:template", args=[key]),
        },
    }


def full(row: TemplateRevision) -> dict[str, Any]:
    return {**revision(row), "definition": Definition.of(row).as_fields()}


def remarks(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    names = ("place", "message", "line", "code")
    return [{name: getattr(problem, name) for name in names} for problem in problems]
