"""Bodies and answers for workflows before they run, and how what was found becomes them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rest_framework import serializers

from apps.api.inputs import Input, Parameters
from apps.api.outputs import Output
from apps.api.parsing import StrictJSONParser
from apps.catalog.definition import Definition
from apps.core.schema import plain
from apps.executors.workflow import checking, planning, reading
from apps.executors.workflow.checking import Known
from apps.executors.workflow.faults import Fault
from apps.executors.workflow.kind import known

MOST_WORKERS = 10_000


class WorkflowParser(StrictJSONParser):
    """For bodies that hold a whole workflow: as large as one may be, and the little around it."""

    most = 9_000_000
    caps = plain.Caps(
        depth=reading.CAPS.depth + 1,
        values=reading.CAPS.values + 1_000,
        characters=reading.CAPS.characters + 100_000,
    )


class WorkflowRequest(Input):
    graph = Parameters(help_text="The JSON of a workflow, as docs/authors/workflow-definition.md describes it.")
    parameter_schema = Parameters(
        required=False, help_text="Of the template that it is to be: names of its parameters."
    )


class PlanRequest(Input):
    graph = Parameters(required=False, help_text="A workflow's JSON.")
    tasks = serializers.ListField(
        required=False, help_text="Or a list of tasks: {id, title, dependencies, estimated_seconds, complexity}."
    )
    parameter_schema = Parameters(required=False, help_text="With graph: of the template that it is to be.")
    workers = serializers.IntegerField(
        min_value=1, max_value=MOST_WORKERS, required=False, help_text="How many tasks can run at once; left out: any."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("graph" in attrs) == ("tasks" in attrs):
            raise serializers.ValidationError("Give either graph or tasks.")
        return attrs


class Wrong(Output):
    """Something that is wrong with a workflow, in the form that all its errors have."""

    type = serializers.CharField()
    code = serializers.CharField(help_text="CFG_001, DEP_001, …: its meaning never changes.")
    message = serializers.CharField()
    details = serializers.DictField(help_text="place (the path in the JSON), task, group, field, key, …")
    recovery = serializers.DictField(help_text="suggestions, documentation; of a run also attempt, strategy, …")


# A declared field is_valid hides no method: the metaclass takes declared fields out of the class.
class WorkflowChecked(Output):
    is_valid = serializers.BooleanField(help_text="It can be published: nothing is wrong; there may be warnings.")  # type: ignore[assignment]
    tasks = serializers.IntegerField(help_text="How many it has.")
    faults = Wrong(many=True)
    warnings = Wrong(many=True)


class WorkflowPlan(Output):
    waves = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    total_duration_seconds = serializers.FloatField()
    work_seconds = serializers.FloatField(help_text="Of all tasks one after another.")
    parallelisation_factor = serializers.FloatField()
    critical_path = serializers.ListField(child=serializers.CharField())
    complexity = serializers.ChoiceField(choices=["low", "medium", "high"])
    is_valid = serializers.BooleanField()  # type: ignore[assignment]
    problems = Wrong(many=True)


def checked(graph: Any, parameter_schema: Mapping[str, Any]) -> dict[str, Any]:
    """As it would be judged before it is published here."""
    found = checking.check(graph, known(Definition.with_fields({"parameter_schema": parameter_schema})))
    wrong = _of(found, "error")
    return {
        "is_valid": not wrong,
        "tasks": len(reading.read(graph).graph.nodes),
        "faults": wrong,
        "warnings": _of(found, "warning"),
    }


def planned(given: Mapping[str, Any]) -> dict[str, Any]:
    """Of a PlanRequest."""
    workers = given.get("workers")
    if "tasks" in given:
        return planning.plan(given["tasks"], workers=workers).as_json()
    inputs = Known(inputs=checking.inputs_of(given.get("parameter_schema")))
    return planning.plan_document(given["graph"], inputs, workers=workers).as_json()


def _of(faults: Iterable[Fault], severity: str) -> Sequence[dict[str, Any]]:
    return [fault.as_json() for fault in faults if fault.severity == severity]
