"""The JSON of a workflow becomes frozen values with every default; what is wrong is noted and the rest is read."""

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from apps.executors.workflow import reading
from apps.executors.workflow.conditions import Test as PathTest
from apps.executors.workflow.faults import WorkflowError
from apps.executors.workflow.graph import Array, Choice, Dependency, Join, Retry, Runner, Timeouts
from apps.executors.workflow.nodes import key_of
from apps.executors.workflow.paths import ABSENT


def node(**fields):
    """The node of a workflow of one task."""
    found = reading.read({"tasks": [{"name": "One", "template": "t", **fields}]})
    assert found.faults == ()
    return found.graph.nodes[0]


def faults(**fields):
    """(code, place below the task) of all that is wrong with one task."""
    found = reading.read({"tasks": [{"name": "One", "template": "t", **fields}]})
    return [(fault.code, fault.place.removeprefix("tasks.0").lstrip(".")) for fault in found.faults]


def test_the_smallest_task_has_all_defaults():
    found = node()

    assert (found.number, found.name, found.group, found.place) == (0, "One", "Main", "tasks.0")
    assert found.runner == Runner(kind="template", subject="t")
    assert found.result_keys == ("one",)
    assert found.join == Join(kind="all")
    assert (found.choice, found.condition, found.loop, found.retry, found.expansion, found.validator) == (None,) * 6
    assert found.on_failure == "stop"
    assert found.timeouts == Timeouts()
    assert found.validation.check_dependencies
    with pytest.raises(FrozenInstanceError):
        found.name = "Two"


def test_groups_keep_their_tasks_and_their_order():
    graph = reading.load({
        "task_groups": [
            {"name": "First", "tasks": [{"name": "A", "script": "def run(params): pass"}]},
            {"name": "Second", "tasks": [{"name": "B", "agent_class": "Writer"}, {"name": "C", "tool": "report.pdf"}]},
        ]
    })  # fmt: skip

    assert [(group.name, [node.name for node in group.nodes]) for group in graph.groups] == [
        ("First", ["A"]),
        ("Second", ["B", "C"]),
    ]
    assert [(node.number, node.runner.kind, node.place) for node in graph.nodes] == [
        (0, "script", "task_groups.0.tasks.0"),
        (1, "agent_class", "task_groups.1.tasks.0"),
        (2, "tool", "task_groups.1.tasks.1"),
    ]


def test_a_message_alone_is_for_the_default_agent():
    graph = reading.load({"tasks": [{"name": "One", "message_template": "Go."}]})
    assert graph.nodes[0].runner == Runner(kind="agent_class", subject="Agent")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("ProcessItems", "process_items"),
        ("Overall Executive Summary", "overall_executive_summary"),
        ("PDF export", "pdf_export"),
        ("38 CFR Tips", "task_3"),
        ("Übersicht", "bersicht"),
        ("…", "task_3"),
    ],
)
def test_a_task_without_result_keys_makes_one_of_its_name(name, key):
    assert key_of(name, 3) == key


def test_the_key_of_an_output_rule_is_the_tasks_key():
    found = node(output_config={"result_key": "customer_data", "output_path": "$.customers[{index}]"})
    assert found.result_keys == ("customer_data",)
    assert found.outputs[0].output_path == "$.customers[{index}]"


def test_dependencies_are_read_in_all_their_forms():
    found = node(
        dependencies=[
            "orders",
            "note?",
            {"key": "checked", "kind": "validation"},
            {"key": "rows", "type": "array", "default": [], "timeout": "2 m"},
            {"task": "Audit", "state": "started"},
            {"event": "payment", "timeout_ms": 1500, "keep": False},
        ]
    )

    at = "tasks.0.dependencies"
    assert found.dependencies == (
        Dependency(key="orders", place=f"{at}.0"),
        Dependency(key="note", is_optional=True, place=f"{at}.1"),
        Dependency(key="checked", kind="validation", place=f"{at}.2"),
        Dependency(key="rows", type="array", default=[], timeout=timedelta(minutes=2), place=f"{at}.3"),
        Dependency(task="Audit", state="started", kind="prerequisite", place=f"{at}.4"),
        Dependency(
            key="payment", event="payment", timeout=timedelta(seconds=1.5), is_kept=False, place=f"{at}.5"
        ),
    )  # fmt: skip
    assert [each.is_required for each in found.dependencies] == [True, False, True, False, True, True]
    assert found.dependencies[0].default is ABSENT


