"""Forms of the admin: a template's metadata, and the definition of a new revision."""

import json
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from apps.catalog import kinds, triggers
from apps.catalog.definition import FIELDS, Definition
from apps.catalog.models import QUEUE_LENGTH, TaskTemplate, TemplateRevision
from apps.catalog.publishing import MAX_VERSION
from apps.catalog.validation import LIMITS, MAX_SCRIPT, OPTIONAL

CODE = {"class": "vLargeTextField mono code-input", "spellcheck": "false", "autocomplete": "off", "wrap": "off"}


class JsonField(forms.JSONField):
    """JSON as indented text. Refuses what would exhaust the parser, not only what is malformed."""

    def __init__(self, rows: int, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={**CODE, "rows": rows}), required=False, **kwargs)

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (RecursionError, ValueError):
            raise ValidationError("This is nested too deeply, or a number in it has too many digits.") from None

    def prepare_value(self, value: Any) -> Any:
        # A text is what somebody typed and could not be read: it is shown as it was.
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data  # the text as typed: Django would parse it once more, without the guard above

    def has_changed(self, initial: Any, data: Any) -> bool:
        return True  # every save makes a new revision, and comparing would parse again, too


class ListField(forms.CharField):
    """A list of texts: one a line, or separated by commas."""

    def __init__(self, separator: str, **kwargs: Any) -> None:
        self.separator = separator
        if separator == "\n":
            kwargs["widget"] = forms.Textarea(attrs={**CODE, "rows": 5})
        super().__init__(required=False, strip=False, **kwargs)

    def to_python(self, value: Any) -> Any:
        parts = (part.strip() for part in (super().to_python(value) or "").replace("\r", "").split(self.separator))
        return [part for part in parts if part]

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return (self.separator if self.separator == "\n" else f"{self.separator} ").join(map(str, value))


class TemplateForm(forms.ModelForm):
    tags = ListField(",", help_text="Words, separated by commas.")

    class Meta:
        model = TaskTemplate
        fields = ("key", "name", "description", "category", "tags", "is_enabled", "run_groups")


def _whole(name: str, label: str, help_text: str = "") -> forms.IntegerField:
    least, most = LIMITS[name]
    return forms.IntegerField(
        label=label, help_text=help_text, min_value=least, max_value=most, required=name not in OPTIONAL
    )


WORKFLOW = "workflow"
OF_SCRIPTS = ("script", "stages")
"""Fields that a workflow has no use for: its graph stands in the place of both."""


