"""The whole of a workflow is judged: names, keys, circles, what never runs, what texts and conditions name."""

import pytest

from apps.catalog.definition import Problem
from apps.executors.workflow import asking, checking
from apps.executors.workflow.checking import Known, check
from apps.executors.workflow.codes import CODES


def task(name, needs=(), makes=None, **fields):
    return {
        "name": name,
        "template": "t",
        "dependencies": list(needs),
        "result_keys": makes or [name.lower()],
        **fields,
    }


def found(*tasks, known=None, **fields):
    """(code, place) of all faults of a workflow of these tasks."""
    return [(fault.code, fault.place) for fault in check({"tasks": list(tasks), **fields}, known or Known())]


def only(*tasks, known=None, **fields):
    """The one fault that there is."""
    [fault] = check({"tasks": list(tasks), **fields}, known or Known())
    return fault


def test_a_diamond_has_no_faults():
    assert found(task("A"), task("B", ["a"]), task("C", ["a"]), task("D", ["b", "c"])) == []


def test_names_are_unique_in_the_workflow():
    groups = [
        {"name": "G", "tasks": [task("A")]},
        {"name": "G", "tasks": [task("A", makes=["other"])]},
    ]
    faults = check({"groups": groups})
    assert [(fault.code, fault.place) for fault in faults] == [
        ("CFG_003", "groups.1.name"),
        ("CFG_003", "groups.1.tasks.0.name"),
    ]


def test_a_key_that_nothing_makes_is_named_with_the_nearest():
    fault = only(task("A", makes=["customers"]), task("B", ["custmers"]))

    assert (fault.code, fault.type, fault.place) == ("DEP_001", "DependencyError", "tasks.1.dependencies.0")
    assert "Did you mean “customers”?" in fault.message
    assert fault.details["missing_fields"] == ["custmers"]
    assert fault.details["task"] == "B"


def test_inputs_other_groups_events_and_optional_keys_are_there():
    groups = [
        {"name": "One", "tasks": [task("A", ["b", "given", "parameter"])]},
        {"name": "Two", "tasks": [task("B", ["nobody?", {"key": "none", "default": 0}, {"event": "call"}])]},
    ]
    assert check({"groups": groups, "inputs": ["given"]}, Known(inputs={"parameter": "string"})) == []


@pytest.mark.parametrize(
    ("schema", "inputs"),
    [
        ({"properties": {"rows": {"type": "array"}, "note": {"type": ["string", "null"]}, "x": {"$ref": "#/$defs/x"}}},
         {"rows": "array", "note": "", "x": ""}),
        ({"properties": {"rows": True}}, {"rows": ""}),
        ({"properties": []}, {}),
        (None, {}),
    ],
)  # fmt: skip
def test_parameters_of_the_template_are_inputs(schema, inputs):
    assert checking.inputs_of(schema) == inputs


def test_a_key_is_made_once():
    fault = only(task("A", makes=["k"]), task("B", makes=["k"]))
    assert (fault.code, fault.place, fault.details["key"]) == ("DEP_002", "tasks.1.result_keys", "k")
    assert found(task("A", makes=["k"]), inputs=["k"]) == [("DEP_002", "tasks.0.result_keys")]


def test_alternatives_of_a_choice_may_make_the_same_key():
    one = task("A", ["n"], ["k"], choice="size", condition={"n": 1})
    other = task("B", ["n"], ["k"], choice="size")
    assert found(one, other, task("C", ["k"]), inputs=["n"]) == []


def test_a_circle_is_named_and_what_lies_behind_it_never_runs():
    faults = check(
        {"tasks": [task("A", ["c"]), task("B", ["a"]), task("C", ["b"]), task("D", ["c"]), task("E", ["d"])]}
    )

    assert [fault.code for fault in faults] == ["DEP_003", "DEP_004"]
    assert "A → B → C → A" in faults[0].message
    assert faults[0].details["cycle"] == ["A", "B", "C", "A"]
    assert faults[1].details["tasks"] == ["D", "E"]
    assert faults[1].details["dependency"] == "A"


