"""Bodies and answers for approvals, and how rows become them."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from apps.api.inputs import MAX_PAGE, Input, Parameters
from apps.api.outputs import Output
from apps.core import clock
from apps.tasks import approvals
from apps.tasks.approvals import acts, evidence, wording
from apps.tasks.approvals.deciding import MAX_COMMENT
from apps.tasks.models import Approval, Artifact
from apps.tasks.models.approvals import ApprovalState

OF = ("all", "mine", "groups", "overdue")
RELATED = ("task__requester", "delegated_to")


class ApprovalQuery(Input):
    of = serializers.ChoiceField(
        choices=OF, required=False, default="all",
        help_text="mine: they name you; groups: they name a group of yours; overdue: people were reminded, or it is"
        " late; all that you may see.",
    )  # fmt: skip
    state = serializers.ChoiceField(choices=ApprovalState.choices, required=False)
    task = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    before = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="Only with a smaller id: the next page."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, required=False, default=25)


class DecisionRequest(Input):
    decision = serializers.CharField(max_length=50, help_text="The name of one of its choices: approve, reject.")
    comment = serializers.CharField(max_length=MAX_COMMENT, required=False, allow_blank=True, default="")

    def get_fields(self) -> dict[str, Any]:
        """A serializer has an attribute `data` of its own; a field of that name can only be added here."""
        said = "What its form is filled in with; left out: as it was prefilled."
        return {**super().get_fields(), "data": Parameters(required=False, help_text=said)}


class DelegationRequest(Input):
    to = serializers.CharField(max_length=150, help_text="The name of the user who is to decide.")
    comment = serializers.CharField(max_length=MAX_COMMENT, required=False, allow_blank=True, default="")


class Choice(Output):
    name = serializers.CharField()
    takes_data = serializers.BooleanField(help_text="Whether it decides with what the form was filled in with.")

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "label": serializers.CharField(help_text="As people read it.")}


class ApprovalRow(Output):
    id = serializers.IntegerField()
    title = serializers.CharField()
    task = serializers.IntegerField()
    task_title = serializers.CharField()
    requester = serializers.CharField()
    state = serializers.ChoiceField(choices=ApprovalState.choices)
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    reminded_at = serializers.DateTimeField(allow_null=True)
    escalated_at = serializers.DateTimeField(allow_null=True)
    decision = serializers.CharField(help_text="Empty while it is open, and where silence decides nothing.")
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True, help_text="When it was decided, expired or was withdrawn.")
    links = serializers.DictField(child=serializers.CharField())


class ApprovalList(Output):
    results = ApprovalRow(many=True)
    next = serializers.CharField(allow_null=True, help_text="Address of the next page; null on the last.")


class EvidenceItem(Output):
    kind = serializers.ChoiceField(choices=["text", "table", "file"])
    title = serializers.CharField()
    text = serializers.CharField(required=False)
    table = serializers.DictField(required=False, help_text="columns and rows.")
    file = serializers.CharField(required=False)
    url = serializers.CharField(required=False, allow_null=True, help_text="Null for a file that is not there.")


class Act(Output):
    act = serializers.CharField(help_text="asked, reminded, escalated, delegated, decided, expired, withdrawn")
    at = serializers.DateTimeField()
    by = serializers.CharField()
    comment = serializers.CharField()


class ApprovalDetail(ApprovalRow):
    place = serializers.CharField()
    text = serializers.CharField()
    evidence = EvidenceItem(many=True)
    form = serializers.DictField(help_text="A JSON Schema, as of a template's parameters; empty: there is no form.")
    choices = Choice(many=True)
    deciders = serializers.ListField(child=serializers.CharField(), help_text="People and groups that may decide now.")
    four_eyes = serializers.BooleanField(help_text="Who asked for the task may not decide.")
    if_nobody = serializers.CharField(help_text="What happens if nobody decides.")
    why_not = serializers.CharField(help_text="Why you may not decide it; empty when you may.")
    ended = serializers.CharField(help_text="How it ended, in a sentence; empty while it is open.")
    comment = serializers.CharField()
    decided_data = serializers.DictField()
    history = Act(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "data": serializers.DictField(help_text="What the form is prefilled with.")}


def row(approval: Approval) -> dict[str, Any]:
    """Needs RELATED."""
    names = ("title", "state", "asked_at", "expires_at", "reminded_at", "escalated_at", "decision", "decided_at")
    return {
        "id": approval.pk,
        **{name: getattr(approval, name) for name in names},
        "task": approval.task_id,
        "task_title": approval.task.title,
        "requester": approval.task.requester.get_username(),
        "decided_by": approval.decided_name,
        "links": {
            "self": reverse("api:approval", args=[approval.pk]),
            "decide": reverse("api:decide_approval", args=[approval.pk]),
            "delegate": reverse("api:delegate_approval", args=[approval.pk]),
            "task": reverse("api:task", args=[approval.task_id]),
        },
    }


def detail(approval: Approval, viewer: Any) -> dict[str, Any]:
    """Needs RELATED."""
    now = clock.now()
    names = ("place", "text", "form", "data", "choices", "comment", "decided_data")
    return {
        **row(approval),
        **{name: getattr(approval, name) for name in names},
        "evidence": _evidence(approval),
        "deciders": wording.names(approval),
        "four_eyes": approval.is_four_eyes,
        "if_nobody": wording.silence(approval, now) if approval.is_open else "",
        "why_not": approvals.objection(approval, viewer),
        "ended": wording.ending(approval, now),
        "history": [
            {"act": entry.verb.partition(".")[2], "at": entry.at, "by": entry.actor_name, "comment": entry.reason}
            for entry in acts.history(approval)
        ],
    }


def _evidence(approval: Approval) -> list[dict[str, Any]]:
    files = evidence.files(approval)
    return [_item(approval, item, files.get(index)) for index, item in enumerate(approval.evidence)]


def _item(approval: Approval, item: Mapping[str, Any], file: Artifact | None) -> dict[str, Any]:
    kind = next(kind for kind in ("text", "table", "file") if kind in item)
    shown = {"kind": kind, "title": item.get("title", ""), kind: item[kind]}
    if kind == "file":
        shown["url"] = None if file is None else reverse("api:approval_file", args=[approval.pk, file.pk])
    return shown