def test_the_arrays_of_an_expansion_are_waited_for():
    found = node(
        expansion_config={
            "type": "zip",
            "array_mapping": {"customer": "customers", "region": ["north", "south"]},
            "identifiers": {"customer_id": "customer.id"},
            "output_format": "index",
            "policy": {"at_least": 3},
            "at_once": 5,
        }
    )

    assert found.expansion.arrays == (
        Array(variable="customer", source=("customers",)),
        Array(variable="region", items=("north", "south")),
    )
    assert found.expansion.identifiers == (("customer_id", ("customer", "id")),)
    assert (found.expansion.type, found.expansion.output_format) == ("zip", "index")
    assert (found.expansion.at_least, found.expansion.at_once, found.expansion.most) == (3, 5, 10_000)
    assert [each.key for each in found.dependencies] == ["customers"]


@pytest.mark.parametrize(("policy", "at_least"), [("all", None), ("ignore", 0), ({"at_least": 8}, 8)])
def test_a_policy_says_how_many_must_succeed(policy, at_least):
    assert node(dependencies=["rows"], expansion_config={"policy": policy}).expansion.at_least == at_least


def test_the_only_dependency_is_the_array_when_none_is_mapped():
    found = node(dependencies=["rows"], expansion_config={"type": "array"})
    assert found.expansion.arrays == (Array(variable="item", source=("rows",)),)
    assert found.expansion.type == "product"


def test_retry_has_the_documented_defaults_when_it_is_given():
    assert node().retry is None
    assert node(retry_config={}).retry == Retry(
        max_attempts=3, delay=timedelta(seconds=1), backoff_factor=2.0, timeout=timedelta(seconds=30)
    )
    assert node(retry_config={"max_attempts": 5, "delay_ms": 0}).retry == Retry(max_attempts=5, delay=timedelta())


def test_control_flow_is_read():
    found = node(
        join={"at_least": 2},
        dependencies=["a", "b", "c"],
        choice={"name": "reply", "by": "first"},
        condition={"a": 1},
        loop={"while": {"a": {"maximum": 3}}, "most": 9, "delay": 2},
        cancels=["Remind"],
        timeouts={"wait": "1 h", "run": 30},
        on_failure="default",
        default_result={"one": 1},
        validator_tool="CheckRows",
        on_reject="retry",
        preconditions=[{"if": {"a": 1}, "message": "No.", "critical": False}],
    )

    assert found.join == Join(kind="at_least", at_least=2)
    assert found.choice == Choice(name="reply", by="first")
    assert isinstance(found.condition, PathTest)
    assert (found.loop.is_until, found.loop.most, found.loop.delay) == (False, 9, timedelta(seconds=2))
    assert found.cancels == ("Remind",)
    assert found.timeouts == Timeouts(wait=timedelta(hours=1), run=timedelta(seconds=30))
    assert found.default_result == {"one": 1}
    assert (found.validator.tool, found.validator.on_reject) == ("CheckRows", "retry")
    assert (found.preconditions[0].message, found.preconditions[0].is_critical) == ("No.", False)


def test_an_output_rule_is_completed_and_handed_on():
    found = node(result_keys=["score"], output_config={"mode": "append"})
    assert found.outputs[0].rule == {"result_key": "score", "output_path": "$.score", "mode": "append"}


