"""Terms and translations in the admin: found, imported after a look, exported, reviewed; each only by who may."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.knowledge.models import MemoryEntry, Term
from apps.knowledge.translation import memory
from apps.knowledge.translation.memory import Origin, Purpose
from tests.unit.knowledge.translation.making import term

TERMS = "admin:knowledge_term_changelist"
MEMORY = "admin:knowledge_memoryentry_changelist"
IMPORT = "admin:knowledge_term_import"
EXPORT = "admin:knowledge_term_export"


def look(browser: Browser, text: str | bytes) -> Any:
    """Upload a file and see what it would do."""
    content = text.encode() if isinstance(text, str) else text
    return browser.post(reverse(IMPORT), {"file": SimpleUploadedFile("terms.csv", content)})


def hidden(page: Any) -> dict[str, str]:
    """What the page carries on to the next step."""
    return {"content": page.context["content"], "seen": page.context["planned"].digest()}


def remembered(text: str, translation: str, origin: Origin = Origin.MODEL) -> MemoryEntry:
    memory.remember([(text, translation)], Purpose(source="en", language="de"), origin=origin)
    return MemoryEntry.objects.get(text=text, origin=origin)


def test_a_file_is_looked_at_then_taken_in(client: Browser, alice: User) -> None:
    client.force_login(alice)
    term("client", "Klient")
    assert "Import CSV" in client.get(reverse(TERMS)).content.decode()
    page = look(client, "source,term,de\r\nen,invoice,Rechnung\r\nen,client,Kunde\r\nen,,x\r\n")
    text = page.content.decode()
    assert "1 new, 1 changed, 1 refused" in text
    assert re.search(r"Line</th>", text)
    assert "It has no term." in text
    assert Term.objects.count() == 1

    answer = client.post(reverse(IMPORT), hidden(page), follow=True)
    assert "1 added, 1 changed." in answer.content.decode()
    assert set(Term.objects.values_list("translation", "changed_by")) == {("Rechnung", alice.pk), ("Kunde", alice.pk)}
    assert set(LogEntry.objects.values_list("change_message", flat=True)) == {"Imported.", "Changed by an import."}


def test_what_is_done_is_what_was_looked_at(client: Browser, alice: User) -> None:
    client.force_login(alice)
    page = look(client, "source,term,de\nen,invoice,Rechnung\n")
    term("invoice", "Faktura")
    again = client.post(reverse(IMPORT), hidden(page))
    assert "The terms changed since you looked." in again.content.decode()
    assert Term.objects.get().translation == "Faktura"
    client.post(reverse(IMPORT), hidden(again))
    assert Term.objects.get().translation == "Rechnung"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "UTF-16"),
        (b"a,b\n", "is not known"),
        (b"x" * 1_000_001, "at most 1,000,000 are read"),
        (b"source,term,de\n<script>,<b>,\xc3\xa4\n", "no language tag"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    client: Browser, alice: User, content: bytes, says: str
) -> None:
    client.force_login(alice)
    text = look(client, content).content.decode()
    assert says in text
    assert "<script>," not in text


def test_a_file_that_says_nothing_new_has_nothing_to_take_in(client: Browser, alice: User) -> None:
    client.force_login(alice)
    term("invoice", "Rechnung")
    page = look(client, "source,term,de\nen,invoice,Rechnung\n")
    assert "the base says all of it already" in page.content.decode()
    assert "Take it in" not in page.content.decode()


def test_who_may_only_look_exports_and_does_not_import(client: Browser, bob: User) -> None:
    term("invoice", "=Rechnung")
    client.force_login(bob)
    assert client.get(reverse(IMPORT)).status_code == look(client, "source,term,de\nen,a,b\n").status_code == 403
    page = client.get(reverse(TERMS)).content.decode()
    assert "Import CSV" not in page
    answer = client.get(reverse(EXPORT))
    assert answer["Content-Disposition"] == 'attachment; filename="terms.csv"'
    assert "'=Rechnung" in answer.content.decode("utf-8-sig")


def test_who_may_see_nothing_exports_nothing(client: Browser, charlie: User) -> None:
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    assert [client.get(reverse(name)).status_code for name in (TERMS, EXPORT, IMPORT, MEMORY)] == [403] * 4


def test_the_selection_is_exported_and_put_out_of_use(client: Browser, alice: User) -> None:
    rows = [term("invoice", "Rechnung"), term("client", "Kunde")]
    client.force_login(alice)
    chosen = {"_selected_action": [rows[0].pk]}
    answer = client.post(reverse(TERMS), {"action": "export_selected", **chosen})
    assert "Rechnung" in answer.content.decode()
    assert "Kunde" not in answer.content.decode()
    client.post(reverse(TERMS), {"action": "put_out_of_use", **chosen})
    assert list(Term.objects.filter(is_active=False)) == [rows[0]]
    assert LogEntry.objects.get().change_message == "Put out of use."


def test_the_list_counts_the_pairs_and_filters_by_them(client: Browser, alice: User) -> None:
    term("invoice", "Rechnung")
    term("invoice", "facture", target="fr")
    term("client", "client", target="fr")
    client.force_login(alice)
    page = client.get(reverse(TERMS), {"pair": "en>fr"})
    assert page.context["cl"].result_count == 2
    assert "en to fr (2)" in page.content.decode()


@pytest.mark.parametrize(
    ("url", "query", "says"),
    [
        (TERMS, {}, "There are no terms yet."),
        (MEMORY, {}, "Nothing was translated yet."),
        (MEMORY, {"q": "nowhere"}, "No translation fits."),
    ],
)
def test_an_empty_list_says_what_to_do(client: Browser, alice: User, url: str, query: Any, says: str) -> None:
    client.force_login(alice)
    assert says in client.get(reverse(url), query).content.decode()


def test_a_search_without_a_hit_says_so(client: Browser, alice: User) -> None:
    client.force_login(alice)
    term("invoice", "Rechnung")
    assert "No term fits." in client.get(reverse(TERMS), {"q": "nowhere"}).content.decode()


@pytest.mark.parametrize("url", [TERMS, MEMORY])
def test_the_lists_cost_the_same_queries_whatever_they_hold(client: Browser, alice: User, url: str) -> None:
    client.force_login(alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(url))
        return len(captured)

    def write(count: int) -> None:
        for _ in range(count):
            said = f"word {Term.objects.count()}"
            term(said, "Wort")
            remembered(said, "Wort")

    write(2)
    before = queries()
    write(20)
    assert queries() == before <= 14


def test_a_term_that_says_nothing_is_refused_with_what_to_do(client: Browser, alice: User) -> None:
    client.force_login(alice)
    form = {"source_language": "EN", "term": " invoice ", "target_language": "", "translation": "", "case": "any"}
    page = client.post(reverse("admin:knowledge_term_add"), form)
    assert "Give both languages and a translation" in page.content.decode()
    client.post(reverse("admin:knowledge_term_add"), {**form, "target_language": "pt_br", "translation": "nota"})
    row = Term.objects.get()
    assert (row.source_language, row.term, row.target_language, row.changed_by) == ("en", "invoice", "pt-BR", alice)


def change(browser: Browser, entry: MemoryEntry, translation: str) -> str:
    url = reverse("admin:knowledge_memoryentry_change", args=[entry.pk])
    return browser.post(url, {"translation": translation}, follow=True).content.decode()


def test_a_translation_that_is_changed_is_a_persons_and_used_with_todays_terms(client: Browser, alice: User) -> None:
    row = term("invoice", "Rechnung")
    entry = remembered("The invoice {n}", "Die Rechnung {n}")
    Term.objects.filter(pk=row.pk).update(translation="Faktura")
    client.force_login(alice)
    url = reverse("admin:knowledge_memoryentry_change", args=[entry.pk])
    assert "the term base changed since" in client.get(url).content.decode()

    assert "Look again: {n} is missing" in change(client, entry, "Die Faktura")

    entry.refresh_from_db()
    assert (entry.origin, entry.reviewed_by, entry.translation) == ("person", alice, "Die Faktura")
    assert memory.remembered(["The invoice {n}"], Purpose(source="en", language="de")) == ["Die Faktura"]


def test_one_person_does_not_overwrite_another_by_a_models_entry(client: Browser, alice: User) -> None:
    entry = remembered("Save", "Speichern")
    remembered("Save", "Sichern", Origin.PERSON)
    client.force_login(alice)
    assert "There is a person&#x27;s translation of this text already." in change(client, entry, "Ablegen")
    assert set(MemoryEntry.objects.values_list("translation", flat=True)) == {"Speichern", "Sichern"}


def test_selected_translations_are_accepted(client: Browser, alice: User) -> None:
    entries = [remembered("Save", "Speichern"), remembered("Open", "Öffnen")]
    remembered("Open", "Aufmachen", Origin.PERSON)
    client.force_login(alice)
    chosen = {"_selected_action": [entry.pk for entry in entries]}
    page = client.post(reverse(MEMORY), {"action": "accept", **chosen}, follow=True).content.decode()
    assert "1 of 2 accepted." in page
    assert set(MemoryEntry.objects.filter(origin="person").values_list("translation", flat=True)) == {
        "Speichern",
        "Aufmachen",
    }


def test_who_may_only_look_changes_no_translation(client: Browser, bob: User) -> None:
    entry = remembered("Save", "Speichern")
    client.force_login(bob)
    assert client.get(reverse(MEMORY)).status_code == 200
    url = reverse("admin:knowledge_memoryentry_change", args=[entry.pk])
    assert client.post(url, {"translation": "x"}).status_code == 403


def test_filter_that_nobody_offered_filters_nothing(client: Browser, alice: User) -> None:
    client.force_login(alice)
    term("client", "Kunde")
    for pair in ("?!>de", "\0>\0", "en"):
        assert client.get(reverse(TERMS), {"pair": pair}).context["cl"].result_count == 1


def test_import_without_its_history_is_no_import(client: Browser, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(alice)
    page = look(client, "source,term,de\r\nen,invoice,Rechnung\r\n")

    def broken(*args: Any, **kwargs: Any) -> None:
        raise OSError("The disk is full.")

    monkeypatch.setattr(LogEntry.objects, "log_actions", broken)
    with pytest.raises(OSError, match="full"):
        client.post(reverse(IMPORT), hidden(page))
    assert not Term.objects.exists()