def test_every_circle_is_named_also_one_behind_another():
    faults = check(
        {"tasks": [task("A", ["b"]), task("B", ["a"]), task("C", ["b", "d"]), task("D", ["c?"]), task("E", ["e"])]}
    )
    assert [fault.details["cycle"] for fault in faults if fault.code == "DEP_003"] == [
        ["A", "B", "A"],
        ["C", "D", "C"],
        ["E", "E"],
    ]


def test_a_short_way_round_is_shown_of_a_knot_of_circles():
    knot = [task("A", ["b", "c"]), task("B", ["a", "c"]), task("C", ["b"])]
    assert only(*knot).details["cycle"] == ["A", "B", "A"]


def test_a_long_circle_is_shown_in_part():
    ring = [task(f"T{n}", [f"t{(n - 1) % 50}"]) for n in range(50)]
    faults = check({"tasks": ring})
    assert [fault.code for fault in faults] == ["DEP_003"]
    assert len(faults[0].details["cycle"]) == 51
    assert "50 tasks wait for each other" in faults[0].message
    assert "…" in faults[0].message


def test_one_missing_key_names_all_that_never_run():
    faults = check({"tasks": [task("A", ["nobody"]), task("B", ["a"]), task("C", ["b"]), task("D", ["c?"])]})
    assert [fault.code for fault in faults] == ["DEP_001", "DEP_004"]
    assert faults[1].details["tasks"] == ["B", "C"]


def test_a_join_of_some_runs_without_the_others():
    tasks = [task("A", ["nobody"]), task("B"), task("C")]
    assert found(*tasks, task("D", ["a", "b"], join="any")) == [("DEP_001", "tasks.0.dependencies.0")]
    assert found(*tasks, task("D", ["a", "b", "c"], join={"at_least": 2})) == [("DEP_001", "tasks.0.dependencies.0")]
    assert found(*tasks, task("D", ["a", "b"], join={"at_least": 2})) == [
        ("DEP_001", "tasks.0.dependencies.0"),
        ("DEP_004", "tasks.3"),
    ]


def test_a_join_cannot_want_more_than_there_are():
    assert ("DEP_005", "tasks.1.join") in found(task("A"), task("B", ["a", "x?"], join={"at_least": 2}))


def test_a_milestone_and_a_cancel_name_tasks():
    assert found(task("A", cancels=["*"]), task("B", [{"task": "A", "state": "started"}], cancels=["A"])) == []
    assert found(task("A", cancels=["A", "Nobody"]), task("B", [{"task": "a", "optional": True}])) == [
        ("CFG_012", "tasks.1.dependencies.0"),
        ("CFG_012", "tasks.0.cancels"),
        ("CFG_012", "tasks.0.cancels"),
    ]


def test_an_input_of_another_type_is_said():
    needs = [{"key": "rows", "type": "array"}]
    assert found(task("A", needs), inputs={"rows": "string"}) == [("DEP_006", "tasks.0.dependencies.0")]
    assert found(task("A", needs), inputs={"rows": "array"}) == []
    assert found(task("A", [{"key": "n", "type": "number"}]), inputs={"n": "integer"}) == []


@pytest.mark.parametrize(
    ("tasks", "places"),
    [
        ([task("A", choice="c")], ["tasks.0.choice"]),
        ([task("A", choice="c"), task("B", choice="c")], ["tasks.0.choice"]),
        ([task("A", ["n"], choice="c", condition={"n": 1}), task("B", choice="c")], ["tasks.1.choice"]),
        ([task("A", choice={"name": "c", "by": "first"}), task("B", choice="c")], ["tasks.1.choice"]),
        ([task("A", choice={"name": "c", "by": "first"}), task("B", choice={"name": "c", "by": "first"})], []),
    ],
)
def test_the_alternatives_of_a_choice_fit_together(tasks, places):
    assert found(*tasks, inputs=["n"]) == [("CFG_011", place) for place in places]