def test_inputs_outputs_and_housekeeping_are_read():
    graph = reading.load({
        "tasks": [{"name": "One", "template": "t"}],
        "inputs": {"orders": "array", "note?": "", "limit": {"type": "integer", "default": 5}},
        "outputs": {"file": "one.file"},
        "at_once": 4,
        "validation": {"track_completion": False},
        "on_failure": "continue",
        "cleanup": {"after": ["one"], "triggers": {"memory_percent": 70}, "retention": {"errors": "14 d"}},
    })  # fmt: skip

    assert [(each.name, each.type, each.is_optional, each.default) for each in graph.inputs] == [
        ("orders", "array", False, ABSENT),
        ("note", "", True, ABSENT),
        ("limit", "integer", False, 5),
    ]
    assert graph.outputs == {"file": ("one", "file")}
    assert graph.at_once == 4
    assert not graph.nodes[0].validation.track_completion
    assert graph.nodes[0].on_failure == "continue"
    kept = graph.housekeeping
    assert (kept.drops.after, kept.memory_percent, kept.keep_errors) == (("one",), 70, timedelta(days=14))
    assert (kept.keep_session, kept.keep_results) == (timedelta(hours=24), timedelta(hours=12))


@pytest.mark.parametrize(
    ("fields", "code", "place"),
    [
        ({"name": None}, "CFG_001", "name"),
        ({"name": "x" * 101}, "CFG_008", "name"),
        ({"template": None}, "CFG_007", ""),
        ({"script": "def run(p): pass"}, "CFG_007", ""),
        ({"template": " "}, "CFG_001", "template"),
        ({"template": 7}, "CFG_001", "template"),
        ({"result_keys": ["a b"]}, "CFG_001", "result_keys"),
        ({"result_keys": "a"}, "CFG_001", "result_keys"),
        ({"result_keys": ["a", "a"]}, "CFG_001", "result_keys"),
        ({"parameters": []}, "CFG_001", "parameters"),
        ({"message_template": "x" * 100_001}, "CFG_008", "message_template"),
        ({"dependencies": ["a b"]}, "CFG_001", "dependencies.0.key"),
        ({"dependencies": [7]}, "CFG_001", "dependencies.0"),
        ({"dependencies": ["a", "a?"]}, "CFG_001", "dependencies.1"),
        ({"dependencies": [{"key": "a", "kind": "maybe"}]}, "CFG_001", "dependencies.0.kind"),
        ({"dependencies": [{"key": "a", "task": "B"}]}, "CFG_001", "dependencies.0.task"),
        ({"dependencies": [{"key": "a", "timeout": "soon"}]}, "CFG_001", "dependencies.0.timeout"),
        ({"join": "some"}, "CFG_001", "join"),
        ({"join": {"at_least": 0}}, "CFG_001", "join.at_least"),
        ({"choice": {"by": "first"}}, "CFG_001", "choice.name"),
        ({"condition": {"a": {"x": 1}}}, "CFG_009", "condition.a"),
        ({"loop": {"most": 3}}, "CFG_001", "loop.until"),
        ({"loop": {"until": {"one": 1}}}, "CFG_001", "loop.most"),
        ({"loop": {"until": {"one": 1}, "most": 1001}}, "CFG_001", "loop.most"),
        ({"preconditions": [{"message": "No."}]}, "CFG_001", "preconditions.0.if"),
        ({"on_reject": "warn"}, "CFG_001", "on_reject"),
        ({"retry_config": {"max_attempts": 0}}, "CFG_001", "retry_config.max_attempts"),
        ({"retry_config": {"delay": 1000}}, "CFG_002", "retry_config.delay"),
        ({"timeouts": {"run": -1}}, "CFG_001", "timeouts.run"),
        ({"validation": {"verify_context": 1}}, "CFG_001", "validation.verify_context"),
        ({"on_failure": "default"}, "CFG_001", "default_result"),
        ({"on_failure": "default", "default_result": {"two": 2}}, "CFG_001", "default_result.two"),
        ({"default_result": {"one": 2}}, "CFG_001", "default_result"),
        ({"expansion_config": {}}, "CFG_001", "expansion_config.array_mapping"),
        ({"dependencies": ["a", "b"], "expansion_config": {}}, "CFG_001", "expansion_config.array_mapping"),
        ({"expansion_config": {"array_mapping": {"a b": "rows"}}}, "PROC_001", "expansion_config.array_mapping.a b"),
        ({"expansion_config": {"array_mapping": {"a": 7}}}, "PROC_001", "expansion_config.array_mapping.a"),
        (
            {"dependencies": ["a"], "expansion_config": {"output_format": "custom"}},
            "CFG_001",
            "expansion_config.output_format",
        ),
        (
            {"dependencies": ["a"], "expansion_config": {"identifiers": {"i": 1}}},
            "PROC_001",
            "expansion_config.identifiers.i",
        ),
        ({"result_keys": ["a", "b"], "output_config": {}}, "CFG_001", "output_config.result_key"),
        ({"estimated_seconds": "long"}, "CFG_001", "estimated_seconds"),
        ({"agentclass": "A"}, "CFG_002", "agentclass"),
        ({"template": None, "approval": "Pay?"}, "CFG_001", "approval"),
    ],
)
def test_a_field_that_is_wrong_is_named_with_its_place(fields, code, place):
    assert (code, place) in faults(**fields)
    assert len(faults(**fields)) == 1


