"""The term base goes out as a CSV file and comes back, line by line, with what is wrong said for each."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.core.errors import InvalidInput
from apps.knowledge.models import Term
from apps.knowledge.translation import taking, termfile
from apps.knowledge.translation.terms import Glossary
from tests.unit.knowledge.translation.making import term

HEADER = "source,term,forms,kept,case,topic,note,active,de,fr\n"
SHIPPED = settings.BASE_DIR / "fixtures" / "knowledge" / "terms.csv"


def plan(text: str, **options: Any) -> list[tuple[int, str, str, str]]:
    """Line, language, what becomes of it, and the reason where it is refused."""
    planned = taking.plan(termfile.read(text.encode()), **options)
    return [(change.line, change.language, change.state.value, change.reason) for change in planned.changes]


def take(text: str, **options: Any) -> taking.Plan:
    planned = taking.plan(termfile.read(text.encode()))
    taking.apply(planned, **options)
    return planned


@pytest.mark.django_db
def test_a_line_becomes_a_term_for_each_language() -> None:
    take(HEADER + 'EN,invoice,"invoices, bills",,exact,law,Not a bill,yes,Rechnung,facture\n,Chantilly,,yes,,,,,,\n')
    assert set(Term.objects.values_list("term", "source_language", "target_language", "translation", "is_kept")) == {
        ("invoice", "en", "de", "Rechnung", False),
        ("invoice", "en", "fr", "facture", False),
        ("Chantilly", "", "", "", True),
    }
    row = Term.objects.get(target_language="de")
    assert (row.forms, row.case, row.topic, row.note) == ("invoices, bills", "exact", "law", "Not a bill")


@pytest.mark.django_db
def test_only_what_differs_is_changed_and_an_empty_cell_says_nothing() -> None:
    take(HEADER + "en,invoice,,,,,Old,,Rechnung,facture\n")
    assert plan("source;term;de;fr;it\nen;invoice;Faktura;;fattura\n") == [
        (2, "de", "changed", ""),
        (2, "it", "new", ""),
    ]
    take("source\tterm\tde\nen\tinvoice\tFaktura\n")
    assert set(Term.objects.values_list("translation", "note")) == {("Faktura", "Old"), ("facture", "Old")}
    assert plan("source,term,de\nen,invoice,Faktura\n") == [(2, "de", "unchanged", "")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("en,invoice,,,,,,,", "It has 9 cells, the header 10."),
        ("en,,,,,,,,Rechnung,", "It has no term."),
        ("en,invoice,,,,,,,,", "It has no translation."),
        (",invoice,,,,,,,Rechnung,", "It has no source language"),
        ("en,Chantilly,,yes,,,,,Rechnung,", "kept and translated"),
        ("english,invoice,,,,,,,Rechnung,", "no language tag"),
        ("en,invoice,,,sometimes,,,,Rechnung,", "The case is any or exact"),
        ("en,invoice,,,,,,perhaps,Rechnung,", "yes or no"),
        ("de,Rechnung,,,,,,,Rechnung,", "from de into de"),
        (f"en,{'x' * 201},,,,,,,Rechnung,", "at most 200 characters"),
        ("en,ok,,,,,,,gut,", "Line 2 says it already"),
    ],
)
def test_a_line_that_cannot_be_taken_in_is_refused_with_its_reason(line: str, says: str) -> None:
    (good, bad) = plan(f"{HEADER}en,ok,,,,,,,gut,\n{line}\n")
    assert good == (2, "de", "new", "")
    assert (bad[0], bad[2]) == (3, "refused")
    assert says in bad[3]


@pytest.mark.django_db
def test_nothing_is_written_when_somebody_wrote_a_term_meanwhile() -> None:
    planned = taking.plan(termfile.read(b"source,term,de\nen,client,Kunde\nen,invoice,Rechnung\n"))
    term("invoice", "Faktura")
    with pytest.raises(InvalidInput, match="meanwhile"):
        taking.apply(planned)
    assert Term.objects.get().translation == "Faktura"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "must name the columns"),
        (b"name,de\nx,y\n", "'name' is not known"),
        (b"source,term,german\n", "'german' is not known"),
        (b"source,term,de,DE\n", "de is there twice"),
        (b"source,term,de\n\n", "no terms"),
        ("source,term,de\nen,Schl\xfcssel,x\n".encode("latin-1"), "not UTF-8: look at line 2"),
        ("source,term".encode("utf-16"), "UTF-16"),
        (b'source,term,de\nen,"a,b\n', "no CSV"),
        (b"source,term,de\nen,a\x00,b\n", "NUL"),
        (b"source,term,de\n" + b"x" * 1_000_000, "at most 1,000,000"),
        (b"source,term,de\n" + b"en,a,b\n" * 5_001, "more than 5,000 terms"),
    ],
)
def test_what_is_no_file_of_terms_is_refused_whole(content: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        termfile.read(content)


@pytest.mark.django_db
def test_what_is_written_can_be_read_and_changes_nothing() -> None:
    term("invoice", "Rechnung", forms="invoices", note='=HYPERLINK("x")')
    term("invoice", "facture", target="fr", forms="invoices", note="Another")
    term("-10 %", "-10 %", case=Term.Case.EXACT, topic="sale", is_active=False)
    term("Chantilly", source_language="")
    term("Fiat", target_language="it")
    content = termfile.write(Term.objects.all())
    assert "'=HYPERLINK" in content.decode()
    planned = taking.plan(termfile.read(content))
    assert planned.counts == {"unchanged": 5}


@pytest.mark.django_db
def test_a_formula_in_a_cell_goes_out_harmless_and_a_note_comes_back_as_it_was() -> None:
    take(HEADER + "en,invoice,,,,,@home,,=Rechnung,\n")
    assert '"\'@home"' in termfile.write(Term.objects.all()).decode()
    assert Term.objects.get().translation == "=Rechnung"


def load(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("load_terms", *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_the_shipped_terms_load_and_load_again_without_a_change() -> None:
    assert load() == "Terms: 359 new.\n"
    assert load() == "Terms: 359 unchanged.\n"
    hits = Glossary("en", ["de", "ru"]).hits(["Two invoices of Chantilly are overdue"])
    assert [hit.entry.answer for hit in hits if hit.language == "de"] == ["Rechnung", "Chantilly", "überfällig"]


def test_the_shipped_file_is_as_a_spreadsheet_would_read_it() -> None:
    lines = termfile.read(SHIPPED.read_bytes())
    assert not [line for line in lines if line.problem]
    assert {language for line in lines for language in line.translations} == {
        "",
        "de",
        "es",
        "fr",
        "it",
        "nl",
        "pl",
        "pt",
        "ru",
    }


@pytest.mark.django_db
def test_terms_that_were_written_or_edited_here_are_kept_unless_asked(tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    file.write_text("source,term,de\nen,invoice,Rechnung\nen,client,Kunde\nen,order,Auftrag\n")
    term("order", "Bestellung")
    assert load(str(file)).startswith("Terms: 2 new, 1 kept.\nOurs, and left as they are: order (de).")
    Term.objects.filter(term="invoice").update(translation="Faktura")
    file.write_text("source,term,de\nen,invoice,Rechnung\nen,client,Klient\n")
    assert load(str(file)).startswith("Terms: 1 changed, 1 kept.\nOurs, and left as they are: invoice (de).")
    assert set(Term.objects.values_list("translation", flat=True)) == {"Faktura", "Klient", "Bestellung"}
    assert load(str(file), overwrite=True) == "Terms: 1 changed, 1 unchanged.\n"


@pytest.mark.django_db
def test_the_shipped_terms_leave_alone_what_another_file_brought(tmp_path: Path) -> None:
    """`prepare` loads them with every new version."""
    load()
    (tmp_path / "ours.csv").write_text("source,term,de\nen,invoice,Faktura\n")
    assert load(str(tmp_path / "ours.csv")) == "Terms: 1 changed.\n"
    assert load().startswith("Terms: 358 unchanged, 1 kept.")
    (tmp_path / "ours.csv").write_text("source,term,de\nen,invoice,Fakturen\n")
    assert load(str(tmp_path / "ours.csv")) == "Terms: 1 changed.\n"
    assert load(overwrite=True) == "Terms: 1 changed, 358 unchanged.\n"


@pytest.mark.django_db
def test_a_bad_line_stops_the_load_and_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    file.write_text("source,term,de\nen,invoice,Rechnung\nen,,x\n")
    with pytest.raises(CommandError, match=r"Nothing was changed:\nLine 3, no term: It has no term\."):
        load(str(file))
    file.write_text("source,term,de\nen,invoice,Rechnung\n")
    assert "Dry run" in load(str(file), dry_run=True)
    with pytest.raises(CommandError, match="cannot be read"):
        load(str(tmp_path / "nothing.csv"))
    assert not Term.objects.exists()


@pytest.mark.django_db
def test_the_base_is_exported_to_a_file_or_the_screen(tmp_path: Path) -> None:
    term("invoice", "Rechnung")
    out = StringIO()
    call_command("export_terms", str(tmp_path / "out.csv"), stdout=out)
    assert out.getvalue().endswith("out.csv: 1 term.\n")
    call_command("export_terms", "--source", "EN", stdout=(screen := StringIO()))
    assert screen.getvalue() == (tmp_path / "out.csv").read_bytes().decode("utf-8-sig")
    with pytest.raises(CommandError, match="no language tag"):
        call_command("export_terms", "--source", "english!")