def test_classes_tools_templates_and_scripts_are_looked_up_once():
    asked = []

    def names(kind, *known):
        return lambda: asked.append(kind) or known

    known = Known(
        classes=names("classes", "Writer"),
        tools=names("tools", "SaveIntakeInformation", "report.pdf"),
        templates=names("templates", "t"),
        script_problems=lambda text: [Problem(place="script", message="Syntax error", line=2)] if "(" in text else [],
    )
    tasks = [
        {"name": "A", "agent_class": "Writr", "tools": ["report.pdf", "report.pfd"]},
        {"name": "B", "agent_class": "Writer", "validator_tool": "Validate"},
        {"name": "C", "tool": "SaveIntake"},
        {"name": "D", "template": "u"},
        {"name": "E", "script": "def run("},
        {"name": "F", "script": "def run: pass"},
    ]

    faults = check({"tasks": tasks}, known)

    assert [(fault.code, fault.place) for fault in faults] == [
        ("CFG_004", "tasks.0.agent_class"),
        ("CFG_006", "tasks.0.tools.1"),
        ("CFG_006", "tasks.1.validator_tool"),
        ("CFG_006", "tasks.2.tool"),
        ("CFG_005", "tasks.3.template"),
        ("CFG_010", "tasks.4.script"),
    ]
    assert "Did you mean “Writer”?" in faults[0].message
    assert faults[5].message == "Line 2: Syntax error"
    assert sorted(asked) == ["classes", "templates", "tools"]


def test_different_scripts_are_few(monkeypatch):
    monkeypatch.setattr(checking, "MAX_SCRIPTS", 2)
    scripts = [{"name": str(n), "script": f"def run(p): return {n % 3}", "result_keys": [f"k{n}"]} for n in range(6)]
    assert found(*scripts) == [("CFG_008", "tasks.2.script"), ("CFG_008", "tasks.5.script")]


def test_texts_name_what_the_task_waits_for():
    ok = task(
        "B",
        ["a", "note?", {"key": "order", "kind": "prerequisite"}],
        message_template="{a.x} {given} {task_id} {note|} {{no}}",
        parameters={"deep": [{"a": "{a}"}]},
    )
    assert found(task("A"), task("Order"), ok, inputs=["given"]) == []


@pytest.mark.parametrize(
    ("fields", "code", "place"),
    [
        ({"message_template": "{nobody}"}, "CTX_001", "message_template"),
        ({"shared_instructions": "{nobody}"}, "CTX_001", "shared_instructions"),
        ({"parameters": {"deep": ["{nobody}"]}}, "CTX_001", "parameters.deep.0"),
        ({"message_template": "{index}"}, "CTX_001", "message_template"),
        ({"message_template": "{a}"}, "CTX_003", "message_template"),
        ({"message_template": "{a|none}"}, "CTX_003", "message_template"),
        ({"message_template": "{"}, "CTX_002", "message_template"),
        ({"parameters": {"x": "{a b}"}}, "CTX_002", "parameters.x"),
        ({"dependencies": ["note?"], "message_template": "{note}"}, "CTX_001", "message_template"),
        (
            {"dependencies": [{"key": "a", "kind": "prerequisite"}], "message_template": "{a}"},
            "CTX_003",
            "message_template",
        ),
        ({"validator_prompt": "{nobody}"}, "CTX_001", "validator_prompt"),
        ({"output_config": {"output_path": "$.x[{index}]"}}, "CTX_001", "output_config.output_path"),
        ({"output_config": {"output_path": "x"}}, "PROC_002", "output_config.output_path"),
        ({"output_config": {"result_key": "other"}}, "PROC_002", "output_config.result_key"),
        ({"condition": {"nobody": 1}}, "CTX_005", "condition"),
        ({"condition": {"a": 1}}, "CTX_003", "condition"),
        ({"condition": {"b": 1}}, "CTX_005", "condition"),
        ({"preconditions": [{"if": {"nobody": 1}}]}, "CTX_005", "preconditions.0.if"),
        ({"postconditions": [{"if": {"any": [{"b": 1}, {"nobody": 1}]}}]}, "CTX_005", "postconditions.0.if"),
        ({"loop": {"until": {"nobody": 1}, "most": 2}}, "CTX_005", "loop.until"),
        ({"loop": {"until": {"b": 1}, "most": 2}, "message_template": "{b}"}, "CTX_001", "message_template"),
        ({"cleanup": {"after": ["nobody"]}}, "CTX_001", "cleanup.after"),
        ({"result_keys": ["task_id"]}, "CTX_006", "result_keys"),
    ],
)
def test_what_is_named_and_not_there_is_an_error_at_its_place(fields, code, place):
    assert found(task("A"), task("B", **{"makes": ["b"], **fields} if "result_keys" not in fields else fields)) == [
        (code, f"tasks.1.{place}")
    ]


