"""The start form: drawn from the revision's parameter schema, validated by the core's validator and nothing else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import F
from django_jsonform.utils import join_coords
from django_jsonform.widgets import JSONFormWidget

from apps.catalog import priorities
from apps.catalog.estimate import Estimate, Past, estimate
from apps.catalog.models import TemplateRevision
from apps.console import modelcost, reasons
from apps.core import clock
from apps.core.errors import ChantillyError, InvalidInput
from apps.core.schema import validate
from apps.core.schema.dialect import Dialect
from apps.core.schema.filling import fill
from apps.tasks.making.submission import Request, Submitted, submit
from apps.tasks.models import Task
from apps.tasks.models.task import in_status
from apps.tasks.states import OPEN, PRIORITY_WORDS, Status
from apps.tools import registry

MAX_JSON = 1_000_000
HISTORY = 50
_DROPPED = {"$schema", "$comment", "examples", "description"}


def for_form(schema: Any) -> Any:
    """A copy of a parameter schema as django-jsonform reads it (it rewrites what it is given, and spells differently)."""
    if isinstance(schema, list):
        return [for_form(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    drawn = {
        name: _children(value) if name in ("properties", "$defs") else deepcopy(value) if name in ("enum", "default", "const")
        else for_form(value)
        for name, value in schema.items()
        if name not in _DROPPED and not name.startswith("x-")
    }  # fmt: skip
    if schema.get("description"):
        drawn["helpText"] = schema["description"]
    if isinstance(drawn.get("type"), list):
        drawn["type"] = next(name for name in drawn["type"] if name != "null")
    if drawn.get("format") == "date-time":
        drawn["format"] = "datetime"
    if drawn.get("type") == "array" and "enum" in drawn.get("items", {}):
        drawn["items"]["widget"] = "multiselect"
        drawn["uniqueItems"] = True
    return drawn


def _children(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: for_form(child) for name, child in named.items()}


def drawn(schema: Mapping[str, Any]) -> Any:
    """As `for_form`; what takes lines (`x-lines`) is one large field, into which lists are pasted."""
    found = for_form(schema)
    for name in _lines_of(schema):
        one = found["properties"][name]
        found["properties"][name] = {"type": "string", "widget": "textarea"} | {
            word: one[word] for word in ("title", "helpText") if word in one
        }
    return found


def as_drawn(values: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The values as `drawn` shows them."""
    lines = {name: values.get(name) for name in _lines_of(schema)}
    return {**values, **{name: "\n".join(map(str, texts or [])) for name, texts in lines.items()}}


def as_given(values: Any, schema: Mapping[str, Any]) -> Any:
    """What was written into the large fields, as lists of their lines without blank ones; a tab tells of an empty cell."""
    if not isinstance(values, dict):
        return values
    texts = {name: values[name] for name in _lines_of(schema) if isinstance(values.get(name), str)}
    return {
        **values,
        **{name: [line.strip(" \u00a0") for line in text.splitlines() if line.strip()] for name, text in texts.items()},
    }


def _lines_of(schema: Mapping[str, Any]) -> list[str]:
    properties = schema.get("properties", {})
    return [name for name, one in properties.items() if one.get("x-lines") is True and one.get("type") == "array"]


def choose(field: forms.Field, choices: Sequence[tuple[Any, str]]) -> None:
    """Offer these in a field of a form: they are known only when it is shown."""
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)


