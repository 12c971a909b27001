"""What the source design shows, in its own field names: short tasks with defaults, the pipeline, the dossier's groups."""

import pytest

from apps.executors.workflow import reading
from apps.executors.workflow.checking import Known, check
from apps.executors.workflow.graph import Array, Retry
from apps.executors.workflow.placeholders import fill
from apps.executors.workflow.planning import plan_of

CLASSES = frozenset({
    "Agent", "Collector", "Researcher", "Writer", "Analyst", "DataValidator", "DataEnricher", "SegmentAnalyzer",
})  # fmt: skip
TOOLS = frozenset({
    "SaveIntakeInformation", "AggregateIntakes", "SaveNotesInformation", "WriteResearchSection", "WritePersonalStatement",
    "WriteNexusLetter", "Write38CFRPoints", "WriteKeyPoints", "WriteFutureConsiderations", "WriteExecutiveSummary",
    "WriteConditionReportSection", "ValidationTool",
})  # fmt: skip
KNOWN = Known(classes=lambda: CLASSES, tools=lambda: TOOLS)

INTAKE = ["intake_info", "supplemental_info", "notes_information"]
ANALYSIS = ["cfr_tips", "key_points", "future_considerations"]


def write(name, tool, needs, key, text, **fields):
    return {
        "name": name,
        "agent_class": "Writer",
        "tools": [tool],
        "dependencies": needs,
        "result_keys": [key],
        "message_template": text,
        **fields,
    }


def each_condition(output_format="merge"):
    return {
        "type": "array",
        "array_mapping": {"condition": "conditions"},
        "identifiers": {"condition_name": "condition.name"},
        "output_format": output_format,
    }


DOSSIER = {
    "inputs": ["customer_id"],
    "task_groups": [
        {
            "name": "Retrieve Customer Information",
            "tasks": [
                {
                    "name": "Intake",
                    "agent_class": "Collector",
                    "tools": ["SaveIntakeInformation"],
                    "message_template": "Read the intake forms of customer {customer_id}.",
                    "result_keys": ["intake_info", "conditions"],
                },
                {
                    "name": "Supplemental",
                    "agent_class": "Collector",
                    "tools": ["AggregateIntakes"],
                    "dependencies": ["intake_info"],
                    "message_template": "Combine all sources with {intake_info}.",
                    "result_keys": ["supplemental_info"],
                },
                {
                    "name": "Notes",
                    "agent_class": "Collector",
                    "tools": ["SaveNotesInformation"],
                    "message_template": "Read the notes about customer {customer_id}.",
                    "result_keys": ["notes_information"],
                },
            ],
        },
        {
            "name": "Research and Analysis",
            "tasks": [
                write(
                    "Research",
                    "WriteResearchSection",
                    INTAKE,
                    "research_sections",
                    "Research {condition.name}, with {intake_info}.",
                    expansion_config=each_condition(),
                )
            ],
        },
        {
            "name": "Documentation",
            "tasks": [
                write(
                    "Statement",
                    "WritePersonalStatement",
                    ["research_sections", *INTAKE],
                    "personal_statement",
                    "Write it.",
                ),
                write(
                    "Letters",
                    "WriteNexusLetter",
                    ["research_sections", *INTAKE],
                    "nexus_letters",
                    "Write a letter about {condition_name}.",
                    expansion_config=each_condition("separate"),
                ),
            ],
        },
        {
            "name": "Condition Analysis",
            "tasks": [
                write(
                    name,
                    tool,
                    ["research_sections", *INTAKE],
                    key,
                    f"{name} for {{condition_name}}.",
                    expansion_config=each_condition(),
                )
                for name, tool, key in zip(
                    ("Points", "Key points", "Future"),
                    ("Write38CFRPoints", "WriteKeyPoints", "WriteFutureConsiderations"),
                    ANALYSIS,
                    strict=True,
                )
            ],
        },
        {
            "name": "Condition Executive Summaries",
            "tasks": [
                write(
                    "Summaries",
                    "WriteExecutiveSummary",
                    ["research_sections", "personal_statement", "nexus_letters", *INTAKE, *ANALYSIS],
                    "condition_executive_summaries",
                    "Summarise {condition_name}, number {index} of {total}.",
                    expansion_config=each_condition("index"),
                )
            ],
        },
        {
            "name": "CreateConditionSections",
            "tasks": [
                write(
                    "Sections",
                    "WriteConditionReportSection",
                    ["condition_executive_summaries"],
                    "condition_sections",
                    "Write the section about {summary}.",
                    expansion_config={"array_mapping": {"summary": "condition_executive_summaries"}},
                )
            ],
        },
        {
            "name": "Overall Executive Summary",
            "tasks": [
                write(
                    "Overall", "WriteExecutiveSummary", ["condition_sections"], "overall_executive_summary", "Sum up."
                )
            ],
        },
    ],
    "outputs": ["overall_executive_summary", "condition_sections"],
}


def test_the_dossier_of_seven_groups_passes_its_check():
    assert check(DOSSIER, KNOWN) == []


def test_the_dossier_runs_in_waves_that_nobody_wrote_down():
    assert plan_of(reading.load(DOSSIER)).waves == (
        ("Intake", "Notes"),
        ("Supplemental",),
        ("Research",),
        ("Statement", "Letters", "Points", "Key points", "Future"),
        ("Summaries",),
        ("Sections",),
        ("Overall",),
    )


