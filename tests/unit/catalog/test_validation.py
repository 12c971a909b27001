from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings

from apps.catalog import kinds, validation
from apps.catalog.definition import Definition, Problem
from apps.catalog.kinds import UnknownKind

GOOD = Definition(
    script="fine",
    parameter_schema={"type": "object", "properties": {"period": {"type": "string"}, "top": {"type": "integer"}}},
    triggers={"patterns": [r"(?i)\binvoice report\b"], "keywords": ["invoice"], "contexts": [], "examples": ["Go"]},
    outputs={
        "attachments": [
            {"type": "pdf", "page_template": "invoice_report", "name": "invoice_report_{date}.pdf"},
            {"type": "csv", "name": "overdue_accounts_{date}.csv"},
        ],
        "notifications": {"channels": ["origin", "email"], "message": "{summary} ({period}, top {top})"},
    },
    stages=[{"name": "validate_parameters", "percent": 0}, {"name": "finalize", "percent": 95.5}],
    required_tools=["crm", "crm.invoices", "task"],
)


def said(definition: Definition) -> str:
    return "\n".join(str(problem) for problem in validation.check(definition))


def test_a_good_definition_has_no_problems() -> None:
    assert validation.check(GOOD) == []
    assert validation.check(Definition()) == []


def test_the_kind_reports_lines_of_the_script() -> None:
    problems = validation.check(replace(GOOD, script="fine\nodd\nwrong"))
    assert [(each.place, each.line, each.severity) for each in problems] == [
        ("script", 2, "warning"),
        ("script", 3, "error"),
    ]
    assert str(problems[1]) == "script line 3: That is wrong."
    assert validation.errors(problems) == problems[1:]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "dance"}, "kind: There is no kind “dance”. There are: script."),
        ({"kind": 3}, "kind: There is no kind “3”"),
        ({"script": None}, "script: The script must be text"),
        ({"script": "x" * 200_001}, "longer than 200,000 characters"),
        ({"parameter_schema": []}, "parameter_schema: A schema is an object"),
        (
            {"parameter_schema": {"type": "object", "properties": {"a": {"$ref": "http://x/y"}}}},
            "parameter_schema.properties.a.$ref: “http://x/y” must point into",
        ),
        ({"required_tools": "crm"}, "required_tools: Give a list of names"),
        ({"required_tools": ["crm", "crn.x"]}, "required_tools.1: There is no tool module “crn”. Did you mean “crm”?"),
        ({"required_tools": ["web"]}, "There are: crm, task."),
        ({"triggers": []}, "triggers: Give an object with patterns"),
        ({"triggers": {"pattern": ["x"]}}, "triggers.pattern: There is no such list"),
        ({"triggers": {"patterns": "x"}}, "triggers.patterns: Give a list"),
        (
            {"triggers": {"patterns": ["ok", "(?=a)"]}},
            "triggers.patterns.1: The pattern “(?=a)” cannot be used: look-around",
        ),
        ({"triggers": {"keywords": ["ok", " "]}}, "triggers.keywords.1: Give a text"),
        ({"triggers": {"keywords": [3]}}, "triggers.keywords.0: Give a text"),
        ({"triggers": {"examples": ["x"] * 201}}, "triggers.examples: Give a list of up to 200"),
        ({"stages": {}}, "stages: Give a list of up to 50"),
        ({"stages": [{"name": "a", "percent": 0}] * 51}, "stages: Give a list of up to 50"),
        ({"stages": [{"name": "a"}]}, "stages.0: A stage has a name"),
        ({"stages": ["a"]}, "stages.0: A stage has a name"),
        ({"stages": [{"name": " ", "percent": 1}]}, "stages.0: A stage has a name"),
        ({"stages": [{"name": "a", "percent": 101}]}, "stages.0: A stage has a name"),
        ({"stages": [{"name": "a", "percent": True}]}, "stages.0: A stage has a name"),
        ({"stages": [{"name": "a", "percent": 1}, {"name": "a", "percent": 2}]}, "stages: Two stages are called “a”"),
        (
            {"stages": [{"name": "a", "percent": 30}, {"name": "b", "percent": 10}]},
            "stages.1: “b” begins at 10 %, not after “a” at 30 %. Percentages ascend.",
        ),
        ({"stages": [{"name": "a", "percent": 30}, {"name": "b", "percent": 30}]}, "stages.1: “b” begins at 30 %"),
        ({"priority": 101}, "priority: Give a whole number from 0 to 100"),
        ({"memory_mb": 8}, "memory_mb: Give a whole number from 16 to 65,536"),
        ({"memory_mb": None}, "memory_mb: Give a whole number"),
        ({"max_calls": "many"}, "max_calls: Give a whole number"),
        ({"cpu_seconds": 0}, "cpu_seconds: Give a whole number"),
        ({"deadline_seconds": 0}, "deadline_seconds: Give a whole number"),
        ({"retention_days": -1}, "retention_days: Give a whole number"),
        ({"debounce_seconds": 0}, "debounce_seconds: Give a whole number"),
        ({"cache_seconds": -1}, "cache_seconds: Give a whole number"),
        ({"limit_key": "period"}, "limit_key: Name parameters in braces"),
        ({"debounce_key": "{nothing}"}, "debounce_key: There is no parameter “nothing”"),
        ({"is_cpu_intensive": "no"}, "is_cpu_intensive: Say true or false"),
        ({"queue": ""}, "queue: Name the queue"),
        ({"retry": []}, "retry: Give an object"),
        ({"retry": {"attempts": 3}}, "retry: There is no attempts"),
        ({"retry": {"delays": [1], "first": 1}}, "retry: Give either delays, or first"),
        ({"retry": {"first": -1}}, "retry.first: Give seconds from 0 to 86,400"),
        ({"retry": {"cap": "1h"}}, "retry.cap: Give seconds"),
        ({"retry": {"floor": True}}, "retry.floor: Give seconds"),
        ({"retry": {"factor": 0.5}}, "retry.factor: Give a number from 1 to 100"),
        ({"retry": {"jitter": "some"}}, "retry.jitter: Say full, equal or none"),
        ({"retry": {"errors": ["OSError"]}}, "retry.errors: Give up to 50 classes"),
        ({"retry": {"errors": {"OSError": "sometimes"}}}, 'retry.errors.OSError: Say "never", "always"'),
        ({"retry": {"errors": {"OSError": {"first": -1}}}}, "retry.errors.OSError.first: Give seconds"),
        ({"retry": {"errors": {"OSError": {"errors": {}}}}}, "retry.errors.OSError: There is no errors"),
        ({"retry": {"max_attempts": 0, "delays": []}}, "retry.max_attempts: Give a whole number from 1 to 100"),
        ({"retry": {"max_attempts": 3, "delays": [1, -1]}}, "retry.delays: Give a list of seconds"),
        ({"retry": {"max_attempts": 3, "delays": 1}}, "retry.delays: Give a list of seconds"),
        ({"outputs": []}, "outputs: Give an object"),
        ({"outputs": {"files": []}}, "outputs: Give an object"),
        ({"outputs": {"attachments": {}}}, "outputs.attachments: Give a list"),
        ({"outputs": {"attachments": ["x.pdf"]}}, "outputs.attachments.0: An attachment has"),
        ({"outputs": {"notifications": []}}, "outputs.notifications: Give an object"),
        (
            {"outputs": {"notifications": {"channels": ["sms"]}}},
            "outputs.notifications.channels: Give a list with any of",
        ),
        ({"outputs": {"notifications": {"message": 3}}}, "outputs.notifications.message: Give a text"),
        ({"outputs": {"notifications": {"message": "{perod}"}}}, "“{perod}”. Did you mean “period”?"),
        ({"outputs": {"notifications": {"message": "{x.__class__}"}}}, "There is no placeholder “{x.__class__}”"),
        ({"outputs": {"notifications": {"message": "open { brace"}}}, "A brace is open or closed alone"),
    ],
)
def test_a_problem_names_its_place_and_what_to_do(change: dict[str, Any], words: str) -> None:
    assert words in said(replace(GOOD, **change))