class StartForm(forms.Form):
    title = forms.CharField(
        max_length=200, required=False, help_text="What to call this task. Empty: the template's name."
    )
    priority = forms.ChoiceField(required=False)
    parameters = forms.CharField(max_length=MAX_JSON, required=False)
    agreed = forms.CharField(max_length=64, required=False)
    """Which costs were read: they are shown before a start that has some."""

    def __init__(self, revision: TemplateRevision, data: Any = None) -> None:
        super().__init__(
            data, initial={"title": "", "priority": "" if revision.priority_rules else str(revision.priority)}
        )
        self.revision = revision
        choose(self.fields["priority"], _priorities(revision))
        self.has_parameters = bool(revision.parameter_schema.get("properties"))
        self.fields["parameters"].widget = JSONFormWidget(schema=drawn(revision.parameter_schema))
        filled = fill({}, Dialect(revision.parameter_schema))
        self.fields["parameters"].initial = json.dumps(as_drawn(filled, revision.parameter_schema))

    def clean_parameters(self) -> Any:
        text = self.cleaned_data["parameters"] or "{}"
        try:
            return as_given(json.loads(text), self.revision.parameter_schema)
        except (ValueError, RecursionError):
            raise forms.ValidationError("This is not valid JSON. Check the commas, quotes and brackets.") from None

    def unconfirmed_cost(self) -> modelcost.Told | None:
        """What the start will use of the language model, if that was not shown for these parameters. Raises InvalidInput."""
        schema = self.revision.parameter_schema
        if "x-tokens" not in schema:
            return None
        cost = modelcost.told(self.revision, validate(self.cleaned_data["parameters"], schema))
        return None if cost is None or cost.agreed == self.cleaned_data["agreed"] else cost

    def submit(self, requester: Any) -> Submitted:
        """Raises what `submission.submit` raises."""
        return submit(
            Request(
                template=self.revision.template.key,
                parameters=self.cleaned_data["parameters"],
                origin="admin",
                title=self.cleaned_data["title"],
                priority=int(self.cleaned_data["priority"]) if self.cleaned_data["priority"] else None,
            ),
            requester,
        )

    def refuse(self, error: ChantillyError) -> None:
        """Say what is wrong beside the fields it is wrong with."""
        fields = dict(error.fields) if isinstance(error, InvalidInput) else {}
        own = {name: fields.pop(name) for name in ("priority",) if name in fields and not self._is_parameter(name)}
        for name, message in own.items():
            self.add_error(name, message)
        whole = fields.pop("", None)
        if fields:
            self.fields["parameters"].widget.add_error(
                {join_coords(*path.split(".")): [message] for path, message in fields.items()}
            )
            self.wrong_parameters = list(fields.items())
        self.add_error(None, whole or error.message)

    def _is_parameter(self, name: str) -> bool:
        return name in self.revision.parameter_schema.get("properties", {})


def _priorities(revision: TemplateRevision) -> list[tuple[str, str]]:
    """Where the template has rules, the first choice leaves it to them."""
    usual = revision.priority
    named = {number: word for word, number in PRIORITY_WORDS.items() if word != "medium"}
    numbers = sorted({*named, usual}, reverse=True)
    by_rule = [("", "by the template's rules")] if revision.priority_rules else []
    return by_rule + [
        (str(number), f"{named.get(number, 'of the template')} ({number})" + (", as usual" if number == usual else ""))
        for number in numbers
    ]


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What will happen, how long it usually takes, and what is under way already."""

    estimate: Estimate
    past: int
    cost: modelcost.Told | None
    tools: list[tuple[str, str]]
    files: list[str]
    queue: str
    is_served: bool
    same: list[Task]
    priority: int
    rules: list[tuple[int, str]]
    """Which priority each rule gives, and when."""


def outlook(revision: TemplateRevision, user: Any) -> Outlook:
    history = list(_history(revision))
    # Few tasks are open, and a template may have a long past: the sum keeps the database from starting with that.
    same = Task.objects.visible_to(user).filter(in_status(*OPEN)).alias(made_from=F("template_id") + 0)
    return Outlook(
        estimate=estimate(revision, {}, history=history),
        past=len(history),
        cost=modelcost.told(revision, {}),
        tools=[(name, _first_sentence(name)) for name in revision.required_tools if not name.startswith("task.")],
        files=[str(item.get("name") or item.get("type")) for item in revision.outputs.get("attachments", [])],
        queue=revision.queue,
        is_served=revision.queue in reasons.served_queues(clock.now()),
        same=list(
            same.filter(made_from=revision.template_id, kind=F("revision__kind"))
            .select_related("execution", "requester")
            .order_by("status", "-id")[:3]
        ),
        priority=revision.priority,
        rules=priorities.told(revision.priority_rules),
    )


def _history(revision: TemplateRevision) -> Iterator[Past]:
    own = Task.objects.filter(template_id=revision.template_id, kind=F("revision__kind"))  # not the nodes of a workflow
    done = own.filter(status=Status.COMPLETED).order_by("-id")
    for started, finished in done.values_list("started_at", "finished_at")[:HISTORY]:
        if started is not None and finished is not None:
            yield Past(seconds=(finished - started).total_seconds())


def _first_sentence(name: str) -> str:
    try:
        text = registry.find(name).function.__doc__ or ""
    except LookupError:
        return ""
    return text.strip().split("\n\n")[0].replace("\n", " ").replace("`", "").split(". ")[0].rstrip(".") + "."