def test_a_misspelt_tool_of_the_dossier_is_found():
    group = {"name": "G", "tasks": [write("Letters", "WriteNexusLeter", [], "nexus_letters", "Write.")]}
    [fault] = check({"groups": [group]}, KNOWN)
    assert fault.code == "CFG_006"
    assert "“WriteNexusLetter”" in fault.message


PIPELINE = {
    "task_groups": [
        {
            "name": "Ingestion",
            "tasks": [
                {
                    "name": "ValidateCustomers",
                    "agent_class": "DataValidator",
                    "message_template": "Validate the batch",
                    "result_keys": ["validated_data"],
                },
                {
                    "name": "EnrichCustomers",
                    "agent_class": "DataEnricher",
                    "message_template": "Enrich {validated_data}",
                    "dependencies": ["validated_data"],
                    "result_keys": ["enriched_data"],
                },
            ],
        },
        {
            "name": "Analysis",
            "tasks": [
                {
                    "name": "Segments",
                    "agent_class": "SegmentAnalyzer",
                    "message_template": "Find segments in {enriched_data}",
                    "dependencies": ["enriched_data"],
                    "result_keys": ["segment_analysis"],
                }
            ],
        },
    ]
}


def test_a_group_waits_for_the_keys_of_another():
    assert check(PIPELINE, KNOWN) == []
    assert [len(wave) for wave in plan_of(reading.load(PIPELINE)).waves] == [1, 1, 1]


SHORT = {
    "an expansion with a message": {
        "name": "HandleItems",
        "expansion_config": {"type": "array", "array_mapping": {"item": "items_list"}, "output_format": "merge"},
        "message_template": "Handle item {item.id}",
    },
    "two arrays with identifiers": {
        "name": "CompareOffers",
        "message_template": "Compare {customer_id} with {product_id}",
        "expansion_config": {
            "type": "array",
            "array_mapping": {"customer": "customers", "product": "products"},
            "identifiers": {"customer_id": "customer.id", "product_id": "product.id"},
            "output_format": "separate",
        },
    },
    "an output at an index": {
        "name": "Read Customers",
        "message_template": "Read {customer.id}",
        "expansion_config": {"type": "array", "array_mapping": {"customer": "customers"}},
        "output_config": {"result_key": "customer_data", "output_path": "$.customers[{index}]", "format": "object"},
    },
    "an aggregation without a mapping": {
        "name": "Aggregate",
        "message_template": "Aggregate {item}",
        "dependencies": ["items_list"],
        "expansion_config": {"type": "array", "output_format": "merge"},
    },
    "a validator": {
        "name": "CheckData",
        "agent_class": "DataValidator",
        "validator_prompt": "Is the structure of these data right?",
        "validator_tool": "ValidationTool",
        "result_keys": ["validation_result"],
    },
    "an optional dependency": {
        "name": "Describe",
        "message_template": "Describe {customers}. {optional_data|}",
        "dependencies": ["customers", "optional_data?"],
    },
}


@pytest.mark.parametrize("task", SHORT.values(), ids=SHORT)
def test_a_short_example_is_completed_by_defaults(task):
    assert check({"inputs": ["items_list", "customers", "products"], "tasks": [task]}, KNOWN) == []


def test_the_defaults_are_the_documented_ones():
    inputs = ["items_list", "customers", "products"]
    nodes = {name: reading.load({"inputs": inputs, "tasks": [task]}).nodes[0] for name, task in SHORT.items()}

    assert nodes["an expansion with a message"].runner.subject == "Agent"
    assert nodes["an expansion with a message"].result_keys == ("handle_items",)
    assert nodes["two arrays with identifiers"].expansion.type == "product"
    assert nodes["an output at an index"].expansion.output_format == "merge"
    assert nodes["an output at an index"].result_keys == ("customer_data",)
    assert nodes["an aggregation without a mapping"].expansion.arrays == (
        Array(variable="item", source=("items_list",)),
    )
    assert nodes["a validator"].validator.on_reject == "fail"


def test_the_documented_retry_is_the_default_one():
    written = {"max_attempts": 3, "delay_ms": 1000, "backoff_factor": 2.0, "timeout_ms": 30000}
    [node] = reading.load({"tasks": [{"name": "A", "template": "t", "retry_config": written}]}).nodes
    assert node.retry == Retry()


def test_all_that_is_wrong_with_an_expansion_is_said():
    faults = check({
        "tasks": [{"name": "A", "agent_class": "Agent", "expansion_config": {"type": "array", "output_format": "custom"}}]
    })  # fmt: skip

    assert [fault.code for fault in faults] == ["CFG_001", "CFG_001"]
    missing, invalid = (fault.as_json()["details"] for fault in faults)
    assert missing["missing_fields"] == ["array_mapping"]
    assert list(invalid["invalid_fields"]) == ["output_format"]
    assert "merge, separate, index" in invalid["invalid_fields"]["output_format"]


def test_an_output_path_is_filled_for_each_item():
    assert fill("$.reports[{index}].analysis", {"index": 4}) == "$.reports[4].analysis"