def test_a_prerequisite_that_is_used_is_told_to_be_data():
    fault = only(task("A"), task("B", [{"key": "a", "kind": "prerequisite"}], message_template="{a}"))
    assert fault.code == "CTX_003"
    assert fault.suggestions == ("Make the dependency on “a” one of kind data.",)


def test_inputs_and_parameters_leave_the_system_its_names():
    known = Known(inputs={"date": "string"})
    assert found(task("A"), inputs=["index", "ok"], known=known) == [("CTX_006", ""), ("CTX_006", "inputs.index")]


def test_expanded_tasks_name_their_item_and_identifiers():
    expansion = {
        "array_mapping": {"customer": "rows"},
        "identifiers": {"customer_id": "customer.id"},
        "name": "{customer_id}",
    }
    fields = {
        "message_template": "{customer.name} {item} {index} {total} {parent} {customer_id}",
        "output_config": {"output_path": "$.c[{index}]"},
    }
    assert found(task("A", expansion_config=expansion, **fields), inputs=["rows"]) == []


@pytest.mark.parametrize(
    ("expansion", "code", "place"),
    [
        ({"array_mapping": {"c": "rows"}, "identifiers": {"i": "d.id"}}, "PROC_001", "identifiers.i"),
        ({"array_mapping": {"c": "nobody"}}, "DEP_001", "array_mapping"),
        ({"array_mapping": {"index": "rows"}}, "CTX_006", "array_mapping.index"),
        ({"array_mapping": {"c": "rows"}, "identifiers": {"total": "c.id"}}, "CTX_006", "identifiers.total"),
        ({"type": "zip", "array_mapping": {"c": [1, 2], "d": [1]}}, "PROC_001", "array_mapping"),
    ],
)
def test_an_expansion_that_cannot_be_made_is_an_error(expansion, code, place):
    assert found(task("A", expansion_config=expansion), inputs=["rows"]) == [
        (code, f"tasks.0.expansion_config.{place}")
    ]


def test_an_approval_cannot_be_expanded():
    asks = {"name": "A", "approval": {"title": "{row}?"}, "expansion_config": {"array_mapping": {"row": "rows"}}}
    assert found(asks, inputs=["rows"]) == [("PROC_001", "tasks.0.expansion_config")]


