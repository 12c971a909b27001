"""One question, all that is needed to decide it, and the form that decides. The form is drawn from its schema."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django_jsonform.utils import join_coords
from django_jsonform.widgets import JSONFormWidget

from apps.console.approvals import inbox, rows
from apps.console.approvals.rows import Act
from apps.console.startform import MAX_JSON, for_form
from apps.core import clock
from apps.core.errors import ChantillyError, InvalidInput
from apps.core.schema.dialect import Dialect
from apps.core.schema.filling import fill
from apps.tasks import approvals, sight
from apps.tasks.approvals import evidence, wording
from apps.tasks.approvals.deciding import MAX_COMMENT
from apps.tasks.models import Approval, Artifact

MAX_SHOWN = 2_000


class DecisionForm(forms.Form):
    filled = forms.CharField(max_length=MAX_JSON, required=False)
    comment = forms.CharField(
        max_length=MAX_COMMENT, required=False, help_text="Kept with the decision; the task can read it."
    )

    def __init__(self, approval: Approval, data: Any = None) -> None:
        super().__init__(data)
        self.wrong: list[tuple[str, str]] = []
        if approval.form:
            self.fields["filled"].widget = JSONFormWidget(schema=for_form(approval.form))
            self.fields["filled"].initial = json.dumps(fill(approval.data, Dialect(approval.form)))
        else:
            del self.fields["filled"]

    def clean_filled(self) -> Any:
        """None when nothing was sent: the question's own data are decided with then."""
        text = self.cleaned_data["filled"]
        try:
            return json.loads(text) if text else None
        except (ValueError, RecursionError):
            raise forms.ValidationError("This is not valid JSON. Check the commas, quotes and brackets.") from None

    def refuse(self, error: ChantillyError) -> None:
        """Say what is wrong beside the fields it is wrong with."""
        fields = dict(error.fields) if isinstance(error, InvalidInput) else {}
        inside = {path.removeprefix("data."): said for path, said in fields.items() if path.startswith("data.")}
        if inside and "filled" in self.fields:
            widget = self.fields["filled"].widget
            widget.add_error({join_coords(*path.split(".")): [said] for path, said in inside.items()})
        self.wrong = [(path.removeprefix("data."), said) for path, said in fields.items()]
        self.add_error(None, error.message)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A piece of evidence. `rows`: (column, cell) pairs, for a table that becomes blocks on a narrow screen."""

    kind: str
    title: str
    text: str = ""
    columns: list[str] | None = None
    rows: list[list[tuple[str, Any]]] | None = None
    file: Artifact | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    approval: Approval
    now: datetime
    evidence: list[Shown]
    deciders: str
    silence: str
    ending: str
    why_not: str
    """Why its reader may not decide it; empty when they may."""
    sees_task: bool
    decided: list[tuple[str, str]]
    history: list[Act]
    mark: str
    """Of all open questions that its reader may see: another one, and this page may say something else."""

    @property
    def may_decide(self) -> bool:
        return self.approval.is_open and not self.approval.task.is_final and not self.why_not


def gather(approval: Approval, user: Any) -> Page:
    """Needs rows.RELATED."""
    now = clock.now()
    return Page(
        approval=approval,
        now=now,
        evidence=list(_evidence(approval)),
        deciders=wording.either(wording.names(approval)),
        silence=wording.silence(approval, now),
        ending=wording.ending(approval, now),
        why_not=approvals.objection(approval, user),
        sees_task=sight.of(user).reaches(approval.task.requester_id),
        decided=[(name, _text(value)) for name, value in approval.decided_data.items()],
        history=rows.history(approval, now),
        mark=inbox.mark(user),
    )


def _evidence(approval: Approval) -> Iterator[Shown]:
    files = evidence.files(approval)
    for index, item in enumerate(approval.evidence):
        title = item.get("title", "")
        if "table" in item:
            columns = item["table"]["columns"]
            cells = [list(zip(columns, map(_text, row), strict=True)) for row in item["table"]["rows"]]
            yield Shown(kind="table", title=title, columns=columns, rows=cells)
        elif "file" in item:
            yield Shown(kind="file", title=title, text=item["file"], file=files.get(index))
        else:
            yield Shown(kind="text", title=title, text=item["text"])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        text = ", ".join(map(str, value))
    elif isinstance(value, list | Mapping):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = "" if value is None else str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
