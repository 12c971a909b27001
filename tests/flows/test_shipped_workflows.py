"""The workflows that ship, from the request to the files, over the data that ship and without a language model."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from apps.catalog import kinds
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate
from apps.crm.models import Client, Invoice
from apps.executors.workflow import reading
from apps.executors.workflow.running.loaded import of_revision
from apps.language.contract import Message, TemplateCard
from apps.language.understanding import understand
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Artifact, Node, Task
from tests.unit.executors.workflow.ran import go_on

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
GROUPS = [
    "Retrieve Customer Information", "Research and Analysis", "Documentation", "Condition Analysis",
    "Condition Executive Summaries", "CreateConditionSections", "Overall Executive Summary",
]  # fmt: skip
DOSSIER_CLASSES = {
    "SaveIntakeInformation", "AggregateIntakes", "SaveNotesInformation", "WriteResearchSection", "WritePersonalStatement",
    "WriteNexusLetter", "Write38CFRPoints", "WriteKeyPoints", "WriteFutureConsiderations", "WriteExecutiveSummary",
    "WriteConditionReportSection",
}  # fmt: skip
LEVELS = ["high", "medium", "low", "none"]
DOSSIER_KEYS = [
    "intake_info", "supplemental_info", "notes_information", "research_sections", "personal_statement", "nexus_letters",
    "cfr_tips", "key_points", "future_considerations", "condition_executive_summaries", "condition_sections",
    "overall_executive_summary",
]  # fmt: skip
YEAR = {"start": "2025-01-01", "end": "2025-12-31"}


@pytest.fixture(autouse=True)
def _site(settings: Any, tmp_path: Path) -> None:
    settings.WAKE_DIR, settings.ARTIFACT_ROOT, settings.GEMINI_API_KEY = tmp_path / "wake", tmp_path / "artifacts", ""
    for command in (["load_templates"], ["load_knowledge"], ["make_demo", "--invoices", "300"]):
        call_command(*command, stdout=io.StringIO())


Run = Callable[..., Task]


@pytest.fixture
def run(alice: User) -> Run:
    """The task of a template, once nothing can be claimed any more."""

    def run(template: str, **parameters: Any) -> Task:
        return go_on(submit(Request(template=template, parameters=parameters, origin="test"), alice).task)

    return run


def completed(task: Task) -> Any:
    assert task.status == "completed", task.error
    return task.returned


def content(task: Task, *parts: str) -> bytes:
    """Of the one file of the run that has all of these in its name."""
    [found] = [each for each in files(task) if all(part in each.name for part in parts)]
    with found.open() as file:
        data: bytes = file.read(10_000_000)
    return data


def files(task: Task) -> list[Artifact]:
    return list(Artifact.objects.of(task))


def card(template: TaskTemplate) -> TemplateCard:
    revision = template.published
    return TemplateCard(
        key=template.key, name=template.name, parameter_schema=revision.parameter_schema,
        **{name: tuple(revision.triggers[name]) for name in ("patterns", "keywords", "contexts", "examples")},
    )  # fmt: skip


def text(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def states(task: Task) -> dict[str, str]:
    known = dict(Node.objects.filter(task=task).values_list("number", "state"))
    return {node.name: known.get(node.number, "waiting") for node in of_revision(task.revision_id).graph.nodes}


def rows(task: Task, name: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(task, name, ".csv").decode("utf-8-sig"))))


def test_a_customers_papers_become_one_dossier(run: Run) -> None:
    task = run("customer_dossier_v1", customer="V-1001")
    returned = completed(task)
    assert set(states(task).values()) == {"completed"}
    assert [each.name for each in files(task)] == [returned["file"]], "one file, and nothing else"
    said = text(content(task, ".pdf"))
    for wanted in (
        "Dossier of Dana Whitlock", "Overall summary", "The case has 3 conditions: Tinnitus, Lumbar strain and Migraine.",
        "Personal statement of Dana Whitlock", "Letter about Tinnitus", "Letter about Migraine",
        "Rating of migraine (38 CFR 4.124a, code 8100)", "Written by rules, no language model.",
    ):  # fmt: skip
        assert wanted in said, wanted
    document = returned["document"]
    assert [each["summary"]["condition"] for each in document["conditions"]] == [
        "Tinnitus",
        "Lumbar strain",
        "Migraine",
    ]
    assert set(document["documents"]["letters"]) == {"tinnitus", "lumbar-strain", "migraine"}
    assert document["summary"]["is_model"] is False


def test_the_dossier_has_the_seven_groups_and_their_keys(run: Run) -> None:
    graph = reading.load(TaskTemplate.objects.get(key="customer_dossier_v1").published.graph)
    assert [group.name for group in graph.groups] == GROUPS
    made = [key for node in graph.nodes for key in node.result_keys]
    assert [key for key in made if key not in ("conditions", "dossier")] == DOSSIER_KEYS
    classes = {node.runner.subject for node in graph.nodes if node.runner and node.runner.kind == "agent_class"}
    assert classes == DOSSIER_CLASSES


def test_a_customer_without_papers_fails_where_they_are_read(run: Run) -> None:
    task = run("customer_dossier_v1", customer="V-9")
    assert task.status == "failed" and task.error is not None
    assert "nothing in customers called V-9" in task.error["message"]
    assert [name for name, state in states(task).items() if state == "failed"] == ["Save intake information"]
    assert files(task) == []


def test_every_client_of_the_segment_is_analysed_and_ranked(run: Run) -> None:
    returned = completed(task := run("client_analysis_v1", period=YEAR, country="DE"))
    clients = list(Client.objects.filter(status="active", kind="customer", country_code="DE").order_by("id"))
    ranking = rows(task)
    assert sorted(row["code"] for row in ranking) == sorted(each.code for each in clients)
    assert [int(row["rank"]) for row in ranking] == list(range(1, len(clients) + 1))
    levels = [LEVELS.index(row["level"]) for row in ranking]
    assert levels == sorted(levels)
    assert (returned["clients"], returned["high_risks"]) == (len(clients), levels.count(0))
    assert Task.objects.filter(parent=task).count() == 4 * len(clients) + 4
    for each in clients:
        billed = Invoice.objects.billed().filter(client=each, issued_on__year=2025)
        wanted: defaultdict[str, Decimal] = defaultdict(Decimal)
        for invoice in billed:
            wanted[invoice.currency] += invoice.subtotal
        row = next(row for row in ranking if row["code"] == each.code)
        assert Decimal(row["billed"]) == wanted.get(row["currency"], Decimal(0))


def test_the_report_of_clients_is_ranked_and_has_charts(run: Run) -> None:
    completed(task := run("client_analysis_v1", period=YEAR, country="DE", most=12))
    said = text(content(task, ".pdf"))
    data = json.loads(content(task, ".json"))
    assert (len(data["ranking"]), data["missing"]) == (12, 0)
    assert "Who needs somebody first" in said and "Net revenue by month" in said and "What is owed, by age" in said
    assert data["ranking"][0]["client"].split()[0] in said
    [book] = data["portfolio"]["books"]
    assert sum(Decimal(row["revenue"]) for row in book["clients"]) == Decimal(book["revenue"])
    assert sum(Decimal(month["total"]) for month in book["months"]) == Decimal(book["revenue"])


def test_nobody_in_the_segment_is_said(run: Run) -> None:
    task = run("client_analysis_v1", period=YEAR, country="AQ")
    assert task.status == "failed" and task.error is not None
    assert "No client is in this segment." in task.error["message"]


def test_a_batch_is_taken_in_enriched_and_sorted_into_segments(run: Run) -> None:
    returned = completed(task := run("customer_pipeline_v1"))
    assert returned["is_accepted"] is True
    assert sum(returned["segments"].values()) == 12
    assert states(task)["Reject the batch"] == "skipped"
    sorted_in = {row["code"]: row for row in rows(task, "segments_spring")}
    known = {row["client"] for row in sorted_in.values()} - {""}
    assert known == {"C003", "C011", Client.objects.get(name="Silberweide Optik B.V.").code}
    assert [row["line"] for row in rows(task, "rejected_rows_spring")] == ["11", "14"]
    assert "Customers by segment" in text(content(task, ".pdf"))


def test_a_batch_with_too_many_bad_rows_is_rejected_and_goes_no_further(run: Run) -> None:
    returned = completed(task := run("customer_pipeline_v1", batch="broken"))
    assert returned["is_accepted"] is False
    assert returned["summary"].startswith("The batch broken was rejected: 4 rows of 6 cannot be used (67 %)")
    by_state = states(task)
    assert {by_state[name] for name in ("EnrichCustomers", "Segments", "Write the files")} == {"skipped"}
    assert [each.name for each in files(task)] == returned["files"]
    assert [row["line"] for row in rows(task)] == ["3", "4", "5", "6"]


def test_the_limit_of_bad_rows_is_the_requesters(run: Run) -> None:
    returned = completed(run("customer_pipeline_v1", batch="broken", mostRejectedPercent=70))
    assert returned["is_accepted"] is True and sum(returned["segments"].values()) == 2


@pytest.mark.parametrize(
    ("template", "needs"),
    [
        ("customer_dossier_v1", {"crm.view_client", "knowledge.view_document"}),
        ("client_analysis_v1", {"crm.view_client", "crm.view_invoice"}),
        ("customer_pipeline_v1", {"crm.view_client", "crm.view_invoice"}),
    ],
)
def test_a_workflow_is_for_those_who_may_see_its_data(run: Run, template: str, needs: set[str]) -> None:
    definition = Definition.of(TaskTemplate.objects.get(key=template).published)
    assert kinds.get("workflow").permissions(definition) == needs


@pytest.mark.parametrize("template", ["customer_dossier_v1", "client_analysis_v1", "customer_pipeline_v1"])
def test_its_examples_are_understood_as_it(run: Run, template: str) -> None:
    cards = [card(each) for each in TaskTemplate.objects.select_related("published")]
    for example in TaskTemplate.objects.get(key=template).published.triggers["examples"]:
        found = understand(Message(text=example, today=NOW.date(), now=NOW, open_tasks=[]), cards)
        assert found.template_key == template, (example, found.template_key, found.runner_ups)


DOORS = {
    "customer_dossier_v1": ("Create the customer dossier", {}),
    "client_analysis_v1": ("Analyse active clients for 2025", {"period": YEAR, "clientFilters": ["active"]}),
    "customer_pipeline_v1": ("Run the customer data pipeline", {}),
}


@pytest.mark.parametrize("template", DOORS)
def test_it_is_started_by_a_sentence(run: Run, template: str) -> None:
    call_command("ask", DOORS[template][0], "--yes", stdout=io.StringIO())
    task = Task.objects.select_related("template").get(parent=None)
    assert (task.template.key, task.instructions) == (template, DOORS[template][0])
    assert DOORS[template][1].items() <= task.parameters.items()


@pytest.mark.parametrize("template", DOORS)
def test_it_runs_from_the_api_to_its_files(run: Run, client: Any, alice: User, template: str) -> None:
    client.force_login(alice)
    parameters = {**DOORS[template][1], **({"most": 3} if template == "client_analysis_v1" else {})}
    made = client.post(
        "/api/v1/tasks/", {"template": template, "parameters": parameters}, content_type="application/json"
    )
    assert made.status_code == 201, made.content
    go_on(Task.objects.get(pk=made.json()["id"]))
    shown = client.get(f"/api/v1/tasks/{made.json()['id']}/").json()
    assert shown["status"] == "completed", shown
    listed = client.get(f"/api/v1/tasks/{made.json()['id']}/artifacts/").json()["results"]
    assert any(each["name"].endswith(".pdf") for each in listed)


@pytest.mark.parametrize("template", DOORS)
def test_it_is_started_in_the_admin(run: Run, client: Any, alice: User, template: str) -> None:
    client.force_login(alice)
    address = f"/admin/catalog/tasktemplate/{template}/start/"
    form = client.get(address)
    assert form.status_code == 200
    defaults = json.loads(form.context["form"]["parameters"].initial)
    sent = {"parameters": json.dumps({**defaults, **DOORS[template][1]}), "priority": "50"}
    client.post(address, sent)
    assert Task.objects.select_related("template").get(parent=None).template.key == template
