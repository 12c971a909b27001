"""`manage.py evaluate_language`: files in, figures out; and how far a template's own examples tell it from others."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.core.errors import InvalidInput
from apps.language.contract import TemplateCard
from apps.language.evaluation.examples import of_template
from apps.language.evaluation.judging import judge, same
from apps.language.evaluation.rows import read_cards, read_rows
from tests import making
from tests.unit.language.evaluation import CARDS, CLIENTS, INVOICES

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
KEYS = [card.key for card in CARDS]


def line(**fields: Any) -> str:
    return json.dumps(fields)


def read_one(**fields: Any) -> Any:
    return read_rows([line(**fields)], KEYS, NOW)[0]


@pytest.mark.parametrize("name", ["template", "expected_template", "template_key", "key", "expected"])
def test_expected_template_may_stand_under_several_names(name: str) -> None:
    assert read_one(text="x", **{name: "client_analysis_v1"}).wanted == "client_analysis_v1"


def test_expectation_may_be_an_object_of_its_own() -> None:
    row = read_one(
        message="x", lang="de", expected={"template": "client_analysis_v1", "parameters": {"segment": "all"}}
    )
    assert (row.wanted, row.parameters, row.language) == ("client_analysis_v1", {"segment": "all"}, "de")


@pytest.mark.parametrize("nothing", [None, "", "none", "OOS"])
def test_row_without_a_template_is_out_of_scope(nothing: str | None) -> None:
    assert read_one(text="x", template=nothing).is_in_scope is False


def test_day_may_be_a_day_a_moment_or_today() -> None:
    assert read_one(text="x", template=None, today="2024-02-29").now.date().isoformat() == "2024-02-29"
    moment = read_one(text="x", template=None, today="2024-02-29T23:30", timezone="Europe/Berlin").now
    assert moment.isoformat() == "2024-02-29T23:30:00+01:00"
    assert read_one(text="x", template=None).now == NOW


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "line 1: this is no JSON"),
        ("[1]", "line 1: this is no JSON object"),
        ("[" * 50_000, "line 1: this is no JSON"),
        (line(template=None), "line 1: there is no text"),
        (line(text="x"), "line 1: no template is expected. Put its key into “template”, or null"),
        (line(text="x", template="gone"), "line 1: there is no template 'gone'. Write null or one of the keys"),
        (
            line(text="x", template=None, today="yesterday"),
            "line 1: 'yesterday' is no day. Write “today” as 2026-11-21",
        ),
        (line(text="x", template=None, timezone="Mars"), "line 1: there is no time zone 'Mars'"),
        (line(text="x", template=None, timezone="Europe"), "line 1: there is no time zone 'Europe'"),
        (line(text="x", template=None, today="0001-01-01T00:00+05:00"), "line 1: '0001-01-01T00:00+05:00' is no day"),
        (line(text="x", template=None, parameters=[1]), "line 1: “parameters” is no object"),
        ("", "There are no sentences in the file"),
    ],
)
def test_bad_row_is_refused_with_its_line_and_what_to_do(bad: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_rows([bad], KEYS, NOW)
    assert said in refused.value.message


def test_all_bad_lines_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_rows([line(text="good", template=None), "{", "}"] + ["x"] * 20, KEYS, NOW)
    assert all(said in refused.value.message for said in ("line 2:", "line 3:", "… and 12 more"))


@pytest.mark.parametrize("day", ["2026-11-21", "2026/11/21", "20261121", "21.11.2026"])
def test_day_may_be_written_in_every_way_that_means_one_day_only(day: str) -> None:
    (row,) = read_rows([json.dumps({"text": "x", "template": None, "today": day})], [], NOW)
    assert row.now.date().isoformat() == "2026-11-21"


def test_list_in_place_of_lines_is_told_how_to_become_lines() -> None:
    with pytest.raises(InvalidInput, match=r"(?s)line 1: .*jq -c"):
        read_rows(["[", '  {"text": "x", "template": null}', "]"], [], NOW)


@pytest.mark.parametrize("name", ["parameter_schema", "schema", "parameters"])
def test_template_row_takes_its_schema_under_several_names(name: str) -> None:
    (card,) = read_cards([line(key="a", name="A", examples=["do a"], **{name: {"type": "object"}})])
    assert (card.key, card.examples, card.parameter_schema) == ("a", ("do a",), {"type": "object"})


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([line(name="A")], "there is no key"),
        ([line(key="a", examples="do a")], "“examples” is no list of texts"),
        ([line(key="a"), line(key="a")], "Two templates have the key a"),
    ],
)
def test_bad_template_row_is_refused(rows: list[str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_cards(rows)


def verdict(text: str, wanted: str | None, **fields: Any) -> Any:
    return judge(read_one(text=text, template=wanted, today="2026-11-21", **fields), CARDS)


def test_parameters_are_judged_field_by_field() -> None:
    period = {"start": "2025-01-01", "end": "2025-12-31"}
    found = verdict("invoice report for last year", INVOICES.key, parameters={"period": period})
    assert (found.taken, found.is_solved, set(found.fields.values())) == ("started", True, {"exact"})
    assert found.dates == {"period.start", "period.end"}
    wrong = verdict("invoice report for 2024", INVOICES.key, parameters={"period": period})
    assert wrong.fields["period.start"] == "wrong"


def test_default_that_was_expected_and_not_said_is_no_mistake() -> None:
    period = {"start": "2025-01-01", "end": "2025-12-31"}
    expected = {"period": period, "includeServices": True}
    assert set(verdict("invoice report for last year", INVOICES.key, parameters=expected).fields.values()) == {"exact"}


def test_date_that_is_asked_about_is_not_silently_wrong() -> None:
    found = verdict(
        "invoice report for 03/04/2024",
        INVOICES.key,
        parameters={"period": {"start": "2024-03-04", "end": "2024-03-04"}},
    )
    assert set(found.fields.values()) <= {"exact", "asked"}


def test_parameters_are_judged_also_where_the_template_had_to_be_asked() -> None:
    period = {"start": "2025-01-01", "end": "2025-12-31"}
    found = verdict("put 2025 on paper", INVOICES.key, parameters={"period": period})
    assert (found.taken != "started", found.fields["period.start"]) == (True, "exact")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [(3, 3.0, True), (True, 1, False), (["a", "b"], ["b", "a"], True), (["a"], ["a", "a"], False), ("A", "a", False)],
)
def test_values_are_compared_as_people_would(one: object, other: object, is_same: bool) -> None:
    assert same(one, other) is is_same


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    sentences, templates = tmp_path / "sentences.jsonl", tmp_path / "templates.jsonl"
    sentences.write_text(
        "\n".join(
            [
                line(text="invoice report for last year", language="en", today="2026-11-21", template="invoices"),
                line(text="Kundenanalyse bitte", language="de", template="clients"),
                line(text="what is the capital of Portugal", language="en", template=None),
            ]
        ),
        encoding="utf-8",
    )
    cards = [("invoices", INVOICES), ("clients", CLIENTS)]
    rows = [line(key=key, name=card.name, description="", examples=list(card.examples)) for key, card in cards]
    templates.write_text("\n".join(rows), encoding="utf-8")
    return str(sentences), str(templates)


def evaluated(*arguments: str) -> str:
    out = StringIO()
    call_command("evaluate_language", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_command_tells_figures_without_a_database(files: tuple[str, str], tmp_path: Path) -> None:
    told = evaluated(files[0], "--templates", files[1], "--svg", str(tmp_path / "plot.svg"))
    assert "3 sentences, 2 for a template, 1 for none" in told
    assert "solved: started right, or the right one among three offered" in told
    assert "By language" in told and "Confidence: what was promised" in told and "mean ms" in told
    assert (tmp_path / "plot.svg").read_text().startswith("<svg")


def test_command_tells_programs_everything(files: tuple[str, str]) -> None:
    data = json.loads(evaluated(files[0], "--templates", files[1], "--json"))
    assert (data["sentences"], data["in_scope"]) == (3, 2)
    assert data["scores"]["wrong_starts"] == {"count": 0, "of": 3, "share": 0.0}
    assert data["scores"]["dates_exact"] == {"count": 0, "of": 0, "share": None}
    assert set(data["by_language"]) == {"de", "en"}
    assert [row["first"] for row in data["rows"][:2]] == ["invoices", "clients"]
    assert sum(one["count"] for one in data["confusion"]) == sum(one["count"] for one in data["calibration"]) == 3


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"\xff\xfe\xfa", "not UTF-8"), (b"{", "line 1")]
)
def test_command_refuses_files_it_cannot_use(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "x.jsonl"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=said):
        evaluated(str(file), "--templates", str(file))


@pytest.mark.django_db
def test_command_without_templates_says_what_to_do(files: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="No template is published"):
        evaluated(files[0])


@pytest.mark.django_db
def test_command_takes_the_templates_that_serve(files: tuple[str, str], alice: Any) -> None:
    for key, card in (("invoices", INVOICES), ("clients", CLIENTS)):
        triggers = {"patterns": [], "keywords": [], "contexts": [], "examples": list(card.examples)}
        making.template("def run(params):\n    return 1\n", alice, key=key, triggers=triggers)
    data = json.loads(evaluated(files[0], "--json"))
    assert [row["first"] for row in data["rows"][:2]] == ["invoices", "clients"]


def test_examples_that_sound_like_another_template_are_told() -> None:
    stray = ("analyse all our customers", "client portfolio review please")
    draft = TemplateCard(
        key="draft",
        name="Travel costs",
        examples=("what did trips cost", "travel cost report", "costs of business trips", "sum up trip costs", *stray),
    )
    found = of_template(draft, CARDS)
    assert [example.text for example in found.examples if example.goes_to == "Client analysis"] == list(stray)
    assert str(found).startswith(f"{found.count} of 6 understood; 2 go to Client analysis")


def test_template_is_not_compared_with_its_own_published_revision() -> None:
    assert of_template(INVOICES, CARDS).count >= 9


def test_template_without_examples_is_told_to_get_some() -> None:
    assert "Ten sentences" in str(of_template(TemplateCard(key="x", name="X"), CARDS))