def test_a_fault_says_type_details_and_what_to_do():
    [fault] = reading.read({"tasks": [{"name": "One", "agent_clas": "Writer", "template": "t"}]}).faults

    assert fault.as_json() == {
        "type": "ConfigurationError",
        "code": "CFG_002",
        "message": "There is no field “agent_clas” here. Did you mean “agent_class”?",
        "details": {"place": "tasks.0.agent_clas", "task": "One", "group": "Main", "field": "agent_clas"},
        "recovery": {
            "suggestions": ["Correct its name, or remove it."],
            "documentation": "docs/authors/workflow-definition.md#cfg_002",
        },
    }
    problem = fault.as_problem()
    assert (problem.place, problem.code, problem.severity) == ("graph.tasks.0.agent_clas", "CFG_002", "error")


def test_missing_and_invalid_fields_are_listed_in_the_details():
    found = reading.read({"groups": [{"name": "G", "tasks": [{"name": "One", "result_keys": 7}]}]}).faults

    assert [fault.details.get("missing_fields") for fault in found] == [None, ["agent_class"]]
    assert found[0].details["invalid_fields"] == {"result_keys": "Give a list."}
    assert found[0].details["group"] == "G"


def test_a_task_without_a_name_is_still_judged():
    found = reading.read({"tasks": [{"template": "t", "join": "some"}, "no task"]})

    assert [fault.place for fault in found.faults] == [
        "tasks.0.name",
        "tasks.0.join",
        "tasks.1",
        "tasks.1.name",
        "tasks.1",
    ]
    assert [node.name for node in found.graph.nodes] == ["tasks.0", "tasks.1"]


def test_what_begins_with_x_is_the_authors():
    assert faults(**{"x-position": [1, 2]}) == []


@pytest.mark.parametrize(
    "document",
    [None, 7, "graph", [], {}, {"groups": []}, {"groups": 7}, {"groups": [7]}, {"tasks": {}}, {"tasks": [None]}],
)
def test_no_document_breaks_the_reader(document):
    assert reading.read(document).faults


def test_a_bottomless_document_is_refused_before_it_is_read():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    found = reading.read({"tasks": [{"name": "One", "template": "t", "parameters": {"deep": deep}}]})
    assert [fault.code for fault in found.faults] == ["CFG_008"]


def test_too_many_tasks_are_refused(monkeypatch):
    monkeypatch.setattr(reading, "MAX_NODES", 2)
    found = reading.read({"tasks": [{"name": str(number), "template": "t"} for number in range(3)]})
    assert [fault.code for fault in found.faults] == ["CFG_008"]


def test_loading_what_is_wrong_raises_all_of_it():
    with pytest.raises(WorkflowError) as refused:
        reading.load({"tasks": [{"name": "One", "join": 7}]})
    assert [fault.code for fault in refused.value.faults] == ["CFG_007", "CFG_001"]