@pytest.mark.parametrize(
    ("approval", "places"),
    [
        ({"title": "Pay?"}, []),
        ({}, ["title"]),
        ({"title": "Pay?", "from": "x"}, ["from"]),
        ({"title": "Pay?", "form": {"type": "text"}}, ["form.type"]),
        ({"title": "Pay?", "expires_after": "soon"}, ["expires_after"]),
        ({"title": "{nobody}?"}, ["title"]),
        ({"title": "Pay?", "evidence": [{"text": "{nobody}"}]}, ["evidence.0.text"]),
        ({"title": "Pay?", "evidence": [{"txt": "a"}]}, ["evidence.0"]),
        (
            {"title": "Pay?", "form": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a{3}$"}}}},
            [],
        ),
        ({"title": "Pay?", "data": "{rows}", "evidence": [{"table": "{rows}"}]}, []),
    ],
)
def test_an_approval_is_judged_as_far_as_its_values_are_known(approval, places):
    assert [
        place for _, place in found({"name": "A", "approval": approval, "dependencies": ["rows"]}, inputs=["rows"])
    ] == [f"tasks.0.approval.{place}" for place in places]


def test_a_question_is_filled_but_for_its_form():
    form = {"type": "object", "properties": {"code": {"type": "string", "pattern": "^a{3}$"}}}
    given = {"title": "Pay {order.total}?", "form": form, "data": {"code": "{order.code}"}}

    asked = asking.question(given, {"order": {"total": 7, "code": "aaa"}})

    assert (asked.title, asked.form, asked.data) == ("Pay 7?", form, {"code": "aaa"})


def test_equal_rules_and_approvals_are_judged_once_and_different_ones_are_few(monkeypatch):
    monkeypatch.setattr(checking, "MAX_RULES", 2)
    monkeypatch.setattr(checking, "MAX_APPROVALS", 1)
    rules = [
        task(f"T{n}", makes=[f"k{n}"], output_config={"output_path": f"$.a{n % 3}", "result_key": f"k{n}"})
        for n in range(3)
    ]
    asks = [{"name": f"A{n}", "approval": {"title": f"{n % 2}"}} for n in range(4)]
    assert found(*rules, *asks) == [
        ("PROC_002", "tasks.2.output_config"),
        ("CFG_001", "tasks.4.approval"),
        ("CFG_001", "tasks.6.approval"),
    ]


def test_an_optional_value_without_a_default_is_a_warning():
    fault = only(task("A", ["note?"], message_template="{note}"))
    assert fault.severity == "warning"
    assert "{note|…}" in fault.message


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"output_path": "$.c[*]"}, "output_path"),
        ({"output_path": "$.c[{"}, "output_path"),
        ({"format": {"type": "objct", "properties": {}}}, "format.type"),
        ({"mode": "merge"}, "merge_key"),
    ],
)
def test_an_output_rule_is_judged_as_output_mapping_has_it(rule, place):
    assert found(task("A", output_config=rule)) == [("PROC_002", f"tasks.0.output_config.{place}")]


def test_one_alternative_that_never_runs_leaves_the_other():
    first = {"name": "reply", "by": "first"}
    one, other = task("A", ["nobody"], ["k"], choice=first), task("B", [], ["k"], choice=first)
    assert found(one, other, task("C", ["k"])) == [("DEP_001", "tasks.0.dependencies.0")]


def test_a_task_may_drop_what_it_made_itself():
    assert found(task("A"), task("B", ["a"], cleanup={"after": ["a"], "on_error": ["b"]})) == []


def test_outputs_of_the_workflow_are_made():
    assert found(task("A"), outputs={"x": "a.file", "y": "b"}, cleanup={"after": ["c"]}) == [
        ("DEP_001", "outputs.y"),
        ("DEP_001", "cleanup.after"),
    ]


def test_faults_of_fields_and_of_the_whole_come_together():
    faults = found(task("A", ["nobody"], join="some"), {"name": "B"})
    assert {code for code, _ in faults} == {"CFG_001", "CFG_007", "DEP_001"}


def test_every_code_has_a_type_a_meaning_and_an_advice():
    for code in CODES.values():
        assert code.type.endswith("Error")
        assert code.meaning.endswith(".")
        assert code.advice.endswith((".", "}"))
