"""The dossier's classes, one after another, over the papers that ship: what they say stands in what they were given."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.core.errors import ToolError
from apps.knowledge import shelf
from apps.knowledge.models import Document
from apps.tools.agents.dossier.case import day, identifier
from apps.tools.agents.writing import BY_RULES
from tests.unit.ai.gemini_server import GeminiServer
from tests.unit.tools.agents.test_installed import reply
from tests.unit.tools.agents.working import Anybody, FakeCall, work

pytestmark = pytest.mark.django_db

FIXTURES = Path(__file__).parents[4] / "fixtures"
PAPERS = (FIXTURES / "inbox/customers/V-1001.json").read_text("utf-8")
EACH = (
    ("research_sections", "WriteResearchSection"),
    ("nexus_letters", "WriteNexusLetter"),
    ("cfr_tips", "Write38CFRPoints"),
    ("key_points", "WriteKeyPoints"),
    ("future_considerations", "WriteFutureConsiderations"),
    ("condition_executive_summaries", "WriteExecutiveSummary"),
)


@pytest.fixture(autouse=True)
def _papers(settings: Any) -> None:
    settings.GEMINI_API_KEY = ""
    shelf.load(FIXTURES / "knowledge")


@pytest.fixture
def context() -> dict[str, Any]:
    """What the first group leaves."""
    made = {
        "intake_info": work("SaveIntakeInformation", parameters={"customer": "V-1001"}, result_keys=("intake_info",))
    }
    made["supplemental_info"] = work("AggregateIntakes", context=made)
    made["notes_information"] = work("SaveNotesInformation", context=made)
    return made


@pytest.fixture
def dossier(context: dict[str, Any]) -> dict[str, Any]:
    """Everything, made in the order of the workflow."""
    for key, name in EACH:
        context[key] = [
            work(name, parameters={"condition": each}, context=context) for each in context["intake_info"]["conditions"]
        ]
    context["personal_statement"] = work("WritePersonalStatement", context=context)
    context["condition_sections"] = [
        work("WriteConditionReportSection", parameters={"summary": each}, context=context)
        for each in context["condition_executive_summaries"]
    ]
    context["overall_executive_summary"] = work("WriteExecutiveSummary", context=context)
    return context


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "text" in value:
            yield value["text"]
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def of(dossier: dict[str, Any], key: str, condition: str) -> dict[str, Any]:
    return next(each for each in dossier[key] if each["condition_id"] == condition)


def test_forms_become_one_and_the_later_one_counts(context: dict[str, Any]) -> None:
    intake = context["intake_info"]
    assert [each["id"] for each in intake["conditions"]] == ["tinnitus", "lumbar-strain", "migraine"]
    assert intake["customer"]["duties"].endswith("from 2007 as section leader")
    assert intake["conditions"][1]["symptoms"][-1] == "pain that goes down into the left leg"
    assert intake["conditions"][1]["symptoms"][0] == "pain in the lower back"
    assert "Supplement" in intake["conditions"][1]["source"] and "Intake form" in intake["conditions"][1]["source"]


def test_the_later_form_counts_wherever_it_lies(settings: Any, tmp_path: Path) -> None:
    settings.INBOX = str(tmp_path)
    (tmp_path / "customers").mkdir()
    forms = [
        {"received_on": day, "answers": {"name": name}} for day, name in [("2026-03-01", "New"), ("2026-02-01", "Old")]
    ]
    (tmp_path / "customers/A.json").write_text(json.dumps({"intake_forms": forms}))
    intake = work("SaveIntakeInformation", parameters={"customer": "A"}, result_keys=("intake_info",))
    assert intake["customer"]["name"] == "New"


def test_more_result_keys_are_parts_of_the_intake() -> None:
    answer = work("SaveIntakeInformation", parameters={"customer": "V-1001"}, result_keys=("intake_info", "conditions"))
    assert answer["conditions"] == answer["intake_info"]["conditions"]


def test_several_sources_are_combined_by_day_and_their_differences_named(context: dict[str, Any]) -> None:
    combined = context["supplemental_info"]
    days = [each["on"] for each in combined["records"]]
    assert days == sorted(days) and len(days) == 6
    assert [each["field"] for each in combined["differences"]] == ["served_until"]
    assert {each["value"] for each in combined["differences"][0]["values"]} == {"2011-08-31", "2011-08-13"}


def test_a_note_is_about_what_it_names(context: dict[str, Any]) -> None:
    notes = context["notes_information"]
    assert [each["conditions"] for each in notes["notes"]] == [["tinnitus"], ["migraine"], []]
    assert notes["unassigned"] == 1


def test_research_names_its_documents_and_repeats_their_sentences(dossier: dict[str, Any]) -> None:
    section = of(dossier, "research_sections", "tinnitus")
    assert section["sources"][0] == "Rating of tinnitus (38 CFR 4.87, code 6260)"
    assert "Service treatment records" in section["sources"]
    assert not [each for each in section["sources"] if "lumbar" in each]
    assert "Recurrent tinnitus is rated at 10 percent." in section["text"]


def test_only_documents_of_the_shelf_count(context: dict[str, Any]) -> None:
    Document.objects.create(key="gossip", title="Tinnitus and tea", body="Tinnitus comes from tea.", tags=["kitchen"])
    section = work("WriteResearchSection", parameters={"condition": "tinnitus"}, context=context)
    assert section["findings"] and "tea" not in section["text"]
    kitchen = work("WriteResearchSection", parameters={"condition": "tinnitus", "shelf": "kitchen"}, context=context)
    assert [each["title"] for each in kitchen["findings"]] == ["Tinnitus and tea"]


def test_research_says_so_where_the_shelf_has_nothing(context: dict[str, Any]) -> None:
    condition = {**context["intake_info"]["conditions"][0], "id": "gout", "name": "Gout", "also_called": []}
    context["intake_info"]["conditions"].append(condition)
    section = work("WriteResearchSection", parameters={"condition": "gout", "shelf": "cooking"}, context=context)
    assert section["findings"] == []
    assert section["text"].startswith("The knowledge shelf has no document that speaks of Gout.")


def test_an_opinion_stands_in_a_letter_only_if_a_record_has_one(dossier: dict[str, Any]) -> None:
    tinnitus, migraine = (of(dossier, "nexus_letters", each) for each in ("tinnitus", "migraine"))
    assert (tinnitus["has_opinion"], migraine["has_opinion"]) == (True, False)
    assert "at least as likely as not" in tinnitus["text"] and "(Hollow Creek Audiology)" in tinnitus["text"]
    assert "likely" not in migraine["text"] and "to be given by the clinician" in migraine["text"]


def test_the_statement_is_the_customers_own_words(dossier: dict[str, Any]) -> None:
    statement = dossier["personal_statement"]
    assert statement["text"].startswith(
        "My name is Dana Whitlock. I served in the Army from 2 June 2003 to 31 August 2011."
    )
    assert "On 10 February 2026 I said: The tone is there every day." in statement["text"]
    assert "case worker" not in statement["text"] and "diary" not in statement["text"]
    assert statement["is_draft"]


def test_regulatory_points_say_what_the_case_has_for_each_element(dossier: dict[str, Any]) -> None:
    elements = {each["asks"]: each["has"] for each in of(dossier, "cfr_tips", "migraine")["elements"]}
    assert elements["a current diagnosis"] == ""
    assert "30 January 2010" in elements["an event, injury or illness in service"]
    assert elements["a medical opinion that connects the two"] == ""
    assert "A current diagnosis: no paper in the case has it." in of(dossier, "cfr_tips", "migraine")["text"]


def test_points_are_found_on_the_shelf_without_a_research_section(
    context: dict[str, Any], dossier: dict[str, Any]
) -> None:
    del context["research_sections"]
    alone = work("Write38CFRPoints", parameters={"condition": "tinnitus"}, context=context)
    assert alone == of(dossier, "cfr_tips", "tinnitus")


def test_what_is_open_is_what_no_paper_has(dossier: dict[str, Any]) -> None:
    said = {key: of(dossier, "future_considerations", key)["open"] for key in ("tinnitus", "migraine")}
    assert said["tinnitus"] == [
        "Papers differ on served until: 31 August 2011 (Intake forms) and 13 August 2011 (Service treatment records)."
    ]
    assert "No paper says when and by whom it was diagnosed." in said["migraine"]
    assert "No paper has a medical opinion on the connection with the service." in said["migraine"]


def test_a_section_has_every_part_and_every_source(dossier: dict[str, Any]) -> None:
    section = of(dossier, "condition_sections", "lumbar-strain")
    assert [each["title"] for each in section["parts"]] == ["Research", "Regulatory points", "Key points", "Still open"]
    assert {"Marsh Lane Physiotherapy", "Rating of lumbar strain (38 CFR 4.71a, code 5237)"} <= set(section["sources"])


def test_the_overall_summary_names_every_condition(dossier: dict[str, Any]) -> None:
    summary = dossier["overall_executive_summary"]
    assert summary["conditions"] == ["Tinnitus", "Lumbar strain", "Migraine"]
    assert "The case has 3 conditions: Tinnitus, Lumbar strain and Migraine." in summary["text"]


def test_every_text_says_that_rules_wrote_it(dossier: dict[str, Any]) -> None:
    written = list(texts(dossier))
    assert len(written) > 20
    for key, _ in EACH:
        assert all(each["text"].endswith(BY_RULES) and not each["is_model"] for each in dossier[key])


def test_no_figure_is_in_a_text_that_is_in_no_paper_and_no_document(dossier: dict[str, Any]) -> None:
    given = PAPERS + "".join(path.read_text("utf-8") for path in (FIXTURES / "knowledge").glob("*.md"))
    known = {number.lstrip("0") for number in re.findall(r"\d+", given)} | {
        "3",
        "1",
        "2",
    }  # numbers of conditions, records
    for text in texts(dossier):
        assert not [number for number in re.findall(r"\d+", text) if number.lstrip("0") not in known], text


def test_the_same_papers_give_the_same_dossier(dossier: dict[str, Any], context: dict[str, Any]) -> None:
    for key, name in EACH:
        again = [
            work(name, parameters={"condition": each}, context=context) for each in context["intake_info"]["conditions"]
        ]
        assert again == dossier[key]


def test_what_a_class_needs_and_does_not_get_is_named() -> None:
    with pytest.raises(ToolError, match="WriteKeyPoints needs “intake_info”: add it to the task's dependencies"):
        work("WriteKeyPoints", parameters={"condition": "tinnitus"})


def test_a_condition_that_no_form_names_is_an_error(context: dict[str, Any]) -> None:
    with pytest.raises(
        ToolError, match=r"no condition “gout” in the intake forms. There are: tinnitus, lumbar-strain and"
    ):
        work("WriteKeyPoints", parameters={"condition": "gout"}, context=context)


@pytest.mark.parametrize("name", ["../V-1001", "/etc/passwd", "", None, 7, "V-1001.json", "a" * 65])
def test_a_customers_number_leads_nowhere_else(name: Any) -> None:
    with pytest.raises(ToolError, match="is no name here"):
        work("SaveIntakeInformation", parameters={"customer": name}, result_keys=("intake_info",))


def test_papers_that_are_not_there_or_broken_say_so(settings: Any, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"nothing in customers called V-9. There are: V-1001"):
        work("SaveIntakeInformation", parameters={"customer": "V-9"})
    settings.INBOX = str(tmp_path)
    (tmp_path / "customers").mkdir()
    for content, said in [
        ("{", "are not JSON"), ("[]", "must be one JSON object"), ("{}", "There is no intake form of A"),
        ('{"intake_forms": [3]}', "must be a list of objects"),
        ('{"intake_forms": [{"conditions": [{}]}]}', "an entry without “name”"),
    ]:  # fmt: skip
        (tmp_path / "customers/A.json").write_text(content)
        with pytest.raises(ToolError, match=said):
            work("SaveIntakeInformation", parameters={"customer": "A"}, result_keys=("intake_info",))


def test_papers_are_for_those_who_may_see_customers() -> None:
    with pytest.raises(ToolError, match=r"lacks crm\.view_client"):
        work("SaveIntakeInformation", FakeCall(Anybody("knowledge.view_document")), parameters={"customer": "V-1001"})


def test_a_model_may_say_it_better(configured: GeminiServer, context: dict[str, Any]) -> None:
    configured.reply(reply(json.dumps({"text": "I am Dana.\n\nThe ringing began in 2006."})))
    statement = work("WritePersonalStatement", context=context)
    assert statement["paragraphs"] == ["I am Dana.", "The ringing began in 2006."]
    assert (statement["note"], statement["is_model"]) == ("Written by gemini-2.5-flash.", True)


@pytest.mark.parametrize(
    ("text", "said"),
    [("The ringing began in 1999.", "stated “1999”, which"), ("I am Dana. " * 1000, "stated more than the draft")],
)
def test_a_model_may_add_nothing(
    configured: GeminiServer, context: dict[str, Any], text: str, said: str
) -> None:  # fmt: skip
    configured.reply(reply(json.dumps({"text": text})))
    statement = work("WritePersonalStatement", context=context)
    assert statement["paragraphs"][0].startswith("My name is Dana Whitlock.")
    assert said in statement["note"] and not statement["is_model"]


@pytest.mark.parametrize(
    ("result", "is_valid"),
    [
        ({"text": "Good.", "sources": ["A"]}, True),
        ({"text": "Good."}, True),
        ({"statement": {"text": "Good.", "sources": []}}, False),
        ([{"text": "Good."}, {"text": "Dear {name}"}], False),
        ({"text": " "}, False),
        ({"summary": "Good."}, False),
        ("Good.", False),
    ],
)
def test_a_text_is_looked_at_before_it_goes_in(result: Any, is_valid: bool) -> None:
    verdict = work("CheckText", parameters={"result": result})
    assert verdict["valid"] is is_valid and bool(verdict["reason"]) is not is_valid


def test_days_are_written_as_people_write_them() -> None:
    assert [day(each) for each in ("2006-09-04", "2006-09", "spring 2006", "", None)] == [
        "4 September 2006", "September 2006", "spring 2006", "", "",
    ]  # fmt: skip


def test_an_identifier_is_one_word() -> None:
    assert identifier("Lumbar strain (left)") == "lumbar-strain-left"
