"""Terms are found as words, the longest first, for the topic and the nearest language."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.knowledge.models import Term
from apps.knowledge.translation import terms
from apps.knowledge.translation.terms import Glossary
from tests.unit.knowledge.translation.making import term

pytestmark = pytest.mark.django_db


def found(text: str, *targets: str, source: str = "en", topic: str = "") -> list[tuple[str, str]]:
    """What stands in the text, and what the base says it is."""
    hits = Glossary(source, targets or ["de"], topic).hits([text])
    return [(hit.found, hit.entry.answer) for hit in hits]


def test_a_term_is_a_whole_word_in_any_case() -> None:
    term("invoice", "Rechnung")
    assert found("Invoice 12: the INVOICE, not preinvoice or invoiced") == [
        ("Invoice", "Rechnung"),
        ("INVOICE", "Rechnung"),
    ]


def test_other_forms_are_those_that_the_base_lists() -> None:
    term("invoice", "Rechnung", forms="invoices, invoice's")
    assert [hit for hit, _ in found("Two invoices. The invoice’s date. An invoicing.")] == ["invoices", "invoice’s"]


def test_a_term_as_written_must_stand_in_its_own_case() -> None:
    term("IT", "EDV", case=Term.Case.EXACT)
    assert found("it is IT") == [("IT", "EDV")]


def test_the_longest_term_wins_wherever_it_begins() -> None:
    term("late payment", "Zahlungsverzug")
    term("payment reminder letter", "Mahnschreiben")
    term("reminder", "Mahnung")
    assert found("A late payment reminder letter") == [("payment reminder letter", "Mahnschreiben")]


def test_a_longer_term_without_this_language_does_not_hide_a_shorter_one() -> None:
    term("invoice date", "date de facture", target="fr")
    term("invoice", "Rechnung")
    hits = Glossary("en", ["de", "fr"]).hits(["The invoice date"])
    assert [(hit.language, hit.found) for hit in hits] == [("de", "invoice"), ("fr", "invoice date")]


def test_spaces_hyphens_and_encodings_of_accents_do_not_matter() -> None:
    term("e-mail address", "E-Mail-Adresse")
    term("café", "Café")
    assert [hit for hit, _ in found("e\u2011mail\u00a0 address in a cafe\u0301")] == [
        "e\u2011mail\u00a0 address",
        "cafe\u0301",
    ]


def test_scripts_without_spaces_are_read_by_characters() -> None:
    term("发票", "Rechnung", source_language="zh")
    assert found("本发票已付", source="zh-Hans") == [("发票", "Rechnung")]


def test_signs_belong_to_a_term() -> None:
    term("C++")
    term(".NET")
    assert found("We use C++ and .NET, C.") == [("C++", "C++"), (".NET", ".NET")]


def test_placeholders_markup_addresses_and_code_hide_no_terms() -> None:
    term("invoice", "Rechnung")
    text = (
        '{invoice} <a href="/invoice">`invoice`</a> https://invoice.example invoice@x.example %(invoice)s **invoice**'
    )
    hits = Glossary("en", ["de"]).hits([text])
    assert [(hit.start, hit.found) for hit in hits] == [(text.index("**invoice") + 2, "invoice")]


def test_a_region_falls_back_to_its_language_and_wins_where_it_is_known() -> None:
    term("invoice", "fatura", target="pt")
    term("client", "cliente", target="pt")
    term("invoice", "nota fiscal", target="pt-BR")
    assert found("invoice, client", "pt-BR", source="en-US") == [("invoice", "nota fiscal"), ("client", "cliente")]
    assert found("invoice", "pt") == [("invoice", "fatura")]


def test_a_topics_term_goes_before_the_general_one_and_stays_in_its_topic() -> None:
    term("bill", "Rechnung")
    term("bill", "Gesetzentwurf", topic="law")
    assert found("a bill", topic="law") == [("bill", "Gesetzentwurf")]
    assert found("a bill") == found("a bill", topic="kitchen") == [("bill", "Rechnung")]


def test_a_kept_name_is_kept_in_every_language_and_from_every_language() -> None:
    term("Chantilly", source_language="")
    assert found("Frag Chantilly", "ru", "fr", source="de") == [("Chantilly", "Chantilly")] * 2


def test_terms_that_are_not_in_use_are_not_found() -> None:
    term("invoice", "Rechnung", is_active=False)
    assert found("invoice") == []


def test_the_base_is_read_once_whatever_the_texts() -> None:
    term("invoice", "Rechnung")
    with CaptureQueriesContext(connection) as captured:
        Glossary("en", ["de", "fr", "ru"]).hits(["invoice"] * 50)
    assert len(captured) == 1


@pytest.mark.parametrize(
    "change",
    [{"translation": "Faktura"}, {"is_kept": True, "translation": "", "target_language": ""}, {"is_active": False}],
)
def test_the_digest_of_a_texts_terms_changes_with_what_the_base_says(change: dict[str, object]) -> None:
    row = term("invoice", "Rechnung", note="x")

    def digest() -> str:
        return terms.digest(Glossary("en", ["de"]).hits(["The invoice"]))

    before = digest()
    Term.objects.filter(pk=row.pk).update(note="y")
    assert digest() == before
    Term.objects.filter(pk=row.pk).update(**change)
    assert digest() != before


@pytest.mark.parametrize(
    "wrong",
    [
        {"translation": ""},
        {"translation": "x", "is_kept": True},
        {"translation": "x", "target_language": ""},
        {"translation": "x", "source_language": ""},
    ],
)
def test_the_database_refuses_terms_that_say_nothing(wrong: dict[str, object]) -> None:
    row = {"source_language": "en", "target_language": "de", "term": "invoice", **wrong}
    with pytest.raises(IntegrityError), transaction.atomic():
        Term.objects.create(**row)