def attachment(**values: Any) -> str:
    return said(replace(GOOD, outputs={"attachments": [{"type": "pdf", "name": "x.pdf", **values}]}))


@pytest.mark.parametrize(
    "name",
    ["report.pdf", "überfällig_{date}.pdf", "{period} ({task_id}).pdf", "{template}.v2.pdf", "top-{top}.pdf"],
)
def test_file_names_take_placeholders(name: str) -> None:
    assert attachment(name=name) == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x.pdf", "no path in it"),
        ("a/b.pdf", "no path in it"),
        ("a\\b.pdf", "no path in it"),
        ("a..pdf", "no path in it"),
        (".pdf", "no path in it"),
        ("-rf.pdf", "no path in it"),
        ("a\nb.pdf", "no path in it"),
        ("C:x.pdf", "no path in it"),
        ("{date!r}.pdf", "no path in it"),
        ("\u202efdp.exe", "no path in it"),
        ("x.csv", "named with .pdf"),
        ("{dat}.pdf", "Did you mean “date”?"),
        ("{0}.pdf", "There is no placeholder “{0}”"),
        ("{}.pdf", "There is no placeholder “{}”"),
        ("{date}}.pdf", "open or closed alone"),
        ("", "Give a file name"),
        (None, "Give a file name"),
        ("x" * 117 + ".pdf", "Give a file name of up to 120"),
    ],
)
def test_file_names_that_could_do_harm_or_mean_nothing_are_refused(name: Any, words: str) -> None:
    assert words in attachment(name=name)


def test_attachments_have_known_types_and_plain_page_templates() -> None:
    assert "Did you mean “pdf”?" in attachment(type="pfd")
    assert "Give one of pdf, csv" in attachment(type=None)
    assert "Name a page template" in attachment(page_template="../secret")
    assert "Name a page template" in attachment(page_template=["x"])
    twice = {"attachments": [{"type": "pdf", "name": "x.pdf"}, {"type": "pdf", "name": "x.pdf"}]}
    assert "Two attachments are named “x.pdf”" in said(replace(GOOD, outputs=twice))


def test_kinds_are_found_by_name_and_loaded_when_needed() -> None:
    assert kinds.names() == ["script"]
    assert kinds.get("script").permissions(Definition(script="import crm")) == {"crm.view_invoice"}
    with pytest.raises(UnknownKind, match=r"There is no kind “dance”\. There are: script\."):
        kinds.get("dance")
    settings.TASK_KINDS["later"] = "not.there.yet"
    assert kinds.names() == ["later", "script"]
    with pytest.raises(ImportError):
        kinds.get("later")


def test_a_problem_without_a_line_names_its_place_only() -> None:
    assert str(Problem(place="stages.1", message="No.")) == "stages.1: No."