class RevisionForm(forms.Form):
    """A whole definition. Valid means that it can be saved as a draft; whether it can serve is another question.

    `base`: the revision it goes on from. Its graph has a page of its own, and is kept as long as the kind is. Only the
    fields of its kind are in the form: a workflow has neither a script nor stages.
    """

    version = forms.CharField(max_length=MAX_VERSION, help_text="A label for people: 2.1.0.")
    note = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        help_text="What changes, and why.",
    )
    kind = forms.ChoiceField()
    script = forms.CharField(
        required=False, strip=False, max_length=MAX_SCRIPT, widget=forms.Textarea(attrs={**CODE, "rows": 30})
    )
    parameter_schema = JsonField(18, help_text="JSON Schema 2020-12; forms are drawn from it.")
    patterns = ListField("\n", help_text="Regular expressions (RE2), one a line; (?i) ignores case.")
    keywords = ListField("\n", help_text="One a line.")
    contexts = ListField("\n", help_text="Subjects a conversation may be about, one a line.")
    examples = ListField(
        "\n", help_text="Sentences that mean this template, one a line. A dozen make it well understood."
    )
    outputs = JsonField(
        10, help_text="Attachments with type, page_template and name; notifications with channels and message."
    )
    stages = JsonField(8, help_text='[{"name": "fetch", "percent": 10}], ascending.')
    estimated_steps = _whole("estimated_steps", "Estimated steps")
    estimated_seconds = _whole("estimated_seconds", "Estimated seconds")
    required_tools = ListField(",", help_text="crm, report.pdf")
    memory_mb = _whole("memory_mb", "Memory (MB)")
    is_cpu_intensive = forms.BooleanField(label="CPU-intensive", required=False)
    queue = forms.CharField(max_length=QUEUE_LENGTH)
    priority = _whole("priority", "Priority", "0 to 100; 50 is normal.")
    priority_rules = JsonField(
        3,
        help_text='The priority by the parameters, the first that matches: [{"if": {"type": "object", "properties":'
        ' {"urgent": {"type": "boolean", "const": true}}}, "priority": "high"}].',
    )
    retry = JsonField(3, help_text='{"max_attempts": 3, "first": 1, "factor": 2, "cap": 60}, in seconds.')
    max_calls = _whole("max_calls", "Most calls")
    cpu_seconds = _whole("cpu_seconds", "CPU seconds")
    deadline_seconds = _whole("deadline_seconds", "Deadline (seconds)", "Empty: none.")
    retention_days = _whole("retention_days", "Keep for (days)", "Empty: as the installation does.")
    limit_key = forms.CharField(
        max_length=200, required=False, help_text="Parameters that make a group for limits: {client_id}."
    )
    debounce_seconds = _whole(
        "debounce_seconds", "Debounce (seconds)", "A request that follows another so soon takes its place."
    )
    debounce_key = forms.CharField(
        max_length=200, required=False, help_text="Which requests follow one another: {client_id}."
    )
    cache_seconds = _whole(
        "cache_seconds", "Answer equal requests for (seconds)", "From the earlier task's result. Empty: never."
    )

    GROUPS = (
        ("This revision", ("version", "note")),
        ("Kind", ("kind",)),
        ("Script", ("script",)),
        ("Parameters", ("parameter_schema",)),
        ("Triggers", triggers.LISTS),
        ("Outputs", ("outputs",)),
        ("Stages", ("stages",)),
        (
            "Limits",
            (
                "queue",
                "priority",
                "priority_rules",
                "estimated_steps",
                "estimated_seconds",
                "required_tools",
                "memory_mb",
                "is_cpu_intensive",
                "max_calls",
                "cpu_seconds",
                "deadline_seconds",
                "retention_days",
                "retry",
                "limit_key",
                "debounce_seconds",
                "debounce_key",
                "cache_seconds",
            ),
        ),
    )

    def __init__(self, data: Any = None, *, base: TemplateRevision | None = None) -> None:
        if data is not None and data.get("kind") != WORKFLOW:  # its form may have been that of a workflow until now
            data = data.copy()
            data.setdefault("stages", "[]")
        super().__init__(data, initial=self.initial_of(base))
        self.base = base
        cast(forms.ChoiceField, self.fields["kind"]).choices = [(name, name) for name in kinds.names()]
        if (self.data.get("kind") if self.is_bound else self.initial["kind"]) == WORKFLOW:
            for name in OF_SCRIPTS:
                del self.fields[name]

    @classmethod
    def initial_of(cls, revision: TemplateRevision | None) -> dict[str, Any]:
        """What the editor starts with: the revision it goes on from, or the defaults."""
        fields = (Definition.of(revision) if revision else Definition()).as_fields()
        given, _ = fields.pop("triggers"), fields.pop("graph")
        lists = given if isinstance(given, dict) else {}
        version = revision.version if revision else "1.0.0"
        return {**fields, **{name: lists.get(name, []) for name in triggers.LISTS}, "version": version, "note": ""}

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [
            (title, [self[name] for name in names if name in self.fields])
            for title, names in self.GROUPS
            if any(name in self.fields for name in names)
        ]

    def clean(self) -> dict[str, Any]:
        """A workflow's form has no place for a script: whoever chooses another kind there is shown one."""
        cleaned = super().clean() or self.cleaned_data
        if "script" in self.fields and "script" not in self.data:
            self.add_error("script", f"Write the script, or choose the kind {WORKFLOW} again.")
        return cleaned

    def definition(self) -> Definition:
        fields = {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}
        lists = {name: self.cleaned_data[name] for name in triggers.LISTS}
        # Browsers send \r\n; a script is kept with \n, so that its lines are the same in files and here.
        fields |= {"script": fields.get("script", "").replace("\r\n", "\n"), "triggers": lists}
        if self.base is not None and self.base.kind == fields["kind"]:
            fields["graph"] = self.base.graph
        return Definition(**fields)

    def take_errors(self, fields: dict[str, str]) -> None:
        """Show what a verb refused beside the field that it names."""
        for name, message in fields.items():
            self.add_error(name if name in self.fields else None, message)
